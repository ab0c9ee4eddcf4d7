//! Applies a plan. Accounts are processed concurrently. Each change is recorded as intended in the
//! journal before it is written, and read back afterwards. After a crash, Ctrl-C or a lost network,
//! applying the same plan again continues.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::change::{ResourceState, revoking};
use super::guard::Guard;
use super::journal::{Journal, JournalError};
use super::plan::{PlannedTarget, Step};
use super::record::Containment;
use super::session_factory::{Batch, Purpose, SessionFactory, batches};
use super::states::State;
use super::step_target::StepTarget;
use crate::aws::{Aws, Session};
use crate::model::PrincipalKind;
use crate::time::Clock;

/// Concurrent batches. Each makes the calls of one account, and the rate limits of IAM bound those.
pub(super) const AT_ONCE: usize = 64;

/// Sessions that start within this time after applying are revoked too. IAM needs seconds to
/// propagate a policy, and a session that starts meanwhile must not escape it.
pub const PROPAGATION_MARGIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

/// How many simulations may disagree before the step is unverified. IAM may simulate with the old
/// policies for as long as a write may be invisible; the policy is read back for five seconds
/// before each simulation.
const SIMULATIONS: u32 = 3;
/// Stop after this many removals while the simulation does not confirm the deny; the step is then
/// unverified.
const MOST_REMOVALS: usize = 20;

/// The detail of a deny that is in place but that IAM's simulation does not confirm.
pub(super) const NOT_SIMULATED: &str = "it is in place, but IAM's simulation does not deny everything to this principal: \
                                        look at its policies, then apply again";

/// What applying, verifying and undoing need.
#[derive(Clone, Copy)]
pub struct StepRunner<'a> {
    /// The AWS client.
    pub aws: &'a Aws,
    /// The clock.
    pub clock: &'a Clock,
    /// Creates the session for each account.
    pub entrance: SessionFactory<'a>,
    /// The journal of the containment.
    pub journal: &'a Journal,
}

/// Applies the plan of the journal. `first` limits it to the first targets (a canary). The journal
/// records the result of each step.
///
/// # Errors
/// The journal fails. Nothing more is written to IAM then.
pub async fn apply(
    work: StepRunner<'_>,
    guard: &Guard,
    first: Option<usize>,
) -> Result<(), JournalError> {
    let containment = work.journal.containment()?;
    let batches = batches(
        containment
            .plan
            .targets
            .iter()
            .take(first.unwrap_or(usize::MAX)),
        Purpose::Apply,
    );
    let applied = stream::iter(&batches).map(|batch| apply_batch(work, guard, &containment, batch));
    applied.buffer_unordered(AT_ONCE).try_collect::<()>().await
}

async fn apply_batch(
    work: StepRunner<'_>,
    guard: &Guard,
    containment: &Containment,
    batch: &Batch<'_>,
) -> Result<(), JournalError> {
    let session = match (work.entrance)(batch.account, batch.policy.clone()) {
        Ok(session) => session,
        Err(error) => {
            for target in &batch.targets {
                target
                    .steps
                    .iter()
                    .try_for_each(|step| work.give_up(containment, step, &error.to_string()))?;
            }
            return Ok(());
        }
    };
    let targets = batch
        .targets
        .iter()
        .map(|target| apply_target(work, guard, containment, target, &session));
    futures::future::try_join_all(targets).await.map(drop)
}

async fn apply_target(
    work: StepRunner<'_>,
    guard: &Guard,
    containment: &Containment,
    target: &PlannedTarget,
    session: &Session,
) -> Result<(), JournalError> {
    if let Err(refusal) = admit(work.aws, guard, target, session).await {
        return target.steps.iter().try_for_each(|step| match &refusal {
            NotAdmitted::Drifted(why) => work.drifted(containment, step, why),
            NotAdmitted::Failed(why) => work.give_up(containment, step, why),
        });
    }
    let mut held = Vec::new();
    for step in &target.steps {
        let place = StepTarget {
            aws: work.aws,
            session,
            principal: &target.principal,
            change: &step.change,
        };
        if let Some(wanted) = work.make(containment, step, place).await? {
            held.push(work.hold(step, place, wanted));
        }
    }
    futures::future::try_join_all(held).await.map(drop)
}

/// Why a target is not changed.
pub(super) enum NotAdmitted {
    Drifted(String),
    Failed(String),
}

/// Checks that the target is still the principal of the plan and that the guard permits the change.
pub(super) async fn admit(
    aws: &Aws,
    guard: &Guard,
    target: &PlannedTarget,
    session: &Session,
) -> Result<(), NotAdmitted> {
    let failed = |error: crate::aws::CallError| NotAdmitted::Failed(error.to_string());
    match aws
        .principal_id(session, &target.principal)
        .await
        .map_err(failed)?
    {
        Some(id) if id == target.id => {}
        Some(_) => {
            return Err(NotAdmitted::Drifted(
                "it was deleted and made again since the plan".to_owned(),
            ));
        }
        None => {
            return Err(NotAdmitted::Drifted(
                "it no longer exists, or not under this path".to_owned(),
            ));
        }
    }
    let members = match target.principal.kind() {
        PrincipalKind::Group => aws
            .group_members(session, target.principal.name())
            .await
            .map_err(failed)?,
        PrincipalKind::Role | PrincipalKind::User => BTreeSet::new(),
    };
    // The plan file is untrusted, so its claim that the principal was named exactly does not count.
    // The person who applies it has to use `--force`.
    let refusals = guard.check(&target.principal, false, &members);
    match refusals.first() {
        None => Ok(()),
        Some(refusal) => Err(NotAdmitted::Failed(format!("refused: {refusal}"))),
    }
}

