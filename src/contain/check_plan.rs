//! Decides whether a plan may be applied, before anything is written.
//!
//! The file of a plan is untrusted: its hash shows that it is complete, not who wrote it. Apply
//! takes from it only the principals, the kinds of steps, and the prior state, which must still be
//! present byte for byte. Policy documents are derived again. Guards, expiry and policy names come
//! from the configuration of the person who applies it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::change::{Change, REVOKE_SESSIONS, ResourceState};
use super::document::DENY_ALL;
use super::plan::{Plan, PlannedTarget, Step};
use crate::config::Contain;
use crate::model::{AccountId, Principal, PrincipalKind};

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
         (contain.policy_name, or {REVOKE_SESSIONS} for sessions): make a new plan"
    )]
    PolicyName {
        /// The number of the step.
        step: u32,
        /// The name in the plan.
        found: String,
        /// The permitted name.
        expected: String,
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
    }
    Ok(())
}

fn check_target(target: &PlannedTarget, contain: &Contain) -> Result<(), RefusedPlan> {
    let mut changed = BTreeSet::new();
    for step in &target.steps {
        check_change(step, target.principal.kind(), contain)?;
        check_prior(step)?;
        let resource = match &step.change {
            Change::DeactivateKey { key } => ("key", key),
            Change::DenyAll { policy, .. }
            | Change::RevokeSessions { policy }
            | Change::RemoveDenyAll { policy } => ("policy", policy),
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

fn check_change(step: &Step, kind: PrincipalKind, contain: &Contain) -> Result<(), RefusedPlan> {
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
        Change::RemoveDenyAll { policy } => check_name(policy, contain.policy_name.as_str())?,
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
        Change::DeactivateKey { .. } => {}
    }
    Ok(())
}

fn check_prior(step: &Step) -> Result<(), RefusedPlan> {
    if step.change.would_remove_other_policy(&step.prior) {
        return Err(edited_step(
            step,
            "the policy that it removes does not deny everything".to_owned(),
        ));
    }
    match (&step.change, &step.prior) {
        (Change::DeactivateKey { .. }, ResourceState::Key(Some(_))) => Ok(()),
        (Change::DeactivateKey { .. }, _) | (_, ResourceState::Key(_)) => Err(edited_step(
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
