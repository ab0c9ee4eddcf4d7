//! A containment plan: each change with the prior state that it replaces. Planning writes nothing
//! to AWS and leaves no choices to apply.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blast_radius::{BlastRadius, warnings};
use super::change::{Change, REVOKE_SESSIONS, ResourceState, revocation_document};
use super::document::{DENY_ALL, counted_size, denies_all};
use super::guard::{Guard, GuardRefusal, TooManyTargets};
use super::survey::Candidate;
use crate::aws::KeyStatus;
use crate::cli::{ContainAction, Override};
use crate::config::Contain;
use crate::model::{Principal, PrincipalKind};

/// Version of the plan format. Increase it with every change of the format.
pub(super) const FORMAT: u32 = 1;

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

    /// Describes for people how the change is undone.
    pub(super) fn describe_undo(&self) -> String {
        match (&self.change, &self.prior) {
            (Change::DeactivateKey { key }, _) => format!("activate access key {key} again"),
            (change, ResourceState::Policy(None)) => format!(
                "delete its inline policy {}",
                change.policy().unwrap_or_default()
            ),
            (change, _) => format!(
                "restore its inline policy {} as recorded in the plan",
                change.policy().unwrap_or_default()
            ),
        }
    }

    /// Describes for people the state after undo.
    pub(super) fn describe_undone(&self) -> String {
        match (&self.change, &self.prior) {
            (Change::DeactivateKey { key }, prior) => {
                format!("access key {key} is {} again", prior.describe())
            }
            (change, ResourceState::Policy(None)) => {
                format!("{} removed", change.policy().unwrap_or_default())
            }
            (change, _) => format!("{} restored", change.policy().unwrap_or_default()),
        }
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

/// The input of a plan.
#[derive(Clone, Debug)]
pub struct PlanRequest<'a> {
    /// The actions to take on each principal.
    pub actions: &'a [ContainAction],
    /// The containment settings: names and limits.
    pub contain: &'a Contain,
    /// The reason for the containment.
    pub reason: &'a str,
    /// The protections that are overridden.
    pub forced: &'a [Override],
    /// The ARN of the caller.
    pub caller: String,
    /// The current time.
    pub now: Timestamp,
}

impl Plan {
    /// Makes a plan for the candidates. It makes no AWS call.
    ///
    /// # Errors
    /// The plan would change too many principals.
    pub fn from_candidates(
        request: &PlanRequest<'_>,
        guard: &Guard,
        mut candidates: Vec<Candidate>,
        mut refused: Vec<RefusedTarget>,
        gaps: Vec<String>,
    ) -> Result<Self, TooManyTargets> {
        candidates.sort_by(|one, other| one.detail.principal.cmp(&other.detail.principal));
        let mut targets = Vec::new();
        let mut last_number = 0;
        for candidate in candidates {
            let reasons = refusal_reasons(request, guard, &candidate);
            if reasons.is_empty() {
                targets.push(plan_target(request, candidate, &mut last_number));
            } else {
                refused.push(RefusedTarget {
                    principal: candidate.detail.principal.to_string(),
                    reasons,
                    user_id: None,
                });
            }
        }
        let changed = targets.iter().filter(|target| target.has_changes());
        guard.check_count(changed.count())?;
        refused.sort_by(|one, other| one.principal.cmp(&other.principal));
        let forced: BTreeSet<Override> = request.forced.iter().copied().collect();
        let lifetime = request.contain.plan_expires.get();
        Ok(Self {
            format: FORMAT,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            created: request.now,
            expires: request
                .now
                .saturating_add(lifetime)
                .unwrap_or(Timestamp::MAX),
            caller: request.caller.clone(),
            reason: request.reason.to_owned(),
            forced: forced.into_iter().collect(),
            targets,
            refused,
            gaps,
            mentioned: Vec::new(),
        })
    }

    /// Returns every step with its target.
    pub fn steps(&self) -> impl Iterator<Item = (&PlannedTarget, &Step)> {
        self.targets
            .iter()
            .flat_map(|target| target.steps.iter().map(move |step| (target, step)))
    }
}

impl PlannedTarget {
    /// Whether any step has something to do.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| !step.is_already_applied())
    }
}

