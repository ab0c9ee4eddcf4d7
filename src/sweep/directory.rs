//! Lists the accounts and how each relates to the scope, page by page, as AWS Organizations returns
//! them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tracing::warn;

use super::access::Access;
use super::account_selection::AccountSelection;
use super::directory_error::DirectoryError;
use super::member::{Member, Members};
use super::selector_matches::SelectorMatches;
use crate::aws::{Aws, CallError, ErrorClass, ListedAccount, Pages, Session};
use crate::config::{ConfiguredAccount, MemberRole, Scope};
use crate::settings::Reach;
use crate::store::ScopeMembership;
use dragnet_model::{Account, AccountId, AccountState, Outcome, Reason, Status};

/// Returns the member to enter for an account that a trail or a flow log names. Only listed
/// accounts and the caller's own are entered: anyone who can create a trail or a flow log in one
/// account could otherwise make Dragnet assume a role in any account.
///
/// # Errors
/// Returns an outcome if neither AWS Organizations nor the configuration lists the account, and it
/// is not the caller's own.
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
            membership: ScopeMembership::NotSelected,
            configured: None,
            listed: None,
        });
    }
    let detail = format!(
        "account {id} is in neither the organization nor the configuration, so it was not entered"
    );
    Err(Outcome::with_reason(
        Status::Denied,
        Reason::AccountNotListed,
        detail,
    ))
}

/// Returns the session that may ask for what belongs to the organization; `None` if the organization is
/// not asked for its accounts. Makes no call.
pub fn organization_session(aws: &Aws, access: &Access, reach: &Reach) -> Option<Arc<Session>> {
    let sources = &reach.directory;
    let is_asked = sources.discover && !enters_own_account_only(access, reach);
    is_asked.then(|| access.organization(aws, sources.organization_role.as_ref()))
}

/// Whether there is no role to assume in other accounts.
fn enters_own_account_only(access: &Access, reach: &Reach) -> bool {
    *reach.identity.member_role.first() == MemberRole::Caller && !access.uses_permission_set()
}

/// The accounts, unsorted: those of the organization page by page, then those that only the
/// configuration names.
pub struct Directory<'a> {
    aws: &'a Aws,
    scope: &'a Scope,
    organization_session: Option<Arc<Session>>,
    /// Whether the access portal lists the accounts if AWS Organizations refuses.
    uses_portal: bool,
    /// Whether it did.
    lists_assigned_only: bool,
    configured: BTreeMap<AccountId, ConfiguredAccount>,
    seen: BTreeSet<AccountId>,
    /// Whether the organization has listed an account.
    has_listed: bool,
    pages: Pages,
    ready: VecDeque<Member>,
    /// The selectors that need further calls.
    selection: Option<AccountSelection<'a>>,
    /// Where matches of selectors are recorded.
    matches: Option<&'a SelectorMatches>,
}

impl<'a> Directory<'a> {
    /// Creates the directory of the accounts that `reach` names. Makes no call.
    pub fn new(aws: &'a Aws, access: &Access, reach: &'a Reach) -> Self {
        let sources = &reach.directory;
        let mut configured: BTreeMap<_, _> = sources
            .accounts
            .iter()
            .map(|account| (account.id, account.clone()))
            .collect();
        let is_caller_only = enters_own_account_only(access, reach);
        if sources.discover && is_caller_only {
            // Without a role to assume, only the caller's own account can be entered.
            let own = access.own_account();
            configured
                .entry(own)
                .or_insert_with(|| ConfiguredAccount::new(own));
        }
        Self {
            aws,
            scope: &reach.scope,
            organization_session: organization_session(aws, access, reach),
            uses_portal: access.uses_permission_set(),
            lists_assigned_only: false,
            configured,
            seen: BTreeSet::new(),
            has_listed: false,
            pages: Pages::default(),
            ready: VecDeque::new(),
            selection: AccountSelection::new(aws, &reach.scope),
            matches: None,
        }
    }

    /// Records in `matches` which selectors match an account.
    #[must_use]
    pub fn with_matches(self, matches: &'a SelectorMatches) -> Self {
        Self {
            matches: Some(matches),
            ..self
        }
    }

