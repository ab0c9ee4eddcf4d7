//! Whether the events of an account-Region are recorded, and whether these records were searched.

use super::{Liveness, LogGroupArn, SourceKind, Target};

crate::word_enum! {
    /// Whether the records of a log source were searched. The order is by precedence: of several
    /// log sources of an account-Region, the first status applies.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum SourceStatus {
        /// The records are in a log group, event history or bucket that was searched.
        Searched => "searched",
        /// The records are in a log group, event history or bucket that a sweep would search.
        Recorded => "recorded",
        /// Not searched, but the configuration accepts this gap.
        Accepted => "accepted",
        /// Some events are excluded, or the log group was searched in part.
        Partial => "partial",
        /// The log group was not searched, because it is out of scope or cannot contain events of
        /// the window.
        Skipped => "skipped",
        /// No engine can read the log group.
        Unsearchable => "unsearchable",
        /// AWS denied access to the log source or its log group.
        Denied => "denied",
        /// The log source could not be described or read for another reason.
        Failed => "failed",
        /// Logging is switched on, but nothing was ever delivered to the log group.
        Stale => "stale",
        /// Deliveries to the log group fail.
        Failing => "failing",
        /// Logging is switched off.
        Stopped => "stopped",
        /// The records are only outside CloudWatch Logs, and were not searched there.
        OnlyS3 => "only-s3",
        /// There is no log source.
        NoSource => "no-source",
    }
}

impl SourceStatus {
    /// Explains the status to people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Searched => "recorded and searched",
            Self::Recorded => "recorded where a sweep searches",
            Self::Accepted => "not searched; the gap is accepted",
            Self::Partial => "recorded or searched in part",
            Self::Skipped => "its log group was skipped",
            Self::Unsearchable => "its log group cannot be searched",
            Self::Denied => "AWS denied access to the log source or its log group",
            Self::Failed => "the log source could not be described or read",
            Self::Stale => "logging is on, but nothing was ever delivered",
            Self::Failing => "deliveries to its log group fail",
            Self::Stopped => "logging is switched off",
            Self::OnlyS3 => "only in S3, and not searched there",
            Self::NoSource => "no trail or flow log records it",
        }
    }

    /// Whether no record can be missing.
    pub fn is_covered(self) -> bool {
        matches!(self, Self::Searched | Self::Recorded | Self::Accepted)
    }
}

/// The name of the event history in the column `via`, where trails and flow logs have an ARN, and in
/// the state of a watch. No log group can have it, because of the space.
///
/// Source: CloudWatch Logs API, `CreateLogGroup`: a-z, A-Z, 0-9, `_`, `-`, `/`, `.` and `#`.
pub const EVENT_HISTORY: &str = "event history";

/// One row of `sources.csv`: an account-Region and one of its log sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The account-Region.
    pub target: Target,
    /// The kind of records.
    pub kind: SourceKind,
    /// The log group of the records.
    pub log_group: Option<LogGroupArn>,
    /// The bucket and the prefix of the keys, if the status is that of the objects in S3.
    pub bucket_prefix: Option<String>,
    /// The trail or flow log, or [`EVENT_HISTORY`]; empty if there is none.
    pub via: String,
    /// Whether logging is switched on, if known.
    pub logging: Option<bool>,
    /// The last delivery to the log group, if known, in milliseconds since the Unix epoch.
    pub last_delivery_ms: Option<i64>,
    /// Why the last delivery failed, in AWS's words.
    pub delivery_error: String,
    /// The events that it is configured to record.
    pub selectors: String,
    /// Whether it is configured to record data events.
    pub records_data_events: bool,
    /// Whether the records were searched.
    pub status: SourceStatus,
    /// Why the records were not simply searched. Untrusted text.
    pub reason: String,
    /// Whether its log group has the records that the event history has, if that was checked.
    pub liveness: Option<Liveness>,
}

impl Source {
    /// Whether it is the event history of the account-Region.
    pub fn is_event_history(&self) -> bool {
        self.via == EVENT_HISTORY
    }
}
