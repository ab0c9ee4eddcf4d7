//! A record of a file in the terms of a sweep.

use crate::aws::LogEvent;
use crate::files::FileRecord;
use dragnet_model::time::UNKNOWN_TIME_MS;

/// Returns a record as an event. Its id is where the record is: the path, and its number. A record
/// whose time is not known is inside of every window.
pub(super) fn log_event(record: &FileRecord<'_>) -> LogEvent {
    let time_ms = record.time_ms.unwrap_or(UNKNOWN_TIME_MS);
    LogEvent {
        event_id: format!("{}#{}", record.origin.content_name(), record.origin.record),
        log_stream: record.log_stream.unwrap_or_default().to_owned(),
        timestamp_ms: time_ms,
        ingestion_ms: time_ms,
        message: record.text.to_owned(),
    }
}
