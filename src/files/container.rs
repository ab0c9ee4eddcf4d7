//! The objects in which exports wrap their records, and what their other members say.

use std::collections::BTreeMap;

use dragnet_model::StorageKind;
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::CollectedFrom;
use super::flow_log::StoredFlowFormat;

dragnet_model::word_enum! {
    /// A known list of records in an object, by the name of its member.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Container {
        /// A CloudTrail log file.
        ///
        /// Source: CloudTrail user guide, "CloudTrail log file examples".
        Records => "Records",
        /// The response of `LookupEvents`. Source: CloudTrail API, `LookupEvents`.
        LookupEvents => "Events",
        /// The response of `FilterLogEvents` and `GetLogEvents`. Source: CloudWatch Logs API.
        LogEvents => "events",
        /// What a subscription filter delivers.
        ///
        /// Source: CloudWatch Logs user guide, "Log group-level subscription filters".
        Subscription => "logEvents",
        /// The response of `GetQueryResults`. Source: CloudWatch Logs API, `GetQueryResults`.
        QueryResults => "results",
    }
}

/// The members beside the list that say nothing a search could look for, other than what
/// [`Envelope`] takes.
const KNOWN_MEMBERS: [&str; 17] = [
    "Records",
    "Events",
    "NextToken",
    "events",
    "logEvents",
    "results",
    "searchedLogStreams",
    "nextToken",
    "nextForwardToken",
    "nextBackwardToken",
    "messageType",
    "subscriptionFilters",
    "statistics",
    "status",
    "queryLanguage",
    "encryptionKey",
    "ResponseMetadata",
];

/// The members of an element that wraps a record, and of an event of CloudWatch Logs. What they say is
/// in the record too, or nothing that a search could look for.
///
/// Sources: CloudTrail API, `Event`; CloudWatch Logs API, `FilteredLogEvent`; CloudWatch Logs user
/// guide, "Log group-level subscription filters".
const ELEMENT_MEMBERS: [&str; 18] = [
    "EventId",
    "EventName",
    "ReadOnly",
    "AccessKeyId",
    "EventTime",
    "EventSource",
    "Username",
    "Resources",
    "CloudTrailEvent",
    "eventData",
    "eventdata",
    "timestamp",
    "message",
    "ingestionTime",
    "logStreamName",
    "eventId",
    "id",
    "extractedFields",
];

/// The members of a row that Logs Insights exports, as far as they are read.
///
/// Source: CloudWatch Logs user guide, "Supported logs and discovered fields".
const ROW_MEMBERS: [&str; 6] = [
    "@timestamp",
    "@message",
    "@ptr",
    "@ingestionTime",
    "@logStream",
    "@log",
];

impl Container {
    /// Whether a list under this name is the known one, judged by its first element. A log of an
    /// application may have a list of the same name.
    pub(super) fn accepts(self, first_element: &[u8]) -> bool {
        let has = |key: &[u8]| memmem::find(first_element, key).is_some();
        match self {
            Self::Records => has(b"\"event"),
            Self::LookupEvents => has(b"\"CloudTrailEvent\""),
            Self::LogEvents | Self::Subscription => has(b"\"timestamp\"") && has(b"\"message\""),
            Self::QueryResults => first_element.starts_with(b"[") && has(b"\"field\""),
        }
    }

    /// Whether the elements are events of CloudWatch Logs.
    pub(super) fn has_log_events(self) -> bool {
        matches!(
            self,
            Self::LogEvents | Self::Subscription | Self::QueryResults
        )
    }
}

/// The members before a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Envelope {
    /// The account of the log group.
    pub(super) owner: Option<String>,
    pub(super) log_group: Option<String>,
    pub(super) log_stream: Option<String>,
    /// Where `dragnet collect` found the records.
    pub(super) collected_from: Option<CollectedFrom>,
    #[serde(skip)]
    flow_formats: Vec<StoredFlowFormat>,
    #[serde(skip)]
    pub(super) has_log_events: bool,
}

impl Envelope {
    /// Reads an object whose list was cut out.
    pub(super) fn parse(container: Container, json: &[u8]) -> Self {
        let mut envelope: Self = serde_json::from_slice(json).unwrap_or_default();
        if let Some(from) = &envelope.collected_from {
            envelope.flow_formats = from
                .flow_log_formats
                .iter()
                .filter_map(|format| StoredFlowFormat::parse(format))
                .collect();
            if from.source == StorageKind::Logs {
                envelope.log_group = Some(from.log_group.clone());
            }
        }
        envelope.has_log_events = container.has_log_events();
        envelope
    }

