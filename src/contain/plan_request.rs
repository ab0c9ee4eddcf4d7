//! Makes a containment plan. This writes nothing to AWS, and leaves no choices to apply.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::blast_radius::BlastRadius;
use super::candidate::Candidate;
use super::change::{Change, DENY_SESSIONS, REVOKE_SESSIONS, ResourceState, revocation_document};
use super::document::{DENY_ALL, counted_size, denies_all};
use super::guard::{Guard, GuardRefusal, TooManyTargets};
use super::identity_change::{
    identity_warnings, key_changes, planned_identity_changes, unread_gap,
};
use super::instances::acted_instances;
use super::plan::{FORMAT, Plan, PlannedTarget, RefusedTarget, Step};
use super::remaining::{locked_out, remaining};
use super::shared_role::{
    denied_sessions, denies_role, describe_for_actions, must_be_named, refuse_sessions,
};
use super::warnings::warnings;
use crate::config::Contain;
use crate::settings::{ContainAction, Override};
use dragnet_model::PrincipalKind;

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
