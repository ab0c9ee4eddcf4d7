//! The organization: its root, its units and its service control policies.

use std::collections::BTreeMap;

use super::{Policy, World};
use dragnet_model::AccountId;

#[derive(Debug)]
pub(crate) struct Organization {
    /// The id, `o-…`.
    pub(crate) id: String,
    pub(crate) management: AccountId,
    /// Delegated administrators, which may also read the organization.
    pub(crate) delegated: Vec<AccountId>,
    /// The id of the root, `r-…`.
    pub(crate) root: String,
    /// Organizational units by id, `ou-…`.
    pub(crate) units: BTreeMap<String, OrgUnit>,
    /// Service control policies, in addition to `FullAWSAccess`, which is attached everywhere.
    pub(crate) scps: Vec<Scp>,
    /// The tags of the root and of units, by id. Those of accounts are with the accounts.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Requests to create an account, by request id: the account, and how often the status was
    /// described.
    pub(crate) creations: BTreeMap<String, (AccountId, u32)>,
}

/// An organizational unit.
#[derive(Debug)]
pub(crate) struct OrgUnit {
    pub(crate) name: String,
    /// The id of the parent, which is the root or another unit.
    pub(crate) parent: String,
}

/// A service control policy. Only its denials matter, because `FullAWSAccess` is attached
/// everywhere.
#[derive(Debug)]
pub(crate) struct Scp {
    pub(crate) arn: String,
    /// The ids of the root, units and accounts that it is attached to.
    pub(crate) targets: Vec<String>,
    pub(crate) policy: Policy,
}

impl World {
    /// The service control policies that apply to an account: those attached to it or to one of its
    /// ancestors. None apply to the management account.
    pub(crate) fn scps_for(&self, account: AccountId) -> impl Iterator<Item = &Scp> {
        let ancestors = if account == self.organization.management {
            Vec::new()
        } else {
            self.ancestor_ids(account)
        };
        self.organization
            .scps
            .iter()
            .filter(move |scp| scp.targets.iter().any(|target| ancestors.contains(target)))
    }

    /// The id of the account and those of its ancestors up to the root.
    pub(crate) fn ancestor_ids(&self, account: AccountId) -> Vec<String> {
        let mut ancestors = vec![account.to_string()];
        let mut parent = self.account(account).map(|account| account.parent.as_str());
        while let Some(id) = parent {
            // A path has at most one level per unit, so a longer one is a cycle.
            if ancestors.len() > self.organization.units.len() + 2 {
                break;
            }
            ancestors.push(id.to_owned());
            parent = self
                .organization
                .units
                .get(id)
                .map(|unit| unit.parent.as_str());
        }
        ancestors
    }

    /// The ARN of a resource of the organization: `account/o-…/111111111111`, `root/…`, `ou/…`.
    pub(crate) fn organization_arn(&self, resource: &str) -> String {
        self.arn("organizations", "", self.organization.management, resource)
    }
}
