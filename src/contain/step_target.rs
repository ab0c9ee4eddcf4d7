//! The place where a step makes its change: read, written, and read back until it holds.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::change::{Change, ResourceState};
use super::document::denies_all;
use crate::aws::{Aws, CallError, ErrorClass, KeyStatus, Session};
use crate::model::{Principal, PrincipalKind};

/// Reads that have to agree, one after the other, over at least `HELD`. A principal that sees the deny coming
/// has seconds in which it can remove it.
const READS: u32 = 3;
const BETWEEN_READS: Duration = Duration::from_millis(2_500);
const HELD: Duration = Duration::from_secs(5);
/// A write may not be seen at once: so long, an unseen one counts as on its way, and not as removed.
const PROPAGATION: Duration = Duration::from_secs(10);
/// Whoever removes it so often wins for now; the step is told as not verified.
const WRITES: u32 = 10;

/// Where a step makes its change, and as whom.
#[derive(Clone, Copy)]
pub(super) struct StepTarget<'a> {
    pub aws: &'a Aws,
    pub session: &'a Session,
    pub principal: &'a Principal,
    pub change: &'a Change,
}

/// How a write was read back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// When somebody removed or changed it, and it was put again.
    pub removed_at: Vec<Timestamp>,
}

/// Why a write did not hold.
#[derive(Debug)]
pub(super) enum NotHeld {
    /// A call failed.
    Call(Box<CallError>),
    /// Somebody removed it again and again.
    Removed(u32),
    /// What was removed is there again, and is not a deny any more.
    NotADeny,
}

impl StepTarget<'_> {
    /// What is there.
    pub async fn read(&self) -> Result<ResourceState, CallError> {
        match self.change {
            Change::DeactivateKey { key } => {
                let keys = self
                    .aws
                    .access_keys(self.session, self.principal.name())
                    .await?;
                Ok(ResourceState::Key(
                    keys.into_iter()
                        .find(|found| found.id == *key)
                        .map(|found| found.status),
                ))
            }
            Change::DenyAll { policy, .. }
            | Change::RevokeSessions { policy }
            | Change::RemoveDenyAll { policy } => Ok(ResourceState::Policy(
                self.aws
                    .inline_policy(self.session, self.principal, policy)
                    .await?,
            )),
        }
    }

    /// Makes it so. Asking twice changes nothing more.
    pub async fn write(&self, wanted: &ResourceState) -> Result<(), CallError> {
        let Self {
            aws,
            session,
            principal,
            change,
        } = self;
        match (change, wanted) {
            (Change::DeactivateKey { key }, ResourceState::Key(status)) => {
                let status = status.unwrap_or(KeyStatus::Inactive);
                aws.set_key_status(session, principal.name(), key, status)
                    .await
            }
            (change, ResourceState::Policy(document)) => match (change.policy(), document) {
                (Some(policy), Some(document)) => {
                    aws.put_inline_policy(session, principal, policy, document)
                        .await
                }
                (Some(policy), None) => aws.delete_inline_policy(session, principal, policy).await,
                (None, _) => Ok(()),
            },
            // A policy's step has a policy's condition: plans are made so.
            (_, ResourceState::Key(_)) => Ok(()),
        }
    }

    /// Reads back what was written, until it has held; writes it again if it was removed meanwhile.
    pub async fn hold(
        &self,
        wanted: &ResourceState,
        now: impl Fn() -> Timestamp,
    ) -> Result<Held, NotHeld> {
        let call = |error| NotHeld::Call(Box::new(error));
        let (mut removed_at, mut writes) = (Vec::new(), 1);
        let mut written = Instant::now();
        let mut agreeing: Option<(Instant, u32)> = None;
        loop {
            let observed = self.read().await.map_err(call)?;
            if wanted.is_like(&observed) {
                let (since, reads) =
                    agreeing.map_or((Instant::now(), 1), |(since, reads)| (since, reads + 1));
                if reads >= READS && since.elapsed() >= HELD {
                    return Ok(Held { removed_at });
                }
                agreeing = Some((since, reads));
            } else if agreeing.is_some() || written.elapsed() >= PROPAGATION {
                if writes == WRITES {
                    return Err(NotHeld::Removed(writes));
                }
                if matches!(self.change, Change::RemoveDenyAll { .. })
                    && *wanted == ResourceState::Policy(None)
                    && matches!(&observed, ResourceState::Policy(Some(document)) if !denies_all(document))
                {
                    return Err(NotHeld::NotADeny);
                }
                removed_at.push(now());
                self.write(wanted).await.map_err(call)?;
                (writes, written, agreeing) = (writes + 1, Instant::now(), None);
                // At once: whoever removed it may be waiting for the next write.
                continue;
            }
            sleep(BETWEEN_READS).await;
        }
    }

    /// Whether IAM's simulation denies everything to the principal, once a deny is in place. `None` where that
    /// cannot be told: nothing is denied by the step, or the server does not simulate.
    pub async fn simulate(&self) -> Option<bool> {
        if !matches!(self.change, Change::DenyAll { .. })
            || self.principal.kind() == PrincipalKind::Group
        {
            return None;
        }
        self.aws
            .simulates_as_denied(self.session, self.principal)
            .await
            .ok()
            .flatten()
    }
}

impl NotHeld {
    /// For the journal.
    pub fn describe(&self) -> String {
        match self {
            Self::Call(error) => error.to_string(),
            Self::Removed(writes) => format!("somebody removed it after each of {writes} writes"),
            Self::NotADeny => {
                "somebody put a policy of that name that does not deny everything: look at it"
                    .to_owned()
            }
        }
    }

    /// Whether what it was about is gone altogether.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Call(error) if error.class == ErrorClass::NotFound)
    }
}
