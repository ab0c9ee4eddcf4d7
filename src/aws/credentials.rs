//! The credentials of a session, obtained when a call needs them.
//!
//! This is a recursion: a call needs the credentials of its session, which an `AssumeRole` or
//! `GetSessionToken` call with the credentials of the parent session supplies, up to the source
//! credentials.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::caller::Caller;
use super::client::Aws;
use super::error::{CallError, ErrorClass, causes};
use super::session::{Origin, Session};

/// Credentials are renewed this long before they expire; it is longer than the timeout of any call.
const RENEWAL_MARGIN: Duration = Duration::from_mins(2);

impl Aws {
    /// Checks that the source credentials are accepted by AWS, and opens the MFA session if there
    /// is a device. So no code is requested in the middle of the work.
    ///
    /// # Errors
    /// The source credentials are rejected, or they cannot open an MFA session.
    pub async fn authenticate(&self) -> Result<Caller, CallError> {
        let caller = self.caller().await?;
        if let Some(session) = &self.mfa {
            self.credentials(session).await?;
        }
        Ok(caller)
    }

    /// Returns the session's credentials, renewed if they are about to expire.
    pub(super) fn credentials<'a>(
        &'a self,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<Credentials, CallError>> {
        async move {
            let mut current = session.current.lock().await;
            if let Some(cached) = current.as_ref().filter(|cached| self.is_fresh(cached)) {
                return Ok(cached.clone());
            }
            let renewed = match &session.origin {
                Origin::Source(provider) => self.source_credentials(provider).await?,
                Origin::Mfa { source, device } => self.mfa_session(source, device).await?,
                Origin::Role { parent, hop } => self.assume_role(parent, hop).await?,
            };
            Ok(current.insert(renewed).clone())
        }
        .boxed()
    }

    /// Whether credentials remain valid for longer than any call that uses them.
    pub(super) fn is_fresh(&self, credentials: &Credentials) -> bool {
        let Some(expiry) = credentials.expiry() else {
            return true;
        };
        Timestamp::try_from(expiry).is_ok_and(|expiry| self.clock.until(expiry) > RENEWAL_MARGIN)
    }

    async fn source_credentials(
        &self,
        provider: &SharedCredentialsProvider,
    ) -> Result<Credentials, CallError> {
        provider.provide_credentials().await.map_err(|error| {
            let problem = format!(
                "{}; run `aws sso login`, or set AWS_PROFILE or --profile",
                causes(&error)
            );
            CallError::local(
                "GetSourceCredentials",
                self.home(),
                ErrorClass::Denied,
                "NoCredentials",
                problem,
            )
        })
    }
}
