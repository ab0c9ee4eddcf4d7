//! The `@ptr` field, which identifies an event, and `GetLogRecord`, which reads that event.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use super::discovery::discovery_in;
use crate::call::Call;
use crate::logs::{self, StoredEvent, StoredGroup};
use crate::wire::{AwsError, Reply};
use insights_ql::{Event, Fields, Record};

/// The system fields that `GetLogRecord` returns.
const SYSTEM_FIELDS: [&str; 6] = [
    "@timestamp",
    "@ingestionTime",
    "@log",
    "@logStream",
    "@message",
    "@ptr",
];

/// Identifies an event within an account and Region.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pointer<'g> {
    /// The name of the log group.
    pub(super) group: &'g str,
    /// Timestamp in milliseconds since the Unix epoch, and serial number.
    pub(super) position: (i64, u64),
}

impl<'g> Pointer<'g> {
    /// Encodes the pointer as text.
    pub(super) fn encode(&self) -> String {
        let (timestamp_ms, serial) = self.position;
        STANDARD_NO_PAD.encode(format!("{timestamp_ms} {serial} {}", self.group))
    }

    /// Parses a decoded pointer.
    fn parse(text: &'g str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let position = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self {
            group: parts.next()?,
            position,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    log_record_pointer: String,
    unmask: Option<bool>,
}

pub(super) fn get_log_record(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let Input {
        log_record_pointer,
        unmask,
    } = call.input.parse()?;
    let text = decode(&log_record_pointer).ok_or_else(malformed)?;
    let pointer = Pointer::parse(&text).ok_or_else(malformed)?;
    let unmask = logs::permit_unmask(call, pointer.group, unmask.unwrap_or(false))?;
    let account = call.caller.account;
    let now_ms = call.now.as_millisecond();
    let group = logs::group(call, pointer.group)?;
    let retained_from = group.retained_from_ms(now_ms);
    let group = group.prepare();
    let event = find_event(group, pointer.position)
        .filter(|event| event.timestamp_ms >= retained_from)
        .ok_or_else(|| {
            AwsError::new(
                "ResourceNotFoundException",
                "The log record does not exist.",
            )
        })?;
    let message = logs::mask_message(group, &event.message, unmask);
    let log = format!("{account}:{}", pointer.group);
    let record = Record::new(
        Event {
            timestamp: event.timestamp_ms,
            ingestion_time: event.ingestion_ms,
            log: &log,
            log_stream: group.stream_name(event.stream),
            ptr: &log_record_pointer,
            message: &message,
        },
        discovery_in(&group.class),
    );
    Reply::json(&json!({ "logRecord": all_fields(&record) }))
}

/// The text of a pointer.
fn decode(pointer: &str) -> Option<String> {
    let bytes = STANDARD_NO_PAD.decode(pointer).ok()?;
    String::from_utf8(bytes).ok()
}

fn malformed() -> AwsError {
    AwsError::new(
        "InvalidParameterException",
        "The log record pointer is malformed.",
    )
}

/// The event at this position in a prepared group.
fn find_event(group: &StoredGroup, position: (i64, u64)) -> Option<&StoredEvent> {
    let events = group.events();
    let index = events
        .binary_search_by_key(&position, StoredEvent::position)
        .ok()?;
    events.get(index)
}

/// The discovered fields and the system fields of a record, by name.
fn all_fields(record: &Record<'_>) -> BTreeMap<String, String> {
    let system_fields = SYSTEM_FIELDS
        .into_iter()
        .map(|name| (name.to_owned(), record.field(name)));
    record
        .discovered()
        .into_iter()
        .chain(system_fields)
        .map(|(name, value)| (name, value.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointer_survives_encoding() {
        let pointer = Pointer {
            group: "/aws/a b",
            position: (-5, u64::MAX),
        };
        let text = String::from_utf8(STANDARD_NO_PAD.decode(pointer.encode()).unwrap()).unwrap();
        assert_eq!(Pointer::parse(&text), Some(pointer));
        for invalid in ["", "1", "1 2", "x 2 g", "1 -2 g"] {
            assert_eq!(Pointer::parse(invalid), None, "{invalid}");
        }
    }
}
