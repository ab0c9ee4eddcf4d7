//! What several formats say about an event.

use std::net::IpAddr;

use jiff::Timestamp;

use super::ReportedEvent;
use crate::report::AccountNames;
use crate::report::account_names::account_with_name;
use dragnet_model::Sighting;

dragnet_model::word_enum! {
    /// Which time of an event a format shows, because an event may have no known time, or claim one
    /// that is none.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum TimeKind {
        /// When it happened.
        Event => "Event Time",
        /// The time in the log.
        Log => "Log Time",
        /// When it was stored.
        Ingestion => "Ingestion Time",
        /// Not known; the time is the Unix epoch. The words are those of Plaso, the usual source of
        /// timelines.
        ///
        /// Source: Plaso, `plaso/lib/definitions.py`, `TIME_DESCRIPTION_NOT_A_TIME`.
        Unknown => "Not a time",
    }
}

/// A time that every format can express: from 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventTime {
    /// Milliseconds since the Unix epoch.
    pub ms: i64,
    pub kind: TimeKind,
}

impl EventTime {
    /// Chooses the time of a sighting: when it happened, or else the next best.
    pub(super) fn from_sighting(sighting: &Sighting) -> Self {
        let times = [
            (sighting.details.time_ms, TimeKind::Event),
            (sighting.stored.timestamp_ms, TimeKind::Log),
            (sighting.stored.ingestion_ms, TimeKind::Ingestion),
        ];
        times
            .into_iter()
            .find(|(ms, _)| is_expressible(*ms))
            .map_or(
                Self {
                    ms: 0,
                    kind: TimeKind::Unknown,
                },
                |(ms, kind)| Self { ms, kind },
            )
    }
}

/// Whether a number is a time from 1970 to 9999.
pub(super) fn is_expressible(ms: i64) -> bool {
    ms >= 0 && Timestamp::from_millisecond(ms).is_ok()
}

/// Returns the source address of an event; `None` if it is a service or unknown.
pub(super) fn source_address(event: &ReportedEvent) -> Option<IpAddr> {
    match &event.flow {
        Some(flow) => flow.source().address,
        None => event.sighting.details.source_ip.parse().ok(),
    }
}

/// Returns what happened as one sentence. It contains untrusted text.
pub(super) fn describe_event(event: &ReportedEvent, names: &AccountNames) -> String {
    let details = &event.sighting.details;
    let account = account_with_name(&details.account, names);
    let location = format!("in {account} {}", details.region);
    if let Some(flow) = &event.flow {
        let action = flow.field("action").unwrap_or("traffic");
        let source = flow.source().describe();
        let destination = flow.destination().describe();
        return format!("{action} from {source} to {destination} {location}");
    }
    if details.event_name.is_empty() {
        let stored = &event.sighting.stored;
        let place = stored.source.place_name(&stored.log_group);
        return format!("log line in {place} {location}");
    }
    let mut text = details.event_name.to_string();
    let parts = [
        ("failed with", &*details.error_code),
        ("by", &*details.identity.arn),
        ("from", &*details.source_ip),
    ];
    for (word, value) in parts {
        if !value.is_empty() {
            text = format!("{text} {word} {value}");
        }
    }
    format!("{text} {location}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cloudtrail, flow_line, log_line};
    use super::*;
    use dragnet_model::time::UNKNOWN_TIME_MS;

    #[test]
    fn events_are_described_in_one_sentence() {
        let names = AccountNames::from([("111111111111".to_owned(), "prod".to_owned())]);
        for (event, expected) in [
            (
                cloudtrail(""),
                "GetObject failed with AccessDenied by arn:aws:sts::111111111111:assumed-role/Admin/alice \
                 from 192.0.2.1 in prod (111111111111) eu-west-1",
            ),
            (
                flow_line(),
                "REJECT from 192.0.2.1 port 50000 to 10.0.0.5 port 22 in prod (111111111111) eu-west-1",
            ),
            (
                log_line("x"),
                "log line in /trail in prod (111111111111) eu-west-1",
            ),
        ] {
            assert_eq!(describe_event(&event, &names), expected);
        }
    }

    #[test]
    fn impossible_times_are_replaced() {
        let mut event = log_line("").sighting;
        assert_eq!(EventTime::from_sighting(&event).kind, TimeKind::Event);
        for impossible in [UNKNOWN_TIME_MS, -1, i64::MAX] {
            event.details.time_ms = impossible;
            assert_eq!(EventTime::from_sighting(&event).kind, TimeKind::Log);
        }
        event.stored.timestamp_ms = i64::MAX;
        event.stored.ingestion_ms = i64::MIN;
        let unknown = EventTime::from_sighting(&event);
        assert_eq!(unknown.ms, 0);
        assert_eq!(unknown.kind.as_str(), "Not a time");
    }
}
