//! What a range holds, for people: the organization, who can enter where, what records what.

use serde::Serialize;

use super::Range;
use crate::model::{AccountId, Region};

/// An account, for a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountOverview {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Organizations' `State`.
    pub state: String,
    /// The names of the units above it, from the root down; empty right under the root.
    pub units: Vec<String>,
    /// The Regions that it can use.
    pub regions: Vec<Region>,
    /// The names of its roles.
    pub roles: Vec<String>,
    /// How many log groups it has.
    pub log_groups: usize,
}

/// A trail, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailOverview {
    /// Its ARN.
    pub arn: String,
    /// Whether it records the whole organization.
    pub organization: bool,
    /// The log group that it delivers to, in its own account and Region.
    pub log_group: Option<String>,
}

impl Range {
    /// Every account, by id.
    pub fn accounts(&self) -> Vec<AccountOverview> {
        let world = &self.state().world;
        let overview = |account: &super::world::Account| {
            let line = world.ancestry(account.id);
            let units = line
                .iter()
                .rev()
                .filter_map(|id| world.organization.units.get(id));
            let regions = world.regions.all().map(|(region, _)| region);
            AccountOverview {
                id: account.id,
                name: account.name.clone(),
                state: account.state_word().to_owned(),
                units: units.map(|unit| unit.name.clone()).collect(),
                regions: regions
                    .filter(|region| world.enabled(account.id, region))
                    .cloned()
                    .collect(),
                roles: account.roles.keys().cloned().collect(),
                log_groups: account.logs.values().map(|store| store.groups.len()).sum(),
            }
        };
        world.accounts.values().map(overview).collect()
    }

    /// The log groups that keep what happens in an account and Region: account, Region and name of each.
    ///
    /// It is the world's own bookkeeping, for tests of those who have to find it out by asking.
    pub fn kept_in(&self, account: AccountId, region: &Region) -> Vec<(AccountId, Region, String)> {
        let state = self.state();
        let trails = state
            .world
            .trails
            .iter()
            .filter(|trail| trail.delivers(account, region));
        trails
            .filter_map(|trail| Some((trail.account, trail.home.clone(), trail.log_group.clone()?)))
            .collect()
    }

    /// Every trail, in the scenario's order.
    pub fn trails(&self) -> Vec<TrailOverview> {
        let world = &self.state().world;
        let overview = |trail: &super::world::Trail| TrailOverview {
            arn: trail.arn(world),
            organization: trail.organization,
            log_group: trail.log_group.clone(),
        };
        world.trails.iter().map(overview).collect()
    }
}
