//! Decides which stored records a trail delivered. Only those prove who did something: any other
//! line of a log group may come from any program.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AccountId, LogGroupArn, LogSource, SourceKind, SourceLookup, Target, TrailStreamOwner,
};
use crate::store::StoredRow;

/// The log groups that the trails of a run deliver to.
#[derive(Clone, Debug, Default)]
pub struct TrailDeliveries {
    trails: BTreeMap<LogGroupArn, Vec<Trail>>,
}

#[derive(Clone, Debug)]
struct Trail {
    home_account: AccountId,
    /// Whether the trail records other accounts than its own.
    covers_organization: bool,
}

impl TrailDeliveries {
    /// Derives the deliveries from the log sources of a run and the accounts that see them.
    pub fn new(log_sources: &[LogSource], lookups: &[SourceLookup]) -> Self {
        // Source: CloudTrail API, DescribeTrails: an account sees its own trails and those of its
        // organization. So a trail that somebody creates in one account cannot prove records of
        // another account.
        let seen = lookups.iter().flat_map(|lookup| {
            let names = lookup.result.iter().flatten();
            names.map(|name| (name.as_str(), lookup.target.account))
        });
        let seen: BTreeSet<(&str, AccountId)> = seen.collect();
        let mut trails: BTreeMap<LogGroupArn, Vec<Trail>> = BTreeMap::new();
        for log_source in log_sources
            .iter()
            .filter(|log_source| log_source.kind == SourceKind::CloudTrail)
        {
            let Some(group) = log_source.log_group() else {
                continue;
            };
            let home_account = log_source.home.account;
            let covers_organization = seen
                .iter()
                .any(|(name, account)| *name == log_source.via && *account != home_account);
            trails.entry(group.clone()).or_default().push(Trail {
                home_account,
                covers_organization,
            });
        }
        Self { trails }
    }

    /// Whether a trail delivered this row: to the log group of the trail, in a log stream of the
    /// trail, about an account that the trail records.
    pub fn contains(&self, row: &StoredRow) -> bool {
        let target = Target {
            account: row.account,
            region: row.region.clone(),
        };
        let log_group = LogGroupArn::new(target, row.log_group.as_str());
        let Some(trails) = self.trails.get(&log_group) else {
            return false;
        };
        let Some(owner) = TrailStreamOwner::parse(&row.found.log_stream) else {
            return false;
        };
        let Ok(account) = row.found.event_account.parse::<AccountId>() else {
            return false;
        };
        trails.iter().any(|trail| match owner {
            TrailStreamOwner::Organization => trail.covers_organization,
            TrailStreamOwner::Account(owner_account) => {
                owner_account == account
                    && (trail.home_account == account || trail.covers_organization)
            }
        })
    }
}
