//! Tables of a scenario about what is recorded, and where.

use std::path::PathBuf;

use serde::Deserialize;

use crate::model::{AccountId, Region};
use crate::range::ec2::{FlowDestination, FlowTraffic};
use crate::range::scenario::moment::Moment;
use crate::range::scenario::names::Names;
use crate::range::world::Recorded;

/// A trail that delivers to CloudWatch Logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct TrailSpec {
    pub(in crate::range::scenario) name: String,
    pub(in crate::range::scenario) account: AccountId,
    pub(in crate::range::scenario) home: Region,
    #[serde(default = "yes")]
    pub(in crate::range::scenario) multi_region: bool,
    #[serde(default)]
    pub(in crate::range::scenario) organization: bool,
    /// Accounts that an organization's trail does not reach.
    #[serde(default)]
    pub(in crate::range::scenario) unreached: Vec<AccountId>,
    /// Without one it delivers to S3 alone.
    pub(in crate::range::scenario) log_group: Option<String>,
    #[serde(default = "yes")]
    pub(in crate::range::scenario) logging: bool,
    /// Why it cannot deliver, in AWS's words.
    pub(in crate::range::scenario) delivery_error: Option<String>,
    /// When it last delivered to its log group.
    pub(in crate::range::scenario) last_delivery: Option<Moment>,
    /// Services whose management events it leaves out, e.g. `kms.amazonaws.com`.
    #[serde(default)]
    pub(in crate::range::scenario) excluded_sources: Vec<String>,
    /// Everyday records in 24 hours, of each account and Region that it covers; they reach two days back.
    #[serde(default)]
    pub(in crate::range::scenario) events_a_day: u32,
    /// `All`, `ReadOnly` or `WriteOnly`.
    #[serde(default)]
    pub(in crate::range::scenario) records: Recorded,
}

fn yes() -> bool {
    true
}

/// Log groups: one, or several numbered ones, in every chosen account and Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct GroupSpec {
    /// Ids, names or globs of accounts.
    #[serde(alias = "account", default = "Names::everything")]
    pub(in crate::range::scenario) accounts: Names,
    /// Names or globs of Regions.
    #[serde(alias = "region", default = "Names::everything")]
    pub(in crate::range::scenario) regions: Names,
    pub(in crate::range::scenario) name: String,
    /// How many there are: `NAME-001` …
    pub(in crate::range::scenario) count: Option<u32>,
    #[serde(default = "standard")]
    pub(in crate::range::scenario) class: String,
    pub(in crate::range::scenario) retention_days: Option<u32>,
    /// When it was made; 400 days ago, where it is not said.
    pub(in crate::range::scenario) created: Option<Moment>,
    /// Everyday events in 24 hours; they reach two days back.
    #[serde(default)]
    pub(in crate::range::scenario) events_a_day: u32,
    /// The ARN of the key that it is encrypted with.
    pub(in crate::range::scenario) kms_key: Option<String>,
    /// A data protection policy masks what it holds.
    #[serde(default)]
    pub(in crate::range::scenario) masked: bool,
    /// A data protection policy of its account does.
    #[serde(default)]
    pub(in crate::range::scenario) mask_inherited: bool,
}

impl GroupSpec {
    /// The names of the groups that it stands for.
    pub(in crate::range::scenario) fn names(&self) -> Vec<String> {
        match self.count {
            None => vec![self.name.clone()],
            Some(count) => (1..=count)
                .map(|n| format!("{}-{n:03}", self.name))
                .collect(),
        }
    }
}

fn standard() -> String {
    "STANDARD".to_owned()
}

/// VPC flow logs of an account in a Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct FlowLogSpec {
    #[serde(alias = "account", default = "Names::everything")]
    pub(in crate::range::scenario) accounts: Names,
    #[serde(alias = "region", default = "Names::everything")]
    pub(in crate::range::scenario) regions: Names,
    pub(in crate::range::scenario) log_group: String,
    /// `cloud-watch-logs` or `s3`.
    #[serde(default)]
    pub(in crate::range::scenario) destination: FlowDestination,
    /// The account of the log group; the flow log's own, where it is not said.
    pub(in crate::range::scenario) destination_account: Option<AccountId>,
    /// `ALL`, `ACCEPT` or `REJECT`.
    #[serde(default)]
    pub(in crate::range::scenario) traffic_type: FlowTraffic,
    /// In AWS's `${field}` form; the default format, where it is not said.
    pub(in crate::range::scenario) format: Option<String>,
    pub(in crate::range::scenario) delivery_error: Option<String>,
    /// Everyday flows in 24 hours; they reach two days back.
    #[serde(default)]
    pub(in crate::range::scenario) events_a_day: u32,
}

/// One event, put where and as it is said.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct EventSpec {
    pub(in crate::range::scenario) account: AccountId,
    pub(in crate::range::scenario) region: Region,
    pub(in crate::range::scenario) group: String,
    #[serde(default = "a_stream")]
    pub(in crate::range::scenario) stream: String,
    pub(in crate::range::scenario) at: Moment,
    /// From when on it can be read; at once, where it is not said. A later time makes a late event.
    pub(in crate::range::scenario) ingested: Option<Moment>,
    pub(in crate::range::scenario) event_id: Option<String>,
    pub(in crate::range::scenario) message: String,
    /// How many of it; `{n}` in the message is its number.
    #[serde(default = "one")]
    pub(in crate::range::scenario) count: u32,
    /// How far apart they are, in milliseconds; 0: all of them at once.
    #[serde(default = "a_second")]
    pub(in crate::range::scenario) apart_ms: u32,
}

fn a_second() -> u32 {
    1_000
}

fn a_stream() -> String {
    "stream".to_owned()
}

fn one() -> u32 {
    1
}

/// A CloudTrail record, delivered to every trail that covers the place where it happened.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct RecordSpec {
    pub(in crate::range::scenario) account: AccountId,
    pub(in crate::range::scenario) region: Region,
    pub(in crate::range::scenario) at: Moment,
    /// Who did it: an ARN of a user, of an assumed role, or of an account's root.
    pub(in crate::range::scenario) by: String,
    /// The key that signed; empty for a console login.
    pub(in crate::range::scenario) access_key: Option<String>,
    /// The service, without `.amazonaws.com`.
    pub(in crate::range::scenario) service: String,
    pub(in crate::range::scenario) action: String,
    pub(in crate::range::scenario) ip: String,
    #[serde(default)]
    pub(in crate::range::scenario) agent: Option<String>,
    pub(in crate::range::scenario) error_code: Option<String>,
    pub(in crate::range::scenario) error_message: Option<String>,
    #[serde(default)]
    pub(in crate::range::scenario) request: Option<toml::Table>,
    #[serde(default)]
    pub(in crate::range::scenario) response: Option<toml::Table>,
    /// `additionalEventData`, e.g. whether a console login used MFA.
    pub(in crate::range::scenario) additional: Option<toml::Table>,
    #[serde(default)]
    pub(in crate::range::scenario) read_only: bool,
    /// How many of it, some seconds apart.
    #[serde(default = "one")]
    pub(in crate::range::scenario) count: u32,
}

/// A folder of CloudTrail files (`{"Records":[…]}`), each record an event at its own time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct LoadSpec {
    pub(in crate::range::scenario) folder: PathBuf,
    pub(in crate::range::scenario) account: AccountId,
    pub(in crate::range::scenario) region: Region,
    pub(in crate::range::scenario) group: String,
}