impl StepRunner<'_> {
    /// Makes a change, unless it is made already or must not be made. Returns the state to verify.
    async fn make(
        &self,
        containment: &Containment,
        step: &Step,
        place: StepTarget<'_>,
    ) -> Result<Option<ResourceState>, JournalError> {
        let state = containment.state(step);
        let observed = match place.read().await {
            Ok(observed) => observed,
            Err(error) => {
                self.give_up(containment, step, &error.to_string())?;
                return Ok(None);
            }
        };
        let ours = containment
            .intended(step)
            .into_iter()
            .any(|intended| intended.is_like(&observed));
        if state == State::Verified && ours {
            return Ok(None);
        }
        if step.is_already_made() && !state.may_be_made() && step.change.is_made_by(&observed) {
            self.record(
                step,
                State::AlreadyContained,
                "what is there means the same",
            )?;
            return Ok(None);
        }
        // Only two states may be changed: the prior state of the plan, byte for byte because undo
        // restores it, and a change that this containment made.
        let is_ours_to_change = observed == step.prior || (state.may_be_made() && ours);
        if !is_ours_to_change || step.is_already_made() {
            let why = format!(
                "the plan saw {}, now there is {}",
                step.prior.describe(),
                observed.describe()
            );
            self.drifted(containment, step, &why)?;
            return Ok(None);
        }
        if step.change.would_remove_another_policy(&observed) {
            self.drifted(
                containment,
                step,
                "what is there does not deny everything, so it is not removed",
            )?;
            return Ok(None);
        }
        if state == State::Verified {
            self.record(step, State::Missing, "missing: it was removed or changed")?;
        }
        let now = self.clock.now();
        let document = revoking(now.saturating_add(PROPAGATION_MARGIN).unwrap_or(now));
        let wanted = step.change.result(&document);
        let is_there = state.may_be_made() && wanted.is_like(&observed);
        let put = match &wanted {
            ResourceState::Policy(document) => document.as_deref(),
            ResourceState::Key(_) => None,
        };
        self.journal.record(
            step.number,
            State::Intended,
            now,
            put,
            step.change.describe().as_str(),
        )?;
        let written = if is_there {
            Ok(())
        } else {
            place.write(&wanted).await
        };
        match written {
            Ok(()) => {
                let detail = if is_there {
                    "found in place after an interruption"
                } else {
                    ""
                };
                self.record(step, State::Written, detail)?;
                Ok(Some(wanted))
            }
            Err(error) => {
                self.record(step, State::Unverified, &error.to_string())?;
                Ok(None)
            }
        }
    }

    async fn hold(
        &self,
        step: &Step,
        place: StepTarget<'_>,
        wanted: ResourceState,
    ) -> Result<(), JournalError> {
        let mut removed_at = Vec::new();
        let mut undisturbed = 0;
        let simulated = loop {
            match place.hold(&wanted, || self.clock.now()).await {
                Ok(held) if held.removed_at.is_empty() => undisturbed += 1,
                // It was written again just now, so IAM may not see it yet.
                Ok(held) => {
                    removed_at.extend(held.removed_at);
                    undisturbed = 0;
                }
                Err(not_held) => return self.record(step, State::Unverified, &not_held.describe()),
            }
            let simulated = place.simulate().await;
            if simulated != Some(false)
                || undisturbed >= SIMULATIONS
                || removed_at.len() >= MOST_REMOVALS
            {
                break simulated;
            }
        };
        let mut detail = "read back three times over five seconds".to_owned();
        if !removed_at.is_empty() {
            let times: Vec<String> = removed_at.iter().map(|at| format!("{at:.3}")).collect();
            detail = format!(
                "SOMEBODY IS FIGHTING: it was removed or changed, and put again, at {}; {detail}",
                times.join(", ")
            );
        }
        match simulated {
            Some(false) => {
                return self.record(
                    step,
                    State::Unverified,
                    &format!("{NOT_SIMULATED}; {detail}"),
                );
            }
            Some(true) => detail.push_str("; IAM's simulation agrees (advice, not proof)"),
            None => {}
        }
        self.record(step, State::Verified, &detail)
    }

    /// Ends a step that cannot be read or continued. A step that may have been written is
    /// unverified, any other failed.
    fn give_up(
        &self,
        containment: &Containment,
        step: &Step,
        why: &str,
    ) -> Result<(), JournalError> {
        let begun = containment.state(step).may_be_made();
        self.record(
            step,
            if begun {
                State::Unverified
            } else {
                State::Failed
            },
            why,
        )
    }

    /// Ends a step whose resource is in an unexpected state. The resource is not changed.
    fn drifted(
        &self,
        containment: &Containment,
        step: &Step,
        why: &str,
    ) -> Result<(), JournalError> {
        let begun = containment.state(step).may_be_made();
        self.record(
            step,
            if begun {
                State::Missing
            } else {
                State::Drifted
            },
            why,
        )
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
