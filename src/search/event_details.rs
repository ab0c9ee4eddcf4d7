//! Extracts the event details from a message: where and when something happened, and who did it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use super::document::Document;
use super::json_tape::JsonTape;
use super::json_tokenizer::Kind;
use crate::model::EventDetails;

/// The fields of a CloudTrail record that reports show, borrowed from the message where possible.
///
/// Source: CloudTrail user guide, "CloudTrail record contents".
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Record<'a> {
    #[serde(rename = "eventID", borrow)]
    event_id: Cow<'a, str>,
    #[serde(rename = "eventTime", borrow)]
    event_time: Cow<'a, str>,
    #[serde(rename = "eventName", borrow)]
    event_name: Cow<'a, str>,
    #[serde(rename = "eventSource", borrow)]
    event_source: Cow<'a, str>,
    #[serde(rename = "awsRegion", borrow)]
    aws_region: Cow<'a, str>,
    #[serde(rename = "recipientAccountId", borrow, default)]
    recipient_account_id: Option<Cow<'a, str>>,
    #[serde(rename = "userIdentity", borrow, default)]
    user_identity: Option<UserIdentity<'a>>,
    #[serde(rename = "sourceIPAddress", borrow, default)]
    source_ip: Option<Cow<'a, str>>,
    #[serde(rename = "userAgent", borrow, default)]
    user_agent: Option<Cow<'a, str>>,
    #[serde(rename = "errorCode", borrow, default)]
    error_code: Option<Cow<'a, str>>,
    #[serde(rename = "requestID", borrow, default)]
    request_id: Option<Cow<'a, str>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct UserIdentity<'a> {
    #[serde(borrow, default)]
    arn: Option<Cow<'a, str>>,
    #[serde(rename = "accessKeyId", borrow, default)]
    access_key_id: Option<Cow<'a, str>>,
}

/// Event details that borrow from the message where possible; see [`EventDetails`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of EventDetails")]
pub struct ParsedEventDetails<'m> {
    pub time_ms: i64,
    pub account: Cow<'m, str>,
    pub region: Cow<'m, str>,
    pub event_name: Cow<'m, str>,
    pub event_source: Cow<'m, str>,
    pub principal_arn: Cow<'m, str>,
    pub access_key_id: Cow<'m, str>,
    pub source_ip: Cow<'m, str>,
    pub user_agent: Cow<'m, str>,
    pub error_code: Cow<'m, str>,
    pub record_id: Cow<'m, str>,
    pub request_id: Cow<'m, str>,
}

impl ParsedEventDetails<'_> {
    /// Whether the event is a CloudTrail record. No other event has a record id.
    pub fn is_cloudtrail(&self) -> bool {
        !self.record_id.is_empty()
    }

    /// Copies the details, so that they can outlive the message.
    pub fn into_owned(self) -> EventDetails {
        EventDetails {
            time_ms: self.time_ms,
            account: self.account.into_owned(),
            region: self.region.into_owned(),
            event_name: self.event_name.into_owned(),
            event_source: self.event_source.into_owned(),
            principal_arn: self.principal_arn.into_owned(),
            access_key_id: self.access_key_id.into_owned(),
            source_ip: self.source_ip.into_owned(),
            user_agent: self.user_agent.into_owned(),
            error_code: self.error_code.into_owned(),
            record_id: self.record_id.into_owned(),
            request_id: self.request_id.into_owned(),
        }
    }
}

/// Extracts the event details of a message. An event that is not a CloudTrail record gets the
/// account, the Region and the time with which it is stored.
pub fn event_details(
    message: &str,
    account: &str,
    region: &str,
    timestamp_ms: i64,
) -> EventDetails {
    parse_event_details(&Document::new(message), account, region, timestamp_ms).into_owned()
}

/// The same for a document whose token tape is shared with other readers.
pub fn parse_event_details<'m>(
    document: &Document<'m>,
    account: &'m str,
    region: &'m str,
    timestamp_ms: i64,
) -> ParsedEventDetails<'m> {
    let record = document
        .tape()
        .and_then(record_from_tape)
        .unwrap_or_else(|| parse_record(document.message()));
    record
        .and_then(|record| details_from_record(record, account))
        .unwrap_or_else(|| ParsedEventDetails {
            time_ms: timestamp_ms,
            account: account.into(),
            region: region.into(),
            ..ParsedEventDetails::default()
        })
}

/// An event of EventBridge, which has the record in `detail`.
///
/// Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    detail: Record<'a>,
}

/// Parses the whole message as a CloudTrail record, or as an EventBridge event with one; `None` if
/// it is neither.
fn parse_record(message: &str) -> Option<Record<'_>> {
    if !message.trim_start().starts_with('{') {
        return None;
    }
    let wrapped = || serde_json::from_str::<Envelope<'_>>(message).ok();
    serde_json::from_str(message)
        .ok()
        .or_else(|| Some(wrapped()?.detail))
}

