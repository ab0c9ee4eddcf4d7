//! A sighting: one log event in which something that was looked for was found.

use super::{AccountId, Region};

/// Where and when a log event is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The account that keeps the log group.
    pub account: AccountId,
    /// The Region of the log group.
    pub region: Region,
    /// The log group's name.
    pub log_group: String,
    /// The log stream's name: untrusted text.
    pub log_stream: String,
    /// CloudWatch Logs' id of the event, unique in its account and Region.
    pub event_id: String,
    /// The event's timestamp in CloudWatch Logs, in milliseconds since the Unix epoch. For CloudTrail
    /// this may be the time of delivery.
    pub timestamp_ms: i64,
    /// When CloudWatch Logs took it in, in milliseconds since the Unix epoch.
    pub ingestion_ms: i64,
}

/// What happened, as the event itself tells. Every text is untrusted; a field that the event does not
/// have is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventDetails {
    /// When: CloudTrail's `eventTime`, else the stored timestamp; milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// In which account: CloudTrail's `recipientAccountId`, else the one that stores it.
    pub account: String,
    /// In which Region: CloudTrail's `awsRegion`, else the one that stores it.
    pub region: String,
    /// CloudTrail's `eventName`.
    pub event_name: String,
    /// CloudTrail's `eventSource`.
    pub event_source: String,
    /// CloudTrail's `userIdentity.arn`.
    pub principal_arn: String,
    /// CloudTrail's `userIdentity.accessKeyId`.
    pub access_key_id: String,
    /// CloudTrail's `sourceIPAddress`.
    pub source_ip: String,
    /// CloudTrail's `userAgent`.
    pub user_agent: String,
    /// CloudTrail's `errorCode`.
    pub error_code: String,
    /// CloudTrail's `eventID`; empty for other events.
    pub record_id: String,
    /// CloudTrail's `requestID`.
    pub request_id: String,
}

impl EventDetails {
    /// Whether it is told by a CloudTrail record: no other event has an id of its own.
    pub fn is_cloudtrail(&self) -> bool {
        !self.record_id.is_empty()
    }
}

/// One event that matched, with its provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where it is stored; of several copies, the first by log group, account, Region and event id.
    pub stored: Stored,
    /// What it tells.
    pub happening: EventDetails,
    /// The indicators found in it, each as it was given; sorted.
    pub indicators: Vec<String>,
    /// The hunts that it is a row of; sorted.
    pub hunts: Vec<String>,
    /// The fields they were found in, e.g. `sourceIPAddress`, or `message` for plain text; sorted.
    pub matched_fields: Vec<String>,
    /// In how many places the same record is stored (an organization's trail and an account's own).
    pub copies: u32,
    /// It tells of a call that this sweep made, known by its request id.
    pub own_call: bool,
    /// The event's message, byte for byte.
    pub message: String,
}
