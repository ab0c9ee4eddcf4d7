//! A scenario file, table by table.

mod evidence;
mod fault;
mod identity;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(super) use evidence::{EventSpec, FlowLogSpec, GroupSpec, LoadSpec, RecordSpec, TrailSpec};
pub(crate) use fault::{FaultKind, FaultSpec, Incomplete, IncompleteAnswer};
pub(super) use identity::{RoleSpec, UserGroupSpec, UserSpec};

use super::moment::Instant;
use super::story::{Answer, ChapterSpec};
use crate::model::{AccountId, Region};
use crate::range::insights::{InsightsAnswer, MOST_ROWS};

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
    #[serde(default)]
    pub(super) user_groups: Vec<UserGroupSpec>,
    /// Without any: `DragnetRead`, `DragnetContain` and `OrganizationAccountAccessRole` in every member account.
    pub(super) roles: Option<Vec<RoleSpec>>,
    #[serde(default)]
    pub(super) insights_answers: Vec<InsightsAnswer>,
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
    #[serde(default)]
    pub(super) story: Vec<ChapterSpec>,
    #[serde(default)]
    pub(super) answers: Vec<Answer>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganizationSpec {
    #[serde(default = "default_organization")]
    pub(super) id: String,
    pub(super) management: AccountId,
    /// Accounts that may read the organization too.
    #[serde(default)]
    pub(super) delegated: Vec<AccountId>,
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
    /// The most rows that an Insights query may be asked for.
    pub(super) insights_most_rows: usize,
    /// Seconds until a changed policy counts.
    pub(super) policy_propagation_seconds: u32,
    /// Calls to the range leave CloudTrail records of their own.
    pub(super) own_traces: bool,
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
            insights_most_rows: MOST_ROWS,
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
    /// It exists, but does not belong to the organization.
    #[serde(default)]
    pub(super) outside_organization: bool,
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
