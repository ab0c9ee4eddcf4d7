//! STS: who calls, and the sessions that are begun. Always the Regional endpoint, whose tokens work in
//! opt-in Regions too.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::types;
use jiff::Timestamp;

use super::call::{CallContext, placed};
use super::connect::Aws;
use super::error::CallError;
use super::mfa::MfaCode;
use super::session::{RoleHop, Session};
use crate::model::{AccountId, Arn, Operation, Partition, Policy};

/// How long an MFA session lasts: what AWS gives a user unless told otherwise, and about a working day.
///
/// Source: STS API, `GetSessionToken`: 900 to 129,600 seconds.
const MFA_SESSION_SECONDS: i32 = 43_200;

/// What every role grants, and the most that a role's session gets of another role.
///
/// Source: IAM user guide, "Role chaining"; IAM API, `CreateRole`, `MaxSessionDuration` (3,600 at least).
const ALWAYS_GRANTED: Duration = Duration::from_hours(1);

/// What roles are made to grant, in hours: 12 at most.
const GRANTED_HOURS: [u64; 6] = [12, 8, 6, 4, 2, 1];

/// How long sessions of a role may be, by the role's name, as far as refusals have told.
#[derive(Debug, Default)]
pub(super) struct Durations(Mutex<HashMap<String, Duration>>);

impl Durations {
    /// The longest that it is worth asking for.
    fn longest(&self, role: &str, wanted: Duration) -> Duration {
        self.known()
            .get(role)
            .map_or(wanted, |granted| wanted.min(*granted))
    }

    /// Takes down that a duration was too long, and gives the next to try.
    fn refused(&self, role: &str, duration: Duration) -> Duration {
        let shorter = GRANTED_HOURS
            .map(Duration::from_hours)
            .into_iter()
            .find(|shorter| *shorter < duration);
        let shorter = shorter.unwrap_or(ALWAYS_GRANTED);
        self.known()
            .entry(role.to_owned())
            .and_modify(|granted| *granted = shorter.min(*granted))
            .or_insert(shorter);
        shorter
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        // A poisoned map is whole all the same: each change is a single one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who the source credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's own account.
    pub account: AccountId,
    /// The caller's ARN.
    pub arn: Arn,
    /// The partition that the ARN names: every other ARN is made with it.
    pub partition: Partition,
}

impl Caller {
    /// Whether it is the session of a role, from which a further role is a link of a chain.
    pub fn is_role(&self) -> bool {
        self.arn.resource().starts_with("assumed-role/")
    }
}

impl Aws {
    /// Asks who the source credentials belong to; asks once.
    ///
    /// # Errors
    /// The credentials are refused, or the answer makes no sense.
    pub async fn caller(&self) -> Result<Caller, CallError> {
        if let Some(caller) = self.caller.get() {
            return Ok(caller.clone());
        }
        let caller = self.identity(self.source()).await?;
        Ok(self.caller.get_or_init(|| caller).clone())
    }

    /// Asks who a session acts as. `GetCallerIdentity` needs no permission.
    ///
    /// # Errors
    /// The session cannot be had, or the answer makes no sense.
    pub async fn identity(&self, session: &Session) -> Result<Caller, CallError> {
        let site = CallContext {
            session,
            region: self.home(),
            operation: Operation::GetCallerIdentity,
        };
        let answer = self
            .call(site, |credentials| {
                self.clients
                    .sts
                    .get_caller_identity()
                    .customize()
                    .config_override(placed!(aws_sdk_sts, site, credentials))
                    .send()
            })
            .await?;
        let text = answer.arn().unwrap_or_default();
        let caller = text.parse::<Arn>().ok().and_then(|arn| {
            let account = answer
                .account()
                .and_then(|id| id.parse().ok())
                .or(arn.account())?;
            Some(Caller {
                account,
                partition: arn.partition()?,
                arn,
            })
        });
        caller.ok_or_else(|| site.unreadable(format!("the caller's ARN `{text}` makes no sense")))
    }

    /// Begins a session of the source's user with an MFA code.
    pub(super) async fn get_session_token(
        &self,
        source: &Session,
        serial: &str,
        code: &MfaCode,
    ) -> Result<Credentials, CallError> {
        let site = CallContext {
            session: source,
            region: self.home(),
            operation: Operation::GetSessionToken,
        };
        let request = self
            .clients
            .sts
            .get_session_token()
            .duration_seconds(MFA_SESSION_SECONDS)
            .serial_number(serial)
            .token_code(code.expose());
        let answer = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_sts, site, credentials))
                    .send()
            })
            .await?;
        temporary(site, answer.credentials())
    }

    /// Assumes a role from its parent session. A role that grants less than is asked for gives what it grants
    /// at most, as far as the ladder tells: STS does not say it. Roles of one name are deployed alike, so what one
    /// of them refused is not asked of the others.
    pub(super) async fn assume_role(
        &self,
        parent: &Session,
        hop: &RoleHop,
    ) -> Result<Credentials, CallError> {
        let chained = parent.role().is_some() || self.caller.get().is_some_and(Caller::is_role);
        let name = hop.role.name();
        let wanted = if chained {
            hop.duration.min(ALWAYS_GRANTED)
        } else {
            hop.duration
        };
        let mut duration = self.durations.longest(name, wanted);
        loop {
            match self.assume_role_for(parent, hop, duration).await {
                Err(error) if duration > ALWAYS_GRANTED && is_too_long(&error) => {
                    duration = self.durations.refused(name, duration);
                }
                outcome => return outcome,
            }
        }
    }

    async fn assume_role_for(
        &self,
        parent: &Session,
        hop: &RoleHop,
        duration: Duration,
    ) -> Result<Credentials, CallError> {
        let site = CallContext {
            session: parent,
            region: self.home(),
            operation: Operation::AssumeRole,
        };
        let request = self
            .clients
            .sts
            .assume_role()
            .role_arn(hop.role.as_str())
            .role_session_name(&hop.session_name)
            .duration_seconds(i32::try_from(duration.as_secs()).unwrap_or(i32::MAX))
            .set_external_id(hop.external_id.clone())
            // Set once, it passes on from role to role.
            .set_source_identity(
                hop.source_identity
                    .clone()
                    .filter(|_| parent.role().is_none()),
            )
            .set_policy(hop.policy.as_ref().map(Policy::to_string));
        let answer = self
            .call(site, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(placed!(aws_sdk_sts, site, credentials))
                    .send()
            })
            .await
            .map_err(|error| naming(hop, error))?;
        temporary(site, answer.credentials())
    }
}

/// An `AssumeRole` that names no role yet is this hop's own; others are of the hops before it.
fn naming(hop: &RoleHop, mut error: CallError) -> CallError {
    if error.operation == Operation::AssumeRole.as_str() && error.role.is_none() {
        error.role = Some(Box::new(hop.role.clone()));
    }
    error
}

fn temporary(
    site: CallContext<'_>,
    given: Option<&types::Credentials>,
) -> Result<Credentials, CallError> {
    let given = given.ok_or_else(|| site.unreadable("no credentials came back"))?;
    let expires = Timestamp::new(given.expiration().secs(), 0)
        .map_err(|_| site.unreadable("the session's expiry makes no sense"))?;
    Ok(Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        Some(expires.into()),
        site.operation.as_str(),
    ))
}

/// Source: STS's own words; both the role's maximum and the hour of a chain are a `ValidationError`.
fn is_too_long(error: &CallError) -> bool {
    error.code == "ValidationError" && error.message.contains("DurationSeconds exceeds")
}
