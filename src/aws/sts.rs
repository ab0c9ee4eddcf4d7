//! STS: the caller's identity, and new sessions. Calls use the Regional endpoint, whose tokens are
//! also valid in opt-in Regions.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::types;
use jiff::Timestamp;

use super::call::send;
use super::call_context::CallContext;
use super::caller::Caller;
use super::client::Aws;
use super::error::CallError;
use super::mfa::MfaCode;
use super::session::{RoleHop, Session};
use super::session_durations::MIN_GRANTED;
use dragnet_model::{Arn, Operation, Policy};

/// The duration of an MFA session: AWS's default for a user, and about a working day.
///
/// Source: STS API, `GetSessionToken`: 900 to 129,600 seconds.
const MFA_SESSION_SECONDS: i32 = 43_200;

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
        let context = self.home_context(session, Operation::GetCallerIdentity);
        let request = self.clients.sts.get_caller_identity();
        let output = send!(self, context, request)?;
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
        let context = self.home_context(source, Operation::GetSessionToken);
        let request = self
            .clients
            .sts
            .get_session_token()
            .duration_seconds(MFA_SESSION_SECONDS)
            .serial_number(serial)
            .token_code(code.expose());
        let output = send!(self, context, request)?;
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
        let context = self.home_context(parent, Operation::AssumeRole);
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
        let output = send!(self, context, request).map_err(|error| with_role(hop, error))?;
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
