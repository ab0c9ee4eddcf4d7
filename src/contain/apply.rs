//! Applies a plan. Accounts are processed concurrently. Each change is recorded as intended in the
//! journal before it is written, and read back afterwards. After a crash, Ctrl-C or a lost network,
//! applying the same plan again continues.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::change::{ResourceState, revocation_document};
use super::guard::Guard;
use super::journal::Journal;
use super::journal_error::JournalError;
use super::plan::{PlannedTarget, Step};
use super::record::Containment;
use super::session_factory::{Batch, Purpose, SessionFactory, split_into_batches};
use super::states::State;
use super::step_target::StepTarget;
use crate::aws::{Aws, Session};
use dragnet_model::PrincipalKind;
use dragnet_model::time::Clock;

/// Concurrent batches. Each makes the calls of one account, and the rate limits of IAM bound those.
pub(super) const CONCURRENT_BATCHES: usize = 64;

/// Sessions that start within this time after applying are revoked too. IAM needs seconds to
/// propagate a policy, and a session that starts meanwhile must not escape it.
const PROPAGATION_MARGIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

/// How many simulations may disagree before the step is unverified. IAM may simulate with the old
/// policies for as long as a write may be invisible; the policy is read back for five seconds
/// before each simulation.
const MAX_SIMULATIONS: u32 = 3;
/// Stop after this many removals while the simulation does not confirm the deny; the step is then
/// unverified.
const MAX_REMOVALS: usize = 20;

/// The detail of a deny that is in place but that IAM's simulation does not confirm.
pub(super) const NOT_SIMULATED: &str = "in place, but IAM's simulation does not deny everything to this principal: \
                                        review its policies, then apply again";

/// What applying, verifying and undoing need.
#[derive(Clone, Copy)]
pub(crate) struct StepRunner<'a> {
    pub aws: &'a Aws,
    pub clock: &'a Clock,
    /// Creates the session for each account.
    pub session_factory: SessionFactory<'a>,
    pub journal: &'a Journal,
}

/// Applies the plan of the journal. `first` limits it to the first targets (a canary). The journal
/// records the result of each step.
///
/// # Errors
/// The journal fails. Nothing more is written to IAM then.
pub(crate) async fn apply(
    runner: StepRunner<'_>,
    guard: &Guard,
    first: Option<usize>,
) -> Result<(), JournalError> {
    let containment = runner.journal.containment()?;
    let batches = split_into_batches(
        containment
            .plan
            .targets
            .iter()
            .take(first.unwrap_or(usize::MAX)),
        Purpose::Apply,
    );
    let applied =
        stream::iter(&batches).map(|batch| apply_batch(runner, guard, &containment, batch));
    applied
        .buffer_unordered(CONCURRENT_BATCHES)
        .try_collect::<()>()
        .await
}

async fn apply_batch(
    runner: StepRunner<'_>,
    guard: &Guard,
    containment: &Containment,
    batch: &Batch<'_>,
) -> Result<(), JournalError> {
    let session = match (runner.session_factory)(batch.account, batch.policy.clone()) {
        Ok(session) => session,
        Err(error) => {
            for target in &batch.targets {
                target.steps.iter().try_for_each(|step| {
                    runner.record_failure(containment, step, &error.to_string())
                })?;
            }
            return Ok(());
        }
    };
    let targets = batch
        .targets
        .iter()
        .map(|target| apply_target(runner, guard, containment, target, &session));
    futures::future::try_join_all(targets).await.map(drop)
}

async fn apply_target(
    runner: StepRunner<'_>,
    guard: &Guard,
    containment: &Containment,
    target: &PlannedTarget,
    session: &Session,
) -> Result<(), JournalError> {
    if let Err(error) = check_principal(runner.aws, guard, target, session).await {
        return target.steps.iter().try_for_each(|step| match &error {
            PrincipalCheckError::Drifted(reason) => runner.record_drift(containment, step, reason),
            PrincipalCheckError::Failed(reason) => runner.record_failure(containment, step, reason),
        });
    }
    let mut verifications = Vec::new();
    for step in &target.steps {
        let step_target = StepTarget {
            aws: runner.aws,
            session,
            principal: &target.principal,
            change: &step.change,
        };
        if let Some(desired) = runner.apply_step(containment, step, step_target).await? {
            verifications.push(runner.verify_step(step, step_target, desired));
        }
    }
    futures::future::try_join_all(verifications).await.map(drop)
}

