//! Selects accounts by organizational unit (OU) and tag, as AWS Organizations has them.
//!
//! Whatever cannot be looked up is an error: an account that is left out without notice would not
//! be searched. `ListAccounts` names the OUs of each account. If it does not, `ListParents` does.
//! Names of OUs are looked up in the tree of all OUs, once.

use std::collections::BTreeMap;

use futures::future::try_join_all;

use super::directory_error::DirectoryError;
use super::selector_matches::SelectorMatches;
use crate::aws::{Aws, CallError, ListedAccount, Session};
use crate::config::{OuSelector, Scope};
use dragnet_model::AccountId;

/// More levels of OUs than an organization can have.
///
/// Source: Organizations user guide, "Quotas and service limits": five levels below the root.
const MAX_LEVELS: usize = 20;

/// The selectors of accounts that need further calls, and what these calls returned.
pub(super) struct AccountSelection<'a> {
    aws: &'a Aws,
    scope: &'a Scope,
    /// For each selector of an OU, the id of the OU; `None` if no OU has its name. Not set before
    /// the first account.
    selected_units: Option<Vec<Option<String>>>,
    /// The parents of OUs that are known so far.
    parents: BTreeMap<String, String>,
}

/// An OU with the names of its ancestors below the root, and its own.
struct Unit {
    id: String,
    names: Vec<String>,
}

impl<'a> AccountSelection<'a> {
    /// Creates the selection of a scope; `None` if it selects by neither OU nor tag.
    pub(super) fn new(aws: &'a Aws, scope: &'a Scope) -> Option<Self> {
        let is_needed = !(scope.ous.is_empty() && scope.tags.is_empty());
        is_needed.then(|| Self {
            aws,
            scope,
            selected_units: None,
            parents: BTreeMap::new(),
        })
    }

    /// Returns for each account of a page whether its OU and its tags are selected. Tags are only
    /// looked up for accounts that all other selectors include.
    pub(super) async fn select(
        &mut self,
        session: &Session,
        page: &[ListedAccount],
        matches: Option<&SelectorMatches>,
    ) -> Result<Vec<bool>, DirectoryError> {
        let mut selected = Vec::with_capacity(page.len());
        for listed in page {
            let is_in_unit = self.is_in_unit(session, listed, matches).await?;
            selected.push(is_in_unit && self.scope.has_account(&listed.account));
        }
        if self.scope.tags.is_empty() {
            return Ok(selected);
        }
        let this = &*self;
        let lookups = page.iter().zip(selected).map(|(listed, is_selected)| {
            let id = listed.account.id;
            async move {
                if is_selected {
                    this.has_tags(session, id, matches).await
                } else {
                    Ok(false)
                }
            }
        });
        try_join_all(lookups).await
    }

    async fn has_tags(
        &self,
        session: &Session,
        account: AccountId,
        matches: Option<&SelectorMatches>,
    ) -> Result<bool, DirectoryError> {
        let tags = self.aws.account_tags(session, account).await;
        let tags = tags.map_err(|error| lookup_error("tags", error))?;
        if let Some(matches) = matches {
            for (key, value) in &tags {
                matches.mark_tag(key, value);
            }
        }
        Ok(self.scope.has_tags(&tags))
    }

    async fn is_in_unit(
        &mut self,
        session: &Session,
        listed: &ListedAccount,
        matches: Option<&SelectorMatches>,
    ) -> Result<bool, DirectoryError> {
        if self.scope.ous.is_empty() {
            return Ok(true);
        }
        if self.selected_units.is_none() {
            self.selected_units = Some(self.find_units(session).await?);
        }
        let ancestors = match &listed.unit_ids {
            Some(ids) => ids.clone(),
            None => self.look_up_ancestors(session, listed.account.id).await?,
        };
        let mut is_in_unit = false;
        let selected_units = self.selected_units.iter().flatten();
        for (selector, unit) in self.scope.ous.iter().zip(selected_units) {
            if unit.as_ref().is_some_and(|id| ancestors.contains(id)) {
                is_in_unit = true;
                if let Some(matches) = matches {
                    matches.mark_ou(selector);
                }
            }
        }
        Ok(is_in_unit)
    }

