//! What tells of an attacker who switches the recording off: calls that do, and hours without records.

use super::Target;

/// Calls that stop, cut or destroy records. `eventName`s of CloudTrail.
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
    /// When it happened, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// In which account.
    pub account: String,
    /// In which Region.
    pub region: String,
    /// One of [`TAMPERING`].
    pub event_name: String,
    /// Who did it.
    pub principal_arn: String,
    /// From where.
    pub source_ip: String,
    /// Why it failed; empty if it did not.
    pub error_code: String,
    /// CloudTrail's `eventID`.
    pub record_id: String,
}

/// How many records of one place lie in a log group for one hour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourOfRecords {
    /// Where they happened.
    pub target: Target,
    /// The hour's first millisecond, since the Unix epoch.
    pub hour_ms: i64,
    /// How many.
    pub records: u64,
}
