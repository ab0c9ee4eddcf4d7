//! A containment plan: each change with the prior state that it replaces.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blast_radius::BlastRadius;
use super::change::{Change, ResourceState};
use crate::settings::Override;
use dragnet_model::Principal;

/// Version of the plan format. Increase it with every change of the format.
pub(super) const FORMAT: u32 = 1;

/// Why a principal that was requested is not in the plan if no account that was searched has it.
pub const NOT_FOUND: &str = "not found in the accounts that were searched";

/// The content of a containment plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of the plan format.
    pub format: u32,
    /// The version of Dragnet that made the plan.
    pub tool_version: String,
    /// When the plan was made.
    #[serde(with = "super::rfc3339")]
    pub created: Timestamp,
    /// When the plan expires.
    #[serde(with = "super::rfc3339")]
    pub expires: Timestamp,
    /// The ARN of the caller who made the plan.
    pub caller: String,
    /// The reason for the containment.
    pub reason: String,
    /// The protections that are overridden.
    pub forced: Vec<Override>,
    /// The principals to change.
    pub targets: Vec<PlannedTarget>,
    /// Principals that were requested but are not changed, with the reasons.
    pub refused: Vec<RefusedTarget>,
    /// What could not be read, with the reason. There may be more to contain.
    pub gaps: Vec<String>,
    /// Principals that the sightings of the run only mention. They are contained only if they are
    /// named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentioned: Vec<RefusedTarget>,
    /// What descends from the identities that acted in the run, but is not contained, or was not
    /// searched for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_ends: Vec<String>,
}

/// A principal and the steps to contain it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedTarget {
    /// The principal.
    pub principal: Principal,
    /// The unique id that IAM assigned to the principal.
    pub id: String,
    /// The reason for this principal, if it has its own.
    pub reason: Option<String>,
    /// Whether the principal was named exactly and not matched by a pattern.
    pub named_exactly: bool,
    /// How many characters are left for inline policies after the plan is applied.
    pub inline_size_left: usize,
    /// Who and what else is affected.
    pub blast_radius: BlastRadius,
    /// What to consider before applying.
    pub warnings: Vec<String>,
    /// The principals that cannot assume the role any more, with their last use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locked_out: Vec<String>,
    /// What remains possible after the changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<String>,
    /// The EC2 instances whose sessions acted, according to the names of the sessions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<String>,
    /// The changes, in order.
    pub steps: Vec<Step>,
}

/// One change to one principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The number of the step in the plan, from 1.
    pub number: u32,
    /// The change.
    pub change: Change,
    /// The state before the change.
    pub prior: ResourceState,
}

impl Step {
    /// Whether there is nothing to do, because the prior state is equivalent to the result.
    pub fn is_already_applied(&self) -> bool {
        self.change.is_satisfied_by(&self.prior)
    }
}

/// A principal that was requested but is not changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedTarget {
    /// The ARN, or the selector that was given.
    pub principal: String,
    /// Why it is refused, and what to do instead.
    pub reasons: Vec<String>,
    /// The user id (`aws:userid`) that an SCP can deny, if the run contains it.
    pub user_id: Option<String>,
}

impl Plan {
    /// Returns every step with its target.
    pub fn steps(&self) -> impl Iterator<Item = (&PlannedTarget, &Step)> {
        self.targets
            .iter()
            .flat_map(|target| target.steps.iter().map(move |step| (target, step)))
    }
}

impl PlannedTarget {
    /// Whether a step changes more than single sessions.
    pub(crate) fn changes_whole_principal(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| !matches!(step.change, Change::DenySessions { .. }))
    }

    /// Whether any step has something to do.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| !step.is_already_applied())
    }
}
