//! Reads and writes the policy, credential or boundary that a step changes, and reads it back until it is
//! stable.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::change::{Change, ResourceState};
use crate::aws::{Aws, CallError, CredentialId, ErrorClass, KeyStatus, Session};
use dragnet_model::{Principal, PrincipalKind};

/// Consecutive reads that have to agree, over at least `MIN_STABLE_TIME`. A principal that notices
/// the deny has seconds to remove it.
const AGREEING_READS: u32 = 3;
const READ_INTERVAL: Duration = Duration::from_millis(2_500);
const MIN_STABLE_TIME: Duration = Duration::from_secs(5);
/// A write may be invisible at first. For this time, a missing write counts as not propagated and
/// not as removed.
const PROPAGATION_TIME: Duration = Duration::from_secs(10);
/// Stop after this many writes, because somebody removes each of them. The step is then unverified.
const MAX_WRITES: u32 = 10;

/// The resource that a step changes, and the session to change it with.
#[derive(Clone, Copy)]
pub(super) struct StepTarget<'a> {
    pub aws: &'a Aws,
    pub session: &'a Session,
    pub principal: &'a Principal,
    pub change: &'a Change,
}

/// The result of reading a write back successfully.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReadBack {
    /// When somebody removed or changed it, so that it was written again.
    pub removed_at: Vec<Timestamp>,
}

/// Why a write could not be verified.
#[derive(Debug)]
pub(super) enum ReadBackError {
    /// A call failed.
    Call(Box<CallError>),
    /// Somebody removed it after each of this many writes.
    Removed(u32),
    /// The removed policy exists again and does not deny everything.
    OtherPolicy,
}

impl StepTarget<'_> {
    /// Reads the current state.
    pub(super) async fn read(&self) -> Result<ResourceState, CallError> {
        match self.change {
            Change::DeactivateKey { key } => {
                let keys = self
                    .aws
                    .access_keys(self.session, self.principal.name())
                    .await?;
                Ok(ResourceState::Key(
                    keys.into_iter()
                        .find(|candidate| candidate.id == *key)
                        .map(|found| found.status),
                ))
            }
            Change::DeactivateCredential { kind, id } => {
                let credentials = self
                    .aws
                    .user_credentials(self.session, self.principal.name(), *kind)
                    .await?;
                Ok(ResourceState::Key(
                    credentials
                        .into_iter()
                        .find(|candidate| candidate.id == *id)
                        .map(|found| found.status),
                ))
            }
            Change::DeleteLoginProfile {} => {
                let user = self.principal.name();
                let exists = self.aws.has_login_profile(self.session, user).await?;
                Ok(ResourceState::Present(exists))
            }
            Change::DeactivateMfa { serial } => {
                let user = self.principal.name();
                let devices = self.aws.mfa_devices(self.session, user).await?;
                Ok(ResourceState::Present(devices.contains(serial)))
            }
            Change::BlockAssume { .. } => {
                let role = self.principal.name();
                let trust = self.aws.trust_policy(self.session, role).await?;
                Ok(ResourceState::Trust(trust))
            }
            Change::Boundary { .. } => Ok(ResourceState::Boundary(
                self.aws
                    .permissions_boundary(self.session, self.principal)
                    .await?,
            )),
            Change::DenyAll { policy, .. }
            | Change::DenyAllUntil { policy, .. }
            | Change::DenySessions { policy, .. }
            | Change::RevokeSessions { policy }
            | Change::RemoveDenyAll { policy } => Ok(ResourceState::Policy(
                self.aws
                    .inline_policy(self.session, self.principal, policy)
                    .await?,
            )),
        }
    }

    /// Writes the desired state. The call is idempotent.
    pub(super) async fn write(&self, desired: &ResourceState) -> Result<(), CallError> {
        let Self {
            aws,
            session,
            principal,
            change,
        } = self;
        match (change, desired) {
            (Change::DeactivateKey { key }, ResourceState::Key(status)) => {
                let status = status.unwrap_or(KeyStatus::Inactive);
                aws.set_key_status(session, principal.name(), key, status)
                    .await
            }
            (Change::DeactivateCredential { kind, id }, ResourceState::Key(status)) => {
                let credential = CredentialId { kind: *kind, id };
                let status = status.unwrap_or(KeyStatus::Inactive);
                aws.set_credential_status(session, principal.name(), credential, status)
                    .await
            }
            (Change::DeleteLoginProfile {}, ResourceState::Present(false)) => {
                aws.delete_login_profile(session, principal.name()).await
            }
            (Change::DeactivateMfa { serial }, ResourceState::Present(false)) => {
                aws.deactivate_mfa_device(session, principal.name(), serial)
                    .await
            }
            (Change::BlockAssume { .. }, ResourceState::Trust(Some(document))) => {
                aws.set_trust_policy(session, principal.name(), document)
                    .await
            }
            (Change::Boundary { .. }, ResourceState::Boundary(policy)) => {
                aws.set_permissions_boundary(session, principal, policy.as_deref())
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
            // The state of a step fits its change: plans are made like that. What cannot be undone is
            // never written back.
            (
                _,
                ResourceState::Key(_)
                | ResourceState::Present(_)
                | ResourceState::Trust(_)
                | ResourceState::Boundary(_),
            ) => Ok(()),
        }
    }

    /// Reads the written state back until it is stable. Writes it again if it was removed
    /// meanwhile.
    pub(super) async fn read_back(
        &self,
        desired: &ResourceState,
        now: impl Fn() -> Timestamp,
    ) -> Result<ReadBack, ReadBackError> {
        let call = |error| ReadBackError::Call(Box::new(error));
        let mut removed_at = Vec::new();
        let mut writes = 1;
        let mut written_at = Instant::now();
        let mut agreeing: Option<(Instant, u32)> = None;
        loop {
            let observed = self.read().await.map_err(call)?;
            if desired.is_equivalent_to(&observed) {
                let (since, reads) =
                    agreeing.map_or((Instant::now(), 1), |(since, reads)| (since, reads + 1));
                if reads >= AGREEING_READS && since.elapsed() >= MIN_STABLE_TIME {
                    return Ok(ReadBack { removed_at });
                }
                agreeing = Some((since, reads));
            } else if agreeing.is_some() || written_at.elapsed() >= PROPAGATION_TIME {
                if writes == MAX_WRITES {
                    return Err(ReadBackError::Removed(writes));
                }
                // An undo restores a policy, so a policy is expected there.
                if *desired == ResourceState::Policy(None)
                    && self.change.would_remove_other_policy(&observed)
                {
                    return Err(ReadBackError::OtherPolicy);
                }
                removed_at.push(now());
                self.write(desired).await.map_err(call)?;
                writes += 1;
                written_at = Instant::now();
                agreeing = None;
                // Read again at once: somebody who removed it may be waiting for the next write.
                continue;
            }
            sleep(READ_INTERVAL).await;
        }
    }

    /// Whether IAM's simulation denies everything to the principal. `None` if that is unknown: the
    /// step denies nothing, or the server does not simulate.
    pub(super) async fn simulate(&self) -> Option<bool> {
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

impl ReadBackError {
    /// Text for the journal.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Call(error) => error.to_string(),
            Self::Removed(writes) => format!("somebody removed it after each of {writes} writes"),
            Self::OtherPolicy => {
                "somebody created a policy with this name that does not deny everything: review it"
                    .to_owned()
            }
        }
    }

    /// Whether the resource itself no longer exists.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Call(error) if error.class == ErrorClass::NotFound)
    }
}