/// Returns why a candidate is not changed: a guard, the size limit, or actions that do not apply to
/// it.
fn refusal_reasons(request: &PlanRequest<'_>, guard: &Guard, candidate: &Candidate) -> Vec<String> {
    let detail = &candidate.detail;
    let refusals = guard.check(
        &detail.principal,
        candidate.named_exactly,
        &candidate.members,
    );
    let mut reasons: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    let policy = request.contain.policy_name.as_str();
    if request.actions.contains(&ContainAction::RemoveDenyAll)
        && detail
            .inline
            .get(policy)
            .is_some_and(|document| !denies_all(document))
    {
        reasons.push(format!(
            "its policy {policy} does not deny everything, so --remove does not remove it"
        ));
    }
    let needed = added_size(request, candidate);
    let left = remaining_size(candidate, &replaced_policies(request));
    if needed > left {
        reasons.push(GuardRefusal::SizeLimit { needed, left }.to_string());
    }
    if planned_changes(request, candidate).is_empty() {
        reasons.push(format!(
            "none of the actions applies to a {}",
            detail.principal.kind()
        ));
    }
    reasons
}

/// Plans the steps of a candidate. `last_number` is the number of the last step of the plan so far.
fn plan_target(
    request: &PlanRequest<'_>,
    candidate: Candidate,
    last_number: &mut u32,
) -> PlannedTarget {
    let mut steps = Vec::new();
    for (change, prior) in planned_changes(request, &candidate) {
        *last_number += 1;
        steps.push(Step {
            number: *last_number,
            change,
            prior,
        });
    }
    let left = remaining_size(&candidate, &replaced_policies(request))
        .saturating_sub(added_size(request, &candidate));
    let warnings = warnings(&candidate, &steps);
    PlannedTarget {
        id: candidate.detail.id.clone(),
        named_exactly: candidate.named_exactly,
        inline_size_left: left,
        blast_radius: BlastRadius::from_candidate(&candidate),
        warnings,
        steps,
        principal: candidate.detail.principal,
        reason: candidate.reason,
    }
}

/// Returns the changes to a candidate, in order, each with the prior state.
fn planned_changes(
    request: &PlanRequest<'_>,
    candidate: &Candidate,
) -> Vec<(Change, ResourceState)> {
    let detail = &candidate.detail;
    let policy = request.contain.policy_name.as_str().to_owned();
    let prior = |name: &str| ResourceState::Policy(detail.inline.get(name).cloned());
    let mut changes = Vec::new();
    for action in request.actions {
        match action {
            ContainAction::DenyAll => {
                let change = Change::DenyAll {
                    policy: policy.clone(),
                    document: DENY_ALL.to_owned(),
                };
                changes.push((change, prior(&policy)));
            }
            ContainAction::RemoveDenyAll => {
                let change = Change::RemoveDenyAll {
                    policy: policy.clone(),
                };
                changes.push((change, prior(&policy)));
            }
            ContainAction::RevokeSessions if detail.principal.kind() == PrincipalKind::Role => {
                let change = Change::RevokeSessions {
                    policy: REVOKE_SESSIONS.to_owned(),
                };
                changes.push((change, prior(REVOKE_SESSIONS)));
            }
            // Only sessions of roles can be selected by their start time.
            ContainAction::RevokeSessions => {}
            ContainAction::DeactivateKeys => {
                for key in &candidate.keys {
                    let change = Change::DeactivateKey {
                        key: key.id.clone(),
                    };
                    changes.push((change, ResourceState::Key(Some(key.status))));
                }
            }
        }
    }
    changes
}

/// Names of the policies that the plan replaces or removes.
fn replaced_policies<'a>(request: &'a PlanRequest<'_>) -> Vec<&'a str> {
    let policy = |action: &ContainAction| match action {
        ContainAction::DenyAll | ContainAction::RemoveDenyAll => {
            Some(request.contain.policy_name.as_str())
        }
        ContainAction::RevokeSessions => Some(REVOKE_SESSIONS),
        ContainAction::DeactivateKeys => None,
    };
    request.actions.iter().filter_map(policy).collect()
}

/// The characters that the plan adds to the inline policies of a candidate.
fn added_size(request: &PlanRequest<'_>, candidate: &Candidate) -> usize {
    let revocation = revocation_document(request.now);
    let mut size = 0;
    for (change, _) in planned_changes(request, candidate) {
        if let ResourceState::Policy(Some(document)) = change.result(&revocation) {
            size += counted_size(&document);
        }
    }
    size
}

/// The characters that are left besides the policies that stay.
fn remaining_size(candidate: &Candidate, replaced: &[&str]) -> usize {
    let kept = candidate
        .detail
        .inline
        .iter()
        .filter(|(name, _)| !replaced.contains(&name.as_str()));
    let used: usize = kept.map(|(_, document)| counted_size(document)).sum();
    candidate
        .detail
        .principal
        .kind()
        .inline_limit()
        .saturating_sub(used)
}

/// Whether the candidate has an active access key.
pub(super) fn has_active_key(candidate: &Candidate) -> bool {
    candidate
        .keys
        .iter()
        .any(|key| key.status == KeyStatus::Active)
}
