//! Checks whether a containment is still in place. Changes nothing in AWS and records the result.

use futures::stream::{self, StreamExt, TryStreamExt};

use super::apply::{CONCURRENT_BATCHES, NOT_SIMULATED, StepRunner};
use super::journal_error::JournalError;
use super::plan::Step;
use super::record::Containment;
use super::session_factory::{Batch, Purpose, split_into_batches};
use super::states::State;
use super::step_target::StepTarget;
use crate::aws::CallError;

/// Reads every step that is verified, missing, unverified or already contained. Returns the
/// problems.
///
/// # Errors
/// The journal fails.
pub(crate) async fn verify(runner: StepRunner<'_>) -> Result<Vec<String>, JournalError> {
    let containment = runner.journal.containment()?;
    let batches = split_into_batches(&containment.plan.targets, Purpose::Read);
    let problems = stream::iter(&batches).map(|batch| verify_batch(runner, &containment, batch));
    problems
        .buffer_unordered(CONCURRENT_BATCHES)
        .try_concat()
        .await
}

/// Returns what could not be read or is missing.
async fn verify_batch(
    runner: StepRunner<'_>,
    containment: &Containment,
    batch: &Batch<'_>,
) -> Result<Vec<String>, JournalError> {
    let session = match (runner.session_factory)(batch.account, batch.policy.clone()) {
        Ok(session) => session,
        Err(error) => return Ok(vec![format!("account {}: {error}", batch.account)]),
    };
    let mut problems = Vec::new();
    for target in &batch.targets {
        for step in &target.steps {
            let state = containment.state(step);
            if !can_be_verified(state) {
                continue;
            }
            let step_target = StepTarget {
                aws: runner.aws,
                session: &session,
                principal: &target.principal,
                change: &step.change,
            };
            let problem = match observe(containment, step, step_target).await {
                Ok(State::Verified | State::Unverified) if runner.has_ended(step, state) => {
                    Some(runner.record_end(step, state)?)
                }
                Ok(observed) => runner.record_observation(step, state, observed)?,
                Err(error) => Some(format!("could not be read: {error}")),
            };
            problems.extend(problem.map(|problem| format!("{}: {problem}", target.principal)));
        }
    }
    Ok(problems)
}

fn can_be_verified(state: State) -> bool {
    matches!(
        state,
        State::Verified | State::Missing | State::Unverified | State::AlreadyContained
    )
}

/// Reads the resource of a step. Returns `Verified` if the change is in place, `Unverified` if it
/// is, but IAM's simulation does not confirm it, and otherwise `Missing`.
async fn observe(
    containment: &Containment,
    step: &Step,
    step_target: StepTarget<'_>,
) -> Result<State, CallError> {
    let observed = step_target.read().await?;
    let is_ours = containment.state(step) != State::AlreadyContained;
    let is_in_place = if is_ours {
        containment
            .intended_states(step)
            .iter()
            .any(|intended| intended.is_equivalent_to(&observed))
    } else {
        step.change.is_satisfied_by(&observed)
    };
    if !is_in_place {
        return Ok(State::Missing);
    }
    if is_ours && step_target.simulate().await == Some(false) {
        return Ok(State::Unverified);
    }
    Ok(State::Verified)
}

/// The problem that a change is not in place, with what to do.
fn missing_problem(step: &Step) -> String {
    format!(
        "{}; to contain it again: dragnet contain apply <PLAN>",
        step.change.describe_missing()
    )
}

impl StepRunner<'_> {
    /// Whether the deny of a step has ended, so that it has no effect even if it is in place.
    fn has_ended(&self, step: &Step, state: State) -> bool {
        let now = self.clock.now();
        // A deny without an end that was there before satisfies the step too.
        let is_kept = state == State::AlreadyContained && step.prior.denies_all();
        !is_kept && step.change.end().is_some_and(|end| end <= now)
    }

    /// Records that the deny of a step has ended, and returns this as the problem.
    fn record_end(&self, step: &Step, state: State) -> Result<String, JournalError> {
        let problem = "its deny has ended; to contain it again, make a new plan".to_owned();
        if state != State::AlreadyContained {
            self.record(step, State::Missing, &problem)?;
        }
        Ok(problem)
    }

    /// Records what was observed of a step in this state. Returns the problem, if there is one.
    fn record_observation(
        &self,
        step: &Step,
        state: State,
        observed: State,
    ) -> Result<Option<String>, JournalError> {
        match (state, observed) {
            (_, State::Unverified) => {
                self.record(step, observed, NOT_SIMULATED)?;
                Ok(Some(NOT_SIMULATED.to_owned()))
            }
            // Dragnet did not make this change, so nothing is recorded.
            (State::AlreadyContained, State::Verified) => Ok(None),
            (State::AlreadyContained, _) | (State::Unverified, State::Missing) => {
                Ok(Some(missing_problem(step)))
            }
            (_, State::Missing) => {
                self.record(step, observed, "missing: it was removed or changed")?;
                Ok(Some(missing_problem(step)))
            }
            (_, observed) => {
                let detail = format!("still in place at {:.0}", self.clock.now());
                self.record(step, observed, &detail)?;
                Ok(None)
            }
        }
    }
}
