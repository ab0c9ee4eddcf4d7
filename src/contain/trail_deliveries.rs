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
    home: AccountId,
    /// Whether the trail records other accounts than its own.
    of_organization: bool,
}

impl TrailDeliveries {
    /// Derives the deliveries from the log sources of a run and the accounts that see them.
    pub fn new(recorders: &[LogSource], cells: &[SourceLookup]) -> Self {
        // Source: CloudTrail API, DescribeTrails: an account sees its own trails and those of its
        // organization. So a trail that somebody creates in one account cannot prove records of
        // another account.
        let seen = cells.iter().flat_map(|cell| {
            let names = cell.answer.iter().flatten();
            names.map(|name| (name.as_str(), cell.target.account))
        });
        let seen: BTreeSet<(&str, AccountId)> = seen.collect();
        let mut trails: BTreeMap<LogGroupArn, Vec<Trail>> = BTreeMap::new();
        for recorder in recorders
            .iter()
            .filter(|recorder| recorder.kind == SourceKind::CloudTrail)
        {
            let Some(group) = recorder.log_group() else {
                continue;
            };
            let home = recorder.home.account;
            let of_organization = seen
                .iter()
                .any(|(name, account)| *name == recorder.via && *account != home);
            trails.entry(group.clone()).or_default().push(Trail {
                home,
                of_organization,
            });
        }
        Self { trails }
    }

    /// Whether a trail delivered this row: to the log group of the trail, in a log stream of the
    /// trail, about an account that the trail records.
    pub fn has(&self, row: &StoredRow) -> bool {
        let target = Target {
            account: row.account,
            region: row.region.clone(),
        };
        let Some(trails) = self
            .trails
            .get(&LogGroupArn::new(target, row.log_group.as_str()))
        else {
            return false;
        };
        let Some(owner) = TrailStreamOwner::parse(&row.found.log_stream) else {
            return false;
        };
        let Ok(account) = row.found.event_account.parse::<AccountId>() else {
            return false;
        };
        trails.iter().any(|trail| match owner {
            TrailStreamOwner::Organization => trail.of_organization,
            TrailStreamOwner::Account(of) => {
                of == account && (trail.home == account || trail.of_organization)
            }
        })
    }
}
