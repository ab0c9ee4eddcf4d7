//! Tables of a scenario for channels, pipelines, centralization rules and event data stores.

use serde::Deserialize;

use crate::scenario::names::Names;
use crate::scenario::scenario_time::ScenarioTime;
use crate::world::ReadWriteType;
use dragnet_model::{AccountId, Region};

/// A service-linked channel in every selected account and Region. Without this table, each log group
/// `aws/cloudtrail/managementevents` of `[[groups]]` has a channel that selects all management events:
/// AWS creates both.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct ChannelSpec {
    #[serde(alias = "account", default = "Names::everything")]
    pub(in crate::scenario) accounts: Names,
    #[serde(alias = "region", default = "Names::everything")]
    pub(in crate::scenario) regions: Names,
    /// The service that created it.
    #[serde(default = "default_service")]
    pub(in crate::scenario) service: String,
    /// Whether it selects management events.
    #[serde(default = "default_true")]
    pub(in crate::scenario) management: bool,
    /// `All`, `ReadOnly` or `WriteOnly`.
    #[serde(default)]
    pub(in crate::scenario) records: ReadWriteType,
    #[serde(default)]
    pub(in crate::scenario) excluded_sources: Vec<String>,
    /// The resource types whose data events it selects.
    #[serde(default)]
    pub(in crate::scenario) data_types: Vec<String>,
}

/// AWS does not document the name of the service; this is one that it may be.
pub(in crate::scenario) fn default_service() -> String {
    "cloudwatch".to_owned()
}

fn default_true() -> bool {
    true
}

/// A pipeline that rewrites the records of a log group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct PipelineSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    pub(in crate::scenario) log_group: String,
    /// Since when it exists.
    pub(in crate::scenario) since: Option<ScenarioTime>,
    #[serde(default)]
    pub(in crate::scenario) include_original: bool,
    /// Services whose records it drops, e.g. `s3.amazonaws.com`.
    #[serde(default)]
    pub(in crate::scenario) drops: Vec<String>,
}

/// A centralization rule, which copies the events of log groups to another account-Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct CentralizationSpec {
    #[serde(alias = "account", default = "Names::everything")]
    pub(in crate::scenario) accounts: Names,
    #[serde(alias = "region", default = "Names::everything")]
    pub(in crate::scenario) regions: Names,
    /// The names or globs of the log groups.
    #[serde(alias = "group", default = "Names::everything")]
    pub(in crate::scenario) groups: Names,
    pub(in crate::scenario) to_account: AccountId,
    pub(in crate::scenario) to_region: Region,
    /// Since when it exists; earlier events are not copied.
    pub(in crate::scenario) since: Option<ScenarioTime>,
}

/// A telemetry rule, which makes an AWS service deliver logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct TelemetryRuleSpec {
    pub(in crate::scenario) name: String,
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    /// Whether it is a rule of the organization.
    #[serde(default)]
    pub(in crate::scenario) organization: bool,
    #[serde(default = "default_resource_type")]
    pub(in crate::scenario) resource_type: String,
}

fn default_resource_type() -> String {
    "AWS::CloudTrail".to_owned()
}

/// Where the events of a log group, or those of an AWS service, are sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct LogDeliverySpec {
    pub(in crate::scenario) name: String,
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    /// The log group of a subscription filter.
    pub(in crate::scenario) log_group: Option<String>,
    /// The name of the delivery source of an AWS service.
    pub(in crate::scenario) source: Option<String>,
    /// The ARN of the bucket, delivery stream, log group or function.
    pub(in crate::scenario) destination: String,
}

/// An event data store of CloudTrail Lake.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct EventDataStoreSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    pub(in crate::scenario) name: String,
}

/// An import of an event data store into a log group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct ImportSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    pub(in crate::scenario) group: String,
    /// `COMPLETED` unless it is given.
    #[serde(default = "default_import_status")]
    pub(in crate::scenario) status: String,
    /// The event times that are imported.
    pub(in crate::scenario) from: Option<ScenarioTime>,
    pub(in crate::scenario) to: Option<ScenarioTime>,
    pub(in crate::scenario) created: ScenarioTime,
}

fn default_import_status() -> String {
    "COMPLETED".to_owned()
}

/// A link, through which a monitoring account reads the logs of other accounts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct LinkSpec {
    pub(in crate::scenario) monitoring: AccountId,
    #[serde(alias = "account", default = "Names::everything")]
    pub(in crate::scenario) accounts: Names,
    #[serde(alias = "region", default = "Names::everything")]
    pub(in crate::scenario) regions: Names,
    /// The names or globs of the log groups that it shares.
    #[serde(alias = "group", default = "Names::everything")]
    pub(in crate::scenario) groups: Names,
}
