//! The credentials of a session, obtained when a call needs them.
//!
//! This is a recursion: a call needs the credentials of its session, which an `AssumeRole` or
//! `GetSessionToken` call with the credentials of the parent session supplies, up to the source
//! credentials.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::caller::Caller;
use super::client::Aws;
use super::error::{CallError, ErrorClass, causes};
use super::session::{Origin, Session, Source};

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
                Origin::Source(source) => self.source_credentials(source).await?,
                Origin::Mfa { source, device } => self.mfa_session(source, device).await?,
                Origin::Role { parent, hop } => self.assume_role(parent, hop).await?,
                Origin::PermissionSet { account, name } => {
                    self.permission_set_credentials(*account, name).await?
                }
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

    async fn source_credentials(&self, source: &Source) -> Result<Credentials, CallError> {
        let provided = source.provider.provide_credentials().await;
        provided.map_err(|error| {
            let problem = source.explain(&causes(&error));
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

/// In the SDK's error for every failure after the first of a provider that could not be created.
const TAKEN: &str = "initialization error already taken";

impl Source {
    /// Returns the text for an error: the first one if the SDK does not repeat it, and the advice.
    fn explain(&self, error: &str) -> String {
        let first = self.first_error.get_or_init(|| error.to_owned());
        let text = if error.contains(TAKEN) { first } else { error };
        format!("{text}; {}", self.advice)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use aws_credential_types::provider::SharedCredentialsProvider;

    use super::*;

    #[test]
    fn first_error_of_the_sdk_is_shown_again() {
        let keys = Credentials::new("AKIA", "s", None, None, "test");
        let source = Source {
            provider: SharedCredentialsProvider::new(keys),
            advice: "log in".to_owned(),
            first_error: OnceLock::new(),
        };
        assert_eq!(source.explain("no session"), "no session; log in");
        let later = format!("profile file credentials provider {TAKEN}");
        assert_eq!(source.explain(&later), "no session; log in");
        assert_eq!(source.explain("expired"), "expired; log in");
    }
}
