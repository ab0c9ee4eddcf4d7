//! A scenario file, table by table.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::PathBuf;

use serde::Deserialize;

use super::moment::{Instant, Moment};
use super::names::Names;
use crate::model::{AccountId, Region};
use crate::range::policy::glob;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    /// The scenario's name.
    pub(super) name: String,
    /// Its story in a line.
    #[serde(default)]
    pub(super) title: String,
    /// The time at which a practice run begins.
    pub(super) now: Instant,
    /// What ids and traffic follow from, unless another seed is asked for.
    #[serde(default)]
    pub(super) seed: u64,
    pub(super) organization: OrganizationSpec,
    #[serde(default)]
    pub(super) behaviour: BehaviourSpec,
    #[serde(default)]
    pub(super) units: Vec<UnitSpec>,
    #[serde(default)]
    pub(super) accounts: Vec<AccountSpec>,
    #[serde(default)]
    pub(super) scps: Vec<ScpSpec>,
    #[serde(default)]
    pub(super) users: Vec<UserSpec>,
    /// Without any: `DragnetRead`, `DragnetContain` and `OrganizationAccountAccessRole` in every member account.
    pub(super) roles: Option<Vec<RoleSpec>>,
    #[serde(default)]
    pub(super) trails: Vec<TrailSpec>,
    #[serde(default)]
    pub(super) groups: Vec<GroupSpec>,
    #[serde(default)]
    pub(super) flow_logs: Vec<FlowLogSpec>,
    #[serde(default)]
    pub(super) events: Vec<EventSpec>,
    #[serde(default)]
    pub(super) records: Vec<RecordSpec>,
    #[serde(default)]
    pub(super) load: Vec<LoadSpec>,
    #[serde(default)]
    pub(super) faults: Vec<FaultSpec>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationSpec {
    #[serde(default = "default_organization")]
    pub(super) id: String,
    pub(super) management: AccountId,
    /// Regions that every account has.
    pub(super) regions: Vec<Region>,
    /// Regions that exist but have to be opted in to.
    #[serde(default)]
    pub(super) opt_in_regions: Vec<Region>,
}

fn default_organization() -> String {
    "o-practice00".to_owned()
}

/// How the services behave, where AWS does not say or where it differs from day to day.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BehaviourSpec {
    /// Lists begin now and then with an empty page that has a token.
    pub(super) empty_pages: bool,
    /// How many events FilterLogEvents looks at before it ends a page.
    pub(super) events_scanned_a_page: usize,
    /// How many bytes an Insights query reads in a second.
    pub(super) insights_bytes_a_second: u64,
    /// After how many seconds an Insights query times out.
    pub(super) insights_timeout_seconds: u32,
    /// Seconds until a changed policy counts.
    pub(super) policy_propagation_seconds: u32,
    /// Seconds until CloudTrail has delivered a record.
    pub(super) trail_delivery_seconds: u32,
}

impl Default for BehaviourSpec {
    fn default() -> Self {
        Self {
            empty_pages: true,
            events_scanned_a_page: 100_000,
            insights_bytes_a_second: 1 << 30,
            insights_timeout_seconds: 3_600,
            policy_propagation_seconds: 0,
            trail_delivery_seconds: 300,
        }
    }
}

/// An organizational unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitSpec {
    pub(super) name: String,
    /// The name of the unit above; the root, where there is none.
    pub(super) parent: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountSpec {
    pub(super) id: AccountId,
    pub(super) name: String,
    /// Organizations' `State`: `ACTIVE`, `SUSPENDED`, `CLOSED`, `PENDING_CLOSURE` …
    #[serde(default = "active")]
    pub(super) state: String,
    /// The name of its unit; the root, where there is none.
    pub(super) unit: Option<String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) opted_in: Vec<Region>,
    /// How many accounts of this kind there are: `NAME-001` …, with ids that count up.
    pub(super) count: Option<u32>,
    /// Roles that it lacks although others have them.
    #[serde(default)]
    pub(super) lacks_roles: Vec<String>,
}

fn active() -> String {
    "ACTIVE".to_owned()
}

/// A service control policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScpSpec {
    pub(super) name: String,
    /// `root`, names of units, ids or names of accounts.
    pub(super) targets: Vec<String>,
    /// The document, as JSON.
    pub(super) policy: String,
}

/// A user besides the practice user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserSpec {
    pub(super) account: AccountId,
    pub(super) name: String,
    #[serde(default = "slash")]
    pub(super) path: String,
    /// Ids of its access keys.
    #[serde(default)]
    pub(super) access_keys: Vec<String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(super) policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(super) attached: Vec<String>,
    #[serde(default)]
    pub(super) mfa: bool,
}

pub(super) fn slash() -> String {
    "/".to_owned()
}

/// A role that every chosen account has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleSpec {
    pub(super) name: String,
    #[serde(default = "slash")]
    pub(super) path: String,
    /// Ids, names or globs; without any, every member account. The management account only where it is named.
    pub(super) accounts: Option<Names>,
    /// Principals that may assume it; without any, the management account.
    #[serde(default)]
    pub(super) trusts: Vec<String>,
    /// Trust asks for this `ExternalId`.
    pub(super) external_id: Option<String>,
    /// Trust asks for an MFA code.
    #[serde(default)]
    pub(super) mfa: bool,
    /// The whole trust policy as JSON, instead of the three above.
    pub(super) trust_policy: Option<String>,
    /// Actions that its inline policy allows.
    #[serde(default)]
    pub(super) allow: Vec<String>,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(super) policies: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) attached: Vec<String>,
    /// The longest session, in seconds.
    #[serde(default = "an_hour")]
    pub(super) max_session_seconds: u32,
}

