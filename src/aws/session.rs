//! Sessions: credentials for an account, obtained hop by hop and cached until shortly before they
//! expire.
//!
//! `credentials.rs` calls STS for a session, and the SDK gets plain credentials. If a credentials
//! *provider* failed, the call that needed it would fail with a connection error without a code.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::mfa::Device;
use crate::config::PermissionSet;
use dragnet_model::{AccountId, Policy, RoleArn};

/// Credentials of one identity, renewed automatically and shared by all calls of that identity.
#[derive(Debug)]
pub struct Session {
    pub(super) origin: Origin,
    /// Locked while credentials are obtained, so that all calls that need them wait for one
    /// request.
    pub(super) current: Mutex<Option<Credentials>>,
}

/// What a session gets its credentials from.
#[derive(Debug)]
pub(super) enum Origin {
    Source(Box<Source>),
    Mfa {
        source: Arc<Session>,
        device: Device,
    },
    Role {
        parent: Arc<Session>,
        hop: RoleHop,
    },
    /// A permission set of IAM Identity Center in an account.
    PermissionSet {
        account: AccountId,
        name: PermissionSet,
    },
}

/// The provider of the source credentials.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) provider: SharedCredentialsProvider,
    /// What to do if there are no valid credentials.
    pub(super) advice: String,
    /// Its first error. The SDK only says of later ones that there was an earlier one.
    pub(super) first_error: OnceLock<String>,
}

/// A role to assume, with the parameters of the request.
#[derive(Clone, Debug)]
pub struct RoleHop {
    /// The role.
    pub role: RoleArn,
    /// The external id, which the trust policy may require.
    pub external_id: Option<String>,
    /// The session name, 2 to 64 characters of `[\w+=,.@-]`, which CloudTrail records.
    pub session_name: String,
    /// The source identity, usually a person. The first hop sets it; all later ones inherit it.
    pub source_identity: Option<String>,
    /// The session duration to request; a chained session lasts an hour at most.
    pub duration: Duration,
    /// The session policy, which limits what the role allows; `None` sets no limit.
    pub policy: Option<Policy>,
}

impl Session {
    fn new(origin: Origin) -> Arc<Self> {
        Arc::new(Self {
            origin,
            current: Mutex::default(),
        })
    }

    /// The session of the source credentials. `advice` says what to do if there are none.
    pub(super) fn from_source(provider: SharedCredentialsProvider, advice: String) -> Arc<Self> {
        Self::new(Origin::Source(Box::new(Source {
            provider,
            advice,
            first_error: OnceLock::new(),
        })))
    }

    /// A session with the given credentials.
    pub(super) fn from_credentials(credentials: Credentials) -> Arc<Self> {
        Self::from_source(SharedCredentialsProvider::new(credentials), String::new())
    }

    /// The MFA session of the same user. No code is requested until it is used.
    pub(super) fn with_mfa(self: &Arc<Self>, device: Device) -> Arc<Self> {
        Self::new(Origin::Mfa {
            source: Arc::clone(self),
            device,
        })
    }

    /// The session of a role that is assumed from this one. No call is made until it is used.
    pub fn assume(self: &Arc<Self>, hop: RoleHop) -> Arc<Self> {
        Self::new(Origin::Role {
            parent: Arc::clone(self),
            hop,
        })
    }

    /// The session of a permission set in an account. No call is made until it is used.
    pub fn for_permission_set(account: AccountId, name: PermissionSet) -> Arc<Self> {
        Self::new(Origin::PermissionSet { account, name })
    }

    /// The account of the assumed role or of the permission set, if Dragnet created the session.
    pub fn account(&self) -> Option<AccountId> {
        match &self.origin {
            Origin::PermissionSet { account, .. } => Some(*account),
            Origin::Role { hop, .. } => Some(hop.role.account()),
            Origin::Source(_) | Origin::Mfa { .. } => None,
        }
    }

    /// The permission set, if this is a session of one.
    pub fn permission_set(&self) -> Option<&PermissionSet> {
        match &self.origin {
            Origin::PermissionSet { name, .. } => Some(name),
            Origin::Source(_) | Origin::Mfa { .. } | Origin::Role { .. } => None,
        }
    }

    /// The role, if Dragnet assumed one.
    pub fn role(&self) -> Option<&RoleArn> {
        match &self.origin {
            Origin::Source(_) | Origin::Mfa { .. } | Origin::PermissionSet { .. } => None,
            Origin::Role { hop, .. } => Some(&hop.role),
        }
    }

    /// The device, if this is an MFA session.
    pub(super) fn device(&self) -> Option<&Device> {
        match &self.origin {
            Origin::Mfa { device, .. } => Some(device),
            Origin::Source(_) | Origin::Role { .. } | Origin::PermissionSet { .. } => None,
        }
    }

    /// When the current credentials expire, if there are any and they do.
    pub(super) async fn expiry(&self) -> Option<Timestamp> {
        let expiry = self.current.lock().await.as_ref()?.expiry()?;
        Timestamp::try_from(expiry).ok()
    }

    /// Discards credentials that AWS reports as expired, unless they have been renewed meanwhile.
    pub(super) async fn discard(&self, expired: &Credentials) {
        let mut current = self.current.lock().await;
        if current
            .as_ref()
            .is_some_and(|cached| cached.access_key_id() == expired.access_key_id())
        {
            *current = None;
            if let Some(device) = self.device() {
                // If the file cannot be removed, the cached session is tried and rejected before a
                // code is requested.
                _ = device.forget_session();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_session_is_small() {
        // A thousand accounts need a thousand sessions and their credentials, but no further SDK
        // client.
        assert!(size_of::<Session>() < 1_024, "{}", size_of::<Session>());
    }
}
