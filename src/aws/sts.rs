//! STS: the caller's identity, and new sessions. Calls use the Regional endpoint, whose tokens are
//! also valid in opt-in Regions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::types;
use jiff::Timestamp;

use super::call::{CallContext, config_for};
use super::connect::Aws;
use super::error::CallError;
use super::mfa::MfaCode;
use super::session::{RoleHop, Session};
use dragnet_model::{AccountId, Arn, Operation, Partition, Policy};

/// The duration of an MFA session: AWS's default for a user, and about a working day.
///
/// Source: STS API, `GetSessionToken`: 900 to 129,600 seconds.
const MFA_SESSION_SECONDS: i32 = 43_200;

/// The session duration that every role allows, and the maximum in a role chain.
///
/// Source: IAM user guide, "Role chaining"; IAM API, `CreateRole`, `MaxSessionDuration` (3,600 at
/// least).
const MIN_GRANTED: Duration = Duration::from_hours(1);

/// The session durations that are tried, in hours. A role can allow 12 at most.
const GRANTED_HOURS: [u64; 6] = [12, 8, 6, 4, 2, 1];

/// The longest session duration that each role name may allow, as learned from refusals.
#[derive(Debug, Default)]
pub(super) struct SessionDurations(Mutex<HashMap<String, Duration>>);

impl SessionDurations {
    /// Returns the longest duration that is worth requesting.
    fn longest_duration(&self, role: &str, requested: Duration) -> Duration {
        self.known()
            .get(role)
            .map_or(requested, |granted| requested.min(*granted))
    }

    /// Records that a duration was too long, and returns the next one to try.
    fn record_refusal(&self, role: &str, duration: Duration) -> Duration {
        let shorter = GRANTED_HOURS
            .map(Duration::from_hours)
            .into_iter()
            .find(|shorter| *shorter < duration);
        let shorter = shorter.unwrap_or(MIN_GRANTED);
        self.known()
            .entry(role.to_owned())
            .and_modify(|granted| *granted = shorter.min(*granted))
            .or_insert(shorter);
        shorter
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Duration>> {
        // A poisoned map is still consistent: each change is a single operation.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The identity of the source credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The caller's account.
    pub account: AccountId,
    /// The caller's ARN.
    pub arn: Arn,
    /// The partition of the caller's ARN, from which all other ARNs are built.
    pub partition: Partition,
}

impl Caller {
    /// Whether the caller is the session of a role, so that assuming a role from it is role
    /// chaining.
    pub fn is_role(&self) -> bool {
        self.arn.resource().starts_with("assumed-role/")
    }
}

impl Aws {
    /// Returns the identity of the source credentials. AWS is asked only once.
    ///
    /// # Errors
    /// The credentials are rejected, or the response cannot be interpreted.
    pub async fn caller(&self) -> Result<Caller, CallError> {
        if let Some(caller) = self.caller.get() {
            return Ok(caller.clone());
        }
        let caller = self.identity(self.source()).await?;
        Ok(self.caller.get_or_init(|| caller).clone())
    }

    /// Returns the identity of a session. `GetCallerIdentity` needs no permission.
    ///
    /// # Errors
    /// The session cannot be opened, or the response cannot be interpreted.
    pub async fn identity(&self, session: &Session) -> Result<Caller, CallError> {
        let context = CallContext {
            session,
            region: self.home(),
            operation: Operation::GetCallerIdentity,
        };
        let output = self
            .call(context, |credentials| {
                self.clients
                    .sts
                    .get_caller_identity()
                    .customize()
                    .config_override(config_for!(aws_sdk_sts, context, credentials))
                    .send()
            })
            .await?;
        let text = output.arn().unwrap_or_default();
        let caller = text.parse::<Arn>().ok().and_then(|arn| {
            let account = output
                .account()
                .and_then(|id| id.parse().ok())
                .or(arn.account())?;
            Some(Caller {
                account,
                partition: arn.partition()?,
                arn,
            })
        });
        caller.ok_or_else(|| {
            context.unreadable(format!("the response has an invalid caller ARN: `{text}`"))
        })
    }

    /// Opens an MFA session of the source's user with a code.
    pub(super) async fn get_session_token(
        &self,
        source: &Session,
        serial: &str,
        code: &MfaCode,
    ) -> Result<Credentials, CallError> {
        let context = CallContext {
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
        let output = self
            .call(context, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(config_for!(aws_sdk_sts, context, credentials))
                    .send()
            })
            .await?;
        temporary_credentials(context, output.credentials())
    }

    /// Assumes a role from its parent session. STS does not say how long a session a role allows,
    /// so shorter durations are tried until one is accepted. Roles with the same name are usually
    /// deployed alike, so a duration that one of them refused is not requested from the others.
    pub(super) async fn assume_role(
        &self,
        parent: &Session,
        hop: &RoleHop,
    ) -> Result<Credentials, CallError> {
        let chained = parent.role().is_some() || self.caller.get().is_some_and(Caller::is_role);
        let name = hop.role.name();
        let requested = if chained {
            hop.duration.min(MIN_GRANTED)
        } else {
            hop.duration
        };
        let mut duration = self.durations.longest_duration(name, requested);
        loop {
            match self.assume_role_for(parent, hop, duration).await {
                Err(error) if duration > MIN_GRANTED && is_too_long(&error) => {
                    duration = self.durations.record_refusal(name, duration);
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
        let context = CallContext {
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
            // Set once, the source identity is passed on from role to role.
            .set_source_identity(
                hop.source_identity
                    .clone()
                    .filter(|_| parent.role().is_none()),
            )
            .set_policy(hop.policy.as_ref().map(Policy::to_string));
        let output = self
            .call(context, |credentials| {
                request
                    .clone()
                    .customize()
                    .config_override(config_for!(aws_sdk_sts, context, credentials))
                    .send()
            })
            .await
            .map_err(|error| with_role(hop, error))?;
        temporary_credentials(context, output.credentials())
    }
}

/// Adds the role to an `AssumeRole` error of this hop. An error that already has a role is from an
/// earlier hop.
fn with_role(hop: &RoleHop, mut error: CallError) -> CallError {
    if error.operation == Operation::AssumeRole.as_str() && error.role.is_none() {
        error.role = Some(Box::new(hop.role.clone()));
    }
    error
}

/// Converts the credentials of a response.
fn temporary_credentials(
    context: CallContext<'_>,
    credentials: Option<&types::Credentials>,
) -> Result<Credentials, CallError> {
    let credentials =
        credentials.ok_or_else(|| context.unreadable("the response has no credentials"))?;
    let expires = Timestamp::new(credentials.expiration().secs(), 0)
        .map_err(|_| context.unreadable("the response has an invalid session expiry"))?;
    Ok(Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        Some(credentials.session_token().to_owned()),
        Some(expires.into()),
        context.operation.as_str(),
    ))
}

/// Source: the text of STS's errors. Exceeding the maximum of the role or the hour of a role chain
/// is a `ValidationError`.
fn is_too_long(error: &CallError) -> bool {
    error.code == "ValidationError" && error.message.contains("DurationSeconds exceeds")
}
