//! How an account is entered: source credentials, the role chain, the account's own role.

use std::sync::Arc;

use super::directory::Member;
use super::outcome;
use crate::aws::{Aws, CallError, Caller, EnabledRegion, ErrorClass, RoleHop, Session};
use crate::config::{ExternalId, Identity, MemberRole};
use crate::model::{AccountId, InvalidArn, Outcome, Partition, Reason, RoleArn, Status};

/// The way into every account.
#[derive(Debug)]
pub struct Access {
    identity: Identity,
    session_name: String,
    partition: Partition,
    /// The end of the role chain, or the source credentials.
    base: Arc<Session>,
    /// The account that `base` is in already.
    own_account: AccountId,
}

/// An account that was entered.
#[derive(Debug)]
pub struct Entered {
    /// The session in it.
    pub session: Arc<Session>,
    /// The Regions that it has enabled, sorted.
    pub regions: Vec<EnabledRegion>,
}

impl Access {
    /// The way in for `caller` and `identity`. Sessions will be called `session_name`. Makes no call.
    pub fn new(aws: &Aws, caller: &Caller, identity: &Identity, session_name: String) -> Self {
        let mut access = Self {
            identity: identity.clone(),
            session_name,
            partition: caller.partition,
            base: Arc::clone(aws.source()),
            own_account: caller.account,
        };
        for role in &identity.role_chain {
            access.own_account = role.account();
            access.base = access.base.assume(access.hop(role.clone(), None));
        }
        access
    }

    /// The account that is at hand without a role of its own.
    pub(super) fn own_account(&self) -> AccountId {
        self.own_account
    }

    /// The session that the organization is asked with.
    pub(super) fn organization(&self, aws: &Aws, role: Option<&RoleArn>) -> Arc<Session> {
        match role {
            None => Arc::clone(&self.base),
            Some(role) => aws.source().assume(self.hop(role.clone(), None)),
        }
    }

    /// Enters an account and asks for its Regions, the cheapest call that shows that the session works.
    ///
    /// # Errors
    /// How the account ends in the coverage.
    pub async fn enter(&self, aws: &Aws, member: &Member) -> Result<Entered, Outcome> {
        let own = member.account.id == self.own_account;
        let session = match self.member_role(member) {
            MemberRole::Caller if own => Arc::clone(&self.base),
            MemberRole::Caller => return Err(self.not_the_callers()),
            MemberRole::Role(name) => {
                let role = RoleArn::new(self.partition, member.account.id, name.as_str())
                    .map_err(|error: InvalidArn| Outcome::because(Status::Failed, Reason::Error, error.to_string()))?;
                let external_id = member.configured.as_ref().and_then(|account| account.external_id.as_ref());
                self.base.assume(self.hop(role, external_id))
            }
        };
        match aws.enabled_regions(&session).await {
            Ok(regions) => Ok(Entered { session, regions }),
            // The caller is in its own account already: it needs no role there.
            Err(error) if own && is_refused_role(&error) => {
                let session = Arc::clone(&self.base);
                let regions = aws.enabled_regions(&session).await.map_err(|own_error| {
                    let mut outcome = outcome::of_error(&own_error);
                    outcome.detail = format!("{own_error}; and the role of this account: {error}");
                    outcome
                })?;
                Ok(Entered { session, regions })
            }
            Err(error) => Err(advised(member, &error)),
        }
    }

    fn member_role<'a>(&'a self, member: &'a Member) -> &'a MemberRole {
        let configured = member.configured.as_ref().and_then(|account| account.member_role.as_ref());
        configured.unwrap_or(&self.identity.member_role)
    }

    fn hop(&self, role: RoleArn, external_id: Option<&ExternalId>) -> RoleHop {
        RoleHop {
            role,
            external_id: external_id.or(self.identity.external_id.as_ref()).map(ToString::to_string),
            session_name: self.session_name.clone(),
            source_identity: self.identity.source_identity.as_ref().map(ToString::to_string),
            duration: self.identity.session_duration.get(),
        }
    }

    fn not_the_callers(&self) -> Outcome {
        let detail = format!("member_role is `self`, but the caller is in account {}", self.own_account);
        Outcome::because(Status::Failed, Reason::Error, detail)
    }
}

fn is_refused_role(error: &CallError) -> bool {
    error.operation == "AssumeRole" && error.class == ErrorClass::Denied
}

/// The outcome of an account that could not be entered, with what to do about it where that is known.
fn advised(member: &Member, error: &CallError) -> Outcome {
    let mut outcome = outcome::of_error(error);
    if member.is_management() && is_refused_role(error) {
        outcome.detail.push_str(
            "; this is the management account, to which StackSets do not deploy: create the role there by itself",
        );
    }
    outcome
}
