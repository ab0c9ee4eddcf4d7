//! Evidence that recording was tampered with: calls that stop or destroy it, and hours without
//! records.

use super::{EventDetails, Target};

/// CloudTrail `eventName`s of calls that stop, reduce or destroy recording.
pub const TAMPERING: [&str; 9] = [
    "DeleteFlowLogs",
    "DeleteLogGroup",
    "DeleteLogStream",
    "DeleteTrail",
    "DisableRegion",
    "PutEventSelectors",
    "PutRetentionPolicy",
    "StopLogging",
    "UpdateTrail",
];

/// One such call, whether it succeeded or not, or the creation of a log stream that imitates those
/// of a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TamperingCall {
    /// The record of the call.
    pub details: EventDetails<'static>,
    /// What the call was about: the trail, the log group, the flow logs; empty if the record does
    /// not say. Untrusted text.
    pub resource: String,
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
