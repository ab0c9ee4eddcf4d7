//! Checks what applying a plan would do, as far as possible without writing.

use futures::stream::{self, StreamExt};
use serde::Serialize;

use super::apply::{CONCURRENT_BATCHES, Decision, PrincipalCheckError, check_principal, decide};
use super::change::ResourceState;
use super::guard::Guard;
use super::plan::{PlannedTarget, Step};
use super::record::Containment;
use super::session_factory::{Batch, Purpose, SessionFactory, split_into_batches};
use super::step_target::StepTarget;
use crate::aws::{Aws, CallError, Session};

/// The result of a dry run for one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DryRunStep {
    /// The number of the step in the plan.
    pub step: u32,
    /// Whether the step would succeed or needs no change.
    #[serde(rename = "would_hold")]
    pub would_succeed: bool,
    /// The result in words.
    #[serde(rename = "what")]
    pub result: String,
}

/// Enters each account, reads each principal, and checks the guards. Decides for each step what
/// `apply` would do, in the state that the containment has now. Writes nothing.
pub(crate) async fn dry_run(
    aws: &Aws,
    session_factory: SessionFactory<'_>,
    guard: &Guard,
    containment: &Containment,
) -> Vec<DryRunStep> {
    let batches = split_into_batches(&containment.plan.targets, Purpose::Read);
    let results = stream::iter(&batches)
        .map(|batch| dry_run_batch(aws, session_factory, guard, containment, batch));
    let mut steps: Vec<DryRunStep> = results.buffer_unordered(CONCURRENT_BATCHES).concat().await;
    steps.sort_by_key(|step| step.step);
    steps
}

async fn dry_run_batch(
    aws: &Aws,
    session_factory: SessionFactory<'_>,
    guard: &Guard,
    containment: &Containment,
    batch: &Batch<'_>,
) -> Vec<DryRunStep> {
    let session = session_factory(batch.account, batch.policy.clone());
    let mut all = Vec::new();
    for target in &batch.targets {
        match &session {
            Ok(session) => {
                all.extend(dry_run_target(aws, guard, containment, target, session).await);
            }
            Err(error) => all.extend(fail_all_steps(target, &error.to_string())),
        }
    }
    all
}

async fn dry_run_target(
    aws: &Aws,
    guard: &Guard,
    containment: &Containment,
    target: &PlannedTarget,
    session: &Session,
) -> Vec<DryRunStep> {
    if let Err(PrincipalCheckError::Drifted(reason) | PrincipalCheckError::Failed(reason)) =
        check_principal(aws, guard, target, session).await
    {
        return fail_all_steps(target, &reason);
    }
    let mut all = Vec::new();
    for step in &target.steps {
        let step_target = StepTarget {
            aws,
            session,
            principal: &target.principal,
            change: &step.change,
        };
        let (would_succeed, result) = predict(containment, step, step_target.read().await);
        all.push(DryRunStep {
            step: step.number,
            would_succeed,
            result: format!("{}: {result}", target.principal),
        });
    }
    all
}

/// Returns whether the step would succeed, and what `apply` would do.
fn predict(
    containment: &Containment,
    step: &Step,
    observed: Result<ResourceState, CallError>,
) -> (bool, String) {
    let observed = match observed {
        Ok(observed) => observed,
        Err(error) => return (false, error.to_string()),
    };
    match decide(containment, step, &observed) {
        Decision::Nothing | Decision::Record(..) => (true, "nothing to do".to_owned()),
        Decision::Drifted(reason) => (false, format!("drifted: {reason}")),
        Decision::Write => (true, format!("would {}", step.change.describe())),
    }
}

/// Returns every step of a target as failed for this reason.
fn fail_all_steps(target: &PlannedTarget, reason: &str) -> Vec<DryRunStep> {
    let steps = target.steps.iter();
    steps
        .map(|step| DryRunStep {
            step: step.number,
            would_succeed: false,
            result: format!("{}: {reason}", target.principal),
        })
        .collect()
}
