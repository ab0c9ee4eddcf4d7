//! How accounts are entered: with the source credentials, through the role chain, into the
//! account's own role.

mod entry;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use tracing::warn;

use super::member::Member;
use super::refusal::{AssumeRoleContext, MfaContext, Refusal};
use crate::aws::{Aws, CallError, Caller, EnabledRegion, RoleHop, Session};
use crate::config::{ExternalId, Identity, MemberRole, PermissionSet};
use dragnet_model::{AccountId, InvalidArn, Operation, Outcome, Policy, Reason, RoleArn, Status};

/// The identity and the sessions with which accounts are entered.
#[derive(Debug)]
pub struct Access {
    identity: Identity,
    session_name: String,
    /// What sessions of member roles may call; `None` if sessions are not scoped down.
    operations: Option<Vec<Operation>>,
    caller: Caller,
    with_mfa: bool,
    /// The roles that are assumed before a member role: those of the AWS profile, then the role
    /// chain.
    hops: Vec<Arc<Session>>,
    /// The session from which member roles are assumed: the last hop, or the source session.
    base: Arc<Session>,
    /// The account of `base`.
    own_account: AccountId,
    /// The permission set with which accounts are entered instead of a member role.
    permission_set: Option<PermissionSet>,
    /// Whether only the first of several member roles may be used.
    first_role_only: bool,
    /// Whether an account has several member roles.
    has_fallback: AtomicBool,
    /// The member role that worked in each account that was entered.
    roles_used: Mutex<BTreeMap<AccountId, MemberRole>>,
}

/// An account that was entered.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The session in the account.
    pub session: Arc<Session>,
    /// The Regions that the account has enabled, sorted.
    pub regions: Vec<EnabledRegion>,
}

impl Access {
    /// Creates the access of `caller` with `identity`, to call `operations` in each account.
    /// Sessions are named `session_name`. Makes no call.
    pub fn new(
        aws: &Aws,
        caller: &Caller,
        identity: &Identity,
        session_name: String,
        operations: &[Operation],
    ) -> Self {
        let mut access = Self {
            identity: identity.clone(),
            session_name,
            operations: identity.scope_down.then(|| operations.to_vec()),
            caller: caller.clone(),
            with_mfa: aws.has_mfa(),
            hops: aws.profile_roles().to_vec(),
            base: Arc::clone(aws.base()),
            own_account: aws.base().account().unwrap_or(caller.account),
            permission_set: identity.permission_set.clone(),
            first_role_only: false,
            has_fallback: AtomicBool::new(false),
            roles_used: Mutex::default(),
        };
        if let Some(permission_set) = &identity.permission_set {
            warn!(
                "sessions of permission set {} cannot be limited by a session policy: they may do whatever it allows",
                permission_set.as_str()
            );
        }
        for role in &identity.role_chain {
            access.own_account = role.account();
            access.base = access.base.assume(access.new_hop(role.clone(), None, None));
            access.hops.push(Arc::clone(&access.base));
        }
        access
    }

    /// Returns the same access, which uses only the first of several member roles. Containment must
    /// not depend on which roles happen to work.
    #[must_use]
    pub fn with_first_role_only(self) -> Self {
        Self {
            first_role_only: true,
            ..self
        }
    }

    /// Returns the sessions of the hops, in the order in which they are assumed.
    pub fn hops(&self) -> &[Arc<Session>] {
        &self.hops
    }

    /// Whether accounts are entered with a permission set of IAM Identity Center.
    pub(super) fn uses_permission_set(&self) -> bool {
        self.permission_set.is_some()
    }

    /// Returns the account that can be read without assuming a member role.
    pub(super) fn own_account(&self) -> AccountId {
        self.own_account
    }

    /// Returns whether this is the account of the caller, or of the last role of the role chain.
    pub(super) fn is_callers_own(&self, account: AccountId) -> bool {
        account == self.caller.account || account == self.own_account
    }

