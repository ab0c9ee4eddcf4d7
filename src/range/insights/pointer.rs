//! The `@ptr` field, which identifies an event, and `GetLogRecord`, which reads that event.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use crate::query::{Discovery, Event, Fields, INSIGHTS_JSON_FIELDS, Record};
use crate::range::call::Call;
use crate::range::logs;
use crate::range::wire::{AwsError, Reply};

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
    pub(super) fn seal(&self) -> String {
        let (timestamp_ms, serial) = self.position;
        STANDARD_NO_PAD.encode(format!("{timestamp_ms} {serial} {}", self.group))
    }

    /// Parses a decoded pointer.
    fn open(text: &'g str) -> Option<Self> {
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

pub(super) fn log_record(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let Input {
        log_record_pointer,
        unmask,
    } = call.input.parse()?;
    let malformed = || {
        AwsError::new(
            "InvalidParameterException",
            "The log record pointer is malformed.",
        )
    };
    let text = STANDARD_NO_PAD
        .decode(&log_record_pointer)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(malformed)?;
    let pointer = Pointer::open(&text).ok_or_else(malformed)?;
    let unmask = logs::permit_unmask(call, pointer.group, unmask.unwrap_or(false))?;
    let account = call.caller.account;
    let now_ms = call.now.as_millisecond();
    let group = logs::group(call, pointer.group)?;
    let kept_from = group.kept_from_ms(now_ms);
    let group = group.prepare();
    let found = group
        .events()
        .binary_search_by_key(&pointer.position, logs::StoredEvent::position);
    let event = found
        .ok()
        .and_then(|at| group.events().get(at))
        .filter(|event| event.timestamp_ms >= kept_from);
    let event = event.ok_or_else(|| {
        AwsError::new(
            "ResourceNotFoundException",
            "The log record does not exist.",
        )
    })?;
    let message = logs::shown(group, &event.message, unmask);
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
        Discovery::Automatic {
            json_limit: Some(INSIGHTS_JSON_FIELDS),
        },
    );
    let system = [
        "@timestamp",
        "@ingestionTime",
        "@log",
        "@logStream",
        "@message",
        "@ptr",
    ];
    let system = system
        .into_iter()
        .map(|name| (name.to_owned(), record.field(name)));
    let fields: BTreeMap<String, String> = record
        .discovered()
        .into_iter()
        .chain(system)
        .map(|(name, value)| (name, value.to_string()))
        .collect();
    Reply::json(&json!({ "logRecord": fields }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_open_where_they_were_sealed() {
        let pointer = Pointer {
            group: "/aws/a b",
            position: (-5, u64::MAX),
        };
        let text = String::from_utf8(STANDARD_NO_PAD.decode(pointer.seal()).unwrap()).unwrap();
        assert_eq!(Pointer::open(&text), Some(pointer));
        for bad in ["", "1", "1 2", "x 2 g", "1 -2 g"] {
            assert_eq!(Pointer::open(bad), None, "{bad}");
        }
    }
}
