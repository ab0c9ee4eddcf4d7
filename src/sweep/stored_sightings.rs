//! The sightings of a run as they are stored: every copy with its own place. Whoever asks which of them can be
//! believed must not read them folded, for a fold keeps the place of one copy alone.

use super::account_filter::AccountFilter;
use crate::search::event_details;
use crate::store::{RunReader, StoreError, StoredRow};

/// Hands `use_row` every stored sighting of an account that the run was asked about, Dragnet's own calls left out;
/// copies of a record are neighbours.
///
/// # Errors
/// The database fails or is damaged.
pub fn stored_sightings(
    reader: &RunReader,
    mut use_row: impl FnMut(&StoredRow),
) -> Result<(), StoreError> {
    let asked = AccountFilter::of_run(reader)?;
    reader.sightings(|rows| {
        for row in rows {
            let row = row?;
            let found = &row.found;
            let told = event_details(
                &found.message,
                &row.account.to_string(),
                row.region.as_str(),
                found.timestamp_ms,
            );
            if asked.has_row(&told.account, &row) && !reader.is_own_request(&told.request_id)? {
                use_row(&row);
            }
        }
        Ok(())
    })
}
