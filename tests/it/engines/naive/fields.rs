//! The fields of an event, and when and where it happened.

use std::collections::BTreeMap;

use insights_ql::{Fields, Value};
use serde_json::Value as Json;

use crate::engines::world::{FORMATS, MessageForm, RandomWorld, Stored};

/// When and where something happened, and the other details of it that reports show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NaiveDetails {
    pub time_ms: i64,
    pub account: String,
    pub region: String,
    /// Empty if the event is not a CloudTrail record.
    pub record_id: String,
    /// The other fields of a record that a report shows.
    reported: Vec<String>,
}

const REPORTED: [&str; 8] = [
    "eventName",
    "eventSource",
    "userIdentity.arn",
    "userIdentity.accessKeyId",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "requestID",
];

/// One event with its fields, to which a query adds the values that it computes.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its index in the order of planting.
    pub number: usize,
    pub stored: Stored,
    pub details: NaiveDetails,
    /// Whether the event is recognized as a flow log line.
    pub is_flow_line: bool,
    pub fields: BTreeMap<String, Value<'static>>,
}

impl Fields for Event {
    fn field(&self, name: &str) -> Value<'_> {
        self.fields
            .get(name)
            .map_or(Value::Missing, Value::borrowed)
    }
}

impl Event {
    pub(crate) fn new(world: &RandomWorld, number: usize, stored: Stored) -> Self {
        let mut fields = BTreeMap::new();
        let mut is_flow_line = false;
        match stored.form {
            // A line of the default format is recognized in every log group.
            MessageForm::FlowLine(format)
                if format == 0 || world.formats(stored.group).contains(&format) =>
            {
                is_flow_line = true;
                let columns = FORMATS[format]
                    .columns
                    .iter()
                    .zip(stored.message.split(' '));
                fields.extend(
                    columns.map(|(name, text)| ((*name).to_owned(), Value::from(text.to_owned()))),
                );
            }
            _ => {
                if let Ok(Json::Object(object)) = serde_json::from_str(&stored.message) {
                    flatten("", &Json::Object(object), &mut fields);
                }
            }
        }
        let details = naive_details(&stored, &fields);
        let system = [
            ("@timestamp", Value::Time(stored.timestamp_ms)),
            ("@ingestionTime", Value::Time(stored.ingestion_ms)),
            ("@message", Value::from(stored.message.to_string())),
            (
                "@log",
                Value::from(format!("{}:{}", stored.group.account, stored.group.name)),
            ),
            ("@logStream", Value::from(stored.stream.to_owned())),
        ];
        fields.extend(system.map(|(name, value)| (name.to_owned(), value)));
        Self {
            number,
            stored,
            details,
            is_flow_line,
            fields,
        }
    }

    pub(crate) fn is_record(&self) -> bool {
        self.stored.form == MessageForm::Record
    }
}

/// Adds the fields of a JSON value by their dotted paths; array elements have their index. A null
/// is not a field.
fn flatten(path: &str, json: &Json, fields: &mut BTreeMap<String, Value<'static>>) {
    let child_path = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match json {
        Json::Null => {}
        Json::Bool(truth) => _ = fields.insert(path.to_owned(), Value::Bool(*truth)),
        Json::Number(number) => {
            _ = fields.insert(path.to_owned(), Value::from_f64(number.as_f64().unwrap()));
        }
        Json::String(text) => _ = fields.insert(path.to_owned(), Value::from(text.clone())),
        Json::Array(elements) => {
            for (at, one) in elements.iter().enumerate() {
                flatten(&child_path(&at.to_string()), one, fields);
            }
        }
        Json::Object(members) => members
            .iter()
            .for_each(|(name, one)| flatten(&child_path(name), one, fields)),
    }
}

fn naive_details(stored: &Stored, fields: &BTreeMap<String, Value<'static>>) -> NaiveDetails {
    if stored.form != MessageForm::Record {
        let account = stored.group.account.to_owned();
        let region = stored.group.region.to_owned();
        return NaiveDetails {
            time_ms: stored.timestamp_ms,
            account,
            region,
            record_id: String::new(),
            reported: Vec::new(),
        };
    }
    let text = |name: &str| fields.get(name).map(Value::to_string).unwrap_or_default();
    NaiveDetails {
        time_ms: text("eventTime")
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_millisecond(),
        account: text("recipientAccountId"),
        region: text("awsRegion"),
        record_id: text("eventID"),
        reported: REPORTED.iter().map(|name| text(name)).collect(),
    }
}
