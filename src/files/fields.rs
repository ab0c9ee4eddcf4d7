//! The members of a JSON record that decide what it is.

use std::borrow::Cow;

use dragnet_model::{AccountId, LogKind, Region};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::coverage::checked_ms;

/// The categories of CloudTrail events. Events of the other two categories are none of the kinds of
/// logs that a search can require.
///
/// Source: CloudTrail user guide, "CloudTrail record contents", `eventCategory`.
pub(super) const CATEGORIES: [(&str, Option<LogKind>); 4] = [
    ("Management", Some(LogKind::Management)),
    ("Data", Some(LogKind::Data)),
    ("Insight", None),
    ("NetworkActivity", None),
];

/// The members of an object, as far as they matter here. A member of an unexpected type counts as
/// missing.
#[derive(Debug, Deserialize)]
pub(super) struct Fields<'a> {
    #[serde(borrow, rename = "eventTime")]
    event_time: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventSource")]
    event_source: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventName")]
    event_name: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventType")]
    event_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "awsRegion")]
    region: Option<&'a RawValue>,
    #[serde(borrow, rename = "recipientAccountId")]
    recipient_account: Option<&'a RawValue>,
    #[serde(borrow, rename = "userIdentity")]
    user_identity: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventCategory")]
    event_category: Option<&'a RawValue>,
    #[serde(borrow, rename = "managementEvent")]
    management_event: Option<&'a RawValue>,
    /// The record in an element of `LookupEvents` and of an event-history export.
    #[serde(borrow, rename = "CloudTrailEvent")]
    cloudtrail_event: Option<&'a RawValue>,
    /// The record in a row of a table.
    #[serde(borrow, rename = "eventData")]
    event_data: Option<&'a RawValue>,
    /// The same in the results of Athena, whose names of columns have no capitals.
    #[serde(borrow, rename = "eventdata")]
    lowercase_event_data: Option<&'a RawValue>,
    /// Of a row that Logs Insights exports.
    #[serde(borrow, rename = "@message")]
    row_message: Option<&'a RawValue>,
    #[serde(borrow, rename = "@timestamp")]
    row_time: Option<&'a RawValue>,
    #[serde(borrow, rename = "@log")]
    row_log: Option<&'a RawValue>,
    #[serde(borrow, rename = "@logStream")]
    row_stream: Option<&'a RawValue>,
    #[serde(borrow, rename = "@ptr")]
    row_pointer: Option<&'a RawValue>,
    /// Of an event of CloudWatch Logs.
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow, rename = "ingestionTime")]
    ingestion_time: Option<&'a RawValue>,
    #[serde(borrow, rename = "logStreamName")]
    log_stream: Option<&'a RawValue>,
    /// Of a CloudTrail digest.
    #[serde(borrow, rename = "digestStartTime")]
    digest_start: Option<&'a RawValue>,
    #[serde(borrow, rename = "logFiles")]
    log_files: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(borrow, rename = "accountId")]
    account: Option<&'a RawValue>,
}

/// What a CloudTrail record says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrailFacts {
    pub(super) time_ms: Option<i64>,
    pub(super) account: Option<AccountId>,
    pub(super) region: Option<Region>,
    pub(super) kind: Option<LogKind>,
}

/// An event of CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogEvent {
    pub(super) message: String,
    pub(super) time_ms: Option<i64>,
    pub(super) log_stream: Option<String>,
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

/// Returns a text without its escapes, and any other value as it is spelled.
fn text_or_json(raw: &RawValue) -> String {
    text(Some(raw)).unwrap_or_else(|| raw.get().to_owned())
}

fn number(raw: Option<&RawValue>) -> Option<i64> {
    serde_json::from_str(raw?.get()).ok()
}

fn time_ms(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    checked_ms(time.as_millisecond())
}

impl<'a> Fields<'a> {
    /// Reads an object. `None` if the text is not one, or names a member twice.
    pub(super) fn parse(json: &'a str) -> Option<Self> {
        // serde would take an array for the members in their order.
        if !json.trim_ascii_start().starts_with('{') {
            return None;
        }
        serde_json::from_str(json).ok()
    }

