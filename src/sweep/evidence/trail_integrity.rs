//! The trail integrity check: finds tampering calls and counts the records of each hour, so that an
//! account whose recording was switched off does not look like a quiet one.
//!
//! Tampering calls need another pass over the log group, with a pattern that matches very few
//! events. Hours are counted only where all events are read anyway.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::aws::LogEvent;
use crate::search::{Document, OCSF_MARK, parse_event_details};
use crate::store::IntegrityFindings;
use dragnet_model::{
    HourOfRecords, LOOKED_UP_TAMPERING, TAMPERING_TEXTS, TamperingCall, TamperingRule, Target,
    TimeWindow, tampering_event_names,
};

const HOUR_MS: i64 = 3_600_000;

/// Part of the names of a trail's log streams. A principal that creates such a stream can forge records.
const TRAIL_STREAM: &str = "_CloudTrail_";

/// The name of the event that creates such a stream.
const CREATE_LOG_STREAM: &str = "CreateLogStream";

/// Returns texts of which every tampering call contains one.
pub(in crate::sweep) fn literals() -> Vec<&'static str> {
    TAMPERING_TEXTS.into_iter().chain([TRAIL_STREAM]).collect()
}

/// Returns the event names of tampering calls.
pub(in crate::sweep) fn event_names() -> impl Iterator<Item = &'static str> {
    tampering_event_names()
        .into_iter()
        .chain([CREATE_LOG_STREAM])
}

/// Returns the event names that are looked up in an event history of which only some events are
/// read.
pub(in crate::sweep) fn looked_up_event_names() -> impl Iterator<Item = &'static str> {
    LOOKED_UP_TAMPERING.into_iter().chain([CREATE_LOG_STREAM])
}

/// Finds contents that may contain tampering calls.
#[derive(Debug)]
pub(in crate::sweep) struct TamperingFinder(Vec<Option<AhoCorasick>>);

impl TamperingFinder {
    /// The number of texts of one automaton. With up to 64, it searches with SIMD, which is faster
    /// than one automaton of all texts.
    const TEXTS: usize = 50;

    pub(in crate::sweep) fn new() -> Self {
        let finders = literals()
            .chunks(Self::TEXTS)
            .map(|texts| {
                AhoCorasick::builder()
                    // Leftmost matches can be found with SIMD.
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(texts)
                    .ok()
            })
            .collect();
        Self(finders)
    }

    /// Whether a content may contain a tampering call. An automaton that could not be built rules
    /// nothing out.
    pub(in crate::sweep) fn may_tamper(&self, content: &[u8]) -> bool {
        self.0.iter().any(|finder| {
            finder
                .as_ref()
                .is_none_or(|finder| finder.is_match(content))
        })
    }
}

/// Returns the coarse pattern of the tampering calls, and of the records that a pipeline transformed.
pub(in crate::sweep) fn pattern() -> String {
    let terms: Vec<String> = literals()
        .into_iter()
        .chain([OCSF_MARK])
        .map(|literal| format!("?{literal}"))
        .collect();
    terms.join(" ")
}

/// Returns whether a log group of this name probably contains the records of a trail, possibly one
/// that was deleted.
pub(in crate::sweep) fn is_trail_log_group(log_group: &str) -> bool {
    log_group.to_ascii_lowercase().contains("cloudtrail")
}

/// Returns whether CloudTrail writes to a log stream of this name.
///
/// Source: CloudTrail user guide, "Log group and log stream naming": `ACCOUNT_CloudTrail_REGION`.
pub(in crate::sweep) fn is_trail_stream(log_stream: &str) -> bool {
    log_stream.contains(TRAIL_STREAM)
}

/// Returns the integrity findings of events of a trail's log group that is stored in `stored`.
/// Hours are counted only if `are_all` says that these are all events.
pub(in crate::sweep) fn check_events(
    events: &[LogEvent],
    stored: &Target,
    window: TimeWindow,
    are_all: bool,
) -> IntegrityFindings {
    let account = stored.account.to_string();
    let mut findings = IntegrityFindings::default();
    let mut hours = BTreeMap::<(Target, i64), u64>::new();
    for event in events {
        let document = Document::new(&event.message);
        let details = parse_event_details(
            &document,
            &account,
            stored.region.as_str(),
            event.timestamp_ms,
        );
        if !details.is_cloudtrail() || !window.contains_ms(details.time_ms) {
            continue;
        }
        // An event may claim any account. If the claim is not a valid account id and Region, no
        // hour is counted.
        if are_all
            && let (Ok(account), Ok(region)) = (details.account.parse(), details.region.parse())
        {
            let hour = details.time_ms.div_euclid(HOUR_MS).saturating_mul(HOUR_MS);
            *hours.entry((Target { account, region }, hour)).or_default() += 1;
        }
        if reduces_evidence(&details.event_source, &details.event_name, &event.message)
            || creates_trail_stream(&details.event_name, &details.source_ip, &event.message)
        {
            findings.tampering.push(TamperingCall {
                resource: tampered_resource(&event.message),
                details: details.into_owned(),
            });
        }
    }
    findings.hours = hours
        .into_iter()
        .map(|((target, hour_ms), records)| HourOfRecords {
            target,
            hour_ms,
            records,
        })
        .collect();
    findings
}

/// Whether the record is of a call of the table.
fn reduces_evidence(event_source: &str, event_name: &str, message: &str) -> bool {
    TamperingRule::find(event_source, event_name)
        .is_some_and(|rule| rule.applies_to(&request_parameters(message).to_string()))
}

