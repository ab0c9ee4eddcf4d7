//! Decides whether an event is a call that changes something.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use dragnet_model::EventDetails;

/// Whether a record says that its call only read. Any other value than a truth value counts as
/// absent.
#[derive(Deserialize)]
struct Record<'m> {
    #[serde(rename = "eventID", default)]
    event_id: Option<IgnoredAny>,
    #[serde(rename = "readOnly", borrow, default)]
    read_only: Option<&'m RawValue>,
}

/// An event of EventBridge, which has the record in `detail`.
///
/// Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
#[derive(Deserialize)]
struct Envelope<'m> {
    #[serde(borrow)]
    detail: Record<'m>,
}

/// Returns whether an event is a write call: a CloudTrail record that does not say
/// `readOnly: true`. A record without the member may be of a change, so it counts as one.
///
/// Source: CloudTrail user guide, "CloudTrail record contents" (`readOnly`).
pub fn is_write_call(message: &str, details: &EventDetails<'_>) -> bool {
    details.is_cloudtrail() && !is_read_only(message).unwrap_or(false)
}

fn is_read_only(message: &str) -> Option<bool> {
    let record: Record<'_> = serde_json::from_str(message).ok()?;
    let record = if record.event_id.is_some() {
        record
    } else {
        let envelope: Envelope<'_> = serde_json::from_str(message).ok()?;
        envelope.detail
    };
    Some(record.read_only?.get() == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_write(message: &str, record_id: &'static str) -> bool {
        let details = EventDetails {
            record_id: record_id.into(),
            ..EventDetails::default()
        };
        is_write_call(message, &details)
    }

    #[test]
    fn only_calls_that_are_known_to_read_are_left_out() {
        for (message, expected) in [
            (r#"{"eventID":"e","readOnly":true}"#, false),
            (r#"{"eventID":"e","readOnly":false}"#, true),
            (r#"{"eventID":"e"}"#, true),
            (r#"{"eventID":"e","readOnly":null}"#, true),
            (r#"{"eventID":"e","readOnly":"true"}"#, true),
            (r#"{"detail":{"eventID":"e","readOnly":true}}"#, false),
            (r#"{"detail":{"eventID":"e","readOnly":false}}"#, true),
        ] {
            assert_eq!(is_write(message, "e"), expected, "{message}");
        }
    }

    #[test]
    fn other_events_are_no_calls() {
        assert!(!is_write(r#"{"readOnly":false}"#, ""));
        assert!(!is_write("2 111111111111 eni-1 REJECT", ""));
    }
}
