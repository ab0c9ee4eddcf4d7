//! Decides whether a plan may be applied, before anything is written.
//!
//! The file of a plan is untrusted: its hash shows that it is complete, not who wrote it. Apply
//! takes from it only the principals, the kinds of steps, and the prior state, which must still be
//! present byte for byte. Policy documents are derived again. Guards, expiry and policy names come
//! from the configuration of the person who applies it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::change::{Change, DENY_SESSIONS, REVOKE_SESSIONS, ResourceState};
use super::document::DENY_ALL;
use super::identity_change::check_identity_change;
use super::plan::{Plan, PlannedTarget, Step};
use super::run_sessions::{MAX_DENIED_SESSIONS, is_session_of};
use crate::config::Contain;
use dragnet_model::{AccountId, Principal, PrincipalKind};

/// How far the clock of the host that made a plan may be ahead. AWS allows the same in signatures.
///
/// Source: AWS General Reference, "Elements of an AWS API request signature": five minutes.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Why a plan cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedPlan {
    /// The plan was made in the future.
    #[error(
        "the plan was created at {created:.0}, which is in the future (it is {now:.0} here): check the clock, or make a new plan"
    )]
    CreatedInFuture {
        /// The creation time in the plan.
        created: Timestamp,
        /// The current time.
        now: Timestamp,
    },
    /// A step changes a policy that is not Dragnet's.
    #[error(
        "step {step} changes the inline policy `{found}`, but only `{expected}` may be changed \
         (contain.policy_name, or {DENY_SESSIONS} and {REVOKE_SESSIONS} for sessions): make a new plan"
    )]
    PolicyName {
        /// The number of the step.
        step: u32,
        /// The name in the plan.
        found: String,
        /// The permitted name.
        expected: String,
    },
    /// The deny of a step has ended.
    #[error("step {step} denies everything until {until:.0}, which has passed: make a new plan")]
    Ended {
        /// The number of the step.
        step: u32,
        /// When the deny ended.
        until: Timestamp,
    },
    /// A step is not one that Dragnet would plan.
    #[error("step {step} was edited: {problem}; make a new plan")]
    EditedStep {
        /// The number of the step.
        step: u32,
        /// What is wrong with it.
        problem: String,
    },
    /// A principal occurs twice.
    #[error("the plan was edited: it names {0} twice; make a new plan")]
    DuplicatePrincipal(Principal),
    /// The account is neither in the organization nor in the configuration.
    #[error(
        "account {0} of the plan is neither in the organization nor in the configuration, so it is not entered: \
         make a new plan, or add the account to the configuration"
    )]
    UnknownAccount(AccountId),
}

/// When a plan expires, by the configuration of the person who applies it.
pub fn expiry(plan: &Plan, contain: &Contain) -> Timestamp {
    plan.created
        .saturating_add(contain.plan_expires.get())
        .unwrap_or(Timestamp::MAX)
}

/// Checks that Dragnet would plan every step with this configuration.
///
/// # Errors
/// It would not, or the plan was made in the future.
pub fn check_plan(plan: &Plan, contain: &Contain, now: Timestamp) -> Result<(), RefusedPlan> {
    if plan.created > now.saturating_add(CLOCK_SKEW).unwrap_or(now) {
        return Err(RefusedPlan::CreatedInFuture {
            created: plan.created,
            now,
        });
    }
    for ((_, step), expected) in plan.steps().zip(1..) {
        if step.number != expected {
            return Err(edited_step(
                step,
                format!("its number is {}, expected {expected}", step.number),
            ));
        }
    }
    let mut seen = BTreeSet::new();
    for target in &plan.targets {
        let principal = &target.principal;
        // Source: IAM user guide, "IAM identifiers": names are case-insensitive and unique whatever
        // their paths are.
        if !seen.insert((
            principal.account(),
            principal.kind(),
            principal.name().to_ascii_lowercase(),
        )) {
            return Err(RefusedPlan::DuplicatePrincipal(target.principal.clone()));
        }
        check_target(target, contain)?;
        check_ends(target, now)?;
    }
    Ok(())
}

fn check_target(target: &PlannedTarget, contain: &Contain) -> Result<(), RefusedPlan> {
    let mut changed = BTreeSet::new();
    for step in &target.steps {
        check_change(step, target, contain)?;
        check_prior(step)?;
        check_identity_change(&step.change, &step.prior, &target.principal)
            .map_err(|problem| edited_step(step, problem))?;
        let resource = match &step.change {
            Change::DeactivateKey { key } => ("key", key.as_str()),
            Change::DeactivateCredential { id, .. } => ("credential", id.as_str()),
            Change::DeleteLoginProfile {} => ("console", "password"),
            Change::DeactivateMfa { serial } => ("MFA device", serial.as_str()),
            Change::BlockAssume { .. } => ("trust", "policy"),
            Change::Boundary { .. } => ("permissions", "boundary"),
            Change::DenyAll { policy, .. }
            | Change::DenyAllUntil { policy, .. }
            | Change::DenySessions { policy, .. }
            | Change::RevokeSessions { policy }
            | Change::RemoveDenyAll { policy } => ("policy", policy.as_str()),
        };
        if !changed.insert(resource) {
            return Err(edited_step(
                step,
                format!("the {} {} is changed twice", resource.0, resource.1),
            ));
        }
    }
    Ok(())
}

