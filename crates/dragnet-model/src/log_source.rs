//! Log sources: CloudTrail trails and VPC flow logs, as AWS describes them.

use serde::{Deserialize, Serialize};

use super::{Arn, DeliveryBucket, LogGroupArn, Outcome, Selection, Target};

crate::word_enum! {
    /// What a log source records, in the order of reports. `run.db` also stores the names of the
    /// variants.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    pub enum SourceKind {
        /// API calls, recorded by CloudTrail.
        CloudTrail => "cloudtrail",
        /// Network traffic, recorded by VPC flow logs.
        VpcFlow => "vpc-flow",
    }
}

/// A trail, a channel or a flow log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSource {
    /// What it records.
    pub kind: SourceKind,
    /// A name that is unique in the organization: the ARN of a trail, the ARN of a channel, perhaps
    /// followed by the kind of its events, or the ARN of a flow log followed by the resource that it
    /// monitors.
    pub via: String,
    /// The account-Region that owns it.
    pub home: Target,
    /// Where it delivers its records.
    pub destination: Destination,
    /// The bucket to which it delivers, if any: a trail always has one, also beside a log group.
    #[serde(default)]
    pub bucket: Option<DeliveryBucket>,
    /// Whether it records every Region of the accounts that it records.
    pub multi_region: bool,
    /// Whether it is the trail of an organization, which records every member account. Only the
    /// management account and its delegated administrators can create one. Source: CloudTrail API,
    /// `Trail`, `IsOrganizationTrail`.
    #[serde(default)]
    pub is_organization_trail: bool,
    /// What is known about it.
    #[serde(rename = "told")]
    pub state: SourceState,
}

impl LogSource {
    /// The log group to which it delivers, if any.
    pub fn log_group(&self) -> Option<&LogGroupArn> {
        match &self.destination {
            Destination::LogGroup(arn) => Some(arn),
            Destination::Other(_) => None,
        }
    }

    /// Whether it is a channel of CloudTrail, which delivers without a trail. It does not report
    /// when it last delivered.
    ///
    /// Source: CloudTrail API, `GetChannel`: `arn:aws:cloudtrail:REGION:ACCOUNT:channel/ID`.
    pub fn is_channel(&self) -> bool {
        self.kind == SourceKind::CloudTrail
            && self
                .via
                .parse::<Arn>()
                .is_ok_and(|arn| arn.resource().starts_with("channel/"))
    }
}

/// The destination of a log source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// A CloudWatch Logs log group.
    LogGroup(LogGroupArn),
    /// Only something other than CloudWatch Logs, for example `s3://bucket`.
    #[serde(rename = "Elsewhere")]
    Other(String),
}

/// What is known about a log source. `run.db` stores the former names of the variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceState {
    /// Nothing: its owner was not queried.
    #[serde(rename = "NotAsked")]
    Unknown,
    /// Its delivery, and the events that it records.
    #[serde(rename = "Facts")]
    Known(Delivery, Selection),
    /// Nothing: the query failed.
    #[serde(rename = "Refused")]
    Denied(Outcome),
}

/// Whether and when a log source delivers. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Whether logging is switched on.
    pub logging: bool,
    /// When logging was last switched on, if known.
    pub started_ms: Option<i64>,
    /// When logging was last switched off, if ever and known.
    pub stopped_ms: Option<i64>,
    /// The last delivery to the log group. Unknown for flow logs.
    pub last_ms: Option<i64>,
    /// Why the last delivery failed, in AWS's words; empty if it did not.
    pub error: String,
    /// The last delivery to the bucket. Unknown for flow logs.
    #[serde(default)]
    pub bucket_last_ms: Option<i64>,
    /// Why the last delivery to the bucket failed; empty if it did not.
    #[serde(default)]
    pub bucket_error: String,
}

/// The result of asking one account-Region which log sources record it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLookup {
    /// The account-Region.
    pub target: Target,
    /// The kind of log sources.
    pub kind: SourceKind,
    /// The names of the log sources ([`LogSource::via`]), or why the query failed.
    pub result: Result<Vec<String>, Outcome>,
}