/// Why a target is not changed.
pub(super) enum PrincipalCheckError {
    Drifted(String),
    Failed(String),
}

/// Checks that the target is still the principal of the plan and that the guard permits the change.
pub(super) async fn check_principal(
    aws: &Aws,
    guard: &Guard,
    target: &PlannedTarget,
    session: &Session,
) -> Result<(), PrincipalCheckError> {
    let failed = |error: crate::aws::CallError| PrincipalCheckError::Failed(error.to_string());
    let trust = match aws
        .find_principal(session, &target.principal)
        .await
        .map_err(failed)?
    {
        Some(found) if found.id == target.id => found.trust,
        Some(_) => {
            return Err(PrincipalCheckError::Drifted(
                "the principal was deleted and created again after the plan was made".to_owned(),
            ));
        }
        None => {
            return Err(PrincipalCheckError::Drifted(
                "the principal no longer exists, or not under this path".to_owned(),
            ));
        }
    };
    let members = match target.principal.kind() {
        PrincipalKind::Group => aws
            .group_members(session, target.principal.name())
            .await
            .map_err(failed)?,
        PrincipalKind::Role | PrincipalKind::User => BTreeSet::new(),
    };
    // The plan file is untrusted, so its claim that the principal was named exactly does not count.
    // The person who applies it has to use `--force`.
    let refusals = guard.check(&target.principal, false, &members, &trust);
    match refusals.first() {
        None => Ok(()),
        Some(refusal) => Err(PrincipalCheckError::Failed(format!("refused: {refusal}"))),
    }
}

/// What applying a step has to do.
pub(super) enum Decision {
    /// Nothing, not even an event: the step is verified and still in place.
    Nothing,
    /// Only record this state.
    Record(State, String),
    /// Record that the resource is in an unexpected state, and leave it alone.
    Drifted(String),
    /// Make the change.
    Write,
}

/// Decides what applying a step has to do, from its state and what IAM returns now.
pub(super) fn decide(containment: &Containment, step: &Step, observed: &ResourceState) -> Decision {
    let state = containment.state(step);
    let is_ours = containment
        .intended_states(step)
        .into_iter()
        .any(|intended| intended.is_equivalent_to(observed));
    if state == State::Verified && is_ours {
        return Decision::Nothing;
    }
    let is_applied = step.is_already_applied();
    if is_applied && !state.may_be_applied() && step.change.is_satisfied_by(observed) {
        return Decision::Record(State::AlreadyContained, "already in place".to_owned());
    }
    // Only two states may be changed: the prior state of the plan, byte for byte because undo
    // restores it, and a change that this containment made.
    let is_ours_to_change = *observed == step.prior || (state.may_be_applied() && is_ours);
    if !is_ours_to_change || is_applied {
        return Decision::Drifted(step.prior.describe_drift(observed));
    }
    if step.change.would_remove_other_policy(observed) {
        return Decision::Drifted(
            "the policy does not deny everything, so it is not removed".to_owned(),
        );
    }
    Decision::Write
}