/// Checks that no deny of a target has ended: it would be in place without an effect.
fn check_ends(target: &PlannedTarget, now: Timestamp) -> Result<(), RefusedPlan> {
    for step in &target.steps {
        if let Some(until) = step.change.end().filter(|until| *until <= now) {
            return Err(RefusedPlan::Ended {
                step: step.number,
                until,
            });
        }
    }
    Ok(())
}

fn check_change(step: &Step, target: &PlannedTarget, contain: &Contain) -> Result<(), RefusedPlan> {
    let kind = target.principal.kind();
    let check_name = |found: &str, expected: &str| {
        if found == expected {
            return Ok(());
        }
        let found = found.to_owned();
        let expected = expected.to_owned();
        Err(RefusedPlan::PolicyName {
            step: step.number,
            found,
            expected,
        })
    };
    match &step.change {
        Change::DenyAll { policy, document } => {
            check_name(policy, contain.policy_name.as_str())?;
            if document != DENY_ALL {
                return Err(edited_step(
                    step,
                    "its document is not the one that denies everything".to_owned(),
                ));
            }
        }
        Change::DenyAllUntil { policy, .. } | Change::RemoveDenyAll { policy } => {
            check_name(policy, contain.policy_name.as_str())?;
        }
        Change::DenySessions { policy, sessions } => {
            check_name(policy, DENY_SESSIONS)?;
            check_sessions(step, target, sessions)?;
        }
        Change::RevokeSessions { policy } => {
            check_name(policy, REVOKE_SESSIONS)?;
            if kind != PrincipalKind::Role {
                return Err(edited_step(
                    step,
                    format!("a {kind} has no sessions to revoke"),
                ));
            }
        }
        Change::DeactivateKey { .. } if kind != PrincipalKind::User => {
            return Err(edited_step(step, format!("a {kind} has no access keys")));
        }
        Change::DeactivateKey { .. }
        | Change::DeactivateCredential { .. }
        | Change::DeleteLoginProfile {}
        | Change::DeactivateMfa { .. }
        | Change::BlockAssume { .. }
        | Change::Boundary { .. } => {}
    }
    Ok(())
}

/// Checks that sessions belong to the role of the target. Its id is checked before the step is
/// applied.
fn check_sessions(
    step: &Step,
    target: &PlannedTarget,
    sessions: &[String],
) -> Result<(), RefusedPlan> {
    if target.principal.kind() != PrincipalKind::Role {
        let problem = format!("a {} has no sessions to deny", target.principal.kind());
        return Err(edited_step(step, problem));
    }
    let is_sorted = sessions.is_sorted_by(|one, other| one < other);
    if sessions.is_empty() || sessions.len() > MAX_DENIED_SESSIONS || !is_sorted {
        let problem = format!("its sessions are not a sorted list of 1 to {MAX_DENIED_SESSIONS}");
        return Err(edited_step(step, problem));
    }
    match sessions
        .iter()
        .find(|session| !is_session_of(session, &target.id))
    {
        None => Ok(()),
        Some(other) => {
            let problem = format!(
                "`{other}` is not a session of the role with the id {}",
                target.id
            );
            Err(edited_step(step, problem))
        }
    }
}

fn check_prior(step: &Step) -> Result<(), RefusedPlan> {
    if step.change.would_remove_other_policy(&step.prior) {
        return Err(edited_step(
            step,
            "the policy that it removes does not deny everything".to_owned(),
        ));
    }
    match (&step.change, &step.prior) {
        (Change::DeactivateKey { .. }, ResourceState::Key(Some(_)))
        // `check_identity_change` checks the prior state of these.
        | (
            Change::DeactivateCredential { .. }
            | Change::DeleteLoginProfile {}
            | Change::DeactivateMfa { .. }
            | Change::BlockAssume { .. }
            | Change::Boundary { .. },
            _,
        ) => Ok(()),
        (Change::DeactivateKey { .. }, _)
        | (
            _,
            ResourceState::Key(_)
            | ResourceState::Present(_)
            | ResourceState::Trust(_)
            | ResourceState::Boundary(_),
        ) => Err(edited_step(
            step,
            "its prior state does not fit its change".to_owned(),
        )),
        (_, ResourceState::Policy(_)) => Ok(()),
    }
}

fn edited_step(step: &Step, problem: String) -> RefusedPlan {
    RefusedPlan::EditedStep {
        step: step.number,
        problem,
    }
}
