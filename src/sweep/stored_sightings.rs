//! Reads the sightings of a run as they are stored, without combining copies: every copy with its
//! own log group. Code that decides which copies are trustworthy needs them all, because the merge
//! keeps the origin of only one.

use super::account_filter::AccountFilter;
use crate::search::event_details;
use crate::store::{RunReader, StoreError, StoredRow};

/// Passes every stored sighting of an account that the run covers to `use_row`, except Dragnet's
/// own calls. Copies of a record are adjacent.
///
/// # Errors
/// Returns an error if the database cannot be read or is damaged.
pub fn stored_sightings(
    reader: &RunReader,
    mut use_row: impl FnMut(&StoredRow),
) -> Result<(), StoreError> {
    let account_filter = AccountFilter::load(reader)?;
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
                && !reader.is_own_request(&details.request_id)?
            {
                use_row(&row);
            }
        }
        Ok(())
    })
}
