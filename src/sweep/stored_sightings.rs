//! Reads the sightings of a run as they are stored, without combining copies: every copy with its
//! own log group. Code that decides which copies are trustworthy needs them all, because the merge
//! keeps the origin of only one.

use super::account_filter::AccountFilter;
use super::merge::MergeSource;
use super::recorded_calls::RecordedCalls;
use super::stored_event_details::stored_event_details;
use crate::store::{RunReader, StoreError, StoredRow};
use dragnet_model::OwnCall;

/// How many events with the same id, but different messages, are compared at a time.
const MAX_SAME_IDS: usize = 16;

/// Passes every stored sighting of an account that the run covers to `use_row`, except Dragnet's
/// own calls, those of earlier runs on this machine included. Copies of a record are adjacent.
///
/// # Errors
/// Returns an error if the database cannot be read or is damaged.
pub fn stored_sightings(
    source: MergeSource<'_>,
    mut use_row: impl FnMut(&StoredRow),
) -> Result<(), StoreError> {
    let MergeSource { reader, registry } = source;
    let account_filter = AccountFilter::load(reader)?;
    let recorded_calls = RecordedCalls::load(reader, registry)?;
    reader.sightings(|rows| {
        for row in rows {
            let row = row?;
            let details = stored_event_details(&row);
            if account_filter.includes_row(&details.account, &row)
                && recorded_calls.classify(&details)? != OwnCall::Yes
            {
                use_row(&row);
            }
        }
        Ok(())
    })
}

/// Passes every record of a collection to `use_row`, if the run covers its account: ordered by where
/// it is stored, and an event that was read twice only once.
///
/// # Errors
/// `use_row` fails, or the database cannot be read or is damaged.
pub fn collected_records<E: From<StoreError>>(
    reader: &RunReader,
    mut use_row: impl FnMut(&StoredRow) -> Result<(), E>,
) -> Result<(), E> {
    let account_filter = AccountFilter::load(reader)?;
    let mut same_id = Vec::new();
    reader.sightings_by_place(|rows| {
        for row in rows {
            let row = row?;
            if account_filter.includes_row(&row.found.event_account, &row)
                && !is_repeated(&mut same_id, &row)
            {
                use_row(&row)?;
            }
        }
        Ok(())
    })
}

/// Whether a row is one of the last rows, read twice. `same_id` has those with the same event id.
fn is_repeated(same_id: &mut Vec<StoredRow>, row: &StoredRow) -> bool {
    if same_id.first().is_none_or(|first| !has_same_id(first, row)) {
        same_id.clear();
    }
    let is_repeated = same_id
        .iter()
        .any(|one| one.found.message == row.found.message);
    if !is_repeated && same_id.len() < MAX_SAME_IDS {
        same_id.push(row.clone());
    }
    is_repeated
}

/// Whether both have the same event id in the same log. An event without an id has no copy.
fn has_same_id(one: &StoredRow, other: &StoredRow) -> bool {
    !one.found.event_id.is_empty()
        && one.found.event_id == other.found.event_id
        && one.log_group == other.log_group
        && one.source == other.source
        && one.region == other.region
        && one.account == other.account
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SightingRecord;
    use dragnet_model::StorageKind;

    fn row(event_id: &str, message: &str) -> StoredRow {
        StoredRow {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            source: StorageKind::Logs,
            log_group: "/app".to_owned(),
            bucket_prefix: None,
            out_of_scope: false,
            found: SightingRecord {
                time_ms: 5,
                event_account: "111111111111".to_owned(),
                event_region: "us-east-1".to_owned(),
                record_id: String::new(),
                event_id: event_id.to_owned(),
                log_stream: "s".to_owned(),
                timestamp_ms: 5,
                ingestion_ms: 6,
                indicators: Vec::new(),
                hunts: Vec::new(),
                matched_fields: Vec::new(),
                is_trusted: false,
                message: message.to_owned(),
            },
        }
    }

    #[test]
    fn only_the_same_event_is_repeated() {
        let mut same_id = Vec::new();
        let mut repeated = |id: &str, message: &str| is_repeated(&mut same_id, &row(id, message));
        for (id, message, expected) in [
            ("1", "a", false),
            ("1", "a", true),
            ("1", "b", false),
            ("1", "a", true),
            ("2", "a", false),
            ("", "a", false),
            ("", "a", false),
        ] {
            assert_eq!(repeated(id, message), expected, "{id} {message}");
        }
    }
}
