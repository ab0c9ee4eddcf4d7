//! Organizations: the accounts, their organizational units and their tags.

use std::collections::BTreeMap;

use aws_sdk_organizations::types::{AccountState as AccountStateWord, AccountStatus};

use super::call::send;
use super::client::Aws;
use super::error::CallError;
use super::page_list::collect_list;
use super::session::Session;
use dragnet_model::{Account, AccountId, AccountState, Arn, InvalidAccountId, Operation};

/// An account as Organizations lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAccount {
    /// The account.
    pub account: Account,
    /// The ARN, which contains the id of the management account; empty if it is missing.
    pub arn: String,
    /// The email address of the root user; empty if it is missing. Untrusted text.
    pub email: String,
    /// The ids of the root and the organizational units that contain the account; `None` if the
    /// response does not name them.
    pub unit_ids: Option<Vec<String>>,
}

/// An organizational unit as Organizations lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUnit {
    /// The id, `ou-…`.
    pub id: String,
    /// The name. Untrusted text.
    pub name: String,
}

impl ListedAccount {
    /// Whether this is the management account of the organization.
    pub fn is_management(&self) -> bool {
        self.arn
            .parse::<Arn>()
            .is_ok_and(|arn| arn.account() == Some(self.account.id))
    }
}

impl Aws {
    /// Returns one page of the organization's accounts, and the token of the next page. A page may
    /// be empty and still have a token.
    ///
    /// Source: Organizations API, `ListAccounts`: 20 per page; `State` replaces the retired
    /// `Status`.
    ///
    /// # Errors
    /// The call fails, or returns an account in an unknown form: leaving it out would hide it.
    pub async fn list_accounts(
        &self,
        session: &Session,
        token: Option<String>,
    ) -> Result<(Vec<ListedAccount>, Option<String>), CallError> {
        let context = self.home_context(session, Operation::ListAccounts);
        let request = self
            .clients
            .organizations
            .list_accounts()
            .set_next_token(token);
        let output = send!(self, context, request)?;
        let accounts = output.accounts().iter().map(|listed| {
            let id = listed
                .id()
                .unwrap_or_default()
                .parse()
                .map_err(|error: InvalidAccountId| context.unreadable(error.to_string()))?;
            // An account without a state counts as active: leaving it out would hide it.
            let state = listed.state().map(AccountStateWord::as_str);
            let state = state
                .or(listed.status().map(AccountStatus::as_str))
                .unwrap_or("ACTIVE");
            let name = listed.name().unwrap_or_default().to_owned();
            Ok(ListedAccount {
                account: Account {
                    id,
                    name,
                    state: AccountState::from(state),
                },
                arn: listed.arn().unwrap_or_default().to_owned(),
                email: listed.email().unwrap_or_default().to_owned(),
                unit_ids: unit_ids(listed.paths()),
            })
        });
        let accounts = accounts.collect::<Result<_, _>>()?;
        Ok((accounts, output.next_token))
    }

    /// Returns the ids of the organization's roots.
    ///
    /// Source: Organizations API, `ListRoots`.
    ///
    /// # Errors
    /// A call fails, or the pages do not end.
    pub async fn organization_roots(&self, session: &Session) -> Result<Vec<String>, CallError> {
        let context = self.home_context(session, Operation::ListRoots);
        let request = self.clients.organizations.list_roots();
        let roots = collect_list!(self, context, request, roots)?;
        Ok(roots.into_iter().filter_map(|root| root.id).collect())
    }

    /// Returns the organizational units directly below a root or another unit.
    ///
    /// Source: Organizations API, `ListOrganizationalUnitsForParent`.
    ///
    /// # Errors
    /// A call fails, or the pages do not end.
    pub async fn organizational_units(
        &self,
        session: &Session,
        parent: &str,
    ) -> Result<Vec<ListedUnit>, CallError> {
        let context = self.home_context(session, Operation::ListOrganizationalUnitsForParent);
        let request = self
            .clients
            .organizations
            .list_organizational_units_for_parent()
            .parent_id(parent);
        let units = collect_list!(self, context, request, organizational_units)?;
        let units = units.into_iter().map(|unit| ListedUnit {
            id: unit.id.unwrap_or_default(),
            name: unit.name.unwrap_or_default(),
        });
        Ok(units.collect())
    }

    /// Returns the id of the root or organizational unit that directly contains an account or an
    /// organizational unit.
    ///
    /// Source: Organizations API, `ListParents`: "a child can have only a single parent".
    ///
    /// # Errors
    /// A call fails, the pages do not end, or there is not exactly one parent.
    pub async fn organization_parent(
        &self,
        session: &Session,
        child: &str,
    ) -> Result<String, CallError> {
        let context = self.home_context(session, Operation::ListParents);
        let request = self.clients.organizations.list_parents().child_id(child);
        let parents = collect_list!(self, context, request, parents)?;
        let parents = parents.into_iter().filter_map(|parent| parent.id);
        let mut parents: Vec<String> = parents.collect();
        match parents.pop() {
            Some(parent) if parents.is_empty() => Ok(parent),
            _ => Err(context.unreadable(format!("{child} does not have exactly one parent"))),
        }
    }

    /// Returns the tags that an account has in Organizations.
    ///
    /// Source: Organizations API, `ListTagsForResource`.
    ///
    /// # Errors
    /// A call fails, or the pages do not end.
    pub async fn account_tags(
        &self,
        session: &Session,
        account: AccountId,
    ) -> Result<BTreeMap<String, String>, CallError> {
        let context = self.home_context(session, Operation::ListTagsForResource);
        let request = self
            .clients
            .organizations
            .list_tags_for_resource()
            .resource_id(account.to_string());
        let tags = collect_list!(self, context, request, tags)?;
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }
}

/// Returns the ids of the roots and organizational units in the paths of an account:
/// `o-…/r-…/ou-…/111111111111/`. `None` if a path has no root, or if there is no path.
///
/// Source: Organizations API, `Account.Paths`; IAM user guide, "Understand the AWS Organizations
/// entity path".
fn unit_ids(paths: &[String]) -> Option<Vec<String>> {
    let has_root = |path: &String| path.split('/').any(|part| part.starts_with("r-"));
    if paths.is_empty() || !paths.iter().all(has_root) {
        return None;
    }
    let parts = paths.iter().flat_map(|path| path.split('/'));
    let ids = parts.filter(|part| part.starts_with("r-") || part.starts_with("ou-"));
    Some(ids.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_the_root_and_the_units() {
        let ids = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            unit_ids(&paths).map(|ids| ids.join(" "))
        };
        assert_eq!(
            ids(&["o-a1/r-b2/ou-b2-c3/ou-b2-d4/111111111111/"]).as_deref(),
            Some("r-b2 ou-b2-c3 ou-b2-d4")
        );
        assert_eq!(ids(&["o-a1/r-b2"]).as_deref(), Some("r-b2"));
        assert_eq!(ids(&[]), None);
        assert_eq!(ids(&["o-a1/r-b2/", "unknown"]), None);
    }
}
