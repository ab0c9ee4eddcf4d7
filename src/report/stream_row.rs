//! A sighting as a line of JSON on standard output while a sweep runs, with its record as an object.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::JsonText;
use super::resource::describe_resource;
use dragnet_model::Sighting;
use dragnet_model::time::format_ms;

/// The JSON object. It has no columns that are known only when all copies were read.
#[derive(Serialize)]
struct StreamRow<'a> {
    event_time: String,
    event_account_id: &'a str,
    event_region: &'a str,
    account_name: &'a str,
    indicators: &'a [String],
    matched_fields: &'a [String],
    hunts: &'a [String],
    event_name: &'a str,
    event_source: &'a str,
    principal_arn: &'a str,
    access_key_id: &'a str,
    source_ip: &'a str,
    user_agent: &'a str,
    error_code: &'a str,
    resource: String,
    record_id: &'a str,
    request_id: &'a str,
    account_id: String,
    region: &'a str,
    log_group: &'a str,
    log_stream: &'a str,
    event_id: &'a str,
    timestamp: String,
    ingestion_time: String,
    source: &'static str,
    trusted: bool,
    /// The message, if it is no JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    /// The message as an object, or the record in an event of EventBridge.
    record: Option<Box<RawValue>>,
}

/// Writes a sighting as one line of JSON. `account_name` is the name of the event account.
///
/// # Errors
/// Returns an error if `out` cannot be written.
pub fn write_stream_row(
    sighting: &Sighting,
    account_name: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let event = &sighting.details;
    let stored = &sighting.stored;
    let record = record_object(&sighting.message, event.is_cloudtrail());
    let message = record.is_none().then_some(sighting.message.as_str());
    let row = StreamRow {
        event_time: format_ms(event.time_ms),
        event_account_id: &event.account,
        event_region: &event.region,
        account_name,
        indicators: &sighting.indicators,
        matched_fields: &sighting.matched_fields,
        hunts: &sighting.hunts,
        event_name: &event.event_name,
        event_source: &event.event_source,
        principal_arn: &event.identity.arn,
        access_key_id: &event.identity.access_key_id,
        source_ip: &event.source_ip,
        user_agent: &event.user_agent,
        error_code: &event.error_code,
        resource: describe_resource(sighting),
        record_id: &event.record_id,
        request_id: &event.request_id,
        account_id: stored.account.to_string(),
        region: stored.region.as_str(),
        log_group: &stored.log_group,
        log_stream: &stored.log_stream,
        event_id: &stored.event_id,
        timestamp: format_ms(stored.timestamp_ms),
        ingestion_time: format_ms(stored.ingestion_ms),
        source: stored.source.as_str(),
        trusted: sighting.trusted,
        message,
        record,
    };
    writeln!(out, "{}", JsonText::compact(&row)?)
}

/// An event of EventBridge, which has the record in `detail`.
///
/// Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
#[derive(Deserialize)]
struct Envelope<'m> {
    #[serde(borrow)]
    detail: &'m RawValue,
}

/// A record has an id at its top, unlike an event of EventBridge.
#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventID")]
    event_id: Option<serde::de::IgnoredAny>,
}

/// Returns a message as a JSON object on one line, with the exact texts and numbers. `None` if it is
/// no object.
fn record_object(message: &str, is_cloudtrail: bool) -> Option<Box<RawValue>> {
    let message = message.trim();
    if !message.starts_with('{') {
        return None;
    }
    let is_wrapped = is_cloudtrail
        && serde_json::from_str::<Record>(message).is_ok_and(|record| record.event_id.is_none());
    let object = if is_wrapped {
        serde_json::from_str::<Envelope<'_>>(message)
            .ok()?
            .detail
            .get()
    } else {
        message
    };
    // Between the values, line breaks are white space; inside of texts, JSON does not allow them.
    let line = if object.contains(['\n', '\r']) {
        Cow::Owned(object.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(object)
    };
    RawValue::from_string(line.into_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{sighting, written};
    use serde_json::{Value, json};

    fn streamed(message: &str) -> String {
        let mut sighting = sighting(message);
        sighting.details.record_id = "e".into();
        let line = written(|out| write_stream_row(&sighting, "prod", out));
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        line
    }

    #[test]
    fn record_is_an_object_on_one_line() {
        let line = streamed("{\n  \"eventID\": \"e\",\r\n  \"userIdentity\": {\"n\": 1.50}\n}\n");
        let row: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(row["record"]["userIdentity"]["n"], json!(1.5));
        assert!(line.contains("1.50"), "exact numbers: {line}");
        assert_eq!(row["account_name"], "prod");
        assert_eq!(row.get("message"), None);
    }

    #[test]
    fn record_of_eventbridge_is_unwrapped() {
        let row: Value =
            serde_json::from_str(&streamed(r#"{"id":"i","detail":{"eventID":"e"}}"#)).unwrap();
        assert_eq!(row["record"], json!({"eventID": "e"}));
    }

    #[test]
    fn other_message_is_a_text() {
        for message in ["plain\u{1b}[2J", "{broken", "[1]", ""] {
            let line = streamed(message);
            assert!(!line.contains('\u{1b}'), "{line}");
            let row: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(row["message"], message);
            assert_eq!(row["record"], Value::Null);
        }
    }
}
