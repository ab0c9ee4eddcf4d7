//! Checks whether a containment is still in place. Changes nothing in AWS and records the result.

use futures::stream::{self, StreamExt, TryStreamExt};

use super::apply::{AT_ONCE, NOT_SIMULATED, StepRunner};
use super::journal::JournalError;
use super::record::Containment;
use super::session_factory::{Batch, Purpose, batches};
use super::states::State;
use super::step_target::StepTarget;

/// Reads every step that is verified, missing, unverified or already contained. Returns the
/// problems.
///
/// # Errors
/// The journal fails.
pub async fn verify(work: StepRunner<'_>) -> Result<Vec<String>, JournalError> {
    let containment = work.journal.containment()?;
    let batches = batches(&containment.plan.targets, Purpose::Look);
    let looked = stream::iter(&batches).map(|batch| verify_batch(work, &containment, batch));
    looked.buffer_unordered(AT_ONCE).try_concat().await
}

/// Returns what could not be read or is missing.
async fn verify_batch(
    work: StepRunner<'_>,
    containment: &Containment,
    batch: &Batch<'_>,
) -> Result<Vec<String>, JournalError> {
    let session = match (work.entrance)(batch.account, batch.policy.clone()) {
        Ok(session) => session,
        Err(error) => return Ok(vec![format!("account {}: {error}", batch.account)]),
    };
    let mut problems = Vec::new();
    for target in &batch.targets {
        for step in &target.steps {
            let state = containment.state(step);
            if !matches!(
                state,
                State::Verified | State::Missing | State::Unverified | State::AlreadyContained
            ) {
                continue;
            }
            let place = StepTarget {
                aws: work.aws,
                session: &session,
                principal: &target.principal,
                change: &step.change,
            };
            let is_there = match place.read().await {
                Ok(observed) if state == State::AlreadyContained => {
                    step.change.is_made_by(&observed)
                }
                Ok(observed) => containment
                    .intended(step)
                    .iter()
                    .any(|intended| intended.is_like(&observed)),
                Err(error) => {
                    problems.push(format!("{}: not looked at: {error}", target.principal));
                    continue;
                }
            };
            let seen = match is_there {
                false => State::Missing,
                true if state != State::AlreadyContained
                    && place.simulate().await == Some(false) =>
                {
                    State::Unverified
                }
                true => State::Verified,
            };
            match (state, seen) {
                (_, State::Unverified) => {
                    work.record(step, seen, NOT_SIMULATED)?;
                    problems.push(format!("{}: {NOT_SIMULATED}", target.principal));
                }
                // Dragnet did not make this change, so nothing is recorded.
                (State::AlreadyContained, State::Verified) => {}
                (State::Unverified, State::Missing) | (State::AlreadyContained, _) => {
                    problems.push(format!(
                        "{}: it is not there: {}",
                        target.principal,
                        step.change.describe()
                    ));
                }
                (_, seen) => {
                    work.record(
                        step,
                        seen,
                        if is_there {
                            "looked at again"
                        } else {
                            "missing: it was removed or changed"
                        },
                    )?;
                    if !is_there {
                        problems.push(format!(
                            "{}: missing: {}",
                            target.principal,
                            step.change.describe()
                        ));
                    }
                }
            }
        }
    }
    Ok(problems)
}