/// Whether the record says that somebody other than CloudTrail created a log stream with a name of
/// CloudTrail. Lines in such a stream look like records.
///
/// Source: CloudTrail user guide, "CloudTrail record contents", `sourceIPAddress`: for services in
/// AWS, the DNS name of the service.
fn creates_trail_stream(event_name: &str, source_ip: &str, message: &str) -> bool {
    if event_name != CREATE_LOG_STREAM || source_ip == "cloudtrail.amazonaws.com" {
        return false;
    }
    let record: Value = serde_json::from_str(message).unwrap_or_default();
    record["requestParameters"]["logStreamName"]
        .as_str()
        .is_some_and(is_trail_stream)
}

/// The request parameters that name what a tampering call is about.
///
/// Source: the members of the requests in the API references of the services. CloudTrail writes
/// their first letter small, except for EC2 and Account Management.
const RESOURCE_PARAMETERS: [&str; 25] = [
    "logGroupName",
    "logStreamName",
    "name",
    "trailName",
    "FlowLogId",
    "RegionName",
    "accessLogSubscriptionIdentifier",
    "accountId",
    "analyzerName",
    "bucketName",
    "channel",
    "clientVpnEndpointId",
    "configurationRecorderName",
    "deliveryChannelName",
    "deliveryStreamName",
    "detectorId",
    "eventDataStore",
    "identifier",
    "keyId",
    "loadBalancerArn",
    "policyName",
    "resolverQueryLogConfigId",
    "resourceArn",
    "ruleIdentifier",
    "servicePrincipal",
];

/// The part of a record that is read here. To parse all of it takes several times as long.
#[derive(Deserialize)]
struct RequestOfRecord<'m> {
    #[serde(borrow, rename = "requestParameters")]
    parameters: &'m RawValue,
}

/// Returns the request parameters of a record, `null` if there are none.
fn request_parameters(message: &str) -> Value {
    if let Ok(record) = serde_json::from_str::<RequestOfRecord<'_>>(message) {
        return serde_json::from_str(record.parameters.get()).unwrap_or_default();
    }
    // There are none, or the record has them twice.
    let mut record: Value = serde_json::from_str(message).unwrap_or_default();
    let parameters = record.get_mut("requestParameters");
    parameters.map(Value::take).unwrap_or_default()
}

/// Returns what a tampering call is about, according to its request parameters; empty if they do
/// not say.
fn tampered_resource(message: &str) -> String {
    let parameters = request_parameters(message);
    // EC2 wraps its parameters in an object that is named after the call.
    let wrapped = &parameters["DeleteFlowLogsRequest"];
    let values = [&parameters, wrapped]
        .into_iter()
        .flat_map(|object| RESOURCE_PARAMETERS.map(|name| &object[name]))
        .filter_map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        });
    values.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, at: &str) -> LogEvent {
        let message = format!(
            r#"{{"eventTime":"{at}","eventSource":"cloudtrail.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1",
            "eventID":"e","recipientAccountId":"222222222222"}}"#
        );
        LogEvent {
            message,
            ..LogEvent::default()
        }
    }

    #[test]
    fn records_are_counted_by_hour_and_tampering_is_found() {
        let at = |text: &str| text.parse().unwrap();
        let window =
            TimeWindow::new(at("2026-03-01T10:00:00Z"), at("2026-03-01T13:00:00Z")).unwrap();
        let stored = Target {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let mut events = vec![
            event("StopLogging", "2026-03-01T10:59:59Z"),
            event("ListBuckets", "2026-03-01T10:00:00Z"),
            event("ListBuckets", "2026-03-01T12:00:00Z"),
            event("DeleteTrail", "2026-03-01T13:00:00Z"),
            event("StopLoggingNot", "2026-03-01T12:30:00Z"),
            // CloudTrail has no such event; another service has.
            event("DeleteBucket", "2026-03-01T12:30:00Z"),
        ];
        events.push(LogEvent {
            message: "StopLogging".to_owned(),
            ..LogEvent::default()
        });
        let all = check_events(&events, &stored, window, true);
        assert_eq!(all.tampering.len(), 1);
        assert_eq!(all.tampering[0].details.account, "222222222222");
        assert_eq!(
            all.hours
                .iter()
                .map(|hour| hour.records)
                .collect::<Vec<_>>(),
            [2, 3]
        );
        let create = |source: &str, stream: &str| {
            LogEvent {
            message: event("CreateLogStream", "2026-03-01T10:00:00Z").message.replacen(
                '{',
                &format!(
                    r#"{{"sourceIPAddress":"{source}","requestParameters":{{"logStreamName":"{stream}"}},"#
                ),
                1,
            ),
            ..LogEvent::default()
        }
        };
        let imitated = "222222222222_CloudTrail_us-east-1_7";
        let creations = [
            create("192.0.2.1", imitated),
            create("cloudtrail.amazonaws.com", imitated),
            create("192.0.2.1", "2026/03/01/[$LATEST]a"),
        ];
        let found = check_events(&creations, &stored, window, true).tampering;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].details.source_ip, "192.0.2.1");
        let partial = check_events(&events, &stored, window, false);
        assert!(partial.hours.is_empty());
        assert!(pattern().len() < 1_024 && pattern().ends_with(" ?_CloudTrail_ ?class_uid"));
    }
}
