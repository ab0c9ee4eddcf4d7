//! An account as the directory lists it, and how it relates to the scope.

use std::collections::BTreeMap;

use crate::aws::ListedAccount;
use crate::config::{ConfiguredAccount, ExternalId};
use crate::store::ScopeMembership;
use dragnet_model::{Account, AccountId, Organization};

/// An account, and how it relates to the scope.
#[derive(Clone, Debug)]
pub struct Member {
    /// The account.
    pub account: Account,
    /// Whether it is in scope.
    pub membership: ScopeMembership,
    /// Its entry in the configuration, if there is one.
    pub configured: Option<ConfiguredAccount>,
    /// Its entry in AWS Organizations, if it was listed there.
    pub listed: Option<ListedAccount>,
}

impl Member {
    /// Returns the `ExternalId` that the configuration has for this account alone.
    pub fn external_id(&self) -> Option<&ExternalId> {
        self.configured.as_ref()?.external_id.as_ref()
    }

    /// Returns the organization that listed the account, if one did.
    pub fn organization(&self) -> Option<Organization> {
        Organization::from_account_arn(&self.listed.as_ref()?.arn)
    }

    /// Returns whether this is the management account, as far as known.
    pub fn is_management(&self) -> bool {
        self.listed
            .as_ref()
            .is_some_and(ListedAccount::is_management)
    }
}

/// All accounts that are known, in scope or not.
pub type Members = BTreeMap<AccountId, Member>;
