//! The plan of a sweep: collects what the sweep would read, and how long that duration and costs,
//! while everything is listed and no events are read.

use std::collections::BTreeMap;
use std::time::Duration;

use super::selector_matches::UnmatchedSelectors;
use dragnet_model::{Coverage, Engine, Target};

/// The plan of a sweep.
#[derive(Clone, Debug, Default)]
pub struct PlanSheet {
    targets: BTreeMap<Target, TargetPlan>,
    left_out: Vec<Coverage>,
    unmatched: UnmatchedSelectors,
}

/// What would be read of an account-Region. Byte counts are estimates: the stored bytes that AWS
/// reports, reduced to the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetPlan {
    /// The account's name: untrusted text.
    pub account_name: String,
    /// What the filter engine would read.
    pub filter: Share,
    /// The number of `FilterLogEvents` calls, if the pattern matched every event.
    pub calls: f64,
    /// How long these calls take at the quota.
    pub duration: Duration,
    /// What Insights would read.
    pub insights: Share,
    /// The cost of that at list prices, in US dollars.
    pub usd: f64,
    /// The fewest `LookupEvents` calls, if the event history would be read. How many events it has
    /// is not known before.
    pub history_calls: u64,
}

/// The log groups that one engine would read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// The number of log groups.
    pub log_groups: u64,
    /// Their bytes in the window.
    pub bytes: f64,
}

/// A log group that would be read.
#[derive(Debug)]
pub(super) struct PlannedGroup {
    pub engine: Engine,
    pub bytes: f64,
    pub pages: f64,
    /// Calls per second.
    pub rate: f64,
    pub usd: f64,
}

impl PlanSheet {
    /// Returns what would be read, by account-Region.
    pub fn targets(&self) -> &BTreeMap<Target, TargetPlan> {
        &self.targets
    }

    /// Returns what would not be covered, sorted by account, Region and log group.
    pub fn left_out(&self) -> &[Coverage] {
        &self.left_out
    }

    /// Returns the selectors of the scope that match nothing.
    pub fn unmatched(&self) -> &UnmatchedSelectors {
        &self.unmatched
    }

    /// Returns the cost of all Insights queries at list prices, in US dollars.
    pub fn usd(&self) -> f64 {
        self.targets.values().map(|target| target.usd).sum()
    }

    /// Returns how long the slowest account-Region duration to read page by page.
    pub fn duration(&self) -> Duration {
        self.targets
            .values()
            .map(|target| target.duration)
            .max()
            .unwrap_or_default()
    }

    pub(super) fn add_group(&mut self, target: Target, account_name: &str, group: &PlannedGroup) {
        let planned = self.targets.entry(target).or_default();
        account_name.clone_into(&mut planned.account_name);
        let share = match group.engine {
            Engine::Filter => {
                planned.calls += group.pages.ceil();
                planned.duration = Duration::try_from_secs_f64(planned.calls / group.rate)
                    .unwrap_or(Duration::MAX);
                &mut planned.filter
            }
            Engine::Insights => {
                planned.usd += group.usd;
                &mut planned.insights
            }
        };
        share.log_groups += 1;
        share.bytes += group.bytes;
    }

    /// Adds an event history that takes at least this many calls, of which the quota permits `rate`
    /// per second.
    pub(super) fn add_history(
        &mut self,
        target: Target,
        account_name: &str,
        fewest_calls: u64,
        rate: f64,
    ) {
        let planned = self.targets.entry(target).or_default();
        account_name.clone_into(&mut planned.account_name);
        planned.history_calls = fewest_calls;
        let least = Duration::try_from_secs_f64(fewest_calls as f64 / rate);
        planned.duration = planned.duration.max(least.unwrap_or(Duration::MAX));
    }

    pub(super) fn set_unmatched(&mut self, unmatched: UnmatchedSelectors) {
        self.unmatched = unmatched;
    }

    pub(super) fn add_gap(&mut self, row: Coverage) {
        if !row.outcome.is_covered() {
            self.left_out.push(row);
        }
    }

    pub(super) fn sort(&mut self) {
        self.left_out.sort_by(|one, other| {
            (one.account, &one.region, one.source, &one.log_group).cmp(&(
                other.account,
                &other.region,
                other.source,
                &other.log_group,
            ))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slowest_region_decides_duration() {
        let mut sheet = PlanSheet::default();
        let target = |region: &str| Target {
            account: "111111111111".parse().unwrap(),
            region: region.parse().unwrap(),
        };
        let group = |engine, pages| PlannedGroup {
            engine,
            bytes: pages * 1e6,
            pages,
            rate: 5.0,
            usd: pages / 10.0,
        };
        sheet.add_group(target("eu-west-1"), "prod", &group(Engine::Filter, 99.5));
        sheet.add_group(target("eu-west-1"), "prod", &group(Engine::Filter, 100.0));
        sheet.add_group(target("eu-west-2"), "prod", &group(Engine::Filter, 100.0));
        sheet.add_group(target("eu-west-2"), "prod", &group(Engine::Insights, 20.0));
        assert_eq!(
            (sheet.duration(), sheet.usd()),
            (Duration::from_secs(40), 2.0)
        );
        sheet.add_history(target("eu-west-2"), "prod", 9, 2.0);
        sheet.add_history(target("eu-west-3"), "prod", 100, 2.0);
        assert_eq!(sheet.duration(), Duration::from_secs(50));
        let second = &sheet.targets()[&target("eu-west-2")];
        assert_eq!(
            (
                second.filter.log_groups,
                second.insights.log_groups,
                second.calls
            ),
            (1, 1, 100.0)
        );
    }
}
