//! A containment plan: each change with the prior state that it replaces. Planning writes nothing
//! to AWS and leaves no choices to apply.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blast_radius::{BlastRadius, warnings};
use super::change::{Change, DENY_SESSIONS, REVOKE_SESSIONS, ResourceState, revocation_document};
use super::document::{DENY_ALL, counted_size, denies_all};
use super::guard::{Guard, GuardRefusal, TooManyTargets};
use super::identity_change::{
    identity_warnings, key_changes, planned_identity_changes, unread_gap,
};
use super::instances::acted_instances;
use super::remaining::{locked_out, remaining};
use super::shared_role::{
    denied_sessions, denies_role, describe_for_actions, must_be_named, refuse_sessions,
};
use super::survey::Candidate;
use crate::aws::KeyStatus;
use crate::cli::{ContainAction, Override};
use crate::config::Contain;
use dragnet_model::{Principal, PrincipalKind};

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
    /// How long a deny of everything lasts; `None`: until it is removed.
    pub lasts: Option<Duration>,
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
        mut gaps: Vec<String>,
    ) -> Result<Self, TooManyTargets> {
        candidates.sort_by(|one, other| one.detail.principal.cmp(&other.detail.principal));
        let mut targets = Vec::new();
        let mut last_number = 0;
        for candidate in candidates {
            let reasons = refusal_reasons(request, guard, &candidate);
            if reasons.is_empty() {
                gaps.extend(unread_gap(request.actions, &candidate));
                let warning = guard.warn_of_creator(&candidate.detail.principal);
                let mut target = plan_target(request, candidate, &mut last_number);
                target.warnings.extend(warning);
                targets.push(target);
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
            open_ends: Vec::new(),
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

/// Returns why a candidate is not changed: a guard, the size limit, or actions that do not apply to
/// it.
fn refusal_reasons(request: &PlanRequest<'_>, guard: &Guard, candidate: &Candidate) -> Vec<String> {
    let detail = &candidate.detail;
    let refusals = guard.check(
        &detail.principal,
        candidate.named_exactly,
        &candidate.members,
        &detail.trust,
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
    let left = remaining_size(candidate, &replaced_policies(request, candidate));
    if needed > left {
        reasons.push(GuardRefusal::SizeLimit { needed, left }.to_string());
    }
    if planned_changes(request, candidate).is_empty() {
        reasons.push(format!(
            "none of the actions applies to {}",
            describe_for_actions(request.actions, candidate)
        ));
        let unread = candidate.unknown.iter();
        reasons.extend(unread.map(|unread| format!("could not be read: {unread}")));
    }
    reasons.extend(refuse_sessions(request.actions, candidate));
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
    let left = remaining_size(&candidate, &replaced_policies(request, &candidate))
        .saturating_sub(added_size(request, &candidate));
    let mut warnings = warnings(&candidate, &steps);
    warnings.extend(identity_warnings(&steps));
    PlannedTarget {
        id: candidate.detail.id.clone(),
        named_exactly: candidate.named_exactly,
        inline_size_left: left,
        blast_radius: BlastRadius::from_candidate(&candidate),
        warnings,
        locked_out: locked_out(&candidate, &steps),
        remaining: remaining(&candidate, &steps),
        instances: acted_instances(&candidate),
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
            // The sessions that acted are denied instead, below.
            action if denies_role(*action) && must_be_named(candidate) => {}
            ContainAction::DenyAll => {
                changes.push((deny_change(request, policy.clone()), prior(&policy)));
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
            // Only sessions of roles can be selected by their start time. Single sessions are
            // denied below.
            ContainAction::RevokeSessions | ContainAction::DenySession => {}
            ContainAction::DeactivateCredentials
            | ContainAction::DeleteLoginProfile
            | ContainAction::DeactivateMfa
            | ContainAction::BlockAssume
            | ContainAction::Boundary => {
                changes.extend(planned_identity_changes(*action, candidate));
            }
            // These include the access keys.
            ContainAction::DeactivateKeys
                if request
                    .actions
                    .contains(&ContainAction::DeactivateCredentials) => {}
            ContainAction::DeactivateKeys => changes.extend(key_changes(candidate)),
        }
    }
    let sessions = denied_sessions(request.actions, candidate);
    if !sessions.is_empty() {
        let change = Change::DenySessions {
            policy: DENY_SESSIONS.to_owned(),
            sessions: sessions.to_vec(),
        };
        changes.push((change, prior(DENY_SESSIONS)));
    }
    changes
}

/// Returns the change that denies everything, with the end that the request asks for.
fn deny_change(request: &PlanRequest<'_>, policy: String) -> Change {
    let Some(lasts) = request.lasts else {
        return Change::DenyAll {
            policy,
            document: DENY_ALL.to_owned(),
        };
    };
    // Policies have whole seconds, and the plan has the same time as the policy.
    let end = request
        .now
        .saturating_add(lasts)
        .unwrap_or(Timestamp::MAX)
        .as_second();
    Change::DenyAllUntil {
        policy,
        until: Timestamp::from_second(end).unwrap_or(Timestamp::MAX),
    }
}

/// Names of the policies that the plan replaces or removes.
fn replaced_policies(request: &PlanRequest<'_>, candidate: &Candidate) -> Vec<String> {
    planned_changes(request, candidate)
        .iter()
        .filter_map(|(change, _)| change.policy().map(str::to_owned))
        .collect()
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
fn remaining_size(candidate: &Candidate, replaced: &[String]) -> usize {
    let kept = candidate
        .detail
        .inline
        .iter()
        .filter(|(name, _)| !replaced.contains(name));
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
