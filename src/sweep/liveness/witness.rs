//! Witnesses: records of the event history that a trail must have delivered. Pure.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::aws::LogEvent;
use crate::sweep::delivery_lag::DELIVERY_LAG;
use dragnet_model::{Delivery, LogSource, ManagementEvents, Organization, SourceState, Target};

/// A longer record may be larger than what CloudTrail delivers to CloudWatch Logs.
///
/// Source: CloudTrail user guide, "Sending events to CloudWatch Logs": 256 KB.
const LONGEST_RECORD: usize = 200_000;

/// The longest id that is looked for. CloudTrail's are UUIDs of 36 characters.
const LONGEST_ID: usize = 64;

/// Services whose records a trail of a single Region has only if it includes global services, which
/// is not known here. A trail of all Regions always includes them.
///
/// Source: CloudTrail API, `CreateTrail`, `IncludeGlobalServiceEvents`; CloudTrail user guide, "About
/// global service events".
const GLOBAL_SERVICES: [&str; 8] = [
    "iam.amazonaws.com",
    "sts.amazonaws.com",
    "cloudfront.amazonaws.com",
    "route53.amazonaws.com",
    "organizations.amazonaws.com",
    "signin.amazonaws.com",
    "globalaccelerator.amazonaws.com",
    "account.amazonaws.com",
];

/// A record that must be in a log group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Witness {
    /// When it happened, in milliseconds since the Unix epoch.
    pub(super) time_ms: i64,
    /// The id of the record.
    pub(super) id: String,
    /// The account-Region of the record.
    pub(super) target: Target,
    /// The log stream in which it usually is.
    pub(super) stream: String,
}

/// Returns the name of the log stream for the records of an account-Region. A trail with many records
/// has further streams.
///
/// Source: CloudTrail user guide, "Log group and log stream naming".
pub(super) fn usual_stream(target: &Target, organization: Option<&Organization>) -> String {
    let Target { account, region } = target;
    match organization {
        Some(organization) => format!("{}_{account}_CloudTrail_{region}", organization.id),
        None => format!("{account}_CloudTrail_{region}"),
    }
}

/// A record of the event history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HistoryRecord {
    time_ms: i64,
    id: String,
    service: String,
    /// Whether the call only read; `None` if the record does not say it.
    read_only: Option<bool>,
}

/// The fields of a record that decide whether a trail delivers it.
///
/// Source: CloudTrail user guide, "CloudTrail record contents".
#[derive(Deserialize)]
struct RecordFields<'m> {
    #[serde(rename = "eventID")]
    id: String,
    #[serde(rename = "eventSource")]
    service: String,
    #[serde(rename = "readOnly", borrow, default)]
    read_only: Option<&'m RawValue>,
    #[serde(rename = "eventCategory", default)]
    category: Option<String>,
}

impl HistoryRecord {
    /// Parses a record of the event history. `None` if it cannot be a witness.
    pub(super) fn from_event(event: &LogEvent) -> Option<Self> {
        let message = &event.message;
        if message.len() > LONGEST_RECORD {
            return None;
        }
        let fields: RecordFields<'_> = serde_json::from_str(message).ok()?;
        let is_management = fields
            .category
            .is_none_or(|category| category == "Management");
        (is_management && is_plain_id(&fields.id)).then(|| Self {
            time_ms: event.timestamp_ms,
            id: fields.id,
            service: fields.service,
            read_only: match fields.read_only.map(RawValue::get) {
                Some("true" | "\"true\"") => Some(true),
                Some("false" | "\"false\"") => Some(false),
                _ => None,
            },
        })
    }

    /// Whether a trail that delivers must have delivered this record.
    pub(super) fn is_delivered_by(&self, trail: &LogSource) -> bool {
        let SourceState::Known(delivery, selection) = &trail.state else {
            return false;
        };
        let is_global = GLOBAL_SERVICES.contains(&self.service.as_str());
        was_logging(delivery, self.time_ms)
            && (trail.multi_region || !is_global)
            && self.is_selected_by(&selection.management())
    }

    /// Whether event selectors certainly select this record.
    fn is_selected_by(&self, management: &ManagementEvents) -> bool {
        let selects = |excluded: Option<&BTreeSet<String>>| {
            excluded.is_some_and(|excluded| {
                // Anything but the name of a service is a condition, which may exclude any record.
                excluded
                    .iter()
                    .all(|one| one.ends_with(".amazonaws.com") && *one != self.service)
            })
        };
        let reads = || selects(management.reads.as_ref());
        let writes = || selects(management.writes.as_ref());
        match self.read_only {
            Some(true) => reads(),
            Some(false) => writes(),
            None => reads() && writes(),
        }
    }

