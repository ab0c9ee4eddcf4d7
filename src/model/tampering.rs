//! Evidence that recording was tampered with: calls that stop or destroy it, and hours without
//! records.

use super::Target;

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

/// One such call, whether it succeeded or not. All texts are untrusted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tampering {
    /// The event time in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// The account of the event.
    pub account: String,
    /// The Region of the event.
    pub region: String,
    /// One of [`TAMPERING`], or `CreateLogStream` for a log stream that imitates those of a trail.
    pub event_name: String,
    /// The principal who made the call.
    pub principal_arn: String,
    /// The source IP address.
    pub source_ip: String,
    /// The error code of a failed call; empty if it succeeded.
    pub error_code: String,
    /// CloudTrail's `eventID`.
    pub record_id: String,
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
