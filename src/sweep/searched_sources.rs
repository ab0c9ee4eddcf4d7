//! What a sweep has found out about trails and flow logs so far, and how the search of what they
//! deliver ended. A later log source reads what these do not cover.
//!
//! `run.db` has the same facts. They are kept here too, because only the writer uses the database
//! during a sweep, and the plan of a sweep has none.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

use super::bucket_facts::FoundAccessLogs;
use super::shard_part::{DiscoveredSources, FoundLookup, ShardPart};
use crate::store::CoverageOutcomes;
use dragnet_model::{
    AccountId, LivenessCheck, LogGroupArn, LogSource, Outcome, Reason, Region, RegionDelivery,
    SourceKind, SourceLookup, SourceState, Target,
};

/// What was found out so far.
#[derive(Debug, Default)]
pub(super) struct SearchedSources(Mutex<FoundSources>);

/// Log sources, and the outcomes on which their coverage depends.
#[derive(Debug, Default)]
pub(super) struct FoundSources {
    /// Which trails record each account-Region.
    pub lookups: Vec<SourceLookup>,
    /// The trails by name.
    pub trails: BTreeMap<String, LogSource>,
    /// The flow logs that deliver to a bucket.
    pub flow_logs: Vec<LogSource>,
    /// The outcomes of accounts, account-Regions, and the log groups of trails.
    pub outcomes: CoverageOutcomes,
    /// The log groups to which trails deliver.
    groups: BTreeSet<LogGroupArn>,
    /// The log groups whose search was complete, if copies of the others are to be read.
    complete: Option<BTreeSet<LogGroupArn>>,
    /// Those that the liveness check of a plan would compare.
    compared_groups: BTreeSet<LogGroupArn>,
    /// The state of the trails of organizations in Regions, for the plan of a sweep in shards.
    planned_deliveries: Vec<RegionDelivery>,
}

impl SearchedSources {
    /// Creates it for a sweep. `keeps_complete` says whether [`Self::is_complete`] will be asked.
    pub(super) fn new(keeps_complete: bool) -> Self {
        Self(Mutex::new(FoundSources {
            complete: keeps_complete.then(BTreeSet::new),
            ..FoundSources::default()
        }))
    }

    /// Whether a log group was searched completely.
    pub(super) fn is_complete(&self, group: &LogGroupArn) -> bool {
        self.read(|found| {
            found
                .complete
                .as_ref()
                .is_some_and(|complete| complete.contains(group))
        })
    }

    /// Whether a trail delivers to a log group.
    pub(super) fn receives_trail(&self, group: &LogGroupArn) -> bool {
        self.read(|found| found.groups.contains(group))
    }

    /// Adds which log sources record an account-Region, if it is about trails.
    pub(super) fn add_lookup(&self, lookup: &SourceLookup) {
        if lookup.kind == SourceKind::CloudTrail {
            self.change(|found| found.lookups.push(lookup.clone()));
        }
    }

    /// Adds a trail, or a flow log that delivers to a bucket. Only its owner knows the state of a
    /// trail, so an unknown one never replaces it.
    pub(super) fn add_log_source(&self, log_source: &LogSource) {
        if log_source.kind != SourceKind::CloudTrail {
            if log_source.bucket.is_some() {
                self.change(|found| found.flow_logs.push(log_source.clone()));
            }
            return;
        }
        self.change(|found| {
            found.groups.extend(log_source.log_group().cloned());
            if log_source.state != SourceState::Unknown
                || !found.trails.contains_key(&log_source.via)
            {
                found
                    .trails
                    .insert(log_source.via.clone(), log_source.clone());
            }
        });
    }

    /// Adds how the search of a log group ended, if a trail delivers to it or it may have copies. The
    /// account-Region of a log group reports its trails before it scans the log group.
    pub(super) fn add_group_outcome(&self, group: &LogGroupArn, outcome: &Outcome) {
        self.change(|found| {
            if let Some(complete) = &mut found.complete {
                if outcome.is_covered() {
                    complete.insert(group.clone());
                } else {
                    // The plan of a sweep in shards may have expected more.
                    complete.remove(group);
                }
            }
            if found.groups.contains(group) {
                found.outcomes.add_group(group, outcome.clone());
            }
        });
    }

