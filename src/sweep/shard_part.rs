//! The part of an organization that one shard of a sweep searches, and what the plan of all shards
//! found out about the rest.
//!
//! A shard asks AWS only about its own account-Regions. Whether these are covered may depend on a log
//! group or a trail that belongs to another shard: the trail of the organization delivers to one log
//! group for all. What the plan found there counts as it was planned, so a shard reads an event history
//! or a bucket only where one machine would. If the other shard then finds something else, the coverage
//! of the merged run says so, because it is judged anew from the results of all shards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bucket_facts::FoundAccessLogs;
use super::member::Member;
use super::sliced_group::{SlicedGroup, TimeSlice};
use crate::store::ScopeMembership;
use dragnet_model::{
    AccountId, LogGroupArn, LogSource, Outcome, Reason, Region, RegionDelivery, SourceKind,
    SourceLookup, SourceState, Status, Target,
};

/// The Regions of an account that belong to a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionPart {
    /// All Regions except these, also those that are enabled after the plan was made.
    AllExcept(BTreeSet<Region>),
    /// These Regions.
    Only(BTreeSet<Region>),
}

impl RegionPart {
    /// Whether a Region belongs to the part.
    pub fn contains(&self, region: &Region) -> bool {
        match self {
            Self::AllExcept(others) => !others.contains(region),
            Self::Only(regions) => regions.contains(region),
        }
    }

    /// Whether the part has what belongs to no single Region: the row of the account itself, and
    /// Regions that the plan did not list.
    pub fn is_main(&self) -> bool {
        matches!(self, Self::AllExcept(_))
    }
}

/// Which shard searches what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardOwners {
    accounts: BTreeMap<AccountId, Vec<(usize, RegionPart)>>,
    remote: BTreeMap<Target, usize>,
}

impl ShardOwners {
    /// Gives a part of an account to a shard.
    pub fn add_account(&mut self, shard: usize, account: AccountId, part: RegionPart) {
        self.accounts
            .entry(account)
            .or_default()
            .push((shard, part));
    }

    /// Gives an account-Region outside the scope to a shard: a log source delivers there.
    pub fn add_remote(&mut self, shard: usize, target: Target) {
        self.remote.insert(target, shard);
    }

    /// Returns the shard that searches an account-Region. What the plan did not know belongs to the
    /// first one: accounts that have left the organization.
    pub fn owner(&self, target: &Target) -> usize {
        let parts = self.accounts.get(&target.account);
        let mut parts = parts.into_iter().flatten();
        parts
            .find(|(_, part)| part.contains(&target.region))
            .map(|(shard, _)| *shard)
            .or_else(|| self.remote.get(target).copied())
            .unwrap_or_default()
    }

    fn part_of(&self, shard: usize, account: AccountId) -> Option<&RegionPart> {
        let parts = self.accounts.get(&account);
        let mut parts = parts.into_iter().flatten();
        parts
            .find(|(owner, _)| *owner == shard)
            .map(|(_, part)| part)
    }
}

/// What the discovery of a whole organization found out about log sources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscoveredSources {
    /// Which trails record each account-Region.
    pub lookups: Vec<FoundLookup>,
    /// The trails, and the flow logs that deliver to a bucket.
    pub log_sources: Vec<LogSource>,
    /// How the log groups of trails would be searched.
    pub groups: Vec<(LogGroupArn, Outcome)>,
    /// The accounts and account-Regions that could not be searched.
    pub targets: Vec<(AccountId, Option<Region>, Outcome)>,
    /// The log groups of trails that the liveness check compares with event histories.
    pub compared_groups: BTreeSet<LogGroupArn>,
    /// The state of the trails of organizations in Regions other than their home Regions.
    pub region_deliveries: Vec<RegionDelivery>,
    /// Where server access logs are.
    pub(super) access_logs: Vec<FoundAccessLogs>,
}

/// The trails of an account-Region, or why they are not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundLookup {
    /// The account-Region.
    pub target: Target,
    /// The names of the trails.
    pub result: Result<Vec<String>, Outcome>,
}

impl FoundLookup {
    pub(super) fn to_lookup(&self) -> SourceLookup {
        SourceLookup {
            target: self.target.clone(),
            kind: SourceKind::CloudTrail,
            result: self.result.clone(),
        }
    }
}

/// The part of an organization that a shard searches.
#[derive(Clone, Debug)]
pub struct ShardPart {
    /// The number of the shard.
    pub index: usize,
    /// All accounts that the plan listed, in their order.
    pub members: Vec<Member>,
    /// Which shard searches what.
    pub owners: ShardOwners,
    /// What the plan found out.
    pub found: DiscoveredSources,
    /// The log groups that several shards read.
    pub sliced: Vec<SlicedGroup>,
}

impl ShardPart {
    /// Whether the shard searches an account-Region.
    pub(super) fn owns(&self, target: &Target) -> bool {
        self.owners.owner(target) == self.index
    }

    /// Whether the shard enters an account, for all or some of its Regions.
    pub(super) fn enters(&self, account: AccountId) -> bool {
        self.owners.part_of(self.index, account).is_some()
    }

    /// Whether the shard has what belongs to an account as a whole.
    pub(super) fn has_main_part(&self, account: AccountId) -> bool {
        let part = self.owners.part_of(self.index, account);
        part.is_some_and(RegionPart::is_main)
    }

