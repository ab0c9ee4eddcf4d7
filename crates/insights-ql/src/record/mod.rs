//! A log event as a record of named fields.

mod dns_query;
mod flow_log;
mod json;
mod known_fields;
mod lambda;

use std::cell::OnceCell;

use dns_query::DnsQuery;
pub use flow_log::{FlowLogFormat, InvalidFlowLogFormat};
use json::Json;
pub use known_fields::LogType;
pub(super) use known_fields::is_local_field;

use super::value::Value;

/// The number of JSON fields that Insights discovers in an event. Further ones are only in
/// `@message`.
///
/// Source: CloudWatch Logs user guide, "Supported logs and discovered fields".
pub const INSIGHTS_JSON_FIELDS: usize = 200;

/// A source of named fields.
pub trait Fields {
    /// The value of the field with this name; `Missing` if there is none.
    fn field(&self, name: &str) -> Value<'_>;
}

/// A log event as CloudWatch Logs stores it.
#[derive(Clone, Copy, Debug)]
pub struct Event<'e> {
    /// The log time, in milliseconds since the Unix epoch: `@timestamp`. It may be
    /// [`Event::UNKNOWN_TIME`].
    pub timestamp: i64,
    /// The ingestion time, in milliseconds since the Unix epoch: `@ingestionTime`. It may be
    /// [`Event::UNKNOWN_TIME`].
    pub ingestion_time: i64,
    /// The account and the log group, `account:group`: `@log`.
    pub log: &'e str,
    /// The log stream: `@logStream`.
    pub log_stream: &'e str,
    /// The identifier of the event: `@ptr`.
    pub ptr: &'e str,
    /// The message: `@message`.
    pub message: &'e str,
}

impl Event<'_> {
    /// Stands for a time that is not known. The field with it is missing.
    pub const UNKNOWN_TIME: i64 = i64::MIN;
}

/// How the fields of a message are discovered.
#[derive(Clone, Copy, Debug)]
pub enum Discovery<'f> {
    /// As in Insights: the first fields of a JSON object, the columns of a VPC flow-log line in the
    /// default format or of a DNS query log of Route 53, the fields of Lambda's own lines and of the
    /// first JSON object in other lines of a Lambda function, and no fields in any other message.
    Automatic {
        /// The maximum number of JSON fields, unlimited if `None`; see [`INSIGHTS_JSON_FIELDS`].
        json_limit: Option<usize>,
    },
    /// The columns of a VPC flow-log line in this format.
    FlowLog(&'f FlowLogFormat),
    /// Only the system fields, as in Insights for log groups that are not of class `STANDARD`.
    SystemFields,
}

/// An event with access to its fields by name. The message is parsed when a field of it is first
/// read.
#[derive(Debug)]
pub struct Record<'e> {
    event: Event<'e>,
    discovery: Discovery<'e>,
    content: OnceCell<Content<'e>>,
}

#[derive(Debug)]
enum Content<'e> {
    Json {
        object: Json<'e>,
        limit: Option<usize>,
    },
    FlowLog {
        format: &'e FlowLogFormat,
        columns: Vec<&'e str>,
    },
    DnsQuery(DnsQuery<'e>),
    /// A line that Lambda writes itself; the names are without the `@`.
    LambdaPlatform(Vec<(&'static str, Value<'e>)>),
    Unstructured,
}

impl<'e> Record<'e> {
    /// Wraps an event without parsing its message.
    pub fn new(event: Event<'e>, discovery: Discovery<'e>) -> Self {
        Self {
            event,
            discovery,
            content: OnceCell::new(),
        }
    }

