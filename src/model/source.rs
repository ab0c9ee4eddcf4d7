//! Whether what happens in an account's Region is recorded, and whether those records were searched.

use std::fmt;

use super::{LogGroupArn, SourceKind, Target};

/// How it stands with a record of what happens somewhere. In the order of what says more: of several
/// recorders of one place, the first speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceStatus {
    /// It lies in a log group that was searched.
    Searched,
    /// It lies in a log group that a sweep would search.
    Recorded,
    /// Not searched, and the configuration accepts that by name.
    Accepted,
    /// Something of it is left out, or its log group was searched in part.
    Partial,
    /// Its log group was not searched: out of the sweep's scope, or it cannot hold the window.
    Skipped,
    /// Its log group cannot be read by any engine.
    Unsearchable,
    /// AWS refuses to tell of it, or to read it.
    Denied,
    /// It could not be asked about or read, for any other reason.
    Failed,
    /// Nothing has been delivered for longer than lateness explains.
    Stale,
    /// Deliveries to the log group fail.
    Failing,
    /// It is switched off.
    Stopped,
    /// It lies only outside CloudWatch Logs.
    OnlyS3,
    /// Nothing records it.
    NoSource,
}

impl SourceStatus {
    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Searched => "searched",
            Self::Recorded => "recorded",
            Self::Accepted => "accepted",
            Self::Partial => "partial",
            Self::Skipped => "skipped",
            Self::Unsearchable => "unsearchable",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::Failing => "failing",
            Self::Stopped => "stopped",
            Self::OnlyS3 => "only-s3",
            Self::NoSource => "no-source",
        }
    }

    /// What it means for a person.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Searched => "recorded, and searched",
            Self::Recorded => "recorded in a log group that a sweep searches",
            Self::Accepted => "not searched, and accepted as such",
            Self::Partial => "recorded or searched in part",
            Self::Skipped => "its log group was left out",
            Self::Unsearchable => "its log group cannot be searched",
            Self::Denied => "AWS refuses to tell or to read it",
            Self::Failed => "it could not be asked about or read",
            Self::Stale => "no delivery for longer than lateness explains",
            Self::Failing => "deliveries fail",
            Self::Stopped => "logging is switched off",
            Self::OnlyS3 => "only in S3, which is not searched",
            Self::NoSource => "recorded by nothing",
        }
    }

    /// Whether nothing that was asked for can be missing.
    pub fn is_covered(self) -> bool {
        matches!(self, Self::Searched | Self::Recorded | Self::Accepted)
    }
}

impl fmt::Display for SourceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One row of `sources.csv`: a place where things happen, and one thing that records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where things happen.
    pub target: Target,
    /// What kind of record.
    pub kind: SourceKind,
    /// Where it is kept.
    pub log_group: Option<LogGroupArn>,
    /// The trail or flow log; empty where there is none.
    pub via: String,
    /// Whether it is switched on, if told.
    pub logging: Option<bool>,
    /// When it last delivered to the log group, if told; in milliseconds since the Unix epoch.
    pub last_delivery_ms: Option<i64>,
    /// Why the latest delivery failed; AWS's words.
    pub delivery_error: String,
    /// What it is set to keep.
    pub selectors: String,
    /// How it stands.
    pub status: SourceStatus,
    /// Why, where it is not simply searched. Untrusted text.
    pub reason: String,
}
