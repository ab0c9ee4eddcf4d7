//! Overviews of a range for display: accounts, their roles, and trails.

use serde::Serialize;

use super::Range;
use dragnet_model::{AccountId, Region};

/// An account of the range, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountOverview {
    /// The account id.
    pub id: AccountId,
    /// The account name.
    pub name: String,
    /// The `State` that Organizations reports.
    pub state: String,
    /// The names of the organizational units that contain it, from the root down; empty directly
    /// under the root.
    pub units: Vec<String>,
    /// The enabled Regions.
    pub regions: Vec<Region>,
    /// The names of the roles.
    pub roles: Vec<String>,
    /// The number of log groups.
    pub log_groups: usize,
}

/// A trail of the range, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailOverview {
    /// The ARN of the trail.
    pub arn: String,
    /// Whether it is an organization trail.
    pub organization: bool,
    /// The log group that it delivers to, in its own account and home Region.
    pub log_group: Option<String>,
}

impl Range {
    /// All accounts, sorted by id.
    pub fn accounts(&self) -> Vec<AccountOverview> {
        let world = &self.state().world;
        let overview = |account: &super::world::Account| {
            let ancestors = world.ancestor_ids(account.id);
            let units = ancestors
                .iter()
                .rev()
                .filter_map(|id| world.organization.units.get(id));
            let regions = world.regions.all().map(|(region, _)| region);
            AccountOverview {
                id: account.id,
                name: account.name.clone(),
                state: account.state_str().to_owned(),
                units: units.map(|unit| unit.name.clone()).collect(),
                regions: regions
                    .filter(|region| world.is_region_enabled(account.id, region))
                    .cloned()
                    .collect(),
                roles: account.roles.keys().cloned().collect(),
                log_groups: account.logs.values().map(|store| store.groups.len()).sum(),
            }
        };
        world.accounts.values().map(overview).collect()
    }

    /// The log groups to which CloudTrail events of an account and Region are delivered: account,
    /// Region and name of each.
    ///
    /// Tests compare it with what Dragnet finds out through API calls.
    pub fn cloudtrail_log_groups(
        &self,
        account: AccountId,
        region: &Region,
    ) -> Vec<(AccountId, Region, String)> {
        let state = self.state();
        let trails = state
            .world
            .trails
            .iter()
            .filter(|trail| trail.delivers_from(account, region));
        trails
            .filter_map(|trail| Some((trail.account, trail.home.clone(), trail.log_group.clone()?)))
            .collect()
    }

    /// All trails, in the order of the scenario.
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