    fn content(&self) -> &Content<'e> {
        self.content.get_or_init(|| match self.discovery {
            Discovery::FlowLog(format) => self.flow_log(format).unwrap_or(Content::Unstructured),
            Discovery::Automatic { json_limit } => self.discover(json_limit),
            Discovery::SystemFields => Content::Unstructured,
        })
    }

    fn flow_log(&self, format: &'e FlowLogFormat) -> Option<Content<'e>> {
        let columns = format.columns(self.event.message)?;
        Some(Content::FlowLog { format, columns })
    }

    fn discover(&self, limit: Option<usize>) -> Content<'e> {
        let Event {
            log,
            log_stream,
            message,
            ..
        } = self.event;
        if let Some(object) = json::parse_object(message) {
            return Content::Json { object, limit };
        }
        let flow_log = FlowLogFormat::recognize(message).and_then(|format| self.flow_log(format));
        let columns = flow_log.or_else(|| DnsQuery::recognize(message).map(Content::DnsQuery));
        if let Some(columns) = columns {
            return columns;
        }
        if !lambda::is_from_function(log, log_stream) {
            return Content::Unstructured;
        }
        if let Some(fields) = lambda::platform_fields(message) {
            return Content::LambdaPlatform(fields);
        }
        json::first_object(message).map_or(Content::Unstructured, |object| Content::Json {
            object,
            limit,
        })
    }

    /// All discovered fields with their names, in message order.
    pub fn discovered(&self) -> Vec<(String, Value<'_>)> {
        match self.content() {
            Content::Json { object, limit } => {
                let fields = object
                    .fields()
                    .into_iter()
                    .map(|(name, value)| (name, value.borrowed()));
                fields.take(limit.unwrap_or(usize::MAX)).collect()
            }
            Content::FlowLog { format, columns } => format
                .names()
                .zip(columns)
                .map(|(name, column)| (name.to_owned(), Value::from(*column)))
                .collect(),
            Content::DnsQuery(query) => query
                .fields()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            Content::LambdaPlatform(fields) => fields
                .iter()
                .map(|(name, value)| (format!("@{name}"), value.borrowed()))
                .collect(),
            Content::Unstructured => Vec::new(),
        }
    }

    fn discovered_field(&self, name: &str) -> Value<'_> {
        match self.content() {
            Content::Json { object, limit } => object.field(name, *limit),
            Content::FlowLog { format, columns } => {
                let column = format.position(name).and_then(|at| columns.get(at));
                column.map_or(Value::Missing, |column| Value::from(*column))
            }
            Content::DnsQuery(query) => query
                .fields()
                .find(|(known, _)| *known == name)
                .map_or(Value::Missing, |(_, value)| value),
            Content::LambdaPlatform(_) | Content::Unstructured => Value::Missing,
        }
    }

    /// The value of a field that Insights generates, by its name without the `@`.
    fn generated_field(&self, name: &str) -> Value<'_> {
        match self.content() {
            Content::LambdaPlatform(fields) => fields
                .iter()
                .find(|(known, _)| *known == name)
                .map_or(Value::Missing, |(_, value)| value.borrowed()),
            _ => Value::Missing,
        }
    }
}

impl Fields for Record<'_> {
    fn field(&self, name: &str) -> Value<'_> {
        let Some(system) = name.strip_prefix('@') else {
            return self.discovered_field(name);
        };
        match system {
            "timestamp" => time_value(self.event.timestamp),
            "ingestionTime" => time_value(self.event.ingestion_time),
            "message" => Value::from(self.event.message),
            "log" => Value::from(self.event.log),
            "logStream" => Value::from(self.event.log_stream),
            "ptr" => Value::from(self.event.ptr),
            // A discovered field whose name begins with `@` is read with a second `@` in front.
            _ if system.starts_with('@') => self.discovered_field(system),
            _ => self.generated_field(system),
        }
    }
}