    /// Adds how the search of the objects of an account-Region in a folder of a bucket ended.
    pub(super) fn add_objects_outcome(&self, target: &Target, location: &str, outcome: &Outcome) {
        self.change(|found| {
            found
                .outcomes
                .add_objects(target, location, outcome.clone());
        });
    }

    /// Sets what the liveness check found.
    pub(super) fn set_liveness(&self, checks: &[LivenessCheck]) {
        self.change(|found| found.outcomes.set_liveness(checks.to_vec()));
    }

    /// Sets the state of trails in Regions other than their home Regions.
    pub(super) fn set_region_deliveries(&self, deliveries: &[RegionDelivery]) {
        self.change(|found| found.outcomes.set_region_deliveries(deliveries.to_vec()));
    }

    /// Sets which log groups the liveness check of a plan would compare.
    pub(super) fn set_compared_groups(&self, groups: BTreeSet<LogGroupArn>) {
        self.change(|found| found.compared_groups = groups);
    }

    /// Sets what the plan of a sweep in shards found out about the trails of organizations in Regions.
    pub(super) fn set_planned_deliveries(&self, deliveries: Vec<RegionDelivery>) {
        self.change(|found| found.planned_deliveries = deliveries);
    }

    /// Adds the outcome of an account-Region, or without a Region that of an account.
    pub(super) fn add_target_outcome(
        &self,
        account: AccountId,
        region: Option<&Region>,
        outcome: &Outcome,
    ) {
        self.change(|found| found.outcomes.add_target(account, region, outcome.clone()));
    }

    /// Adds what the plan of a sweep in shards found out about the other shards.
    pub(super) fn add_planned(&self, part: &ShardPart) {
        let found = &part.found;
        for lookup in &found.lookups {
            if !part.owns(&lookup.target) {
                self.add_lookup(&lookup.to_lookup());
            }
        }
        for source in &found.log_sources {
            // The account-Region of a flow log reports it again.
            if source.kind == SourceKind::CloudTrail || !part.owns(&source.home) {
                self.add_log_source(source);
            }
        }
        for (group, outcome) in &found.groups {
            // A log group whose bucket is read instead has no outcome before the bucket is read.
            let is_replaced = outcome.reason == Some(Reason::ReadInBucket);
            if !is_replaced && !part.owns(&group.target) {
                self.add_group_outcome(group, outcome);
            }
        }
        for (account, region, outcome) in &found.targets {
            if !part.enters(*account) {
                self.add_target_outcome(*account, region.as_ref(), outcome);
            }
        }
    }

    /// Returns everything that was found out, for the plan of a sweep in shards.
    /// `access_logs` says where server access logs are.
    pub(super) fn to_discovered(&self, access_logs: Vec<FoundAccessLogs>) -> DiscoveredSources {
        self.read(move |found| {
            let trails = found.trails.values().chain(&found.flow_logs);
            let groups = found.groups.iter().filter_map(|group| {
                let outcome = found.outcomes.group_outcome(group)?;
                Some((group.clone(), outcome.clone()))
            });
            let lookups = found.lookups.iter().map(|lookup| FoundLookup {
                target: lookup.target.clone(),
                result: lookup.result.clone(),
            });
            DiscoveredSources {
                lookups: lookups.collect(),
                log_sources: trails.cloned().collect(),
                groups: groups.collect(),
                targets: found.outcomes.target_outcomes().collect(),
                compared_groups: found.compared_groups.clone(),
                region_deliveries: found.planned_deliveries.clone(),
                access_logs,
            }
        })
    }

    /// Returns what `read` makes of everything that was found out.
    pub(super) fn read<T>(&self, read: impl FnOnce(&FoundSources) -> T) -> T {
        // A poisoned lock is safe to use: no change under it is left half done.
        read(&self.0.lock())
    }

    fn change(&self, change: impl FnOnce(&mut FoundSources)) {
        change(&mut self.0.lock());
    }
}
