//! Evidence that recording was tampered with: calls of [`TAMPERING_RULES`](super::TAMPERING_RULES),
//! and hours without records.

use std::collections::BTreeSet;

use super::{EventDetails, Severity, TamperingRule, Target};

/// A call that reduces evidence, whether it succeeded or not, or the creation of a log stream that imitates those
/// of a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TamperingCall {
    /// The record of the call.
    pub details: EventDetails<'static>,
    /// What the call was about: the trail, the log group, the flow logs; empty if the record does
    /// not say. Untrusted text.
    pub resource: String,
}

impl TamperingCall {
    /// Returns how serious the call is. `log_buckets` are the buckets to which a log source is known
    /// to deliver.
    pub fn severity(&self, log_buckets: &BTreeSet<String>) -> Severity {
        TamperingRule::severity_of(&self.details.event_name, &self.resource, |bucket| {
            log_buckets.contains(bucket)
        })
    }
}

/// The number of records of one account-Region in a log group during one hour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourOfRecords {
    /// The account-Region of the events.
    pub target: Target,
    /// The start of the hour in milliseconds since the Unix epoch.
    pub hour_ms: i64,
    /// The number of records.
    pub records: u64,
}
