//! Compares the sightings of two runs.

use std::iter::Peekable;

use super::event_group::EventGroup;
use super::{Difference, Rows, peek_key};
use crate::store::StoreError;
use dragnet_model::Sighting;

/// Passes each difference between the sightings of two runs to `report`, in the order of reports.
/// Returns the number of sightings that are the same in both.
///
/// # Errors
/// A row is an error, or `report` fails.
pub fn compare_sightings<E: From<StoreError>>(
    before: &mut Rows<'_, Sighting>,
    after: &mut Rows<'_, Sighting>,
    report: &mut dyn FnMut(Difference<Sighting>) -> Result<(), E>,
) -> Result<u64, E> {
    let mut before = before.peekable();
    let mut after = after.peekable();
    let mut unchanged = 0;
    loop {
        let one = peek_key(&mut before, event_key)?;
        let other = peek_key(&mut after, event_key)?;
        let Some(key) = smaller(one, other) else {
            return Ok(unchanged);
        };
        let group = read_group(&mut before, &mut after, &key)?;
        unchanged += group.unchanged;
        for difference in group.into_differences() {
            report(difference)?;
        }
    }
}

/// What the reports are ordered by first: event time, account, Region and record id.
type EventKey = (i64, String, String, String);

fn event_key(sighting: &Sighting) -> EventKey {
    let details = &sighting.details;
    (
        details.time_ms,
        details.account.to_string(),
        details.region.to_string(),
        details.record_id.to_string(),
    )
}

fn smaller<K: Ord>(one: Option<K>, other: Option<K>) -> Option<K> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Reads the sightings of both runs that have this key, one from each in turn, so that what both
/// have is never held.
fn read_group(
    before: &mut Peekable<&mut Rows<'_, Sighting>>,
    after: &mut Peekable<&mut Rows<'_, Sighting>>,
    key: &EventKey,
) -> Result<EventGroup, StoreError> {
    let mut group = EventGroup::default();
    loop {
        let one = next_with_key(before, key)?;
        let other = next_with_key(after, key)?;
        if one.is_none() && other.is_none() {
            return Ok(group);
        }
        if let Some(sighting) = one {
            group.add_before(sighting);
        }
        if let Some(sighting) = other {
            group.add_after(sighting);
        }
    }
}

fn next_with_key(
    rows: &mut Peekable<&mut Rows<'_, Sighting>>,
    key: &EventKey,
) -> Result<Option<Sighting>, StoreError> {
    let has_key = |row: &Result<Sighting, StoreError>| match row {
        Ok(sighting) => event_key(sighting) == *key,
        // The caller returns the error.
        Err(_) => true,
    };
    rows.next_if(has_key).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::event_details;
    use dragnet_model::{OwnCall, Stored};

    fn sighting(group: &str, event_id: &str, message: &str) -> Sighting {
        Sighting {
            details: event_details(message, "111111111111", "us-east-1", 5),
            stored: Stored {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
                source: dragnet_model::StorageKind::Logs,
                log_group: group.to_owned(),
                log_stream: "stream".to_owned(),
                event_id: event_id.to_owned(),
                timestamp_ms: 5,
                ingestion_ms: 6,
            },
            indicators: vec!["x".to_owned()],
            hunts: Vec::new(),
            matched_fields: Vec::new(),
            copies: 1,
            copies_differ: false,
            trusted: false,
            own_call: OwnCall::No,
            message: message.to_owned(),
        }
    }

    /// Returns the differences as `before>after`, by message, and the number without a difference.
    fn compared(before: &[Sighting], after: &[Sighting]) -> (Vec<String>, u64) {
        let mut differences = Vec::new();
        let message = |side: Option<Sighting>| side.map_or_else(String::new, |one| one.message);
        let unchanged = compare_sightings::<StoreError>(
            &mut before.iter().cloned().map(Ok::<_, StoreError>),
            &mut after.iter().cloned().map(Ok::<_, StoreError>),
            &mut |difference| {
                let Difference { before, after } = difference;
                differences.push(format!("{}>{}", message(before), message(after)));
                Ok(())
            },
        )
        .unwrap();
        (differences, unchanged)
    }

    #[test]
    fn new_removed_and_changed_events_are_distinguished() {
        let same = sighting("/a", "1", "same");
        let removed = sighting("/a", "2", "removed");
        let new = sighting("/b", "3", "new");
        let masked = sighting("/b", "4", "masked");
        let unmasked = sighting("/b", "4", "plain");
        assert_eq!(
            compared(
                &[same.clone(), removed, masked],
                &[same.clone(), new, unmasked]
            ),
            (
                vec![
                    "masked>plain".to_owned(),
                    "removed>".to_owned(),
                    ">new".to_owned()
                ],
                1
            )
        );
        let mut more_indicators = same.clone();
        more_indicators.indicators.push("y".to_owned());
        assert_eq!(
            compared(std::slice::from_ref(&same), &[more_indicators]),
            (vec!["same>same".to_owned()], 0)
        );
        assert_eq!(
            compared(&[same.clone(), same.clone()], &[same]),
            (vec!["same>".to_owned()], 1)
        );
    }

    #[test]
    fn copy_of_a_record_in_another_log_group_is_the_same_event() {
        let record = r#"{"eventID":"e","eventTime":"2026-03-01T11:00:00Z","eventName":"a","eventSource":"b","awsRegion":"c"}"#;
        let forged = record.replace("\"a\"", "\"z\"");
        let before = sighting("/trail", "1", record);
        let after = [
            sighting("/copy", "7", record),
            sighting("/forged", "8", &forged),
        ];
        assert_eq!(
            compared(&[before], &after),
            (vec![format!("{record}>{record}"), format!(">{forged}")], 0)
        );
        let no_id = sighting("/a", "", "line");
        assert_eq!(
            compared(&[no_id], &[sighting("/a", "9", "line")]).0,
            ["line>line"]
        );
    }
}