    pub(super) fn to_witness(&self, target: &Target, stream: &str) -> Witness {
        Witness {
            time_ms: self.time_ms,
            id: self.id.clone(),
            target: target.clone(),
            stream: stream.to_owned(),
        }
    }
}

/// Whether an id can be looked for: it has the characters of a UUID.
pub(super) fn is_plain_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Whether a trail was certainly logging and delivering at this time.
fn was_logging(delivery: &Delivery, time_ms: i64) -> bool {
    let lag_ms = i64::try_from(DELIVERY_LAG.as_millis()).unwrap_or(i64::MAX);
    let had_started = delivery
        .started_ms
        .is_none_or(|started| started.saturating_add(lag_ms) <= time_ms);
    delivery.logging && delivery.error.is_empty() && had_started
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::{Destination, Selection, SourceKind};

    fn record(service: &str, read_only: &str) -> HistoryRecord {
        let message = format!(
            r#"{{"eventID":"aaaa-1","eventSource":"{service}","readOnly":{read_only},"eventCategory":"Management"}}"#
        );
        HistoryRecord::from_event(&event(message)).unwrap()
    }

    fn event(message: String) -> LogEvent {
        LogEvent {
            event_id: "aaaa-1".to_owned(),
            log_stream: String::new(),
            timestamp_ms: 10_000_000,
            ingestion_ms: 10_000_000,
            message,
        }
    }

    fn trail(multi_region: bool, management: ManagementEvents) -> LogSource {
        let delivery = Delivery {
            logging: true,
            started_ms: Some(1_000_000),
            stopped_ms: None,
            last_ms: Some(11_000_000),
            error: String::new(),
            bucket_last_ms: None,
            bucket_error: String::new(),
        };
        let selection = Selection::Events {
            management,
            data: BTreeSet::new(),
            objects: Vec::new(),
        };
        LogSource {
            kind: SourceKind::CloudTrail,
            via: "t".to_owned(),
            home: Target {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
            },
            destination: Destination::Other(String::new()),
            bucket: None,
            multi_region,
            is_organization_trail: false,
            state: SourceState::Known(delivery, selection),
        }
    }

    #[test]
    fn selectors_and_global_services_decide_what_must_be_delivered() {
        let all = trail(true, ManagementEvents::all());
        let single = trail(false, ManagementEvents::all());
        let iam = record("iam.amazonaws.com", "false");
        let ec2 = record("ec2.amazonaws.com", "true");
        assert!(iam.is_delivered_by(&all) && ec2.is_delivered_by(&all));
        assert!(!iam.is_delivered_by(&single) && ec2.is_delivered_by(&single));
        let mut writes = ManagementEvents::all();
        writes.reads = None;
        assert!(!ec2.is_delivered_by(&trail(true, writes.clone())));
        assert!(!record("ec2.amazonaws.com", "null").is_delivered_by(&trail(true, writes)));
        for (exclusion, is_delivered) in [
            ("kms.amazonaws.com", true),
            ("ec2.amazonaws.com", false),
            ("userIdentity.arn", false),
        ] {
            let mut some = ManagementEvents::all();
            some.exclude(exclusion);
            assert_eq!(
                ec2.is_delivered_by(&trail(true, some)),
                is_delivered,
                "{exclusion}"
            );
        }
    }

    #[test]
    fn trail_that_started_later_need_not_have_delivered() {
        let mut late = trail(true, ManagementEvents::all());
        if let SourceState::Known(delivery, _) = &mut late.state {
            delivery.started_ms = Some(9_900_000);
        }
        assert!(!record("ec2.amazonaws.com", "true").is_delivered_by(&late));
    }

    #[test]
    fn insights_events_long_records_and_strange_ids_are_no_witnesses() {
        for message in [
            r#"{"eventID":"a","eventSource":"s","eventCategory":"Insight"}"#.to_owned(),
            r#"{"eventID":"a b","eventSource":"s"}"#.to_owned(),
            format!(
                r#"{{"eventID":"a","eventSource":"s","x":"{}"}}"#,
                "x".repeat(LONGEST_RECORD)
            ),
            "{}".to_owned(),
        ] {
            assert_eq!(HistoryRecord::from_event(&event(message)), None);
        }
    }
}
