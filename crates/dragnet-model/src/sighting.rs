//! A sighting: one log event that contains an indicator or is a row of a hunt.

use super::{AccountId, EventDetails, Region, StorageKind};

/// Where and when a log event is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The account that stores it.
    pub account: AccountId,
    /// The Region that stores it.
    pub region: Region,
    /// The kind of place where it is stored.
    pub source: StorageKind,
    /// The name of the log group; empty for the event history and for objects in S3.
    pub log_group: String,
    /// The name of the log stream. Untrusted text.
    pub log_stream: String,
    /// The id of the event in CloudWatch Logs or the event history, unique in its account-Region; in
    /// S3 the bucket, the key and the number of the record: `bucket/key#12`.
    pub event_id: String,
    /// The log time in milliseconds since the Unix epoch. For CloudTrail it may be the time of
    /// delivery. In a file it may be `time::UNKNOWN_TIME_MS`.
    pub timestamp_ms: i64,
    /// The ingestion time in milliseconds since the Unix epoch.
    pub ingestion_ms: i64,
}

crate::word_enum! {
    /// Whether Dragnet made the call of a CloudTrail record.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum OwnCall {
        /// It did not.
        #[default]
        No => "false",
        /// It did: the request id is in the journal of a run on this machine.
        Yes => "true",
        /// The record looks like a call of Dragnet, but no run on this machine made it. It is a
        /// finding like any other: an attacker can use the same user agent.
        Claimed => "claimed",
    }
}

/// One event that matched, with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where it is stored. Of several copies, this is the first by log group, account, Region and
    /// event id.
    pub stored: Stored,
    /// The details of the event.
    pub details: EventDetails<'static>,
    /// The matching indicators, each as it was given; sorted.
    pub indicators: Vec<String>,
    /// The hunts of which it is a row; sorted.
    pub hunts: Vec<String>,
    /// The matching fields, for example `sourceIPAddress`, or `message` for plain text; sorted.
    pub matched_fields: Vec<String>,
    /// The number of log groups that store the same record, for example for the trail of the
    /// organization and that of the account.
    pub copies: u32,
    /// Whether another line has the same record id, time, account and Region, but says something
    /// else.
    pub copies_differ: bool,
    /// Whether a trail delivered it. Any other line only claims what it says.
    pub trusted: bool,
    /// Whether Dragnet itself made the call.
    pub own_call: OwnCall,
    /// The message of the event, byte for byte.
    pub message: String,
}
