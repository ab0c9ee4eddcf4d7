//! What `report.html` shows besides the run report, collected before the page is written.

use std::collections::HashMap;

use super::coverage_grid::CoverageGrid;
use super::resource::shorten;
use super::sighting_hours::{COLORS, SightingHours};
use super::sighting_tally::TopCounts;
use super::{SightingTally, Summary};
use dragnet_model::{Coverage, LogKind, OwnCall, Sighting, SourceStatus, Target};

/// The maximum number of different account-Regions. An event may claim any, and they must not fill
/// the memory.
const MOST_TARGETS: usize = 10_000;

/// Counts the sightings by hour, account-Region, user agent and principal, and collects the coverage by
/// account and Region. Calls of Dragnet itself are left out.
#[derive(Clone, Debug)]
pub struct PageTally {
    pub(super) hours: SightingHours,
    pub(super) by_user_agent: TopCounts,
    by_target: HashMap<(String, String), u64>,
    pub(super) grid: CoverageGrid,
    requires_sources: bool,
}

impl PageTally {
    /// Creates an empty tally. `sightings` are the counted sightings of the run.
    pub fn new(summary: &Summary, sightings: &SightingTally) -> Self {
        let accounts = sightings.by_account().top(COLORS - 1);
        let requires_management = summary.required.contains(LogKind::Management);
        Self {
            hours: SightingHours::new(&summary.window, &accounts),
            by_user_agent: TopCounts::default(),
            by_target: HashMap::new(),
            grid: CoverageGrid::new(summary.required.clone()),
            requires_sources: requires_management && summary.scope.requires_sources(),
        }
    }

    /// Counts the next sighting.
    pub fn add_sighting(&mut self, sighting: &Sighting) {
        if sighting.own_call == OwnCall::Yes {
            return;
        }
        let event = &sighting.details;
        self.hours.add(sighting);
        // A hostile text may be long.
        self.by_user_agent.add(&shorten(&event.user_agent));
        let account = shorten(&event.account).into_owned();
        let key = (account, shorten(&event.region).into_owned());
        if let Some(number) = self.by_target.get_mut(&key) {
            *number += 1;
        } else if self.by_target.len() < MOST_TARGETS {
            self.by_target.insert(key, 1);
        }
    }

    /// Adds the next row of the coverage.
    pub fn add_coverage(&mut self, row: &Coverage) {
        self.grid.add(row);
    }

    /// Adds the status of the CloudTrail of an account-Region.
    pub fn add_source_status(&mut self, target: &Target, status: SourceStatus) {
        if self.requires_sources {
            self.grid.add_source_status(target, status);
        }
    }

    /// Returns the number of sightings that happened in an account-Region.
    pub(super) fn sightings_in(&self, account: &str, region: &str) -> u64 {
        let key = (account.to_owned(), region.to_owned());
        self.by_target.get(&key).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::RunStatus;
    use crate::report::testing::{sighting, summary, target};

    #[test]
    fn own_calls_are_left_out() {
        let summary = summary(RunStatus::Complete);
        let mut tally = PageTally::new(&summary, &SightingTally::default());
        for own_call in [OwnCall::Yes, OwnCall::No] {
            let mut found = sighting("");
            found.own_call = own_call;
            found.details.user_agent = "aws-cli".into();
            tally.add_sighting(&found);
        }
        assert_eq!(tally.sightings_in("111111111111", "eu-west-1"), 1);
        assert_eq!(tally.sightings_in("111111111111", "us-east-1"), 0);
        assert_eq!(tally.by_user_agent.top(9), [("aws-cli", 1)]);
    }

    #[test]
    fn trails_count_only_if_they_are_required() {
        let mut summary = summary(RunStatus::Complete);
        let gaps = |summary: &Summary| {
            let mut tally = PageTally::new(summary, &SightingTally::default());
            let target = target("111111111111", "eu-west-1");
            tally.add_source_status(&target, SourceStatus::NoSource);
            tally.grid.accounts.len()
        };
        assert_eq!(gaps(&summary), 1);
        summary.scope.sources = crate::config::SourcesRule::Report;
        assert_eq!(gaps(&summary), 0);
    }
}
