//! Identifies the caller of a request from its signature.

use http::request::Parts;
use jiff::Timestamp;

use super::mint::{Holder, Session};
use super::{Mint, Signature};
use crate::policy::RequestContext;
use crate::wire::{CommonError, Service};
use crate::world::{Account, KeyStatus, World};
use dragnet_model::{AccountId, Region};

/// The principal that made a call, its credentials, and the Region.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) principal: Principal,
    /// The access key that signed the request.
    pub(crate) access_key_id: String,
    /// The session, if the key is temporary.
    pub(crate) session: Option<Session>,
    /// The Region that the request was signed for.
    pub(crate) region: Region,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    User {
        name: String,
    },
    /// An assumed role.
    Role {
        name: String,
        session: String,
    },
}

/// Finds the principal that signed a request, and rejects what AWS rejects before it evaluates any
/// policy.
///
/// # Errors
/// The key does not exist or is inactive, the token does not belong to the key, the session has
/// expired, the signature is wrong, or the Region is not enabled in the account.
pub(crate) fn identify_caller(
    world: &World,
    service: Service,
    parts: &Parts,
    body: &[u8],
    now: Timestamp,
) -> Result<Caller, CommonError> {
    let signature = Signature::from_headers(&parts.headers)?;
    let (caller, secret) = match &signature.token {
        Some(token) => session_caller(world, &signature, token)?,
        None => long_term_caller(world, &signature)?,
    };
    signature.verify(&secret, service, parts, body, now)?;
    let expired = caller
        .session
        .as_ref()
        .is_some_and(|session| session.expires() <= now);
    if expired {
        return Err(CommonError::Expired);
    }
    if service.is_global() {
        return Ok(caller);
    }
    let requires_opt_in = world.regions.opt_in.contains(&caller.region);
    let token_invalid_in_region = requires_opt_in
        && caller
            .session
            .as_ref()
            .is_some_and(|session| session.global);
    if token_invalid_in_region || !world.is_region_enabled(caller.account, &caller.region) {
        return Err(CommonError::UnknownKey);
    }
    Ok(caller)
}

fn long_term_caller(world: &World, signature: &Signature) -> Result<(Caller, String), CommonError> {
    let (account, name) = world
        .key_owners
        .get(&signature.access_key_id)
        .ok_or(CommonError::UnknownKey)?;
    let user = active_account(world, *account)?
        .users
        .get(name)
        .ok_or(CommonError::UnknownKey)?;
    let key = user
        .keys
        .get(&signature.access_key_id)
        .ok_or(CommonError::UnknownKey)?;
    if key.status == KeyStatus::Inactive {
        return Err(CommonError::UnknownKey);
    }
    let caller = Caller {
        account: *account,
        principal: Principal::User { name: name.clone() },
        access_key_id: signature.access_key_id.clone(),
        session: None,
        region: signature.region.clone(),
    };
    Ok((caller, key.secret.clone()))
}

fn session_caller(
    world: &World,
    signature: &Signature,
    token: &str,
) -> Result<(Caller, String), CommonError> {
    let session = world
        .mint
        .decode_session(token)
        .ok_or(CommonError::UnknownKey)?;
    if session.access_key_id != signature.access_key_id {
        return Err(CommonError::UnknownKey);
    }
    let account = active_account(world, session.account)?;
    let principal = match &session.holder {
        Holder::User { name } => account
            .users
            .get(name)
            .map(|_| Principal::User { name: name.clone() }),
        Holder::Role { name, id, session } => {
            let role = account.roles.get(name).filter(|role| role.id == *id);
            role.map(|_| Principal::Role {
                name: name.clone(),
                session: session.clone(),
            })
        }
    };
    let caller = Caller {
        account: session.account,
        principal: principal.ok_or(CommonError::UnknownKey)?,
        access_key_id: session.access_key_id.clone(),
        region: signature.region.clone(),
        session: Some(session),
    };
    let secret = world.mint.secret_of(&caller.access_key_id);
    Ok((caller, secret))
}

fn active_account(world: &World, account: AccountId) -> Result<&Account, CommonError> {
    world
        .account(account)
        .filter(|account| account.is_active())
        .ok_or(CommonError::UnknownKey)
}

impl Caller {
    /// Whether it is a session from `GetSessionToken` without an MFA code, which IAM does not
    /// accept.
    ///
    /// Source: STS API, `GetSessionToken`, "Permissions".
    pub(crate) fn is_plain_user_session(&self) -> bool {
        let user = matches!(self.principal, Principal::User { .. });
        user && self.session.as_ref().is_some_and(|session| !session.mfa)
    }

    /// The ARN that `GetCallerIdentity` returns for the caller.
    pub(crate) fn arn(&self, world: &World) -> String {
        match &self.principal {
            Principal::User { .. } => self.identity_arn(world),
            Principal::Role { name, session } => world.arn(
                "sts",
                "",
                self.account,
                &format!("assumed-role/{name}/{session}"),
            ),
        }
    }

    /// The ARN of the user or role behind the call.
    pub(crate) fn identity_arn(&self, world: &World) -> String {
        let account = world.account(self.account);
        let (kind, name, path) = match &self.principal {
            Principal::User { name } => (
                "user",
                name,
                account
                    .and_then(|account| account.users.get(name))
                    .map(|user| &user.path),
            ),
            Principal::Role { name, .. } => (
                "role",
                name,
                account
                    .and_then(|account| account.roles.get(name))
                    .map(|role| &role.path),
            ),
        };
        let path = path.map_or("/", String::as_str);
        world.arn("iam", "", self.account, &format!("{kind}{path}{name}"))
    }

    /// The unique id: `AIDA…`, or `AROA…:session`.
    pub(crate) fn user_id(&self, world: &World) -> String {
        let account = world.account(self.account);
        match &self.principal {
            Principal::User { name } => account
                .and_then(|account| account.users.get(name))
                .map_or_else(String::new, |user| user.id.clone()),
            Principal::Role { name, session } => account
                .and_then(|account| account.roles.get(name))
                .map_or_else(String::new, |role| format!("{}:{session}", role.id)),
        }
    }

    /// The values of the condition keys for this call.
    pub(crate) fn request_context(&self, world: &World, now: Timestamp) -> RequestContext {
        let session = self.session.as_ref();
        RequestContext {
            account: self.account.to_string(),
            account_root: world.arn("iam", "", self.account, "root"),
            principal_arn: self.identity_arn(world),
            session_arn: matches!(self.principal, Principal::Role { .. }).then(|| self.arn(world)),
            user_id: self.user_id(world),
            username: match &self.principal {
                Principal::User { name } => Some(name.clone()),
                Principal::Role { .. } => None,
            },
            organization: Some(world.organization.id.clone()),
            region: self.region.to_string(),
            now,
            token_issued: session.map(Session::issued),
            mfa_at: session.filter(|session| session.mfa).map(Session::issued),
            source_identity: session.and_then(|session| session.source_identity.clone()),
            request_keys: Vec::new(),
        }
    }

    /// Issues the credentials of a session.
    pub(crate) fn issue_credentials(mint: &mut Mint, mut session: Session) -> Credentials {
        session.access_key_id = mint.next_id("ASIA", 16);
        Credentials {
            secret_access_key: mint.secret_of(&session.access_key_id),
            session_token: mint.encode_session(&session),
            expires: session.expires(),
            access_key_id: session.access_key_id,
        }
    }
}

/// Temporary credentials that STS issues.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// Begins with `ASIA`.
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    /// The signed session; `Mint::encode_session` creates it.
    pub(crate) session_token: String,
    pub(crate) expires: Timestamp,
}