    /// Returns what the record says, if it is a CloudTrail record.
    ///
    /// Source: CloudTrail user guide, "CloudTrail record contents": these members are in every
    /// record, Insights events apart, which have no `eventName`.
    pub(super) fn trail_facts(&self) -> Option<TrailFacts> {
        let time = text(self.event_time)?;
        let is_record = self.event_source.is_some() && self.event_name.is_some()
            || self.event_type.is_some() && self.event_category.is_some();
        if !is_record {
            return None;
        }
        let identity = || -> Option<String> {
            let identity: Identity<'_> = serde_json::from_str(self.user_identity?.get()).ok()?;
            text(identity.account)
        };
        let account = text(self.recipient_account).or_else(identity);
        Some(TrailFacts {
            time_ms: time_ms(&time),
            account: account.and_then(|id| id.parse().ok()),
            region: text(self.region).and_then(|name| name.parse().ok()),
            kind: self.kind(),
        })
    }

    /// The kind by category; records of before 2019 have none. A trail without data events was the
    /// rule then, but the kind stays open.
    fn kind(&self) -> Option<LogKind> {
        let category = text(self.event_category);
        let by_category = CATEGORIES
            .iter()
            .find(|(word, _)| category.as_deref() == Some(*word));
        if let Some((_, kind)) = by_category {
            return *kind;
        }
        match self.management_event.map(RawValue::get) {
            Some("true") => Some(LogKind::Management),
            Some("false") => Some(LogKind::Data),
            _ => None,
        }
    }

    /// Returns the record inside an element of `LookupEvents`, or of an export of a table, without
    /// its escapes. `None` if several members may be it.
    ///
    /// Source: CloudTrail API, `Event`, `CloudTrailEvent`: "a JSON string that contains a
    /// representation of the event returned".
    pub(super) fn wrapped_record(&self) -> Option<String> {
        let members = [
            self.cloudtrail_event,
            self.event_data,
            self.lowercase_event_data,
        ];
        let mut records = members.into_iter().flatten();
        let record = records.next()?;
        records.next().is_none().then(|| text_or_json(record))
    }

    /// Returns the columns of a row that Logs Insights exports. The console writes a message that is
    /// JSON as an object.
    pub(super) fn row_cells(&self) -> Option<Vec<(&'static str, String)>> {
        let mut cells = vec![("@message", text_or_json(self.row_message?))];
        for (name, value) in [
            ("@timestamp", self.row_time),
            ("@log", self.row_log),
            ("@logStream", self.row_stream),
        ] {
            cells.extend(value.map(|value| (name, text_or_json(value))));
        }
        Some(cells)
    }

    /// Whether the row names its place in a log group. Logs of applications have messages and
    /// timestamps with such names too.
    pub(super) fn has_row_origin(&self) -> bool {
        self.row_log.is_some() || self.row_stream.is_some() || self.row_pointer.is_some()
    }

    /// Returns the event of CloudWatch Logs. Outside an export of events, only an object with an
    /// ingestion time is one: logs of applications have messages and timestamps too.
    ///
    /// Source: CloudWatch Logs API, `FilteredLogEvent`, `OutputLogEvent`.
    pub(super) fn log_event(&self, is_in_export: bool) -> Option<LogEvent> {
        let is_event = is_in_export || self.ingestion_time.is_some();
        let message = text(self.message).filter(|_| is_event)?;
        Some(LogEvent {
            message,
            time_ms: checked_ms(number(self.timestamp)?),
            log_stream: text(self.log_stream),
        })
    }

    /// Whether the object is a CloudTrail digest.
    ///
    /// Source: CloudTrail user guide, "CloudTrail digest file structure".
    pub(super) fn is_digest(&self) -> bool {
        self.digest_start.is_some() && self.log_files.is_some()
    }
}

/// A cell of a row in the results of an Insights query. One with other members is none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultField<'a> {
    #[serde(borrow)]
    pub(super) field: Cow<'a, str>,
    #[serde(default)]
    pub(super) value: String,
}

