//! Tables of a scenario for log sources, log groups and events.

use std::path::PathBuf;

use serde::Deserialize;

use crate::scenario::names::Names;
use crate::scenario::scenario_time::ScenarioTime;
use crate::world::{FlowDestination, FlowTraffic, ReadWriteType};
use dragnet_model::{AccountId, Region};

/// A trail, which delivers to S3 and perhaps to CloudWatch Logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct TrailSpec {
    pub(in crate::scenario) name: String,
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) home: Region,
    #[serde(default = "default_true")]
    pub(in crate::scenario) multi_region: bool,
    #[serde(default)]
    pub(in crate::scenario) organization: bool,
    /// Accounts that an organization trail does not record.
    #[serde(default)]
    pub(in crate::scenario) unreached: Vec<AccountId>,
    /// Without a log group the trail delivers only to S3.
    pub(in crate::scenario) log_group: Option<String>,
    /// The bucket that it delivers to; by default `cloudtrail-` and the account.
    pub(in crate::scenario) bucket: Option<String>,
    /// The prefix of its keys.
    #[serde(default)]
    pub(in crate::scenario) prefix: String,
    /// The ARN of the key that encrypts its files.
    pub(in crate::scenario) kms_key: Option<String>,
    /// Whether it delivers digests; by default it does.
    pub(in crate::scenario) validation: Option<bool>,
    /// Since when it delivers digests; by default three days before the start of the range.
    pub(in crate::scenario) validated_since: Option<ScenarioTime>,
    /// An error that prevents delivery to the bucket, in AWS's words.
    pub(in crate::scenario) bucket_error: Option<String>,
    #[serde(default = "default_true")]
    pub(in crate::scenario) logging: bool,
    /// When recording was last switched on.
    pub(in crate::scenario) logging_since: Option<ScenarioTime>,
    /// An error that prevents delivery, in AWS's words.
    pub(in crate::scenario) delivery_error: Option<String>,
    /// When it last delivered to its log group.
    pub(in crate::scenario) last_delivery: Option<ScenarioTime>,
    /// Regions from which it delivers nothing to its log group, although it works in its home Region.
    #[serde(default)]
    pub(in crate::scenario) failing_regions: Vec<Region>,
    /// Regions from which it delivers nothing to its bucket.
    #[serde(default)]
    pub(in crate::scenario) bucket_failing_regions: Vec<Region>,
    /// Somebody deleted the records in its log group that are older than this.
    pub(in crate::scenario) emptied: Option<ScenarioTime>,
    /// The accounts whose records were deleted; by default all.
    #[serde(default)]
    pub(in crate::scenario) emptied_accounts: Vec<AccountId>,
    /// The Regions whose records were deleted; by default all.
    #[serde(default)]
    pub(in crate::scenario) emptied_regions: Vec<Region>,
    /// Services whose management events are excluded, e.g. `kms.amazonaws.com`.
    #[serde(default)]
    pub(in crate::scenario) excluded_sources: Vec<String>,
    /// The beginnings of the ARNs of the objects in S3 whose data events it selects.
    #[serde(default)]
    pub(in crate::scenario) data_objects: Vec<String>,
    /// Everyday records in 24 hours for each account and Region that it records; they begin 48
    /// hours before the start of the range.
    #[serde(default)]
    pub(in crate::scenario) events_a_day: u32,
    /// `All`, `ReadOnly` or `WriteOnly`.
    #[serde(default)]
    pub(in crate::scenario) records: ReadWriteType,
}

fn default_true() -> bool {
    true
}

/// A log group, or several numbered ones, in every selected account and Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct GroupSpec {
    /// Ids, names or globs of accounts.
    #[serde(alias = "account", default = "Names::everything")]
    pub(in crate::scenario) accounts: Names,
    /// Names or globs of Regions.
    #[serde(alias = "region", default = "Names::everything")]
    pub(in crate::scenario) regions: Names,
    pub(in crate::scenario) name: String,
    /// Creates this number of groups, named `NAME-001` and so on.
    pub(in crate::scenario) count: Option<u32>,
    #[serde(default = "default_class")]
    pub(in crate::scenario) class: String,
    pub(in crate::scenario) retention_days: Option<u32>,
    /// The account policy that sets the retention.
    pub(in crate::scenario) retention_policy: Option<String>,
    /// Creation time; the default is 400 days before the start of the range.
    pub(in crate::scenario) created: Option<ScenarioTime>,
    /// Everyday events in 24 hours; they begin 48 hours before the start of the range.
    #[serde(default)]
    pub(in crate::scenario) events_a_day: u32,
    /// The ARN of the key that encrypts the group.
    pub(in crate::scenario) kms_key: Option<String>,
    /// Whether a data protection policy of the group masks its events.
    #[serde(default)]
    pub(in crate::scenario) masked: bool,
    /// Whether a data protection policy of the account masks its events.
    #[serde(default)]
    pub(in crate::scenario) mask_inherited: bool,
    /// `dataProtectionStatus` of a policy that the group had in the past: `DELETED`, `ARCHIVED` or
    /// `DISABLED`.
    pub(in crate::scenario) past_protection: Option<String>,
}