    /// Returns the accounts of other shards whose role was denied to the plan. A monitoring account of
    /// this shard may show their log groups, and no other shard can ask it.
    pub(super) fn denied_in_others(&self) -> Vec<Arc<Member>> {
        let targets = self.found.targets.iter();
        let denied: BTreeSet<AccountId> = targets
            .filter(|(_, region, outcome)| region.is_none() && outcome.status == Status::Denied)
            .map(|(account, ..)| *account)
            .collect();
        let members = self.members.iter();
        members
            .filter(|member| {
                let account = member.account.id;
                member.membership == ScopeMembership::InScope
                    && denied.contains(&account)
                    && !self.enters(account)
            })
            .map(|member| Arc::new(member.clone()))
            .collect()
    }

    /// Returns the part of the time of a log group that this shard reads, if several shards read it.
    pub(super) fn slice_of(&self, group: &LogGroupArn) -> Option<TimeSlice> {
        let sliced = self.sliced.iter().find(|sliced| sliced.group == *group)?;
        let mut slices = sliced.slices();
        slices
            .find(|(shard, _)| *shard == self.index)
            .map(|(_, slice)| slice)
    }

    /// Returns the log groups of other shards of which this one reads a part.
    pub(super) fn slices_of_others(&self) -> impl Iterator<Item = &LogGroupArn> {
        let groups = self.sliced.iter().map(|sliced| &sliced.group);
        groups.filter(move |group| !self.owns(&group.target) && self.slice_of(group).is_some())
    }

    /// Returns the log groups of other shards with which the liveness check compares the event histories
    /// of this one.
    pub(super) fn compared_of_others(&self) -> impl Iterator<Item = &LogGroupArn> {
        let groups = self.found.compared_groups.iter();
        groups.filter(move |group| !self.owns(&group.target))
    }

    /// Returns the owner of a trail whose state in Regions the plan found out, if that is in scope. The
    /// shard of its home Region asks again, so that the merged run knows what happened since.
    pub(super) fn home_of_asked(&self, via: &str) -> Option<&Target> {
        let mut sources = self.found.log_sources.iter();
        let home = &sources.find(|source| source.via == via)?.home;
        let mut members = self.members.iter();
        members
            .any(|member| {
                member.account.id == home.account && member.membership == ScopeMembership::InScope
            })
            .then_some(home)
    }

    /// Returns the trails and Regions about which this shard asks for all others, with the owners.
    pub(super) fn asked_for_others(&self) -> BTreeMap<(String, Region), AccountId> {
        let known = self.found.region_deliveries.iter();
        known
            .filter_map(|known| {
                let home = self.home_of_asked(&known.via)?;
                let place = (known.via.clone(), known.region.clone());
                self.owns(home).then_some((place, home.account))
            })
            .collect()
    }

    /// Returns what the plan found out about a trail in a Region, if another shard asks again.
    pub(super) fn planned_delivery(
        &self,
        (via, region): (&str, &Region),
    ) -> Option<&RegionDelivery> {
        let mut known = self.found.region_deliveries.iter();
        let known = known.find(|known| known.via == via && known.region == *region)?;
        let home = self.home_of_asked(via)?;
        (!self.owns(home)).then_some(known)
    }

    /// Whether this is the shard to which everything belongs that the plan did not know.
    pub(super) fn is_first(&self) -> bool {
        self.index == 0
    }

    /// Returns the log sources that this shard has to follow to a log group or an owner outside the
    /// scope, as if an account-Region had just reported them.
    pub(super) fn sources_to_follow(&self) -> Vec<LogSource> {
        let owned = self.found.log_sources.iter().filter(|source| {
            let group = source.log_group().map(|group| &group.target);
            [Some(&source.home), group]
                .into_iter()
                .flatten()
                .any(|target| self.owns(target))
        });
        owned
            .map(|source| LogSource {
                state: SourceState::Unknown,
                ..source.clone()
            })
            .collect()
    }

    /// Whether the plan reads the bucket of the same trails instead of a log group.
    pub(super) fn is_read_in_bucket(&self, group: &LogGroupArn) -> bool {
        let mut groups = self.found.groups.iter();
        groups.any(|(arn, outcome)| arn == group && outcome.reason == Some(Reason::ReadInBucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_region_has_one_owner() {
        let account: AccountId = "111111111111".parse().unwrap();
        let target = |account: &str, region: &str| Target {
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
        };
        let split = BTreeSet::from(["eu-west-1".parse().unwrap()]);
        let mut owners = ShardOwners::default();
        owners.add_account(1, account, RegionPart::AllExcept(split.clone()));
        owners.add_account(2, account, RegionPart::Only(split));
        owners.add_remote(3, target("999999999999", "us-east-1"));
        for (account, region, owner) in [
            ("111111111111", "us-east-1", 1),
            ("111111111111", "eu-west-1", 2),
            ("999999999999", "us-east-1", 3),
            ("999999999999", "eu-west-1", 0),
        ] {
            assert_eq!(owners.owner(&target(account, region)), owner, "{region}");
        }
        assert!(owners.part_of(0, account).is_none());
        assert!(owners.part_of(1, account).unwrap().is_main());
    }
}
