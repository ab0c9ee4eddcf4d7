//! The merge: reads the stored sightings in the order of the reports and combines copies of a
//! record into one sighting.

use std::collections::VecDeque;

use super::account_filter::AccountFilter;
use super::copies::{are_copies, combine, may_be_copies};
use super::recorded_calls::RecordedCalls;
use super::stored_event_details::stored_event_details;
use crate::store::{RunReader, RunRegistry, SightingRows, StoreError, StoredRow};
use dragnet_model::{EventDetails, OwnCall, Sighting, Stored};

/// How many different records with the same account and id are compared at a time. A record that
/// claims another's id is kept apart; the bound keeps memory small even if an attacker writes a
/// million of them.
const MAX_DISTINCT_COPIES: usize = 16;

/// A run whose sightings are read.
#[derive(Clone, Copy, Debug)]
pub struct MergeSource<'r> {
    /// The database of the run.
    pub reader: &'r RunReader,
    /// The runs of this machine, whose calls are Dragnet's own.
    pub registry: &'r RunRegistry,
}

/// Passes the sightings of a run to `use_rows`: ordered by event time, event account, event Region,
/// record id, log group and event id, each record once, and only those of accounts that the run
/// covers.
///
/// # Errors
/// Returns the error of `use_rows`. The rows are errors if the database cannot be read.
pub fn merged_sightings<T, E: From<StoreError>>(
    source: MergeSource<'_>,
    use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Sighting, StoreError>>) -> Result<T, E>,
) -> Result<T, E> {
    let MergeSource { reader, registry } = source;
    let context = MergeContext {
        account_filter: AccountFilter::load(reader)?,
        recorded_calls: Some(RecordedCalls::load(reader, registry)?),
    };
    reader.sightings(|rows| use_rows(&mut Merged::new(rows, &context)))
}

/// Does the same for the sightings that are rows of a hunt. Whether Dragnet made a call is not
/// decided for them, because the rows of a hunt do not contain it.
///
/// # Errors
/// Returns the error of `use_rows`. The rows are errors if the database cannot be read.
pub(super) fn merged_sightings_of_hunt<T, E: From<StoreError>>(
    reader: &RunReader,
    hunt: &str,
    use_rows: impl FnOnce(&mut dyn Iterator<Item = Result<Sighting, StoreError>>) -> Result<T, E>,
) -> Result<T, E> {
    let context = MergeContext {
        account_filter: AccountFilter::load(reader)?,
        recorded_calls: None,
    };
    reader.sightings_of_hunt(hunt, |rows| use_rows(&mut Merged::new(rows, &context)))
}

/// What is known about the whole run when its rows are judged.
struct MergeContext<'r> {
    account_filter: AccountFilter,
    /// `None` if nothing reads whether Dragnet made a call.
    recorded_calls: Option<RecordedCalls<'r>>,
}

impl MergeContext<'_> {
    fn own_call(&self, details: &EventDetails<'_>) -> Result<OwnCall, StoreError> {
        match &self.recorded_calls {
            Some(recorded_calls) => recorded_calls.classify(details),
            None => Ok(OwnCall::No),
        }
    }
}

struct Merged<'a, 'r> {
    rows: &'a mut SightingRows<'r>,
    context: &'a MergeContext<'a>,
    /// Sightings with the same event time, account, Region and record id as the row that was read
    /// last.
    candidates: VecDeque<Sighting>,
    ready: VecDeque<Sighting>,
}

