//! A containment plan: each change with the prior state that it replaces. Planning writes nothing
//! to AWS and leaves no choices to apply.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blast_radius::{BlastRadius, warnings};
use super::change::{Change, REVOKE_SESSIONS, ResourceState};
use super::document::{DENY_ALL, counted_size, denies_all};
use super::guard::{Guard, Refusal, TooManyTargets};
use super::survey::Candidate;
use crate::aws::KeyStatus;
use crate::cli::{ContainAction, Override};
use crate::config::Contain;
use crate::model::{Principal, PrincipalKind};

/// Version of the plan format. Increase it with every change of the format.
pub const FORMAT: u32 = 1;

/// The content of a containment plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of the plan format.
    pub format: u32,
    /// The version of Dragnet that made the plan.
    pub tool_version: String,
    /// When the plan was made.
    #[serde(with = "super::moment")]
    pub created: Timestamp,
    /// When the plan expires.
    #[serde(with = "super::moment")]
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
    pub fn is_already_made(&self) -> bool {
        self.change.is_made_by(&self.prior)
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
    pub fn make(
        request: &PlanRequest<'_>,
        guard: &Guard,
        candidates: Vec<Candidate>,
        mut refused: Vec<RefusedTarget>,
        gaps: Vec<String>,
    ) -> Result<Self, TooManyTargets> {
        let mut targets = Vec::new();
        let mut number = 0;
        let mut sorted = candidates;
        sorted.sort_by(|one, other| one.detail.principal.cmp(&other.detail.principal));
        for candidate in sorted {
            let reasons = refusals(request, guard, &candidate);
            if reasons.is_empty() {
                targets.push(planned(request, candidate, &mut number));
            } else {
                refused.push(RefusedTarget {
                    principal: candidate.detail.principal.to_string(),
                    reasons,
                    user_id: None,
                });
            }
        }
        guard.check_count(
            targets
                .iter()
                .filter(|target| target.changes_something())
                .count(),
        )?;
        refused.sort_by(|one, other| one.principal.cmp(&other.principal));
        let lives = request.contain.plan_expires.get();
        Ok(Self {
            format: FORMAT,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            created: request.now,
            expires: request.now.saturating_add(lives).unwrap_or(Timestamp::MAX),
            caller: request.caller.clone(),
            reason: request.reason.to_owned(),
            forced: request
                .forced
                .iter()
                .copied()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
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
    pub fn changes_something(&self) -> bool {
        self.steps.iter().any(|step| !step.is_already_made())
    }
}

/// Returns why a candidate is not changed: a guard, the size limit, or actions that do not apply to
/// it.
fn refusals(request: &PlanRequest<'_>, guard: &Guard, candidate: &Candidate) -> Vec<String> {
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
            "its policy {policy} does not deny everything, so it is not a DenyAll to remove"
        ));
    }
    let needed = needed(request, candidate);
    let left = room(candidate, &replaced(request));
    if needed > left {
        reasons.push(Refusal::NoRoom { needed, left }.to_string());
    }
    if steps(request, candidate, &mut 0).is_empty() {
        reasons.push(format!(
            "none of the actions can be taken on a {}",
            detail.principal.kind()
        ));
    }
    reasons
}

fn planned(request: &PlanRequest<'_>, candidate: Candidate, number: &mut u32) -> PlannedTarget {
    let steps = steps(request, &candidate, number);
    let left = room(&candidate, &replaced(request)).saturating_sub(needed(request, &candidate));
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

fn steps(request: &PlanRequest<'_>, candidate: &Candidate, number: &mut u32) -> Vec<Step> {
    let detail = &candidate.detail;
    let policy = request.contain.policy_name.as_str().to_owned();
    let prior = |name: &str| ResourceState::Policy(detail.inline.get(name).cloned());
    let mut steps = Vec::new();
    let mut push = |change: Change, prior: ResourceState| {
        *number += 1;
        steps.push(Step {
            number: *number,
            change,
            prior,
        });
    };
    for action in request.actions {
        match action {
            ContainAction::DenyAll => {
                let prior = prior(&policy);
                push(
                    Change::DenyAll {
                        policy: policy.clone(),
                        document: DENY_ALL.to_owned(),
                    },
                    prior,
                );
            }
            ContainAction::RemoveDenyAll => {
                let prior = prior(&policy);
                push(
                    Change::RemoveDenyAll {
                        policy: policy.clone(),
                    },
                    prior,
                );
            }
            ContainAction::RevokeSessions if detail.principal.kind() == PrincipalKind::Role => {
                push(
                    Change::RevokeSessions {
                        policy: REVOKE_SESSIONS.to_owned(),
                    },
                    prior(REVOKE_SESSIONS),
                );
            }
            ContainAction::DeactivateKeys => {
                for key in &candidate.keys {
                    push(
                        Change::DeactivateKey {
                            key: key.id.clone(),
                        },
                        ResourceState::Key(Some(key.status)),
                    );
                }
            }
            // Only sessions of roles can be selected by their start time.
            ContainAction::RevokeSessions => {}
        }
    }
    steps
}

/// Names of the policies that the plan replaces or removes.
fn replaced<'a>(request: &'a PlanRequest<'_>) -> Vec<&'a str> {
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
fn needed(request: &PlanRequest<'_>, candidate: &Candidate) -> usize {
    let size = |step: &Step| match step.change.result(&super::change::revoking(request.now)) {
        ResourceState::Policy(Some(document)) => counted_size(&document),
        ResourceState::Policy(None) | ResourceState::Key(_) => 0,
    };
    steps(request, candidate, &mut 0).iter().map(size).sum()
}

/// The characters that are left besides the policies that stay.
fn room(candidate: &Candidate, replaced: &[&str]) -> usize {
    let stays = candidate
        .detail
        .inline
        .iter()
        .filter(|(name, _)| !replaced.contains(&name.as_str()));
    let used: usize = stays.map(|(_, document)| counted_size(document)).sum();
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