fn an_hour() -> u32 {
    3_600
}

/// A trail that delivers to CloudWatch Logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrailSpec {
    pub(super) name: String,
    pub(super) account: AccountId,
    pub(super) home: Region,
    #[serde(default = "yes")]
    pub(super) multi_region: bool,
    #[serde(default)]
    pub(super) organization: bool,
    /// Accounts that an organization's trail does not reach.
    #[serde(default)]
    pub(super) unreached: Vec<AccountId>,
    pub(super) log_group: Option<String>,
    #[serde(default = "yes")]
    pub(super) logging: bool,
}

fn yes() -> bool {
    true
}

/// Log groups: one, or several numbered ones, in every chosen account and Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupSpec {
    /// Ids, names or globs of accounts.
    #[serde(alias = "account", default = "Names::everything")]
    pub(super) accounts: Names,
    /// Names or globs of Regions.
    #[serde(alias = "region", default = "Names::everything")]
    pub(super) regions: Names,
    pub(super) name: String,
    /// How many there are: `NAME-001` …
    pub(super) count: Option<u32>,
    #[serde(default = "standard")]
    pub(super) class: String,
    pub(super) retention_days: Option<u32>,
    /// When it was made; 400 days ago, where it is not said.
    pub(super) created: Option<Moment>,
    /// A data protection policy masks what it holds.
    #[serde(default)]
    pub(super) masked: bool,
}

fn standard() -> String {
    "STANDARD".to_owned()
}

/// VPC flow logs of an account in a Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowLogSpec {
    #[serde(alias = "account", default = "Names::everything")]
    pub(super) accounts: Names,
    #[serde(alias = "region", default = "Names::everything")]
    pub(super) regions: Names,
    pub(super) log_group: String,
    /// In AWS's `${field}` form; the default format, where it is not said.
    pub(super) format: Option<String>,
    pub(super) delivery_error: Option<String>,
}

/// One event, put where and as it is said.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventSpec {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) group: String,
    #[serde(default = "a_stream")]
    pub(super) stream: String,
    pub(super) at: Moment,
    /// From when on it can be read; at once, where it is not said. A later time makes a late event.
    pub(super) ingested: Option<Moment>,
    pub(super) event_id: Option<String>,
    pub(super) message: String,
    /// How many of it, a second apart; `{n}` in the message is its number.
    #[serde(default = "one")]
    pub(super) count: u32,
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
pub(super) struct RecordSpec {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) at: Moment,
    /// Who did it: an ARN of a user or of an assumed role.
    pub(super) by: String,
    pub(super) access_key: Option<String>,
    /// The service, without `.amazonaws.com`.
    pub(super) service: String,
    pub(super) action: String,
    pub(super) ip: String,
    #[serde(default)]
    pub(super) agent: Option<String>,
    pub(super) error_code: Option<String>,
    pub(super) error_message: Option<String>,
    #[serde(default)]
    pub(super) request: Option<toml::Table>,
    #[serde(default)]
    pub(super) response: Option<toml::Table>,
    #[serde(default)]
    pub(super) read_only: bool,
    /// How many of it, some seconds apart.
    #[serde(default = "one")]
    pub(super) count: u32,
}

/// A folder of CloudTrail files (`{"Records":[…]}`), each record an event at its own time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadSpec {
    pub(super) folder: PathBuf,
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) group: String,
}

/// Something that goes wrong on purpose.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FaultSpec {
    /// The operation, or a glob.
    pub(crate) operation: String,
    /// Only in this account.
    pub(crate) account: Option<AccountId>,
    /// Only in this Region.
    pub(crate) region: Option<Region>,
    /// Every how many calls; 1, where it is not said.
    #[serde(default = "every_one")]
    pub(crate) every: NonZeroU64,
    /// How many calls are spared first.
    #[serde(default)]
    pub(crate) after: u64,
    /// How often at most.
    pub(crate) times: Option<u64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
}

fn every_one() -> NonZeroU64 {
    NonZeroU64::MIN
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// Told to slow down.
    Throttle,
    /// HTTP 500.
    ServerError,
    /// HTTP 503 with a page for people instead of an error.
    Unavailable,
    /// The connection breaks.
    Reset,
    /// Refused, with this text if one is given.
    AccessDenied {
        /// The whole sentence.
        message: Option<String>,
    },
    /// The answer takes so much longer.
    Slow {
        /// How much longer.
        milliseconds: u64,
    },
    /// The credentials have expired.
    ExpiredToken,
    /// The answer's token is the request's own.
    RepeatedToken,
    /// The answer breaks off in the middle, with HTTP 200.
    Truncated,
    /// The log group that is asked for is deleted before it is answered.
    DeleteGroup,
}

impl FaultSpec {
    /// Whether it concerns this call.
    pub(crate) fn concerns(&self, operation: &str, account: AccountId, region: &Region) -> bool {
        glob(&self.operation, operation)
            && self.account.is_none_or(|only| only == account)
            && self.region.as_ref().is_none_or(|only| only == region)
    }
}