impl Iterator for Merged<'_, '_> {
    type Item = Result<Sighting, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            match self.rows.next() {
                Some(row) => {
                    if let Err(error) = row.and_then(|row| self.add_row(row)) {
                        return Some(Err(error));
                    }
                }
                None if self.candidates.is_empty() => return None,
                None => self.release_candidates(),
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

impl<'a, 'r> Merged<'a, 'r> {
    fn new(rows: &'a mut SightingRows<'r>, context: &'a MergeContext<'a>) -> Self {
        Self {
            rows,
            context,
            candidates: VecDeque::new(),
            ready: VecDeque::new(),
        }
    }

    fn add_row(&mut self, row: StoredRow) -> Result<(), StoreError> {
        let Some(next) = self.sighting(row)? else {
            return Ok(());
        };
        if self
            .candidates
            .front()
            .is_some_and(|first| !may_be_copies(first, &next))
        {
            self.release_candidates();
        }
        match self
            .candidates
            .iter_mut()
            .filter(|one| are_copies(one, &next))
            // Two events with the same text each have their own copy.
            .min_by_key(|one| one.copies)
        {
            Some(one) => combine(one, next),
            None => self.candidates.push_back(next),
        }
        self.mark_differing_copies();
        if self.candidates.len() > MAX_DISTINCT_COPIES {
            self.ready.extend(self.candidates.pop_front());
        }
        Ok(())
    }

    /// Passes on the candidates in the order of the reports; combining copies may have changed the
    /// log group of a sighting.
    fn release_candidates(&mut self) {
        let position = |sighting: &Sighting| {
            let stored = &sighting.stored;
            let target = (stored.account, stored.region.clone());
            (stored.log_group.clone(), target, stored.event_id.clone())
        };
        self.candidates
            .make_contiguous()
            .sort_by_cached_key(position);
        self.ready.append(&mut self.candidates);
    }

    /// Marks lines that claim to be the same record, but say different things.
    fn mark_differing_copies(&mut self) {
        if self.candidates.len() > 1 {
            for one in &mut self.candidates {
                one.copies_differ = one.details.is_cloudtrail();
            }
        }
    }

    fn sighting(&self, row: StoredRow) -> Result<Option<Sighting>, StoreError> {
        let details = stored_event_details(&row);
        let account_filter = &self.context.account_filter;
        if !account_filter.includes_row(&details.account, &row) {
            return Ok(None);
        }
        let trusted = details.is_cloudtrail() && account_filter.is_trusted(&row);
        let StoredRow {
            account,
            region,
            source,
            log_group,
            found,
            ..
        } = row;
        let stored = Stored {
            account,
            region,
            source,
            log_group,
            log_stream: found.log_stream,
            event_id: found.event_id,
            timestamp_ms: found.timestamp_ms,
            ingestion_ms: found.ingestion_ms,
        };
        Ok(Some(Sighting {
            own_call: self.context.own_call(&details)?,
            trusted,
            copies_differ: false,
            details,
            stored,
            indicators: found.indicators,
            hunts: found.hunts,
            matched_fields: found.matched_fields,
            copies: 1,
            message: found.message,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::event_details;

    fn sighting(event_id: &str, message: &str) -> Sighting {
        let details = event_details(message, "111111111111", "us-east-1", 5);
        Sighting {
            stored: Stored {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
                source: dragnet_model::StorageKind::Logs,
                log_group: "/app".to_owned(),
                log_stream: "stream".to_owned(),
                event_id: event_id.to_owned(),
                timestamp_ms: 5,
                ingestion_ms: 6,
            },
            details,
            indicators: Vec::new(),
            hunts: Vec::new(),
            matched_fields: Vec::new(),
            copies: 1,
            own_call: OwnCall::No,
            trusted: false,
            copies_differ: false,
            message: message.to_owned(),
        }
    }

    #[test]
    fn events_without_record_id_are_not_copies() {
        assert!(
            are_copies(&sighting("1", "one"), &sighting("1", "one")),
            "one event that was read twice"
        );
        assert!(!are_copies(&sighting("1", "one"), &sighting("2", "one")));
        assert!(!are_copies(&sighting("1", "one"), &sighting("1", "two")));
        for message in ["one", "two"] {
            assert!(
                !are_copies(&sighting("", "one"), &sighting("", message)),
                "in one millisecond"
            );
        }
    }

    #[test]
    fn record_id_is_enough_without_event_id() {
        let record = r#"{"eventID":"e","eventTime":"2026-03-01T11:00:00Z","eventName":"a","eventSource":"b","awsRegion":"c"}"#;
        let mut one = sighting("", record);
        let other = sighting(
            "",
            &record.replace(':', ": ").replace("11: 00: 00", "11:00:00"),
        );
        assert!(are_copies(&one, &other));
        combine(&mut one, other);
        assert_eq!(one.copies, 2);
        assert!(!are_copies(
            &one,
            &sighting("", &record.replace("\"a\"", "\"a\",\"x\":1"))
        ));
    }
}
