//! The tables of a scenario file.

mod athena;
mod evidence;
mod fault;
mod identity;
mod observability;
mod storage;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(super) use athena::{AthenaTableSpec, WorkgroupSpec};
pub(super) use evidence::{EventSpec, FlowLogSpec, GroupSpec, LoadSpec, RecordSpec, TrailSpec};
pub(crate) use fault::{FaultKind, FaultSpec, IncompleteResponse, ResponseDefect};
pub(super) use identity::{RoleSpec, UserGroupSpec, UserSpec};
pub(super) use observability::{
    CentralizationSpec, ChannelSpec, EventDataStoreSpec, ImportSpec, LinkSpec, LogDeliverySpec,
    PipelineSpec, TelemetryRuleSpec, default_service,
};
pub(super) use storage::{BucketSpec, KmsKeySpec, ObjectChangeSpec, ObjectSpec};

use super::scenario_time::AbsoluteTime;
use super::story::{Answer, ChapterSpec};
use crate::insights::{FixedQueryResult, MAX_ROWS};
use dragnet_model::{AccountId, Region};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) name: String,
    /// A summary of the story in one line.
    #[serde(default)]
    pub(super) title: String,
    /// The time at which practice begins.
    pub(super) now: AbsoluteTime,
    /// The default seed, from which ids and traffic are derived.
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
    #[serde(default)]
    pub(super) user_groups: Vec<UserGroupSpec>,
    /// By default `DragnetRead`, `DragnetContain` and `OrganizationAccountAccessRole` in every
    /// member account.
    pub(super) roles: Option<Vec<RoleSpec>>,
    #[serde(default)]
    pub(super) insights_answers: Vec<FixedQueryResult>,
    #[serde(default)]
    pub(super) trails: Vec<TrailSpec>,
    #[serde(default)]
    pub(super) buckets: Vec<BucketSpec>,
    #[serde(default)]
    pub(super) objects: Vec<ObjectSpec>,
    #[serde(default)]
    pub(super) object_changes: Vec<ObjectChangeSpec>,
    #[serde(default)]
    pub(super) athena_workgroups: Vec<WorkgroupSpec>,
    #[serde(default)]
    pub(super) athena_tables: Vec<AthenaTableSpec>,
    #[serde(default)]
    pub(super) kms_keys: Vec<KmsKeySpec>,
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
    #[serde(default)]
    pub(super) story: Vec<ChapterSpec>,
    #[serde(default)]
    pub(super) answers: Vec<Answer>,
    #[serde(default)]
    pub(super) channels: Vec<ChannelSpec>,
    #[serde(default)]
    pub(super) pipelines: Vec<PipelineSpec>,
    #[serde(default)]
    pub(super) centralization: Vec<CentralizationSpec>,
    #[serde(default)]
    pub(super) event_data_stores: Vec<EventDataStoreSpec>,
    #[serde(default)]
    pub(super) imports: Vec<ImportSpec>,
    #[serde(default)]
    pub(super) links: Vec<LinkSpec>,
    #[serde(default)]
    pub(super) telemetry_rules: Vec<TelemetryRuleSpec>,
    #[serde(default)]
    pub(super) log_deliveries: Vec<LogDeliverySpec>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationSpec {
    #[serde(default = "default_organization_id")]
    pub(super) id: String,
    pub(super) management: AccountId,
    /// Delegated administrators, which may also read the organization.
    #[serde(default)]
    pub(super) delegated: Vec<AccountId>,
    /// Regions that are enabled in every account.
    pub(super) regions: Vec<Region>,
    /// Regions that an account must opt in to.
    #[serde(default)]
    pub(super) opt_in_regions: Vec<Region>,
}

fn default_organization_id() -> String {
    "o-practice00".to_owned()
}

/// The behavior of the services where AWS does not specify it or where it varies.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BehaviourSpec {
    /// Whether some lists begin with an empty page that has a token.
    pub(super) empty_pages: bool,
    /// How many events `FilterLogEvents` scans for one page.
    pub(super) events_scanned_a_page: usize,
    /// How many bytes an Insights query scans per second.
    pub(super) insights_bytes_a_second: u64,
    /// The number of seconds after which an Insights query times out.
    pub(super) insights_timeout_seconds: u32,
    /// The limit on the rows that an Insights query may request.
    pub(super) insights_most_rows: usize,
    /// The number of seconds until a policy change takes effect.
    pub(super) policy_propagation_seconds: u32,
    /// Whether calls to the range are recorded by CloudTrail.
    pub(super) own_traces: bool,
    /// The number of seconds until CloudTrail has delivered a record.
    pub(super) trail_delivery_seconds: u32,
}

impl Default for BehaviourSpec {
    fn default() -> Self {
        Self {
            empty_pages: true,
            events_scanned_a_page: 100_000,
            insights_bytes_a_second: 1 << 30,
            insights_timeout_seconds: 3_600,
            insights_most_rows: MAX_ROWS,
            policy_propagation_seconds: 0,
            own_traces: true,
            trail_delivery_seconds: 300,
        }
    }
}

/// An organizational unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitSpec {
    pub(super) name: String,
    /// The name or path of the parent unit; the root by default.
    pub(super) parent: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountSpec {
    pub(super) id: AccountId,
    pub(super) name: String,
    /// The `State` that Organizations reports: `ACTIVE`, `SUSPENDED`, `CLOSED`, `PENDING_CLOSURE` …
    #[serde(default = "default_state")]
    pub(super) state: String,
    /// The name of its organizational unit; the root by default.
    pub(super) unit: Option<String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) opted_in: Vec<Region>,
    /// Creates this number of accounts, named `NAME-001` and so on, with consecutive ids.
    pub(super) count: Option<u32>,
    /// Roles that are not created in this account.
    #[serde(default)]
    pub(super) lacks_roles: Vec<String>,
    /// Whether the account exists outside the organization.
    #[serde(default)]
    pub(super) outside_organization: bool,
}

fn default_state() -> String {
    "ACTIVE".to_owned()
}

/// A service control policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScpSpec {
    pub(super) name: String,
    /// `root`, names of units, and ids or names of accounts.
    pub(super) targets: Vec<String>,
    /// The document as JSON.
    pub(super) policy: String,
}