/// Reads the record from the token tape. Returns `None` if the whole message must be parsed, and
/// `Some(None)` if there is no record.
#[expect(
    clippy::option_option,
    reason = "that there is no record is a result, too"
)]
fn record_from_tape<'m>(tape: &JsonTape<'m>) -> Option<Option<Record<'m>>> {
    if let Some(record) = record_from_object(tape, JsonTape::ROOT)? {
        return Some(Some(record));
    }
    let [detail] = tape.fields(JsonTape::ROOT, |name| (name == "detail").then_some(0))?;
    match detail.filter(|token| tape.kind(*token) == Some(Kind::Object)) {
        Some(object) => record_from_object(tape, object),
        None => Some(None),
    }
}

/// The same for one object of the message.
#[expect(
    clippy::option_option,
    reason = "that there is no record is a result, too"
)]
fn record_from_object<'m>(tape: &JsonTape<'m>, object: usize) -> Option<Option<Record<'m>>> {
    let [
        event_id,
        event_time,
        event_name,
        event_source,
        aws_region,
        recipient_account_id,
        user_identity,
        source_ip,
        user_agent,
        error_code,
        request_id,
    ] = tape.fields(object, record_field_index)?;
    let (Some(event_id), Some(event_time), Some(event_name), Some(event_source), Some(aws_region)) =
        (event_id, event_time, event_name, event_source, aws_region)
    else {
        return Some(None);
    };
    Some(Some(Record {
        event_id: tape.text(event_id)?,
        event_time: tape.text(event_time)?,
        event_name: tape.text(event_name)?,
        event_source: tape.text(event_source)?,
        aws_region: tape.text(aws_region)?,
        recipient_account_id: optional_text(tape, recipient_account_id)?,
        user_identity: identity_from_tape(tape, user_identity)?,
        source_ip: optional_text(tape, source_ip)?,
        user_agent: optional_text(tape, user_agent)?,
        error_code: optional_text(tape, error_code)?,
        request_id: optional_text(tape, request_id)?,
    }))
}

/// The position of a field in the array that [`record_from_tape`] reads.
fn record_field_index(name: &str) -> Option<usize> {
    Some(match name {
        "eventID" => 0,
        "eventTime" => 1,
        "eventName" => 2,
        "eventSource" => 3,
        "awsRegion" => 4,
        "recipientAccountId" => 5,
        "userIdentity" => 6,
        "sourceIPAddress" => 7,
        "userAgent" => 8,
        "errorCode" => 9,
        "requestID" => 10,
        _ => return None,
    })
}

/// The text of a field that may be absent or null. Returns `None` for any other value, which is
/// left to the full parse.
#[expect(
    clippy::option_option,
    reason = "that the field is absent is a result, too"
)]
fn optional_text<'m>(tape: &JsonTape<'m>, field: Option<usize>) -> Option<Option<Cow<'m, str>>> {
    match field.map(|token| (token, tape.kind(token))) {
        None | Some((_, Some(Kind::Null))) => Some(None),
        Some((token, _)) => tape.text(token).map(Some),
    }
}

/// The user identity, which may be absent or null. Returns `None` if the whole message must be
/// parsed.
#[expect(
    clippy::option_option,
    reason = "that there is no identity is a result, too"
)]
fn identity_from_tape<'m>(
    tape: &JsonTape<'m>,
    field: Option<usize>,
) -> Option<Option<UserIdentity<'m>>> {
    let Some(object) = field.filter(|token| tape.kind(*token) != Some(Kind::Null)) else {
        return Some(None);
    };
    let [arn, access_key_id] = tape.fields(object, |name| match name {
        "arn" => Some(0),
        "accessKeyId" => Some(1),
        _ => None,
    })?;
    Some(Some(UserIdentity {
        arn: optional_text(tape, arn)?,
        access_key_id: optional_text(tape, access_key_id)?,
    }))
}

