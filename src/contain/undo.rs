//! Restores the prior state: removes policies that were added, restores those that were replaced,
//! and activates only the keys that Dragnet deactivated. What somebody else changed since is left
//! alone, unless `overwrite_drift` is set.

use futures::stream::{self, StreamExt, TryStreamExt};

use super::apply::{AT_ONCE, StepRunner};
use super::change::ResourceState;
use super::journal::JournalError;
use super::plan::{PlannedTarget, Step};
use super::record::Containment;
use super::session_factory::{Batch, Purpose, batches};
use super::states::State;
use super::step_target::StepTarget;
use crate::aws::{CallError, Session};

/// Undoes the containment of the journal. `by` is the caller. The journal records the result of
/// each step.
///
/// # Errors
/// The journal fails. Nothing more is written to IAM then.
pub async fn undo(
    work: StepRunner<'_>,
    by: &str,
    overwrite_drift: bool,
) -> Result<(), JournalError> {
    work.journal.begin_undo(by, work.clock.now())?;
    let containment = work.journal.containment()?;
    let made = |target: &&PlannedTarget| {
        target
            .steps
            .iter()
            .any(|step| containment.state(step).may_be_made())
    };
    let batches = batches(containment.plan.targets.iter().filter(made), Purpose::Undo);
    let undone =
        stream::iter(&batches).map(|batch| undo_batch(work, &containment, batch, overwrite_drift));
    undone.buffer_unordered(AT_ONCE).try_collect::<()>().await
}

async fn undo_batch(
    work: StepRunner<'_>,
    containment: &Containment,
    batch: &Batch<'_>,
    overwrite_drift: bool,
) -> Result<(), JournalError> {
    let session = (work.entrance)(batch.account, batch.policy.clone());
    let targets = batch.targets.iter().map(async |target| {
        // The last change is undone first.
        for step in target
            .steps
            .iter()
            .rev()
            .filter(|step| containment.state(step).may_be_made())
        {
            work.record(step, State::Undoing, "")?;
            match &session {
                Err(error) => work.stuck(target, step, &error.to_string())?,
                Ok(session) => {
                    work.undo_step(containment, target, step, session, overwrite_drift)
                        .await?;
                }
            }
        }
        Ok::<_, JournalError>(())
    });
    futures::future::try_join_all(targets).await.map(drop)
}

impl StepRunner<'_> {
    async fn undo_step(
        &self,
        containment: &Containment,
        target: &PlannedTarget,
        step: &Step,
        session: &Session,
        overwrite_drift: bool,
    ) -> Result<(), JournalError> {
        let place = StepTarget {
            aws: self.aws,
            session,
            principal: &target.principal,
            change: &step.change,
        };
        let observed = match observe(place, target).await {
            Ok(Some(observed)) => observed,
            Ok(None) => {
                return self.record(
                    step,
                    State::Undone,
                    "the principal is gone, and the change with it",
                );
            }
            Err(error) => return self.stuck(target, step, &error.to_string()),
        };
        if observed == step.prior {
            return self.record(step, State::Undone, "what was there before is there");
        }
        let ours = containment
            .left_behind(step)
            .into_iter()
            .any(|left| left.is_like(&observed));
        // Somebody removed our policy, so restoring the prior state overwrites nothing.
        let removed = observed == ResourceState::Policy(None);
        if observed == ResourceState::Key(None) {
            return self.record(step, State::Undone, "the access key is gone");
        }
        if !ours && !removed && !overwrite_drift {
            let detail = "somebody has changed it since: look at it, then undo with --overwrite-drift, or leave it";
            return self.record(step, State::UndoDrifted, detail);
        }
        if let Err(error) = place.write(&step.prior).await {
            return self.stuck(target, step, &error.to_string());
        }
        match place.hold(&step.prior, || self.clock.now()).await {
            Ok(held) if held.removed_at.is_empty() => {
                self.record(step, State::Undone, "read back three times")
            }
            Ok(_) => self.record(
                step,
                State::Undone,
                "SOMEBODY IS FIGHTING: it was changed meanwhile, and put back again",
            ),
            Err(not_held) if not_held.is_gone() => {
                self.record(step, State::Undone, "the principal is gone")
            }
            Err(not_held) => self.stuck(target, step, &not_held.describe()),
        }
    }

    /// Records a failed undo with what a person has to do.
    fn stuck(&self, target: &PlannedTarget, step: &Step, why: &str) -> Result<(), JournalError> {
        let by_hand = match (&step.prior, step.change.policy()) {
            (ResourceState::Policy(None), Some(policy)) => {
                format!("delete its inline policy {policy}")
            }
            (_, Some(policy)) => format!("put back its inline policy {policy} as the plan has it"),
            (_, None) => "switch the access key on again".to_owned(),
        };
        let detail = format!(
            "{why}. Undo again, or by hand on {}: {by_hand}",
            target.principal
        );
        self.record(step, State::Stuck, &detail)
    }
}

/// Reads the current state. `None` if the changed principal is gone; another one with its name does
/// not count.
async fn observe(
    place: StepTarget<'_>,
    target: &PlannedTarget,
) -> Result<Option<ResourceState>, CallError> {
    let id = place
        .aws
        .principal_id(place.session, place.principal)
        .await?;
    if id.as_deref() != Some(target.id.as_str()) {
        return Ok(None);
    }
    place.read().await.map(Some)
}
