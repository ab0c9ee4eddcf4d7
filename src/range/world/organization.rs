//! The organization: its root, its units and its service control policies.

use std::collections::BTreeMap;

use super::{Policy, World};
use crate::model::AccountId;

/// The organization.
#[derive(Debug)]
pub(crate) struct Organization {
    /// Its id, `o-…`.
    pub(crate) id: String,
    /// The account that manages it.
    pub(crate) management: AccountId,
    /// Delegated administrators: accounts that may read it too.
    pub(crate) delegated: Vec<AccountId>,
    /// The root's id, `r-…`.
    pub(crate) root: String,
    /// Organizational units by id, `ou-…`.
    pub(crate) units: BTreeMap<String, OrgUnit>,
    /// Service control policies, besides `FullAWSAccess`, which is attached everywhere.
    pub(crate) scps: Vec<Scp>,
    /// Accounts under creation or made so, by the request's id: the account, and how often it was asked after.
    pub(crate) creations: BTreeMap<String, (AccountId, u32)>,
}

/// An organizational unit.
#[derive(Debug)]
pub(crate) struct OrgUnit {
    /// Its name.
    pub(crate) name: String,
    /// The id of the root or unit above it.
    pub(crate) parent: String,
}

/// A service control policy that denies something.
#[derive(Debug)]
pub(crate) struct Scp {
    /// Its ARN.
    pub(crate) arn: String,
    /// Roots, units and accounts that it is attached to, by id.
    pub(crate) targets: Vec<String>,
    /// What it says.
    pub(crate) policy: Policy,
}

impl World {
    /// The policies that bind an account: those attached to it or to anything above it. None bind the management
    /// account.
    pub(crate) fn scps_over(&self, account: AccountId) -> impl Iterator<Item = &Scp> {
        let line = if account == self.organization.management {
            Vec::new()
        } else {
            self.ancestry(account)
        };
        self.organization
            .scps
            .iter()
            .filter(move |scp| scp.targets.iter().any(|target| line.contains(target)))
    }

    /// The ids from the account up to the root.
    pub(crate) fn ancestry(&self, account: AccountId) -> Vec<String> {
        let mut line = vec![account.to_string()];
        let mut above = self.account(account).map(|account| account.parent.as_str());
        while let Some(id) = above {
            // No unit is its own ancestor, and there are no more levels than units.
            if line.len() > self.organization.units.len() + 2 {
                break;
            }
            line.push(id.to_owned());
            above = self
                .organization
                .units
                .get(id)
                .map(|unit| unit.parent.as_str());
        }
        line
    }

    /// The ARN of something of the organization's: `account/o-…/111111111111`, `root/…`, `ou/…`.
    pub(crate) fn organization_arn(&self, resource: &str) -> String {
        self.arn("organizations", "", self.organization.management, resource)
    }
}
