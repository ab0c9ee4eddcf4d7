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
        .outline()
        .and_then(outlined)
        .unwrap_or_else(|| read(document.message()));
    record
        .and_then(|record| of_record(record, account))
        .unwrap_or_else(|| ParsedEventDetails {
            time_ms: timestamp_ms,
            account: account.into(),
            region: region.into(),
            ..ParsedEventDetails::default()
        })
}

/// Parses the whole message as a CloudTrail record; `None` if it is not one.
fn read(message: &str) -> Option<Record<'_>> {
    if !message.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(message).ok()
}

/// Extracts the record from the token tape. Returns `None` if the whole message must be parsed, and
/// `Some(None)` if it is not a record.
#[expect(
    clippy::option_option,
    reason = "that there is no record is an answer, too"
)]
fn outlined<'m>(outline: &JsonTape<'m>) -> Option<Option<Record<'m>>> {
    let fields = outline.fields(JsonTape::ROOT, |name| {
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
    });
    let [
        id,
        time,
        name,
        source,
        region,
        account,
        who,
        ip,
        agent,
        error,
        request,
    ] = fields?;
    let (Some(id), Some(time), Some(name), Some(source), Some(region)) =
        (id, time, name, source, region)
    else {
        return Some(None);
    };
    // Only text and null are handled here; any other value is left to the full parse.
    let optional = |field: Option<usize>| match field.map(|value| (value, outline.kind(value))) {
        None | Some((_, Some(Kind::Null))) => Some(None),
        Some((value, _)) => outline.text(value).map(Some),
    };
    let identity = |object| {
        let fields = outline.fields(object, |name| match name {
            "arn" => Some(0),
            "accessKeyId" => Some(1),
            _ => None,
        });
        let [arn, access_key_id] = fields?;
        Some(UserIdentity {
            arn: optional(arn)?,
            access_key_id: optional(access_key_id)?,
        })
    };
    Some(Some(Record {
        event_id: outline.text(id)?,
        event_time: outline.text(time)?,
        event_name: outline.text(name)?,
        event_source: outline.text(source)?,
        aws_region: outline.text(region)?,
        recipient_account_id: optional(account)?,
        user_identity: who
            .filter(|who| outline.kind(*who) != Some(Kind::Null))
            .map(identity)
            .map_or(Some(None), |who| who.map(Some))?,
        source_ip: optional(ip)?,
        user_agent: optional(agent)?,
        error_code: optional(error)?,
        request_id: optional(request)?,
    }))
}

fn of_record<'m>(record: Record<'m>, stored_in: &'m str) -> Option<ParsedEventDetails<'m>> {
    let time: Timestamp = record.event_time.parse().ok()?;
    let (arn, key) = record
        .user_identity
        .map(|who| (who.arn, who.access_key_id))
        .unwrap_or_default();
    Some(ParsedEventDetails {
        time_ms: time.as_millisecond(),
        // Records from before 2014 have no `recipientAccountId`; the account that stores them is
        // used.
        account: record.recipient_account_id.unwrap_or(stored_in.into()),
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
    fn a_cloudtrail_record_tells_its_own_place_and_time() {
        let message = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::222222222222:user\/a",
            "accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"eventTime":"2026-03-01T11:00:00Z","eventSource":"s3.amazonaws.com",
            "eventName":"ListBuckets","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.1","userAgent":"cli",
            "requestID":"r","eventID":"e","recipientAccountId":"222222222222"}"#;
        let told = event_details(message, "111111111111", "us-east-1", 5);
        assert_eq!(
            (told.account.as_str(), told.region.as_str()),
            ("222222222222", "eu-west-1")
        );
        assert_eq!(
            (told.principal_arn.as_str(), told.record_id.as_str()),
            ("arn:aws:iam::222222222222:user/a", "e")
        );
        assert_eq!(told.time_ms, 1_772_362_800_000);
        assert_eq!(told.error_code, "");
    }

    #[test]
    fn anything_else_happened_where_it_is_stored() {
        for message in [
            "",
            "plain",
            "{}",
            "{\"eventID\":1}",
            "[\"eventTime\"]",
            "{\"eventTime\":\"soon\"}",
        ] {
            let told = event_details(message, "111111111111", "us-east-1", 5);
            assert_eq!(
                (told.account.as_str(), told.region.as_str(), told.time_ms),
                ("111111111111", "us-east-1", 5)
            );
            assert_eq!(told.record_id, "");
        }
    }

    #[test]
    fn an_outline_tells_what_a_full_reading_does() {
        let text = r#""x\ny""#;
        let values = [
            text,
            "null",
            "1",
            "true",
            "[]",
            "[\"a\",null]",
            "{}",
            r#"{"arn":"a","accessKeyId":null}"#,
            r#"{"arn":"a","arn":"b"}"#,
            r#"{"arn":1}"#,
            r#"{"a":{"arn":2},"accessKeyId":"\u0041"}"#,
        ];
        let names = [
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
        let whole: Vec<String> = names
            .iter()
            .map(|name| match *name {
                "eventTime" => r#""eventTime":"2026-03-01T11:00:00Z""#.to_owned(),
                "userIdentity" => format!(r#""userIdentity":{}"#, values[7]),
                name => format!("\"{name}\":{text}"),
            })
            .collect();
        let mut from_outlines = 0;
        let mut check = |fields: &[String]| {
            let message = format!("{{{}}}", fields.join(","));
            if let Some(told) = JsonTape::parse(&message).as_ref().and_then(outlined) {
                assert_eq!(told, read(&message), "{message}");
                from_outlines += 1;
            }
        };
        check(&whole);
        for (at, name) in names.iter().enumerate() {
            let with = |value: &str| {
                [
                    &whole[..at],
                    &[format!("\"{name}\":{value}")],
                    &whole[at + 1..],
                ]
                .concat()
            };
            for value in values {
                check(&with(value));
            }
            check(&[&whole[..at], &whole[at + 1..]].concat());
            check(&[&whole[..], &whole[at..=at]].concat());
        }
        assert!(from_outlines > names.len() * 3, "{from_outlines}");
    }
}
