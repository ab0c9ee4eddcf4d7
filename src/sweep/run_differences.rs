//! Compares the sightings and the coverage of two runs.
//!
//! Both runs are read once, in the order of their reports, like two sorted lists that are merged.
//! Only sightings that share event time, account, Region and record id are in memory together.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;

use crate::search::are_equal_documents;
use crate::store::StoreError;
use dragnet_model::{AccountId, Coverage, Region, Sighting, Source, SourceKind, Target};

/// How many sightings without a counterpart in the same log group are compared with each other. An
/// attacker can write any number of records with one id; the others count as new and removed.
const MAX_COMPARED: usize = 64;

/// What only one of two runs has, or what differs between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<T> {
    /// The state in the earlier run; `None` if it has no such row.
    pub before: Option<T>,
    /// The state in the later run; `None` if it has no such row.
    pub after: Option<T>,
}

/// Rows that are read one by one.
type Rows<'r, T> = dyn Iterator<Item = Result<T, StoreError>> + 'r;

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

/// Returns the key of the next row, or its error.
fn peek_key<T, K>(
    rows: &mut Peekable<&mut Rows<'_, T>>,
    key: impl Fn(&T) -> K,
) -> Result<Option<K>, StoreError> {
    if let Some(Err(error)) = rows.next_if(Result::is_err) {
        return Err(error);
    }
    let next = rows.peek().and_then(|row| row.as_ref().ok());
    Ok(next.map(key))
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
) -> Result<Group, StoreError> {
    let mut group = Group::default();
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

/// Where an event is stored. Insights returns some events without an id; their message is used
/// instead.
type Place = (String, AccountId, Region, String);

fn place(sighting: &Sighting) -> Place {
    let stored = &sighting.stored;
    let event = if stored.event_id.is_empty() {
        &sighting.message
    } else {
        &stored.event_id
    };
    (
        stored.log_group.clone(),
        stored.account,
        stored.region.clone(),
        event.clone(),
    )
}

/// The sightings of two runs with the same key.
#[derive(Default)]
struct Group {
    /// The sightings of the earlier run without a counterpart so far.
    before: BTreeMap<Place, Vec<Sighting>>,
    /// The same for the later run.
    after: BTreeMap<Place, Vec<Sighting>>,
    changed: Vec<Difference<Sighting>>,
    unchanged: u64,
}

impl Group {
    fn add_before(&mut self, sighting: Sighting) {
        let place = place(&sighting);
        match self.after.get_mut(&place).and_then(Vec::pop) {
            Some(counterpart) => self.add_pair(sighting, counterpart),
            None => self.before.entry(place).or_default().push(sighting),
        }
    }

    fn add_after(&mut self, sighting: Sighting) {
        let place = place(&sighting);
        match self.before.get_mut(&place).and_then(Vec::pop) {
            Some(counterpart) => self.add_pair(counterpart, sighting),
            None => self.after.entry(place).or_default().push(sighting),
        }
    }

    fn add_pair(&mut self, before: Sighting, after: Sighting) {
        if before == after {
            self.unchanged += 1;
        } else {
            self.changed.push(Difference {
                before: Some(before),
                after: Some(after),
            });
        }
    }

    /// Returns the differences: what changed, then what was removed, then what is new.
    fn into_differences(mut self) -> Vec<Difference<Sighting>> {
        let removed: Vec<Sighting> = std::mem::take(&mut self.before)
            .into_values()
            .flatten()
            .collect();
        let mut new: Vec<Sighting> = std::mem::take(&mut self.after)
            .into_values()
            .flatten()
            .collect();
        let mut only_before = Vec::new();
        for sighting in removed {
            let mut candidates = new.iter().take(MAX_COMPARED);
            match candidates.position(|other| is_stored_elsewhere(&sighting, other)) {
                Some(position) => {
                    let counterpart = new.remove(position);
                    self.add_pair(sighting, counterpart);
                }
                None => only_before.push(sighting),
            }
        }
        let removed = only_before.into_iter().map(|sighting| Difference {
            before: Some(sighting),
            after: None,
        });
        let new = new.into_iter().map(|sighting| Difference {
            before: None,
            after: Some(sighting),
        });
        let mut differences = self.changed;
        differences.extend(removed.chain(new));
        differences
    }
}

/// Whether two sightings are one event that the runs report from different log groups or with
/// different event ids: copies of one record, or an event that only one engine returns with an id.
fn is_stored_elsewhere(one: &Sighting, other: &Sighting) -> bool {
    let same_group = one.stored.log_group == other.stored.log_group
        && one.stored.account == other.stored.account
        && one.stored.region == other.stored.region;
    let lacks_id = one.stored.event_id.is_empty() || other.stored.event_id.is_empty();
    (one.details.is_cloudtrail() || same_group && lacks_id)
        && are_equal_documents(&one.message, &other.message)
}

/// Passes each difference between the coverage of two runs to `report`, in the order of reports.
/// Numbers and error texts do not count as differences.
///
/// # Errors
/// A row is an error, or `report` fails.
pub fn compare_coverage<E: From<StoreError>>(
    before: &mut Rows<'_, Coverage>,
    after: &mut Rows<'_, Coverage>,
    report: &mut dyn FnMut(Difference<Coverage>) -> Result<(), E>,
) -> Result<(), E> {
    let mut before = before.peekable();
    let mut after = after.peekable();
    loop {
        let one = peek_key(&mut before, coverage_key)?;
        let other = peek_key(&mut after, coverage_key)?;
        let order = match (&one, &other) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.cmp(other),
        };
        let difference = Difference {
            before: take_row(&mut before, order != Ordering::Greater)?,
            after: take_row(&mut after, order != Ordering::Less)?,
        };
        if is_different(&difference) {
            report(difference)?;
        }
    }
}

