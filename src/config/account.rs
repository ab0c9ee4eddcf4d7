//! `[[accounts]]`: accounts that the user lists, with settings that differ from the defaults.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::{ExternalId, KnownRegions, MemberRoles, UnknownRegion};
use dragnet_model::{AccountId, Region};

/// One account, from the configuration or an accounts file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguredAccount {
    /// The account id.
    pub id: AccountId,
    /// The account name; empty if only the id is known.
    #[serde(default)]
    pub name: String,
    /// The role to assume in this account instead of `identity.member_role`: the first of the list
    /// that can be assumed.
    #[serde(default)]
    pub member_role: Option<MemberRoles>,
    /// The external id for that role instead of `identity.external_id`.
    #[serde(default)]
    pub external_id: Option<ExternalId>,
    /// The Regions to search in this account. If empty, all Regions that it has enabled and that
    /// are in scope.
    #[serde(default)]
    pub regions: Vec<Region>,
}

impl ConfiguredAccount {
    /// Creates an account from its id alone.
    pub fn new(id: AccountId) -> Self {
        Self::named(id, "")
    }

    pub(super) fn named(id: AccountId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            member_role: None,
            external_id: None,
            regions: Vec::new(),
        }
    }
}

pub(super) fn check_regions(
    account: &ConfiguredAccount,
    known: &KnownRegions<'_>,
) -> Result<(), UnknownRegion> {
    account
        .regions
        .iter()
        .try_for_each(|region| known.check(region))
}

/// Checks that no id is listed twice and that every Region is known.
pub(super) fn check_all(
    accounts: &[ConfiguredAccount],
    known: &KnownRegions<'_>,
) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for (number, account) in accounts.iter().enumerate() {
        if !seen.insert(account.id) {
            let message = format!("the account {} is listed twice", account.id);
            return Err(Problem::new("id", message).under(number.to_string()));
        }
        check_regions(account, known)
            .map_err(|error| Problem::new("regions", error).under(number.to_string()))?;
    }
    Ok(())
}