    /// Returns the number of the first flow-log format that a line can have.
    pub(super) fn flow_format_of(&self, line: &str) -> Option<usize> {
        self.flow_formats
            .iter()
            .position(|format| format.fits(line))
    }

    /// Returns the names of the fields of a flow-log format.
    pub(super) fn flow_names(&self, number: usize) -> Option<&str> {
        self.flow_formats.get(number).map(StoredFlowFormat::names)
    }
}

/// Whether an object whose list was cut out has members that are not known. They may contain what
/// is looked for.
pub(super) fn has_unknown_members(json: &str) -> bool {
    let members: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(json);
    let is_known = |(name, value): (&String, &serde_json::Value)| match name.as_str() {
        "owner" | "logGroup" | "logStream" => true,
        "collectedFrom" => CollectedFrom::deserialize(value).is_ok(),
        name => KNOWN_MEMBERS.contains(&name),
    };
    !members.is_ok_and(|members| members.iter().all(is_known))
}

/// Whether an element that wraps a record has other members. They may contain what is looked for: a
/// log of an application may use the same names.
pub(super) fn has_other_members(element: &str) -> bool {
    has_members_besides(&ELEMENT_MEMBERS, element)
}

/// The same for a row that Logs Insights exports.
pub(super) fn has_other_columns(row: &str) -> bool {
    has_members_besides(&ROW_MEMBERS, row)
}

#[expect(
    clippy::zero_sized_map_values,
    reason = "serde reads the names of members only as keys of a map"
)]
fn has_members_besides(known: &[&str], object: &str) -> bool {
    let members: Result<BTreeMap<String, IgnoredAny>, _> = serde_json::from_str(object);
    let is_known = |name: &String| known.contains(&name.as_str());
    !members.is_ok_and(|members| members.keys().all(is_known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_element_decides() {
        for (container, element, expected) in [
            (Container::Records, r#"{"eventVersion":"1.08"}"#, true),
            (Container::Records, r#"{"id":1}"#, false),
            (
                Container::LogEvents,
                r#"{"timestamp":1,"message":""}"#,
                true,
            ),
            (Container::LogEvents, r#"{"timestamp":1}"#, false),
            (Container::QueryResults, r#"[{"field":"a"}]"#, true),
            (Container::QueryResults, r#"{"field":"a"}"#, false),
        ] {
            assert_eq!(container.accepts(element.as_bytes()), expected, "{element}");
        }
    }

    #[test]
    fn envelope_names_group_and_stream() {
        let json = r#"{"messageType":"DATA_MESSAGE","owner":"111111111111","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[]}"#;
        let envelope = Envelope::parse(Container::Subscription, json.as_bytes());
        assert_eq!(envelope.log_group.as_deref(), Some("g"));
        assert!(envelope.has_log_events && !has_unknown_members(json));
        assert!(has_unknown_members(r#"{"Records":[],"note":"x"}"#));
        assert!(has_unknown_members("{"));
    }

    #[test]
    fn envelope_says_where_records_were_collected() {
        let json = r#"{"collectedFrom":{"account":"111111111111","region":"us-east-1","source":"logs","logGroup":"/flows","flowLogFormats":["${vpc-id} ${srcaddr}","?"]},"events":[]}"#;
        let envelope = Envelope::parse(Container::LogEvents, json.as_bytes());
        assert_eq!(envelope.log_group.as_deref(), Some("/flows"));
        assert_eq!(envelope.flow_format_of("vpc-1 192.0.2.1"), Some(0));
        assert_eq!(envelope.flow_format_of("vpc-1"), None);
        assert_eq!(envelope.flow_names(0), Some("vpc-id srcaddr"));
        assert!(!has_unknown_members(json));
        // What is no such member is searched.
        let other = json.replace("us-east-1", "192.0.2.1");
        assert!(has_unknown_members(&other), "{other}");
        let more = json.replace("\"account\"", "\"note\":\"192.0.2.1\",\"account\"");
        assert!(has_unknown_members(&more), "{more}");
    }
}
