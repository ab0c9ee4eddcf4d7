//! What records what happens: CloudTrail trails and VPC flow logs, as AWS tells of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LogGroupArn, Outcome, Selection, Target};

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SourceKind {
    /// API calls, by CloudTrail.
    CloudTrail,
    /// Network traffic, by VPC flow logs.
    VpcFlow,
}

impl SourceKind {
    /// Both, in the order of reports.
    pub const ALL: [Self; 2] = [Self::CloudTrail, Self::VpcFlow];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloudTrail => "cloudtrail",
            Self::VpcFlow => "vpc-flow",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A trail or a flow log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSource {
    /// What it records.
    pub kind: SourceKind,
    /// Its name, unique in the organization: a trail's ARN, or a flow log's with what it watches.
    pub via: String,
    /// The target that owns it.
    pub home: Target,
    /// Where it delivers to.
    pub destination: Destination,
    /// Whether it records every Region of an account that it records at all.
    pub multi_region: bool,
    /// What its owner tells of it.
    pub told: SourceState,
}

impl LogSource {
    /// The log group that it delivers to, if it does.
    pub fn log_group(&self) -> Option<&LogGroupArn> {
        match &self.destination {
            Destination::LogGroup(arn) => Some(arn),
            Destination::Elsewhere(_) => None,
        }
    }
}

/// Where records are delivered to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// A CloudWatch Logs log group.
    LogGroup(LogGroupArn),
    /// Only to something that is not CloudWatch Logs, e.g. `s3://bucket`.
    Elsewhere(String),
}

/// What the owner of a recorder tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceState {
    /// It has not been asked.
    NotAsked,
    /// How it delivers, and what it keeps.
    Facts(Delivery, Selection),
    /// It cannot be asked.
    Refused(Outcome),
}

/// Whether and how a recorder delivers. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Whether it is switched on.
    pub logging: bool,
    /// When it was last switched on, if told.
    pub started_ms: Option<i64>,
    /// When it was last switched off, if it ever was and that is told.
    pub stopped_ms: Option<i64>,
    /// When it last delivered to its log group. Flow logs do not tell.
    pub last_ms: Option<i64>,
    /// Why the latest delivery failed, in AWS's words; empty if it did not.
    pub error: String,
}

/// What an account's Region answers to the question what records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLookup {
    /// Where things happen.
    pub target: Target,
    /// Which kind of record was asked about.
    pub kind: SourceKind,
    /// The names of the recorders ([`LogSource::via`]), or why it did not answer.
    pub answer: Result<Vec<String>, Outcome>,
}
