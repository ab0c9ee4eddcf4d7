//! Which folders of a bucket are read: those of account-Regions in scope, and of these only the ones
//! that need it. Pure.

use std::collections::BTreeSet;

use crate::config::Scope;
use crate::store::ScopeMembership;
use crate::sweep::member::Members;
use crate::sweep::region_scope::selects_region;
use crate::sweep::shard_part::ShardPart;
use dragnet_model::{Account, AccountId, AccountState, Region, Target};

/// Which account-Regions need the objects of a log source.
#[derive(Clone, Debug)]
pub(super) struct FolderChoice(Option<Uncovered>);

#[derive(Clone, Debug)]
struct Uncovered {
    targets: BTreeSet<Target>,
    /// The account-Regions whose coverage is known. Others have no place but the bucket.
    known: BTreeSet<Target>,
}

/// The accounts and Regions in scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct FolderScope<'s> {
    pub scope: &'s Scope,
    pub members: &'s Members,
    /// The part of the organization that is searched, if it is searched in shards.
    pub part: Option<&'s ShardPart>,
    /// Whether the accounts of the folders belong to the organization that was listed, so that one
    /// which is not listed has left it.
    pub is_listed_organization: bool,
}

impl FolderChoice {
    /// All account-Regions.
    pub(super) fn all() -> Self {
        Self(None)
    }

    /// Only these account-Regions, and those that are not `known`.
    pub(super) fn only_uncovered(targets: BTreeSet<Target>, known: BTreeSet<Target>) -> Self {
        Self(Some(Uncovered { targets, known }))
    }

    /// Whether the objects of an account-Region in scope are read.
    pub(super) fn needs(&self, target: &Target) -> bool {
        self.0.as_ref().is_none_or(|uncovered| {
            uncovered.targets.contains(target) || !uncovered.known.contains(target)
        })
    }
}

impl FolderScope<'_> {
    /// Whether an account is in scope. One that has left the organization is, unless the scope
    /// selects accounts: nothing is known of its unit, tags and name.
    pub(super) fn has_account(&self, account: AccountId) -> bool {
        let is_known = self.members.contains_key(&account);
        let is_of_shard = |part: &ShardPart| {
            if is_known {
                part.enters(account)
            } else {
                part.is_first()
            }
        };
        if !self.part.is_none_or(is_of_shard) {
            return false;
        }
        if let Some(member) = self.members.get(&account) {
            return member.membership != ScopeMembership::NotSelected;
        }
        let left = Account {
            id: account,
            name: String::new(),
            state: AccountState::Active,
        };
        self.is_listed_organization
            && !self.scope.is_limited_to_accounts()
            && self.scope.has_account(&left)
    }

    /// Whether an account-Region is in scope. The Region need not be enabled any more.
    pub(super) fn has_target(&self, target: &Target) -> bool {
        self.has_account(target.account)
            && self.has_region(target.account, &target.region)
            && self.part.is_none_or(|part| self.is_of_shard(part, target))
    }

    /// The first shard reads the folders of accounts that were not listed, even if the plan gave one of
    /// their account-Regions to another shard for a log source there: that one reads no folders of them.
    fn is_of_shard(&self, part: &ShardPart, target: &Target) -> bool {
        if self.members.contains_key(&target.account) {
            part.owns(target)
        } else {
            part.is_first()
        }
    }

    fn has_region(&self, account: AccountId, region: &Region) -> bool {
        match self.members.get(&account) {
            Some(member) => selects_region(self.scope, member, region),
            None => self.scope.has_region(region),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::member::Member;
    use crate::sweep::shard_part::{DiscoveredSources, ShardOwners};

    fn target(account: &str, region: &str) -> Target {
        Target {
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
        }
    }

    #[test]
    fn covered_account_regions_are_left_out_and_unknown_ones_are_not() {
        let covered = target("111111111111", "us-east-1");
        let uncovered = target("111111111111", "eu-west-1");
        let left = target("999999999999", "eu-west-1");
        let choice = FolderChoice::only_uncovered(
            BTreeSet::from([uncovered.clone()]),
            BTreeSet::from([covered.clone(), uncovered.clone()]),
        );
        let needs = [&covered, &uncovered, &left].map(|target| choice.needs(target));
        assert_eq!(needs, [false, true, true]);
        assert!(FolderChoice::all().needs(&covered));
    }

    #[test]
    fn account_that_left_is_in_a_scope_that_selects_no_accounts() {
        let member = Member {
            account: Account {
                id: "111111111111".parse().unwrap(),
                name: "prod".to_owned(),
                state: AccountState::Active,
            },
            membership: ScopeMembership::NotSelected,
            configured: None,
            listed: None,
        };
        let members = Members::from([(member.account.id, member)]);
        let everything = Scope::default();
        let limited = Scope {
            include_accounts: vec!["999999999999".parse().unwrap()],
            ..Scope::default()
        };
        let has = |scope: &Scope, is_listed_organization, account: &str| {
            let folder_scope = FolderScope {
                scope,
                members: &members,
                part: None,
                is_listed_organization,
            };
            folder_scope.has_target(&target(account, "us-east-1"))
        };
        assert!(has(&everything, true, "999999999999"));
        assert!(!has(&everything, false, "999999999999"));
        assert!(!has(&limited, true, "999999999999"));
        assert!(!has(&everything, true, "111111111111"), "not selected");
    }

    /// The account owns a log source in a Region, so that the plan gave this to another shard.
    #[test]
    fn first_shard_reads_folders_of_accounts_that_were_not_listed() {
        let left = target("999999999999", "eu-west-1");
        let mut owners = ShardOwners::default();
        owners.add_remote(1, left.clone());
        let scope = Scope::default();
        let members = Members::new();
        let has = [0, 1].map(|index| {
            let part = ShardPart {
                index,
                members: Vec::new(),
                owners: owners.clone(),
                found: DiscoveredSources::default(),
                sliced: Vec::new(),
            };
            let folder_scope = FolderScope {
                scope: &scope,
                members: &members,
                part: Some(&part),
                is_listed_organization: true,
            };
            folder_scope.has_target(&left)
        });
        assert_eq!(has, [true, false]);
    }
}
