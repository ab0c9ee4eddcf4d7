//! Which accounts there are, and which of them are in scope; page by page, as they become known.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::access::Access;
use crate::aws::{Aws, CallError, Endless, ListedAccount, Pages, Session};
use crate::cli::settings::Reach;
use crate::config::{ConfiguredAccount, ExternalId, MemberRole, Scope};
use crate::model::{Account, AccountId, AccountState, Outcome, Reason, Status};
use crate::store::ScopeMembership;

/// An account, and how it stands to the scope.
#[derive(Clone, Debug)]
pub struct Member {
    /// The account.
    pub account: Account,
    /// How it stands to the scope.
    pub standing: ScopeMembership,
    /// What the configuration says of it.
    pub configured: Option<ConfiguredAccount>,
    /// What Organizations says of it, if that is where it was heard of.
    pub listed: Option<ListedAccount>,
}

impl Member {
    /// What the trust policies of its roles may ask for, if the configuration has one for it alone.
    pub fn external_id(&self) -> Option<&ExternalId> {
        self.configured.as_ref()?.external_id.as_ref()
    }

    /// Whether it is the organization's management account, as far as is known.
    pub fn is_management(&self) -> bool {
        self.listed
            .as_ref()
            .is_some_and(ListedAccount::is_management)
    }
}

/// The accounts that there are, in scope or not.
pub type Members = BTreeMap<AccountId, Member>;

/// The member to enter for an account that a trail or a flow log names: whoever may create one of those in a single
/// account could otherwise have Dragnet assume a role anywhere.
///
/// # Errors
/// Neither Organizations nor the configuration lists the account, and it is not the caller's own.
pub fn member_to_enter(
    members: &Members,
    access: &Access,
    id: AccountId,
) -> Result<Member, Outcome> {
    if let Some(member) = members.get(&id) {
        return Ok(member.clone());
    }
    if access.is_callers_own(id) {
        let account = Account {
            id,
            name: String::new(),
            state: AccountState::Active,
        };
        return Ok(Member {
            account,
            standing: ScopeMembership::NotAsked,
            configured: None,
            listed: None,
        });
    }
    let detail =
        format!("account {id} is not in the organization or the configuration; not entered");
    Err(Outcome::because(
        Status::Denied,
        Reason::AccountNotListed,
        detail,
    ))
}

/// The list of accounts cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Organizations did not answer.
    #[error(
        "the organization's accounts cannot be listed: ask with a role of the management account (organization.role), \
         name the accounts ([[accounts]] or --accounts-file), or sweep this account alone (--member-role self)"
    )]
    Organizations(#[source] Box<CallError>),
    /// The list would never end.
    #[error("the list of the organization's accounts does not end")]
    Endless(#[from] Endless),
}

/// The accounts, in no order: those of the organization as its pages come, then those that only the
/// configuration names.
pub struct Directory<'a> {
    aws: &'a Aws,
    scope: &'a Scope,
    ask_as: Option<Arc<Session>>,
    configured: BTreeMap<AccountId, ConfiguredAccount>,
    seen: BTreeSet<AccountId>,
    pages: Pages,
    waiting: VecDeque<Member>,
}

impl<'a> Directory<'a> {
    /// The accounts that `reach` names. Makes no call.
    pub fn new(aws: &'a Aws, access: &Access, reach: &'a Reach) -> Self {
        let sources = &reach.directory;
        let mut configured: BTreeMap<_, _> = sources
            .accounts
            .iter()
            .map(|account| (account.id, account.clone()))
            .collect();
        let alone = reach.identity.member_role == MemberRole::Caller;
        if sources.discover && alone {
            // Without a role to assume there is one account that can be entered: the caller's.
            let own = access.own_account();
            configured
                .entry(own)
                .or_insert_with(|| ConfiguredAccount::new(own));
        }
        let ask_as = || access.organization(aws, sources.organization_role.as_ref());
        Self {
            aws,
            scope: &reach.scope,
            ask_as: (sources.discover && !alone).then(ask_as),
            configured,
            seen: BTreeSet::new(),
            pages: Pages::default(),
            waiting: VecDeque::new(),
        }
    }

    /// The next account.
    ///
    /// # Errors
    /// The organization's list cannot be had, or does not end.
    pub async fn next(&mut self) -> Result<Option<Member>, DirectoryError> {
        while self.waiting.is_empty() {
            match self.ask_as.clone() {
                Some(session) => self.ask(&session).await?,
                None => match self.configured.pop_first() {
                    Some((_, configured)) => self.take(named(&configured), Some(configured), None),
                    None => return Ok(None),
                },
            }
        }
        Ok(self.waiting.pop_front())
    }

    async fn ask(&mut self, session: &Session) -> Result<(), DirectoryError> {
        let (page, next_token) = self
            .aws
            .list_accounts(session, self.pages.token())
            .await
            .map_err(|error| DirectoryError::Organizations(Box::new(error)))?;
        if !self.pages.advance(page.len(), next_token)? {
            self.ask_as = None;
        }
        for listed in page {
            let configured = self.configured.remove(&listed.account.id);
            self.take(listed.account.clone(), configured, Some(listed));
        }
        Ok(())
    }

    fn take(
        &mut self,
        account: Account,
        configured: Option<ConfiguredAccount>,
        listed: Option<ListedAccount>,
    ) {
        if !self.seen.insert(account.id) {
            return;
        }
        let standing = match (self.scope.has_account(&account), &account.state) {
            (false, _) => ScopeMembership::NotAsked,
            (true, AccountState::Active) => ScopeMembership::InScope,
            (true, AccountState::Inactive(_)) => ScopeMembership::NotActive,
        };
        self.waiting.push_back(Member {
            account,
            standing,
            configured,
            listed,
        });
    }
}

fn named(configured: &ConfiguredAccount) -> Account {
    Account {
        id: configured.id,
        name: configured.name.clone(),
        state: AccountState::Active,
    }
}