    /// Returns these accounts instead, as an earlier directory listed them, and makes no call.
    #[must_use]
    pub(super) fn with_planned(self, members: Vec<Member>) -> Self {
        Self {
            organization_session: None,
            configured: BTreeMap::new(),
            ready: members.into(),
            ..self
        }
    }

    /// Lists the accounts without looking up their organizational units and tags, for callers that
    /// do not use the membership.
    #[must_use]
    pub fn without_selection(self) -> Self {
        Self {
            selection: None,
            ..self
        }
    }

    /// Whether only the accounts that are assigned to the caller were listed.
    pub(super) fn lists_assigned_only(&self) -> bool {
        self.lists_assigned_only
    }

    /// Returns the next account, or `None` after the last one.
    ///
    /// # Errors
    /// Returns an error if the organization's accounts cannot be listed.
    pub async fn next(&mut self) -> Result<Option<Member>, DirectoryError> {
        while self.ready.is_empty() {
            match self.organization_session.clone() {
                Some(session) => self.load_page(&session).await?,
                None => match self.configured.pop_first() {
                    Some((_, configured)) => {
                        // Organizations does not list it, so it has neither a unit nor a tag.
                        let is_selected = self.selection.is_none();
                        let account = configured_account(&configured);
                        self.add(account, Some(configured), None, is_selected);
                    }
                    None => return Ok(None),
                },
            }
        }
        Ok(self.ready.pop_front())
    }

    async fn load_page(&mut self, session: &Session) -> Result<(), DirectoryError> {
        let listed = self.aws.list_accounts(session, self.pages.token()).await;
        let (page, next_token) = match listed {
            Ok(listed) => listed,
            Err(error) if self.uses_portal && error.class == ErrorClass::Denied => {
                return self.load_assigned_accounts(&error).await;
            }
            Err(error) => return Err(DirectoryError::Organizations(Box::new(error))),
        };
        self.has_listed |= !page.is_empty();
        if !self.pages.advance(page.len(), next_token)? {
            if !self.has_listed {
                return Err(DirectoryError::NoAccounts);
            }
            self.organization_session = None;
        }
        let selected = match &mut self.selection {
            Some(selection) => selection.select(session, &page, self.matches).await?,
            None => vec![true; page.len()],
        };
        for (listed, is_selected) in page.into_iter().zip(selected) {
            let configured = self.configured.remove(&listed.account.id);
            self.add(
                listed.account.clone(),
                configured,
                Some(listed),
                is_selected,
            );
        }
        Ok(())
    }

    /// Lists the accounts that are assigned to the caller in IAM Identity Center, because AWS
    /// Organizations refused to list all.
    async fn load_assigned_accounts(&mut self, refusal: &CallError) -> Result<(), DirectoryError> {
        warn!(
            "only the accounts that are assigned to you in IAM Identity Center are known, because AWS Organizations does \
             not list all: {refusal}"
        );
        let assigned = self.aws.assigned_accounts().await;
        let assigned = assigned.map_err(|error| DirectoryError::Organizations(Box::new(error)))?;
        self.organization_session = None;
        self.lists_assigned_only = true;
        // The portal does not say in which organizational unit an account is, nor its tags.
        let is_selected = self.selection.is_none();
        for account in assigned {
            let configured = self.configured.remove(&account.id);
            self.add(account, configured, None, is_selected);
        }
        Ok(())
    }

    fn add(
        &mut self,
        account: Account,
        configured: Option<ConfiguredAccount>,
        listed: Option<ListedAccount>,
        is_selected: bool,
    ) {
        if !self.seen.insert(account.id) {
            return;
        }
        if let Some(matches) = self.matches {
            matches.mark_account(&account);
        }
        let is_in_scope = is_selected && self.scope.has_account(&account);
        let membership = match (is_in_scope, &account.state) {
            (false, _) => ScopeMembership::NotSelected,
            (true, AccountState::Active) => ScopeMembership::InScope,
            (true, AccountState::Inactive(_)) => ScopeMembership::NotActive,
        };
        self.ready.push_back(Member {
            account,
            membership,
            configured,
            listed,
        });
    }
}

fn configured_account(configured: &ConfiguredAccount) -> Account {
    Account {
        id: configured.id,
        name: configured.name.clone(),
        state: AccountState::Active,
    }
}
