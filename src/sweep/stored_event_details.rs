//! The event details of a row of `run.db`: when and where the event happened, and who did it.

use crate::search::event_details;
use crate::store::StoredRow;
use dragnet_model::{CentralStream, EventDetails, Target};

/// Returns the event details of a stored row. An event that is no record happened where it is
/// stored, or where the name of its log stream says that CloudWatch Logs copied it from.
pub(super) fn stored_event_details(row: &StoredRow) -> EventDetails<'static> {
    let found = &row.found;
    let stored = Target {
        account: row.account,
        region: row.region.clone(),
    };
    let central = CentralStream::parse(&found.log_stream, &stored);
    let place = central.map_or(stored, |central| central.origin);
    event_details(
        &found.message,
        &place.account.to_string(),
        place.region.as_str(),
        found.timestamp_ms,
    )
}
