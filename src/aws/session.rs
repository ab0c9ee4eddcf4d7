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
use crate::model::{AccountId, RoleArn};

/// Credentials are renewed this long before they expire: longer than any call's timeout.
const MARGIN: Duration = Duration::from_mins(2);
/// STS lets a session that was itself assumed ask for no more.
///
/// Source: IAM user guide, "Role chaining".
const CHAINED: Duration = Duration::from_hours(1);

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
    Role { parent: Arc<Session>, hop: RoleHop },
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
}

impl Session {
    /// The session of the source credentials.
    pub(super) fn of_source(provider: SharedCredentialsProvider) -> Arc<Self> {
        Arc::new(Self { origin: Origin::Source(provider), current: Mutex::default() })
    }

    /// The session of a role that is assumed from this one. Nothing is called until it is used.
    pub fn assume(self: &Arc<Self>, hop: RoleHop) -> Arc<Self> {
        Arc::new(Self { origin: Origin::Role { parent: Arc::clone(self), hop }, current: Mutex::default() })
    }

    /// The account that it acts in, where its role tells.
    pub fn account(&self) -> Option<AccountId> {
        match &self.origin {
            Origin::Source(_) => None,
            Origin::Role { hop, .. } => Some(hop.role.account()),
        }
    }

    /// Lets go of credentials that AWS calls expired, unless somebody has renewed them already.
    pub(super) async fn forget(&self, expired: &Credentials) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|kept| kept.access_key_id() == expired.access_key_id()) {
            *current = None;
        }
    }
}

impl RoleHop {
    /// The duration in seconds to ask STS for.
    pub(super) fn seconds(&self, parent: &Session) -> i32 {
        let longest = match parent.origin {
            Origin::Source(_) => self.duration,
            Origin::Role { .. } => self.duration.min(CHAINED),
        };
        i32::try_from(longest.as_secs()).unwrap_or(i32::MAX)
    }

    /// The source identity to set: only the first hop may.
    pub(super) fn new_source_identity(&self, parent: &Session) -> Option<String> {
        self.source_identity.clone().filter(|_| matches!(parent.origin, Origin::Source(_)))
    }
}

impl Aws {
    /// The session's credentials, renewed if they are about to expire.
    pub(super) fn credentials<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Result<Credentials, CallError>> {
        async move {
            let mut current = session.current.lock().await;
            if let Some(kept) = current.as_ref().filter(|kept| self.is_fresh(kept)) {
                return Ok(kept.clone());
            }
            let renewed = match &session.origin {
                Origin::Source(provider) => self.source_credentials(provider).await?,
                Origin::Role { parent, hop } => self.assume_role(parent, hop).await?,
            };
            Ok(current.insert(renewed).clone())
        }
        .boxed()
    }

    fn is_fresh(&self, credentials: &Credentials) -> bool {
        let Some(expiry) = credentials.expiry() else { return true };
        Timestamp::try_from(expiry).is_ok_and(|expiry| self.clock.until(expiry) > MARGIN)
    }

    async fn source_credentials(&self, provider: &SharedCredentialsProvider) -> Result<Credentials, CallError> {
        provider.provide_credentials().await.map_err(|error| CallError {
            class: ErrorClass::Denied,
            code: "NoCredentials".to_owned(),
            message: format!("{}. Set AWS_PROFILE or --profile, or log in (aws sso login)", causes(&error)),
            request_id: String::new(),
            operation: "GetSourceCredentials",
            account: None,
            region: self.home().clone(),
            attempts: 1,
        })
    }
}
