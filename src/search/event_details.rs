//! Parses the event details from a message: where and when something happened, and who did it. This
//! is the one parser of the fields of a CloudTrail record.
//!
//! It reads most records from the token tape, which copies nothing. What the tape does not have is
//! left to a full parse of the message, which decides what a record is.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use super::document::Document;
use super::json_tape::JsonTape;
use super::json_tokenizer::Kind;
use super::ocsf_record::parse_ocsf_record;
use crate::files::AccessLine;
use dragnet_model::{EventDetails, UserIdentity};

/// Extracts the event details of a message, also of a record that a pipeline rewrote in OCSF. An
/// event that is not a CloudTrail record gets the
/// account, the Region and the time with which it is stored; the line of an access log has the
/// address of the client, too.
pub fn event_details(
    message: &str,
    account: &str,
    region: &str,
    timestamp_ms: i64,
) -> EventDetails<'static> {
    parse_event_details(&Document::new(message), account, region, timestamp_ms).into_owned()
}

/// The same for a document whose token tape is shared with other readers.
pub fn parse_event_details<'m>(
    document: &Document<'m>,
    account: &'m str,
    region: &'m str,
    timestamp_ms: i64,
) -> EventDetails<'m> {
    let record = document
        .tape()
        .and_then(record_from_tape)
        .unwrap_or_else(|| parse_record(document.message()));
    let record = record.or_else(|| parse_ocsf_record(document.message()));
    let Some(mut details) = record else {
        let line = AccessLine::parse(document.message());
        return EventDetails {
            source_ip: line.map(|line| line.client).unwrap_or_default(),
            time_ms: timestamp_ms,
            account: account.into(),
            region: region.into(),
            ..EventDetails::default()
        };
    };
    // Records from before 2014 have no `recipientAccountId`; the account that stores them is used.
    if details.account.is_empty() {
        details.account = account.into();
    }
    details
}

/// An event of EventBridge, which has the record in `detail`.
///
/// Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    detail: EventDetails<'a>,
}

/// Parses the whole message as a CloudTrail record, or as an EventBridge event with one; `None` if
/// it is neither.
fn parse_record(message: &str) -> Option<EventDetails<'_>> {
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
fn record_from_tape<'m>(tape: &JsonTape<'m>) -> Option<Option<EventDetails<'m>>> {
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
fn record_from_object<'m>(tape: &JsonTape<'m>, object: usize) -> Option<Option<EventDetails<'m>>> {
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
        error_message,
        response_elements,
        request_id,
    ] = tape.fields(object, record_field_index)?;
    let (Some(event_id), Some(event_time), Some(event_name), Some(event_source), Some(aws_region)) =
        (event_id, event_time, event_name, event_source, aws_region)
    else {
        return Some(None);
    };
    let Ok(time) = tape.text(event_time)?.parse::<Timestamp>() else {
        return Some(None);
    };
    Some(Some(EventDetails {
        time_ms: time.as_millisecond(),
        account: text_or_null(tape, recipient_account_id)?,
        region: tape.text(aws_region)?,
        event_name: tape.text(event_name)?,
        event_source: tape.text(event_source)?,
        identity: identity_from_tape(tape, user_identity)?,
        source_ip: text_or_null(tape, source_ip)?,
        user_agent: text_or_null(tape, user_agent)?,
        error_code: text_or_null(tape, error_code)?,
        has_error_message: error_message.is_some_and(|token| tape.kind(token) != Some(Kind::Null)),
        console_login: text_or_other(tape, member(tape, response_elements, "ConsoleLogin")?)?,
        record_id: tape.text(event_id)?,
        request_id: text_or_null(tape, request_id)?,
        is_transformed: false,
    }))
}

/// The position of a field in the array that [`record_from_object`] reads.
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
        "errorMessage" => 10,
        "responseElements" => 11,
        "requestID" => 12,
        _ => return None,
    })
}