impl StepRunner<'_> {
    /// Makes a change, unless it is made already or must not be made. Returns the state to verify.
    async fn apply_step(
        &self,
        containment: &Containment,
        step: &Step,
        step_target: StepTarget<'_>,
    ) -> Result<Option<ResourceState>, JournalError> {
        let observed = match step_target.read().await {
            Ok(observed) => observed,
            Err(error) => {
                self.record_failure(containment, step, &error.to_string())?;
                return Ok(None);
            }
        };
        match decide(containment, step, &observed) {
            Decision::Nothing => Ok(None),
            Decision::Record(state, detail) => {
                self.record(step, state, &detail)?;
                Ok(None)
            }
            Decision::Drifted(reason) => {
                self.record_drift(containment, step, &reason)?;
                Ok(None)
            }
            Decision::Write => {
                let state = containment.state(step);
                if state == State::Verified {
                    self.record(step, State::Missing, "missing: it was removed or changed")?;
                }
                self.write_step(step, step_target, state, &observed).await
            }
        }
    }

    /// Records the intent and makes the change, unless it is in place. Returns the state to verify.
    async fn write_step(
        &self,
        step: &Step,
        step_target: StepTarget<'_>,
        state: State,
        observed: &ResourceState,
    ) -> Result<Option<ResourceState>, JournalError> {
        let now = self.clock.now();
        let document = revocation_document(now.saturating_add(PROPAGATION_MARGIN).unwrap_or(now));
        let desired = step.change.result(&document);
        let is_in_place = state.may_be_applied() && desired.is_equivalent_to(observed);
        let intended_document = match &desired {
            ResourceState::Policy(document) | ResourceState::Trust(document) => document.as_deref(),
            ResourceState::Key(_) | ResourceState::Present(_) | ResourceState::Boundary(_) => None,
        };
        self.journal.record(
            step.number,
            State::Intended,
            now,
            intended_document,
            step.change.describe().as_str(),
        )?;
        if is_in_place {
            self.record(step, State::Written, "found in place after an interruption")?;
            return Ok(Some(desired));
        }
        match step_target.write(&desired).await {
            Ok(()) => {
                self.record(step, State::Written, "")?;
                Ok(Some(desired))
            }
            Err(error) => {
                self.record(step, State::Unverified, &error.to_string())?;
                Ok(None)
            }
        }
    }

    /// Reads a written step back until it is stable and IAM's simulation agrees, and records the
    /// result.
    async fn verify_step(
        &self,
        step: &Step,
        step_target: StepTarget<'_>,
        desired: ResourceState,
    ) -> Result<(), JournalError> {
        let mut removed_at = Vec::new();
        let mut undisturbed = 0;
        let simulated = loop {
            match step_target.read_back(&desired, || self.clock.now()).await {
                Ok(read_back) if read_back.removed_at.is_empty() => undisturbed += 1,
                // It was written again just now, so IAM may not see it yet.
                Ok(read_back) => {
                    removed_at.extend(read_back.removed_at);
                    undisturbed = 0;
                }
                Err(error) => return self.record(step, State::Unverified, &error.describe()),
            }
            let simulated = step_target.simulate().await;
            if simulated != Some(false)
                || undisturbed >= MAX_SIMULATIONS
                || removed_at.len() >= MAX_REMOVALS
            {
                break simulated;
            }
        };
        let mut detail = "read back three times over five seconds".to_owned();
        if !removed_at.is_empty() {
            let times: Vec<String> = removed_at.iter().map(|at| format!("{at:.3}")).collect();
            detail = format!(
                "SOMEBODY IS FIGHTING: it was removed or changed, and written again, at {}; {detail}",
                times.join(", ")
            );
        }
        match simulated {
            Some(false) => {
                let detail = format!("{NOT_SIMULATED}; {detail}");
                return self.record(step, State::Unverified, &detail);
            }
            Some(true) => detail.push_str("; IAM's simulation agrees (advice, not proof)"),
            None => {}
        }
        self.record(step, State::Verified, &detail)
    }

    /// Ends a step that cannot be read or continued. A step that may have been written is
    /// unverified, any other failed.
    fn record_failure(
        &self,
        containment: &Containment,
        step: &Step,
        reason: &str,
    ) -> Result<(), JournalError> {
        let state = if containment.state(step).may_be_applied() {
            State::Unverified
        } else {
            State::Failed
        };
        self.record(step, state, reason)
    }

    /// Ends a step whose resource is in an unexpected state. The resource is not changed.
    fn record_drift(
        &self,
        containment: &Containment,
        step: &Step,
        reason: &str,
    ) -> Result<(), JournalError> {
        let state = if containment.state(step).may_be_applied() {
            State::Missing
        } else {
            State::Drifted
        };
        self.record(step, state, reason)
    }

    pub(super) fn record(
        &self,
        step: &Step,
        state: State,
        detail: &str,
    ) -> Result<(), JournalError> {
        self.journal
            .record(step.number, state, self.clock.now(), None, detail)
    }
}
