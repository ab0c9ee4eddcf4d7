//! Sessions: credentials for an account, got hop by hop, kept until shortly before they expire.
//!
//! Sessions call STS themselves and hand on plain credentials. A failing credentials *provider* would
//! show as a connection failure of the call that needed it, without a code.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::connect::Aws;
use super::error::{CallError, ErrorClass, causes};
use super::mfa::Device;
use crate::model::{AccountId, Policy, RoleArn};

/// Credentials are renewed this long before they expire: longer than any call's timeout.
const MARGIN: Duration = Duration::from_mins(2);

/// Credentials of one identity, renewed by themselves; shared by all that act as it.
#[derive(Debug)]
pub struct Session {
    origin: Origin,
    /// Held while credentials are being got, so that all who need them wait for one call.
    current: Mutex<Option<Credentials>>,
}

#[derive(Debug)]
enum Origin {
    Source(SharedCredentialsProvider),
    Mfa {
        source: Arc<Session>,
        device: Device,
    },
    Role {
        parent: Arc<Session>,
        hop: RoleHop,
    },
}

/// A role to assume, and how.
#[derive(Clone, Debug)]
pub struct RoleHop {
    /// The role.
    pub role: RoleArn,
    /// What its trust policy may ask for.
    pub external_id: Option<String>,
    /// The session's name, 2 to 64 of `[\w+=,.@-]`: shown in CloudTrail.
    pub session_name: String,
    /// The person behind it; set by the first hop, kept by all that follow.
    pub source_identity: Option<String>,
    /// How long to ask for; a chained session gets an hour at most.
    pub duration: Duration,
    /// What the session may do at most, whatever the role may; `None`: all that the role may.
    pub policy: Option<Policy>,
}

impl Session {
    fn new(origin: Origin) -> Arc<Self> {
        Arc::new(Self {
            origin,
            current: Mutex::default(),
        })
    }

    /// The session of the source credentials.
    pub(super) fn of_source(provider: SharedCredentialsProvider) -> Arc<Self> {
        Self::new(Origin::Source(provider))
    }

    /// A session of credentials that are at hand.
    pub(super) fn of_credentials(credentials: Credentials) -> Arc<Self> {
        Self::of_source(SharedCredentialsProvider::new(credentials))
    }

    /// The session of the same user with an MFA code. Nothing is asked until it is used.
    pub(super) fn with_mfa(self: &Arc<Self>, device: Device) -> Arc<Self> {
        Self::new(Origin::Mfa {
            source: Arc::clone(self),
            device,
        })
    }

    /// The session of a role that is assumed from this one. Nothing is called until it is used.
    pub fn assume(self: &Arc<Self>, hop: RoleHop) -> Arc<Self> {
        Self::new(Origin::Role {
            parent: Arc::clone(self),
            hop,
        })
    }

    /// The account that it acts in, where its role tells.
    pub fn account(&self) -> Option<AccountId> {
        self.role().map(RoleArn::account)
    }

    /// The role that it acts in, if Dragnet assumed one.
    pub fn role(&self) -> Option<&RoleArn> {
        match &self.origin {
            Origin::Source(_) | Origin::Mfa { .. } => None,
            Origin::Role { hop, .. } => Some(&hop.role),
        }
    }

    /// The device, if this is an MFA session.
    pub(super) fn device(&self) -> Option<&Device> {
        match &self.origin {
            Origin::Mfa { device, .. } => Some(device),
            Origin::Source(_) | Origin::Role { .. } => None,
        }
    }

    /// When its credentials end, if it has any and they do.
    pub(super) async fn ends(&self) -> Option<Timestamp> {
        let expiry = self.current.lock().await.as_ref()?.expiry()?;
        Timestamp::try_from(expiry).ok()
    }

    /// Lets go of credentials that AWS calls expired, unless somebody has renewed them already.
    pub(super) async fn forget(&self, expired: &Credentials) {
        let mut current = self.current.lock().await;
        if current
            .as_ref()
            .is_some_and(|kept| kept.access_key_id() == expired.access_key_id())
        {
            *current = None;
            if let Some(device) = self.device() {
                // One that cannot be removed is tried again, and refused again, before a code is asked for.
                _ = device.forget_session();
            }
        }
    }
}

impl Aws {
    /// The session's credentials, renewed if they are about to expire.
    pub(super) fn credentials<'a>(
        &'a self,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<Credentials, CallError>> {
        async move {
            let mut current = session.current.lock().await;
            if let Some(kept) = current.as_ref().filter(|kept| self.is_fresh(kept)) {
                return Ok(kept.clone());
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

    /// Whether credentials live longer than any call that is made with them.
    pub(super) fn is_fresh(&self, credentials: &Credentials) -> bool {
        let Some(expiry) = credentials.expiry() else {
            return true;
        };
        Timestamp::try_from(expiry).is_ok_and(|expiry| self.clock.until(expiry) > MARGIN)
    }

    async fn source_credentials(
        &self,
        provider: &SharedCredentialsProvider,
    ) -> Result<Credentials, CallError> {
        provider
            .provide_credentials()
            .await
            .map_err(|error| CallError {
                class: ErrorClass::Denied,
                code: "NoCredentials".to_owned(),
                message: format!(
                    "{}. Set AWS_PROFILE or --profile, or log in (aws sso login)",
                    causes(&error)
                ),
                request_id: String::new(),
                operation: "GetSourceCredentials",
                account: None,
                role: None,
                region: self.home().clone(),
                attempts: 1,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_session_is_small() {
        // A thousand accounts are a thousand of these, the credentials' text beside them, and no client.
        assert!(size_of::<Session>() < 1_024, "{}", size_of::<Session>());
    }
}