/// The text of a field; empty if the field is absent or null. Returns `None` for any other value,
/// which is left to the full parse.
fn text_or_null<'m>(tape: &JsonTape<'m>, field: Option<usize>) -> Option<Cow<'m, str>> {
    match field.map(|token| (token, tape.kind(token))) {
        None | Some((_, Some(Kind::Null))) => Some(Cow::default()),
        Some((token, _)) => tape.text(token),
    }
}

/// The text of a field; empty if it is anything else.
fn text_or_other<'m>(tape: &JsonTape<'m>, field: Option<usize>) -> Option<Cow<'m, str>> {
    match field.map(|token| (token, tape.kind(token))) {
        Some((token, Some(Kind::Text | Kind::Escaped))) => tape.text(token),
        _ => Some(Cow::default()),
    }
}

/// A member of an object; `Some(None)` if the value is no object or does not have the member.
/// Returns `None` if the member is repeated, which is left to the full parse.
#[expect(
    clippy::option_option,
    reason = "that there is no member is a result, too"
)]
fn member(tape: &JsonTape<'_>, value: Option<usize>, name: &str) -> Option<Option<usize>> {
    let Some(object) = value.filter(|token| tape.kind(*token) == Some(Kind::Object)) else {
        return Some(None);
    };
    let [member] = tape.fields(object, |found| (found == name).then_some(0))?;
    Some(member)
}

/// The user identity, which may be absent or null. Returns `None` if the whole message must be
/// parsed.
fn identity_from_tape<'m>(tape: &JsonTape<'m>, field: Option<usize>) -> Option<UserIdentity<'m>> {
    let Some(object) = field.filter(|token| tape.kind(*token) != Some(Kind::Null)) else {
        return Some(UserIdentity::default());
    };
    let [kind, principal_id, arn, access_key_id, session_context] =
        tape.fields(object, |name| match name {
            "type" => Some(0),
            "principalId" => Some(1),
            "arn" => Some(2),
            "accessKeyId" => Some(3),
            "sessionContext" => Some(4),
            _ => None,
        })?;
    let session_issuer = member(tape, session_context, "sessionIssuer")?;
    Some(UserIdentity {
        kind: text_or_other(tape, kind)?,
        principal_id: text_or_other(tape, principal_id)?,
        arn: text_or_null(tape, arn)?,
        access_key_id: text_or_null(tape, access_key_id)?,
        session_issuer_arn: text_or_other(tape, member(tape, session_issuer, "arn")?)?,
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
            (&*details.account, &*details.region),
            ("222222222222", "eu-west-1")
        );
        assert_eq!(
            (&*details.identity.arn, &*details.record_id),
            ("arn:aws:iam::222222222222:user/a", "e")
        );
        assert_eq!(details.time_ms, 1_772_362_800_000);
        assert_eq!(details.error_code, "");
    }

    #[test]
    fn line_of_an_access_log_has_the_address_of_the_client() {
        let line = r#"2015-05-13T23:39:43.945958Z web 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -"#;
        let details = event_details(line, "111111111111", "us-east-1", 5);
        assert_eq!(details.source_ip, "192.168.131.39");
        assert_eq!((details.time_ms, &*details.record_id), (5, ""));
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
                (&*details.account, &*details.region, details.time_ms),
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

    const IDENTITY: &str = r#"{"type":"t","arn":"a","accessKeyId":null,"sessionContext":{"sessionIssuer":{"arn":"i"}}}"#;

    const VALUES: [&str; 16] = [
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
        r#"{"type":{},"principalId":2,"sessionContext":"x"}"#,
        r#"{"sessionContext":{"sessionIssuer":{"arn":"a","arn":"b"}}}"#,
        r#"{"sessionContext":{"sessionIssuer":{"arn":"a"},"sessionIssuer":"b"}}"#,
        r#"{"a":1,"ConsoleLogin":"Failure"}"#,
        r#"{"ConsoleLogin":"Failure","ConsoleLogin":1}"#,
        r#"{"a":{"arn":2},"accessKeyId":"\u0041"}"#,
    ];

    const NAMES: [&str; 14] = [
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
        "errorMessage",
        "responseElements",
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
