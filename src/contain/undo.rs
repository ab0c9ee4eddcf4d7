//! Restores the prior state: removes policies that were added, restores those that were replaced,
//! and activates only the credentials that Dragnet deactivated. What somebody else changed since is left
//! alone, unless `overwrite_drift` is set.

use futures::stream::{self, StreamExt, TryStreamExt};

use super::apply::{CONCURRENT_BATCHES, StepRunner};
use super::change::ResourceState;
use super::journal_error::JournalError;
use super::plan::{PlannedTarget, Step};
use super::record::Containment;
use super::session_factory::{Batch, Purpose, split_into_batches};
use super::states::State;
use super::step_target::StepTarget;
use crate::aws::{CallError, Session};

/// Undoes the containment of the journal. `caller` is the ARN of the caller. The journal records
/// the result of each step.
///
/// # Errors
/// The journal fails. Nothing more is written to IAM then.
pub(crate) async fn undo(
    runner: StepRunner<'_>,
    caller: &str,
    overwrite_drift: bool,
) -> Result<(), JournalError> {
    runner.journal.start_undo(caller, runner.clock.now())?;
    let containment = runner.journal.containment()?;
    let may_be_applied = |target: &&PlannedTarget| {
        target
            .steps
            .iter()
            .any(|step| containment.state(step).may_be_applied())
    };
    let batches = split_into_batches(
        containment.plan.targets.iter().filter(may_be_applied),
        Purpose::Undo,
    );
    let undone = stream::iter(&batches)
        .map(|batch| undo_batch(runner, &containment, batch, overwrite_drift));
    undone
        .buffer_unordered(CONCURRENT_BATCHES)
        .try_collect::<()>()
        .await
}

async fn undo_batch(
    runner: StepRunner<'_>,
    containment: &Containment,
    batch: &Batch<'_>,
    overwrite_drift: bool,
) -> Result<(), JournalError> {
    let session = (runner.session_factory)(batch.account, batch.policy.clone());
    let targets = batch.targets.iter().map(async |target| {
        // The last change is undone first.
        for step in target
            .steps
            .iter()
            .rev()
            .filter(|step| containment.state(step).may_be_applied())
        {
            runner.record(step, State::Undoing, "")?;
            match &session {
                Err(error) => runner.record_stuck(target, step, &error.to_string())?,
                Ok(session) => {
                    runner
                        .undo_step(containment, target, step, session, overwrite_drift)
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
        let step_target = StepTarget {
            aws: self.aws,
            session,
            principal: &target.principal,
            change: &step.change,
        };
        let observed = match read_unless_gone(step_target, target).await {
            Ok(Some(observed)) => observed,
            Ok(None) => {
                let detail = "the principal no longer exists, and neither does the change";
                return self.record(step, State::Undone, detail);
            }
            Err(error) => return self.record_stuck(target, step, &error.to_string()),
        };
        if observed == step.prior {
            return self.record(step, State::Undone, "already in the prior state");
        }
        if observed == ResourceState::Key(None) {
            return self.record(step, State::Undone, "the credential no longer exists");
        }
        if !step.change.can_be_undone() {
            return self.record(step, State::Irreversible, &step.describe_undo());
        }
        let is_ours = containment
            .possible_states(step)
            .into_iter()
            .any(|possible| possible.is_equivalent_to(&observed));
        // Somebody removed our policy, so restoring the prior state overwrites nothing.
        let is_removed = observed == ResourceState::Policy(None);
        if !is_ours && !is_removed && !overwrite_drift {
            let detail = "somebody else has changed it since: review it, then undo with --overwrite-drift, or leave it";
            return self.record(step, State::UndoDrifted, detail);
        }
        self.restore_prior(target, step, step_target).await
    }

    /// Writes the prior state, reads it back, and records the result.
    async fn restore_prior(
        &self,
        target: &PlannedTarget,
        step: &Step,
        step_target: StepTarget<'_>,
    ) -> Result<(), JournalError> {
        if let Err(error) = step_target.write(&step.prior).await {
            return self.record_stuck(target, step, &error.to_string());
        }
        match step_target
            .read_back(&step.prior, || self.clock.now())
            .await
        {
            Ok(read_back) if read_back.removed_at.is_empty() => {
                let detail = format!("{}; read back three times", step.describe_undone());
                self.record(step, State::Undone, &detail)
            }
            Ok(_) => self.record(
                step,
                State::Undone,
                "SOMEBODY IS FIGHTING: it was changed during the undo, and restored again",
            ),
            Err(error) if error.is_not_found() => {
                self.record(step, State::Undone, "the principal no longer exists")
            }
            Err(error) => self.record_stuck(target, step, &error.describe()),
        }
    }

    /// Records a failed undo with what a person has to do.
    fn record_stuck(
        &self,
        target: &PlannedTarget,
        step: &Step,
        reason: &str,
    ) -> Result<(), JournalError> {
        let detail = format!(
            "{reason}. Run undo again, or change {} by hand: {}",
            target.principal,
            step.describe_undo()
        );
        self.record(step, State::Stuck, &detail)
    }
}

/// Reads the current state. `None` if the changed principal is gone; another one with its name does
/// not count.
async fn read_unless_gone(
    step_target: StepTarget<'_>,
    target: &PlannedTarget,
) -> Result<Option<ResourceState>, CallError> {
    let id = step_target
        .aws
        .principal_id(step_target.session, step_target.principal)
        .await?;
    if id.as_deref() != Some(target.id.as_str()) {
        return Ok(None);
    }
    step_target.read().await.map(Some)
}