    /// Returns the session with which AWS Organizations is called.
    pub(super) fn organization(&self, aws: &Aws, role: Option<&RoleArn>) -> Arc<Session> {
        match role {
            None => Arc::clone(&self.base),
            Some(role) => {
                let policy = self
                    .operations
                    .is_some()
                    .then(|| Policy::for_operations(&Operation::ORGANIZATION));
                aws.base().assume(self.new_hop(role.clone(), None, policy))
            }
        }
    }

    /// Assumes the role of a hop, to check that this is possible.
    ///
    /// # Errors
    /// Returns the reason and the advice if this hop, or one before it, cannot be assumed.
    pub async fn check_hop(&self, aws: &Aws, hop: &Session) -> Result<(), Refusal> {
        let entered = aws.identity(hop).await;
        entered.map(drop).map_err(|error| {
            let context = self.assume_role_context(&error, None, false);
            Refusal::from_entry_error(&error, None, &context)
        })
    }

    /// Returns what the request contained for the role that `error` is about.
    fn assume_role_context(
        &self,
        error: &CallError,
        external_id: Option<&ExternalId>,
        management: bool,
    ) -> AssumeRoleContext {
        let refused = self
            .hops
            .iter()
            .position(|hop| hop.role() == error.role.as_deref());
        let before = self
            .hops
            .get(..refused.unwrap_or(self.hops.len()))
            .unwrap_or_default();
        let mfa = match before.last() {
            Some(_) => MfaContext::NotPropagated,
            None if self.with_mfa => MfaContext::Yes,
            None if self.caller.is_role() => MfaContext::NotPossible,
            None => MfaContext::No,
        };
        AssumeRoleContext {
            caller_arn: before
                .last()
                .and_then(|hop| hop.role())
                .map_or(self.caller.arn.to_string(), ToString::to_string),
            mfa,
            external_id: external_id.is_some() || self.identity.external_id.is_some(),
            management: refused.is_none() && management,
        }
    }

    /// Creates a session for containment in an account: in the contain role, limited to `policy`.
    /// Makes no call.
    ///
    /// # Errors
    /// Returns an error if the role name does not make a valid ARN in that account.
    pub fn contain_session(
        &self,
        account: AccountId,
        external_id: Option<&ExternalId>,
        policy: Policy,
    ) -> Result<Arc<Session>, InvalidArn> {
        let role = RoleArn::new(
            self.caller.partition,
            account,
            self.identity.contain_role.as_str(),
        )?;
        Ok(self
            .base
            .assume(self.new_hop(role, external_id, Some(policy))))
    }

    /// Checks whether the contain role of an account can be assumed. The session is limited to
    /// read-only access.
    ///
    /// # Errors
    /// Returns the reason and the advice if it cannot be assumed.
    pub async fn try_contain_role(&self, aws: &Aws, member: &Member) -> Result<(), Refusal> {
        let external_id = member.external_id();
        let read_only = Policy::for_operations(&[Operation::GetRole]);
        let session = self
            .contain_session(member.account.id, external_id, read_only)
            .map_err(|error| failure(error.to_string()))?;
        aws.identity(&session).await.map(drop).map_err(|error| {
            let context = self.assume_role_context(&error, external_id, member.is_management());
            Refusal::from_entry_error(&error, session.role().map(RoleArn::as_str), &context)
        })
    }

    fn new_hop(
        &self,
        role: RoleArn,
        external_id: Option<&ExternalId>,
        policy: Option<Policy>,
    ) -> RoleHop {
        RoleHop {
            role,
            external_id: external_id
                .or(self.identity.external_id.as_ref())
                .map(ToString::to_string),
            session_name: self.session_name.clone(),
            source_identity: self
                .identity
                .source_identity
                .as_ref()
                .map(ToString::to_string),
            duration: self.identity.session_duration.get(),
            policy,
        }
    }
}

fn failure(detail: String) -> Refusal {
    Refusal {
        outcome: Outcome::with_reason(Status::Failed, Reason::Error, detail),
        advice: None,
    }
}
