//! Reads the sightings of a run as they are stored, without combining copies: every copy with its
//! own log group. Code that decides which copies are trustworthy needs them all, because the merge
//! keeps the origin of only one.

use super::account_filter::AccountFilter;
use super::merge::MergeSource;
use super::recorded_calls::RecordedCalls;
use crate::search::event_details;
use crate::store::{StoreError, StoredRow};
use dragnet_model::OwnCall;

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
            let found = &row.found;
            let details = event_details(
                &found.message,
                &row.account.to_string(),
                row.region.as_str(),
                found.timestamp_ms,
            );
            if account_filter.includes_row(&details.account, &row)
                && recorded_calls.classify(&details)? != OwnCall::Yes
            {
                use_row(&row);
            }
        }
        Ok(())
    })
}