fn details_from_record<'m>(
    record: Record<'m>,
    storing_account: &'m str,
) -> Option<ParsedEventDetails<'m>> {
    let time: Timestamp = record.event_time.parse().ok()?;
    let (arn, key) = record
        .user_identity
        .map(|identity| (identity.arn, identity.access_key_id))
        .unwrap_or_default();
    Some(ParsedEventDetails {
        time_ms: time.as_millisecond(),
        // Records from before 2014 have no `recipientAccountId`; the account that stores them is
        // used.
        account: record
            .recipient_account_id
            .unwrap_or(storing_account.into()),
        region: record.aws_region,
        event_name: record.event_name,
        event_source: record.event_source,
        principal_arn: arn.unwrap_or_default(),
        access_key_id: key.unwrap_or_default(),
        source_ip: record.source_ip.unwrap_or_default(),
        user_agent: record.user_agent.unwrap_or_default(),
        error_code: record.error_code.unwrap_or_default(),
        record_id: record.event_id,
        request_id: record.request_id.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_gives_its_own_account_region_and_time() {
        let message = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::222222222222:user\/a",
            "accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"eventTime":"2026-03-01T11:00:00Z","eventSource":"s3.amazonaws.com",
            "eventName":"ListBuckets","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.1","userAgent":"cli",
            "requestID":"r","eventID":"e","recipientAccountId":"222222222222"}"#;
        let details = event_details(message, "111111111111", "us-east-1", 5);
        assert_eq!(
            (details.account.as_str(), details.region.as_str()),
            ("222222222222", "eu-west-1")
        );
        assert_eq!(
            (details.principal_arn.as_str(), details.record_id.as_str()),
            ("arn:aws:iam::222222222222:user/a", "e")
        );
        assert_eq!(details.time_ms, 1_772_362_800_000);
        assert_eq!(details.error_code, "");
    }

    #[test]
    fn other_event_gets_the_account_region_and_time_that_store_it() {
        for message in [
            "",
            "plain",
            "{}",
            "{\"eventID\":1}",
            "[\"eventTime\"]",
            "{\"eventTime\":\"soon\"}",
        ] {
            let details = event_details(message, "111111111111", "us-east-1", 5);
            assert_eq!(
                (
                    details.account.as_str(),
                    details.region.as_str(),
                    details.time_ms
                ),
                ("111111111111", "us-east-1", 5)
            );
            assert_eq!(details.record_id, "");
        }
    }

    #[test]
    fn record_in_event_of_eventbridge_gives_the_details() {
        let record = r#"{"userIdentity":{"arn":"arn:aws:iam::222222222222:user/a"},"eventTime":"2026-03-01T11:00:00Z",
            "eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1",
            "sourceIPAddress":"192.0.2.1","eventID":"e","recipientAccountId":"222222222222"}"#;
        let wrapped = |rest: &str| {
            format!(
                r#"{{"version":"0","id":"i","detail-type":"AWS API Call via CloudTrail","source":"aws.cloudtrail",
                "account":"222222222222","time":"2026-03-01T11:00:00Z","region":"eu-west-1","resources":[]{rest},"detail":{record}}}"#
            )
        };
        // A fraction has no token tape, so the message is parsed.
        for message in [wrapped(""), wrapped(r#","ratio":1.5"#)] {
            let details = event_details(&message, "111111111111", "us-east-1", 5);
            let expected = event_details(record, "111111111111", "us-east-1", 5);
            assert_eq!(details, expected);
            assert_eq!(details.event_name, "StopLogging");
        }
        for other in [
            r#"{"detail":{"eventName":"StopLogging"}}"#,
            r#"{"detail":"x"}"#,
            r#"{"detail":[]}"#,
        ] {
            let details = event_details(other, "111111111111", "us-east-1", 5);
            assert_eq!(details.account, "111111111111");
        }
    }

    const TEXT: &str = r#""x\ny""#;

    const IDENTITY: &str = r#"{"arn":"a","accessKeyId":null}"#;

    const VALUES: [&str; 11] = [
        TEXT,
        "null",
        "1",
        "true",
        "[]",
        "[\"a\",null]",
        "{}",
        IDENTITY,
        r#"{"arn":"a","arn":"b"}"#,
        r#"{"arn":1}"#,
        r#"{"a":{"arn":2},"accessKeyId":"\u0041"}"#,
    ];

    const NAMES: [&str; 12] = [
        "eventID",
        "eventTime",
        "eventName",
        "eventSource",
        "awsRegion",
        "recipientAccountId",
        "userIdentity",
        "sourceIPAddress",
        "userAgent",
        "errorCode",
        "requestID",
        "other",
    ];

    /// The members of a valid record, each as `"name":value`.
    fn valid_members() -> Vec<String> {
        NAMES
            .iter()
            .map(|name| match *name {
                "eventTime" => r#""eventTime":"2026-03-01T11:00:00Z""#.to_owned(),
                "userIdentity" => format!("\"userIdentity\":{IDENTITY}"),
                name => format!("\"{name}\":{TEXT}"),
            })
            .collect()
    }

    #[test]
    fn token_tape_gives_the_same_record_as_full_parse() {
        let valid = valid_members();
        let mut read_from_tape = 0;
        let mut check = |members: &[String]| {
            let message = format!("{{{}}}", members.join(","));
            let tape = JsonTape::parse(&message);
            let wrapped = format!("{{\"id\":\"i\",\"detail\":{message}}}");
            let wrapped_tape = JsonTape::parse(&wrapped);
            for (message, tape) in [(&message, tape), (&wrapped, wrapped_tape)] {
                if let Some(record) = tape.as_ref().and_then(record_from_tape) {
                    assert_eq!(record, parse_record(message), "{message}");
                    read_from_tape += 1;
                }
            }
        };
        check(&valid);
        for (at, name) in NAMES.iter().enumerate() {
            for value in VALUES {
                let replaced = [format!("\"{name}\":{value}")];
                check(&[&valid[..at], &replaced[..], &valid[at + 1..]].concat());
            }
            check(&[&valid[..at], &valid[at + 1..]].concat());
            check(&[&valid[..], &valid[at..=at]].concat());
        }
        assert!(read_from_tape > NAMES.len() * 3, "{read_from_tape}");
    }
}