    /// Returns the id of the OU that each selector stands for.
    async fn find_units(
        &mut self,
        session: &Session,
    ) -> Result<Vec<Option<String>>, DirectoryError> {
        let is_name = |selector: &OuSelector| matches!(selector, OuSelector::Name(_));
        let units = if self.scope.ous.iter().any(is_name) {
            self.list_units(session).await?
        } else {
            Vec::new()
        };
        self.scope
            .ous
            .iter()
            .map(|selector| find_unit(selector, &units))
            .collect()
    }

    /// Lists all OUs of the organization.
    async fn list_units(&mut self, session: &Session) -> Result<Vec<Unit>, DirectoryError> {
        let roots = self.aws.organization_roots(session).await;
        let roots = roots.map_err(|error| lookup_error("organizational units", error))?;
        let mut parents: Vec<(String, Vec<String>)> =
            roots.into_iter().map(|root| (root, Vec::new())).collect();
        let mut units = Vec::new();
        while let Some((parent, names)) = parents.pop() {
            if names.len() > MAX_LEVELS {
                return Err(DirectoryError::EndlessUnits);
            }
            let below = self.aws.organizational_units(session, &parent).await;
            for unit in below.map_err(|error| lookup_error("organizational units", error))? {
                let known = self.parents.insert(unit.id.clone(), parent.clone());
                if known.is_some() {
                    return Err(DirectoryError::EndlessUnits);
                }
                let mut names = names.clone();
                names.push(unit.name);
                parents.push((unit.id.clone(), names.clone()));
                units.push(Unit { id: unit.id, names });
            }
        }
        Ok(units)
    }

    /// Looks up the OUs and the root that contain an account, from the bottom to the top.
    async fn look_up_ancestors(
        &mut self,
        session: &Session,
        account: AccountId,
    ) -> Result<Vec<String>, DirectoryError> {
        let mut ancestors: Vec<String> = Vec::new();
        while ancestors.len() <= MAX_LEVELS {
            let child = ancestors
                .last()
                .cloned()
                .unwrap_or_else(|| account.to_string());
            let parent = if let Some(parent) = self.parents.get(&child) {
                parent.clone()
            } else {
                let parent = self.aws.organization_parent(session, &child).await;
                parent.map_err(|error| lookup_error("organizational units", error))?
            };
            // Accounts are looked up once, OUs for each account in them.
            if !ancestors.is_empty() {
                self.parents.insert(child, parent.clone());
            }
            ancestors.push(parent.clone());
            // Source: Organizations API, `Root.Id`.
            if parent.starts_with("r-") {
                return Ok(ancestors);
            }
        }
        Err(DirectoryError::EndlessUnits)
    }
}

/// Returns the id of the OU that a selector stands for, if there is one.
fn find_unit(selector: &OuSelector, units: &[Unit]) -> Result<Option<String>, DirectoryError> {
    if let OuSelector::Id(id) = selector {
        return Ok(Some(id.clone()));
    }
    let mut found: Vec<&Unit> = units
        .iter()
        .filter(|unit| selector.matches_names(&unit.names))
        .collect();
    found.sort_by(|one, other| one.id.cmp(&other.id));
    match &found[..] {
        [] => Ok(None),
        [unit] => Ok(Some(unit.id.clone())),
        several => {
            let describe = |unit: &&Unit| format!("{} ({})", unit.id, unit.names.join("/"));
            let candidates: Vec<String> = several.iter().map(describe).collect();
            Err(DirectoryError::AmbiguousUnit {
                name: selector.to_string(),
                candidates: candidates.join(", "),
            })
        }
    }
}

fn lookup_error(what: &'static str, error: CallError) -> DirectoryError {
    DirectoryError::Selection {
        what,
        error: Box::new(error),
    }
}