fn take_row<T>(
    rows: &mut Peekable<&mut Rows<'_, T>>,
    is_taken: bool,
) -> Result<Option<T>, StoreError> {
    if is_taken {
        rows.next().transpose()
    } else {
        Ok(None)
    }
}

fn coverage_key(row: &Coverage) -> (AccountId, Option<Region>, Option<String>) {
    (row.account, row.region.clone(), row.log_group.clone())
}

fn is_different(difference: &Difference<Coverage>) -> bool {
    let (Some(before), Some(after)) = (&difference.before, &difference.after) else {
        return true;
    };
    let before = &before.outcome;
    let after = &after.outcome;
    before.status != after.status
        || before.is_covered() != after.is_covered()
        || (!after.is_covered() && before.reason != after.reason)
}

/// Returns the differences between the log sources of two runs: those that only one run has, and
/// those whose status differs.
pub fn compare_sources(before: &[Source], after: &[Source]) -> Vec<Difference<Source>> {
    let mut sources: BTreeMap<SourceKey<'_>, Difference<&Source>> = BTreeMap::new();
    for source in before {
        let entry = sources.entry(source_key(source)).or_insert(NEITHER);
        entry.before = Some(source);
    }
    for source in after {
        let entry = sources.entry(source_key(source)).or_insert(NEITHER);
        entry.after = Some(source);
    }
    let status = |source: Option<&Source>| source.map(|source| source.status);
    sources
        .into_values()
        .filter(|source| status(source.before) != status(source.after))
        .map(|source| Difference {
            before: source.before.cloned(),
            after: source.after.cloned(),
        })
        .collect()
}

const NEITHER: Difference<&Source> = Difference {
    before: None,
    after: None,
};

/// The account-Region, the kind, and the trail or flow log.
type SourceKey<'s> = (&'s Target, &'static str, &'s str);

fn source_key(source: &Source) -> SourceKey<'_> {
    let kind: SourceKind = source.kind;
    (&source.target, kind.as_str(), &source.via)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::event_details;
    use dragnet_model::{Outcome, OwnCall, Reason, Status, Stored};

    fn sighting(group: &str, event_id: &str, message: &str) -> Sighting {
        Sighting {
            details: event_details(message, "111111111111", "us-east-1", 5),
            stored: Stored {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
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

    #[test]
    fn coverage_differs_by_status_and_reason() {
        let row = |group: &str, outcome: Outcome| Coverage {
            region: Some("us-east-1".parse().unwrap()),
            log_group: Some(group.to_owned()),
            ..Coverage::unread("111111111111".parse().unwrap(), String::new(), outcome)
        };
        let failed = Outcome::with_reason(Status::Failed, Reason::Interrupted, "");
        let before = [
            row("/a", Outcome::searched()),
            row("/b", Outcome::denied("one text")),
            row("/c", Outcome::searched()),
            row("/d", Outcome::denied("")),
        ];
        let after = [
            row("/a", Outcome::searched()),
            row("/b", Outcome::denied("another text")),
            row("/c", failed),
            row("/e", Outcome::searched()),
        ];
        let mut differences = Vec::new();
        compare_coverage::<StoreError>(
            &mut before.into_iter().map(Ok::<_, StoreError>),
            &mut after.into_iter().map(Ok::<_, StoreError>),
            &mut |difference| {
                let group = |row: Option<Coverage>| row.and_then(|row| row.log_group);
                differences.push((group(difference.before), group(difference.after)));
                Ok(())
            },
        )
        .unwrap();
        let group = |name: &str| Some(name.to_owned());
        assert_eq!(
            differences,
            [
                (group("/c"), group("/c")),
                (group("/d"), None),
                (None, group("/e"))
            ]
        );
    }
}
