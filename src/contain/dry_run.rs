//! Checks what applying a plan would do, as far as possible without writing.

use futures::stream::{self, StreamExt};
use serde::Serialize;

use super::apply::{AT_ONCE, NotAdmitted, admit};
use super::guard::Guard;
use super::plan::{Plan, PlannedTarget};
use super::session_factory::{Batch, Purpose, SessionFactory, batches};
use super::step_target::StepTarget;
use crate::aws::{Aws, Session};

/// The result of a dry run for one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DryRunStep {
    /// The number of the step.
    pub step: u32,
    /// Whether the step would succeed or needs no change.
    pub would_hold: bool,
    /// The result in words.
    pub what: String,
}

/// Enters each account, reads each principal, and checks the guards. Writes nothing.
pub async fn rehearse(
    aws: &Aws,
    entrance: SessionFactory<'_>,
    guard: &Guard,
    plan: &Plan,
) -> Vec<DryRunStep> {
    let batches = batches(&plan.targets, Purpose::Look);
    let rehearsed = stream::iter(&batches).map(|batch| rehearse_batch(aws, entrance, guard, batch));
    let mut rehearsed: Vec<_> = rehearsed.buffer_unordered(AT_ONCE).concat().await;
    rehearsed.sort_by_key(|rehearsed| rehearsed.step);
    rehearsed
}

async fn rehearse_batch(
    aws: &Aws,
    entrance: SessionFactory<'_>,
    guard: &Guard,
    batch: &Batch<'_>,
) -> Vec<DryRunStep> {
    let session = entrance(batch.account, batch.policy.clone());
    let mut all = Vec::new();
    for target in &batch.targets {
        match &session {
            Ok(session) => all.extend(rehearse_target(aws, guard, target, session).await),
            Err(error) => all.extend(not(target, &error.to_string())),
        }
    }
    all
}

async fn rehearse_target(
    aws: &Aws,
    guard: &Guard,
    target: &PlannedTarget,
    session: &Session,
) -> Vec<DryRunStep> {
    if let Err(NotAdmitted::Drifted(why) | NotAdmitted::Failed(why)) =
        admit(aws, guard, target, session).await
    {
        return not(target, &why);
    }
    let mut all = Vec::new();
    for step in &target.steps {
        let place = StepTarget {
            aws,
            session,
            principal: &target.principal,
            change: &step.change,
        };
        let (would_hold, what) = match place.read().await {
            Ok(observed) if step.is_already_made() && step.change.is_made_by(&observed) => {
                (true, "nothing to do".to_owned())
            }
            Ok(observed) if observed == step.prior => {
                (true, format!("would {}", step.change.describe()))
            }
            Ok(observed) => (
                false,
                format!("drifted: now there is {}", observed.describe()),
            ),
            Err(error) => (false, error.to_string()),
        };
        all.push(DryRunStep {
            step: step.number,
            would_hold,
            what: format!("{}: {what}", target.principal),
        });
    }
    all
}

fn not(target: &PlannedTarget, why: &str) -> Vec<DryRunStep> {
    let steps = target.steps.iter();
    steps
        .map(|step| DryRunStep {
            step: step.number,
            would_hold: false,
            what: format!("{}: {why}", target.principal),
        })
        .collect()
}
