//! How CloudWatch collects, rewrites and copies logs beside trails: channels, pipelines and
//! centralization rules; and the event data stores of CloudTrail Lake.

use jiff::Timestamp;

use super::{ReadWriteType, World};
use crate::cloudtrail::Record;
use crate::policy::glob;
use dragnet_model::{AccountId, Region};

/// A service-linked channel, which delivers the events of its account-Region to log groups with fixed
/// names in it, without a trail.
///
/// Sources: CloudTrail API, `GetChannel`; aws-observability/observability-best-practices,
/// `cloudtrail_lake_to_cloudwatch.md` (the names of the log groups).
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The service that created it.
    pub(crate) service: String,
    /// The management events that it selects; `None` if none.
    pub(crate) management: Option<ReadWriteType>,
    /// Services whose management events are excluded.
    pub(crate) excluded_sources: Vec<String>,
    /// The resource types whose data events it selects. The range has no such events.
    pub(crate) data_types: Vec<String>,
}

impl Channel {
    /// The log group of management events.
    pub(crate) const MANAGEMENT_GROUP: &str = "aws/cloudtrail/managementevents";

    pub(crate) fn arn(&self, world: &World) -> String {
        let resource = format!("channel/{}", self.id);
        world.arn("cloudtrail", self.region.as_str(), self.account, &resource)
    }

    /// Whether it delivers this record to its log group of management events.
    pub(crate) fn delivers(&self, record: &Record) -> bool {
        let kind_matches = match self.management {
            None => false,
            Some(ReadWriteType::All) => true,
            Some(ReadWriteType::ReadOnly) => record.read_only,
            Some(ReadWriteType::WriteOnly) => !record.read_only,
        };
        kind_matches
            && self.account == record.account
            && self.region == record.region
            && !self.excluded_sources.contains(&record.event_source())
    }

    /// The log stream of its records. AWS documents no name.
    pub(crate) fn stream_name(&self) -> String {
        format!("{}_{}", self.account, self.id)
    }
}

/// A pipeline, which rewrites the CloudTrail records of a log group in OCSF.
///
/// Source: CloudWatch user guide, "Pipeline sinks" (`@original`), "Parser processors".
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) name: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) log_group: String,
    /// Records that arrive earlier keep their form.
    pub(crate) since: Option<Timestamp>,
    /// Whether the original is kept inside of the rewritten record.
    pub(crate) include_original: bool,
    /// Services whose records it drops, e.g. `s3.amazonaws.com`.
    pub(crate) drops: Vec<String>,
}

impl Pipeline {
    /// Whether it processes what arrives at this time in this log group.
    pub(crate) fn processes(
        &self,
        account: AccountId,
        region: &Region,
        log_group: &str,
        ingestion_ms: i64,
    ) -> bool {
        self.account == account
            && self.region == *region
            && self.log_group == log_group
            && self
                .since
                .is_none_or(|since| since.as_millisecond() <= ingestion_ms)
    }
}

/// A telemetry rule, which makes an AWS service deliver logs. It is only listed: the channels of a
/// scenario have a table of their own.
#[derive(Clone, Debug)]
pub(crate) struct TelemetryRule {
    pub(crate) name: String,
    /// The account that owns it.
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// Whether it is a rule of the organization.
    pub(crate) of_organization: bool,
    /// The kind of resource that delivers logs, e.g. `AWS::CloudTrail`.
    pub(crate) resource_type: String,
}

/// A centralization rule, as the organization lists it. The copies are made when a world is built.
#[derive(Clone, Debug)]
pub(crate) struct CentralizationRule {
    pub(crate) name: String,
    pub(crate) created_region: Region,
    pub(crate) to_account: AccountId,
    pub(crate) to_region: Region,
}

/// Where logs are sent beside log groups. The range sends nothing.
#[derive(Clone, Debug)]
pub(crate) struct LogDelivery {
    pub(crate) kind: DeliveryKind,
    pub(crate) name: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The name of the delivery source, or of the log group of a subscription filter.
    pub(crate) source: String,
    /// The ARN of the bucket, delivery stream, log group or function.
    pub(crate) destination: String,
}

/// What sends logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryKind {
    /// An AWS service, through a delivery.
    Service,
    /// A log group, through a subscription filter.
    Subscription,
}

/// An event data store of CloudTrail Lake.
#[derive(Clone, Debug)]
pub(crate) struct EventDataStore {
    pub(crate) id: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) name: String,
}

/// A link between a monitoring account and the accounts whose logs it may read in a Region.
///
/// Source: CloudWatch user guide, "CloudWatch cross-account observability": a link can share only some log
/// groups.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) monitoring: AccountId,
    pub(crate) region: Region,
    pub(crate) source: AccountId,
    /// The globs of the log groups that it shares.
    pub(crate) groups: Vec<String>,
}

impl Link {
    /// Whether it lets an account read this log group.
    pub(crate) fn shares(&self, reader: AccountId, region: &Region, name: &str) -> bool {
        self.monitoring == reader
            && self.region == *region
            && self.groups.iter().any(|pattern| glob(pattern, name))
    }
}

/// An import of an event data store into a log group.
///
/// Source: CloudWatch Logs API, `DescribeImportTasks`, `Import`.
#[derive(Clone, Debug)]
pub(crate) struct ImportTask {
    pub(crate) id: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) log_group: String,
    /// `IN_PROGRESS`, `CANCELLED`, `COMPLETED` or `FAILED`.
    pub(crate) status: String,
    pub(crate) from_ms: Option<i64>,
    pub(crate) to_ms: Option<i64>,
    pub(crate) created_ms: i64,
}