fn time_value(ms: i64) -> Value<'static> {
    if ms == Event::UNKNOWN_TIME {
        Value::Missing
    } else {
        Value::Time(ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(message: &str, discovery: Discovery<'_>, name: &str) -> String {
        let event = Event {
            timestamp: 0,
            ingestion_time: 1,
            log: "111111111111:/g",
            log_stream: "s",
            ptr: "p",
            message,
        };
        Record::new(event, discovery).field(name).to_string()
    }

    const ALL: Discovery<'static> = Discovery::Automatic { json_limit: None };

    #[test]
    fn json_path_is_dotted_with_array_indexes() {
        let message = r#" {"a":{"b.c":{"d":1},"e":[{"f":"x"},[true,null,2.50]]},"@x":"at","big":12345678901234567890,"s":"\u0041"}"#;
        for (name, value) in [
            ("a.b.c.d", "1"),
            ("a.e.0.f", "x"),
            ("a.e.1.0", "1"),
            ("a.e.1.1", ""),
            ("a.e.1.2", "2.5"),
            ("a.e.01.0", ""),
            ("a", ""),
            ("a.e", ""),
            ("a.b", ""),
            ("@x", ""),
            ("@@x", "at"),
            ("big", "12345678901234567890"),
            ("s", "A"),
            ("@log", "111111111111:/g"),
            ("@timestamp", "1970-01-01 00:00:00.000"),
        ] {
            assert_eq!(field(message, ALL, name), value, "{name}");
        }
        assert_eq!(field("[1]", ALL, "0"), "");
        assert_eq!(field(r#"{"a":1"#, ALL, "a"), "");
    }

    #[test]
    fn unknown_time_is_a_missing_field() {
        let event = Event {
            timestamp: Event::UNKNOWN_TIME,
            ingestion_time: Event::UNKNOWN_TIME,
            log: "",
            log_stream: "",
            ptr: "",
            message: "",
        };
        let record = Record::new(event, ALL);
        for name in ["@timestamp", "@ingestionTime"] {
            assert!(record.field(name).is_missing(), "{name}");
        }
    }

    #[test]
    fn discovered_fields_are_readable_by_name() {
        let message = r#"{"a":{"b":[1,"x",null]},"c":true,"@d":""}"#;
        let event = Event {
            timestamp: 0,
            ingestion_time: 0,
            log: "",
            log_stream: "",
            ptr: "",
            message,
        };
        let record = Record::new(
            event,
            Discovery::Automatic {
                json_limit: Some(3),
            },
        );
        let listed = record.discovered();
        let names: Vec<&str> = listed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.b.0", "a.b.1", "c"]);
        assert!(
            listed
                .iter()
                .all(|(name, value)| record.field(name) == *value)
        );
    }

    #[test]
    fn field_limit_counts_in_document_order() {
        let message = r#"{"z":{"b":1,"n":null},"a":[2,3],"c":4}"#;
        let limited = Discovery::Automatic {
            json_limit: Some(2),
        };
        assert_eq!(field(message, limited, "z.b"), "1");
        assert_eq!(field(message, limited, "a.0"), "2");
        assert_eq!(field(message, limited, "a.1"), "");
        assert_eq!(field(message, limited, "c"), "");
    }

    #[test]
    fn flow_log_columns_are_fields() {
        let line = "2 111111111111 eni-0a 10.0.0.5 203.0.113.9 443 49152 6 20 4249 1418530010 1418530070 REJECT OK";
        assert_eq!(field(line, ALL, "srcAddr"), "10.0.0.5");
        assert_eq!(field(line, ALL, "end"), "1418530070");
        assert_eq!(field(line, ALL, "endTime"), "1418530070");
        assert_eq!(field(line, ALL, "logStatus"), "OK");
        assert_eq!(field("2 too short", ALL, "version"), "");
        let custom: FlowLogFormat = "${vpc-id} ${pkt-srcaddr} ${srcaddr}".parse().unwrap();
        assert_eq!(
            field(
                "vpc-1 10.0.0.1 -",
                Discovery::FlowLog(&custom),
                "pktSrcAddr"
            ),
            "10.0.0.1"
        );
        assert_eq!(
            field("vpc-1 10.0.0.1 -", Discovery::FlowLog(&custom), "srcAddr"),
            "-"
        );
        assert_eq!(
            field("vpc-1 10.0.0.1", Discovery::FlowLog(&custom), "vpcId"),
            ""
        );
    }
}