impl GroupSpec {
    /// The names of the groups that the table defines.
    pub(in crate::scenario) fn names(&self) -> Vec<String> {
        match self.count {
            None => vec![self.name.clone()],
            Some(count) => (1..=count)
                .map(|n| format!("{}-{n:03}", self.name))
                .collect(),
        }
    }
}

fn default_class() -> String {
    "STANDARD".to_owned()
}

/// A VPC flow log in every selected account and Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct FlowLogSpec {
    #[serde(alias = "account", default = "Names::everything")]
    pub(in crate::scenario) accounts: Names,
    #[serde(alias = "region", default = "Names::everything")]
    pub(in crate::scenario) regions: Names,
    pub(in crate::scenario) log_group: String,
    /// `cloud-watch-logs` or `s3`; then `log_group` is `BUCKET` or `BUCKET/PREFIX`.
    #[serde(default)]
    pub(in crate::scenario) destination: FlowDestination,
    /// Whether the folders in the bucket are partitions of Hive.
    #[serde(default)]
    pub(in crate::scenario) hive: bool,
    /// Whether every hour has a folder in the bucket.
    #[serde(default)]
    pub(in crate::scenario) hourly: bool,
    /// The account of the log group; by default that of the flow log.
    pub(in crate::scenario) destination_account: Option<AccountId>,
    /// `ALL`, `ACCEPT` or `REJECT`.
    #[serde(default)]
    pub(in crate::scenario) traffic_type: FlowTraffic,
    /// The record format in AWS's `${field}` syntax; by default that of AWS.
    pub(in crate::scenario) format: Option<String>,
    pub(in crate::scenario) delivery_error: Option<String>,
    /// Everyday flows in 24 hours; they begin 48 hours before the start of the range.
    #[serde(default)]
    pub(in crate::scenario) events_a_day: u32,
}

/// A single event, or repetitions of it, in a log group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct EventSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    pub(in crate::scenario) group: String,
    #[serde(default = "default_stream")]
    pub(in crate::scenario) stream: String,
    pub(in crate::scenario) at: ScenarioTime,
    /// The ingestion time, which by default equals `at`. A later time makes it a late event.
    pub(in crate::scenario) ingested: Option<ScenarioTime>,
    pub(in crate::scenario) event_id: Option<String>,
    pub(in crate::scenario) message: String,
    /// The part of a field of the message, which is JSON, that CloudWatch Logs stores apart from it.
    pub(in crate::scenario) object: Option<LogObjectSpec>,
    /// The number of repetitions; `{n}` in the message is replaced by the number of the repetition.
    #[serde(default = "default_count")]
    pub(in crate::scenario) count: u32,
    /// The time between repetitions, in milliseconds; with 0 all have the same time.
    #[serde(default = "default_interval_ms")]
    pub(in crate::scenario) apart_ms: u32,
}

/// A field of which an event has only the beginning.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct LogObjectSpec {
    /// The path of the field: names of members.
    pub(in crate::scenario) path: Vec<String>,
    /// What `GetLogObject` returns.
    pub(in crate::scenario) text: String,
}

fn default_interval_ms() -> u32 {
    1_000
}

fn default_stream() -> String {
    "stream".to_owned()
}

fn default_count() -> u32 {
    1
}

/// A CloudTrail record, delivered to every trail that records its account and Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct RecordSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    pub(in crate::scenario) at: ScenarioTime,
    /// When trails deliver it, if not after the usual time.
    pub(in crate::scenario) delivered: Option<ScenarioTime>,
    /// The ARN of the actor: a user, an assumed-role session, or the root user of an account. The
    /// id of another account: an identity of that account, which the record does not name.
    pub(in crate::scenario) by: String,
    /// The access key that signed; empty for a console login.
    pub(in crate::scenario) access_key: Option<String>,
    /// The name of the service, without `.amazonaws.com`.
    pub(in crate::scenario) service: String,
    pub(in crate::scenario) action: String,
    pub(in crate::scenario) ip: String,
    #[serde(default)]
    pub(in crate::scenario) agent: Option<String>,
    pub(in crate::scenario) error_code: Option<String>,
    pub(in crate::scenario) error_message: Option<String>,
    #[serde(default)]
    pub(in crate::scenario) request: Option<toml::Table>,
    #[serde(default)]
    pub(in crate::scenario) response: Option<toml::Table>,
    /// `additionalEventData`, e.g. whether a console login used MFA.
    pub(in crate::scenario) additional: Option<toml::Table>,
    #[serde(default)]
    pub(in crate::scenario) read_only: bool,
    /// The number of repetitions, which are seven seconds apart.
    #[serde(default = "default_count")]
    pub(in crate::scenario) count: u32,
}

/// A folder of CloudTrail files (`{"Records":[…]}`). Each record becomes an event at its
/// `eventTime`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct LoadSpec {
    pub(in crate::scenario) folder: PathBuf,
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    pub(in crate::scenario) group: String,
}