/// Returns the cells of a row of an Insights query's results.
///
/// Source: CloudWatch Logs API, `GetQueryResults`, `ResultField`.
pub(super) fn parse_result_row(json: &str) -> Option<Vec<ResultField<'_>>> {
    serde_json::from_str(json).ok()
}

/// Splits a line of an export task into its time and message.
///
/// Source: CloudWatch Logs user guide, "Export log data to Amazon S3": each line is the event's
/// timestamp, a space, and the message.
pub(super) fn split_export_line(line: &str) -> Option<(i64, &str)> {
    let (time, message) = line.split_once(' ')?;
    let has_form =
        time.len() == 24 && time.ends_with('Z') && time.as_bytes().get(10) == Some(&b'T');
    has_form.then(|| time_ms(time))?.map(|ms| (ms, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"eventTime":"2026-11-27T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","userIdentity":{"accountId":"222222222222"}}"#;

    fn facts(json: &str) -> Option<TrailFacts> {
        Fields::parse(json)?.trail_facts()
    }

    #[test]
    fn trail_facts_come_from_the_record() {
        let old = facts(RECORD).unwrap();
        assert_eq!(old.time_ms, Some(1_795_773_600_000));
        assert_eq!(old.account.unwrap().to_string(), "222222222222");
        assert_eq!(old.kind, None);
        let with =
            |members: &str| facts(&RECORD.replacen('{', &format!("{{{members},"), 1)).unwrap();
        let recipient = with(r#""recipientAccountId":"111111111111""#);
        assert_eq!(recipient.account.unwrap().to_string(), "111111111111");
        assert_eq!(with(r#""eventCategory":"Data""#).kind, Some(LogKind::Data));
        assert_eq!(with(r#""eventCategory":"Insight""#).kind, None);
        let management = with(r#""managementEvent":true"#);
        assert_eq!(management.kind, Some(LogKind::Management));
        assert_eq!(with(r#""managementEvent":false"#).kind, Some(LogKind::Data));
    }

    #[test]
    fn other_objects_are_no_records() {
        for json in [
            r#"{"eventTime":5,"eventSource":"a","eventName":"b"}"#,
            r#"{"eventTime":"2026-11-27T10:00:00Z","level":"info"}"#,
            r#"{"a":1}"#,
            "[1]",
            "5",
        ] {
            assert_eq!(facts(json), None, "{json}");
        }
    }

    #[test]
    fn log_events_need_an_export_or_an_ingestion_time() {
        let event = |json: &str, is_in_export| Fields::parse(json).unwrap().log_event(is_in_export);
        let app = r#"{"timestamp":5,"message":"a\"b"}"#;
        assert_eq!(event(app, false), None);
        assert_eq!(event(app, true).unwrap().message, "a\"b");
        let filtered = r#"{"logStreamName":"s","timestamp":5,"message":"m","ingestionTime":6}"#;
        let filtered = event(filtered, false).unwrap();
        assert_eq!(filtered.log_stream.as_deref(), Some("s"));
        assert_eq!(filtered.time_ms, Some(5));
        let never = format!(r#"{{"timestamp":{},"message":"m"}}"#, i64::MAX);
        assert_eq!(event(&never, true).unwrap().time_ms, None);
    }

    #[test]
    fn rows_and_lines_of_exports_are_split() {
        let row = r#"[{"field":"@timestamp","value":"2026-11-27 10:00:00.000"},{"field":"@message","value":"m"},{"field":"@ptr","value":"p"}]"#;
        let cells = parse_result_row(row).unwrap();
        let names: Vec<&str> = cells.iter().map(|cell| &*cell.field).collect();
        assert_eq!(names, ["@timestamp", "@message", "@ptr"]);
        assert!(parse_result_row(r#"[{"field":"n","other":"1"}]"#).is_none());
        assert_eq!(
            split_export_line("2026-11-27T10:00:00.000Z hello you"),
            Some((1_795_773_600_000, "hello you"))
        );
        assert_eq!(split_export_line("2026-11-27 10:00:00 hello"), None);
    }
}
