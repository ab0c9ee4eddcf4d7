//! The plan of a sweep: collects what the sweep would read, and how long that duration and costs,
//! while everything is listed and no events are read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::member::Member;
use super::selector_matches::UnmatchedSelectors;
use super::shard_part::DiscoveredSources;
use super::source_choice::{ChoiceReason, ReadMethod, ReadSource, ReadTime};
use dragnet_model::{Coverage, Engine, LogGroupArn, Target};

/// The plan of a sweep.
#[derive(Clone, Debug, Default)]
pub struct PlanSheet {
    targets: BTreeMap<Target, TargetPlan>,
    left_out: Vec<Coverage>,
    unmatched: UnmatchedSelectors,
    /// How long it takes to read the objects of each bucket at its quota, in seconds.
    bucket_seconds: BTreeMap<String, f64>,
    /// The log groups of trails that would be read.
    trail_groups: BTreeMap<LogGroupArn, PlannedTrailGroup>,
    /// The listed folders of buckets, by account-Region.
    folders: BTreeMap<Target, Vec<ReadSource>>,
    /// The accounts that were listed.
    members: Vec<Member>,
    /// What was found out about log sources.
    found: DiscoveredSources,
    /// The choice of sources, by account-Region. Those of one log group share it.
    choices: BTreeMap<Target, Arc<PlannedChoice>>,
    /// The calls of the liveness check.
    liveness_calls: u64,
    /// Whether only the accounts that are assigned to the caller in IAM Identity Center were listed.
    assigned_accounts_only: bool,
    /// The statements of Athena.
    statements: Vec<PlannedStatement>,
    /// Whether shards will do the sweep, which need to know more of each other.
    for_shards: bool,
}

/// Which sources would be read for account-Regions, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedChoice {
    /// The sources that could be read.
    pub sources: Vec<PlannedSource>,
    /// Why.
    pub reason: ChoiceReason,
}

/// A source that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSource {
    /// The source, and what reading it takes.
    pub source: ReadSource,
    /// Whether it would be read.
    pub is_read: bool,
    /// Whether it is certain to have everything.
    pub is_complete: bool,
}

/// A statement that Athena would run.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStatement {
    /// The statement.
    pub statement: String,
    /// Its estimated cost at list prices, in US dollars.
    pub usd: f64,
}

/// A log group of trails that would be read.
#[derive(Clone, Debug)]
pub(super) struct PlannedTrailGroup {
    pub arn: LogGroupArn,
    pub engine: Engine,
    /// How each engine could read it.
    pub sources: Vec<ReadSource>,
    /// The time since which it has every event; `None` if that is not certain of any event.
    pub complete_since_ms: Option<i64>,
    /// Its pages and bytes, if shards may divide it by time.
    pub sliceable: Option<(f64, f64)>,
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
    /// The objects in S3 that would be read.
    pub objects: u64,
    /// Their packed bytes.
    pub object_bytes: u64,
}

/// Objects that would be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PlannedObjects {
    pub objects: u64,
    pub bytes: u64,
    /// Calls per second, which all objects of the bucket share.
    pub rate: f64,
    /// The pages of their list.
    pub lists: u64,
    /// What reading them costs at list prices, in US dollars.
    pub usd: f64,
}

impl PlannedObjects {
    fn to_source(self, bucket: &str) -> ReadSource {
        let seconds = self.objects as f64 / self.rate;
        ReadSource {
            method: ReadMethod::Objects,
            location: bucket.to_owned(),
            calls: Some(self.objects as f64 + self.lists as f64),
            time: ReadTime::AtQuota(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)),
            usd: Some(self.usd),
        }
    }
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
    pub(super) fn for_shards() -> Self {
        Self {
            for_shards: true,
            ..Self::default()
        }
    }

    pub(super) fn is_for_shards(&self) -> bool {
        self.for_shards
    }

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

    /// Returns how many calls the liveness check makes in account-Regions that are not busy.
    pub fn liveness_calls(&self) -> u64 {
        self.liveness_calls
    }

    pub(super) fn set_liveness_calls(&mut self, calls: u64) {
        self.liveness_calls = calls;
    }

    /// Returns whether only the accounts that are assigned to the caller were listed.
    pub fn has_assigned_accounts_only(&self) -> bool {
        self.assigned_accounts_only
    }

    pub(super) fn set_assigned_accounts_only(&mut self) {
        self.assigned_accounts_only = true;
    }

    /// Returns the accounts that were listed, in the order of the list.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns what was found out about log sources.
    pub fn found(&self) -> &DiscoveredSources {
        &self.found
    }

    /// Returns how long it takes to read the planned objects of each bucket at its quota, in seconds.
    pub fn bucket_seconds(&self) -> &BTreeMap<String, f64> {
        &self.bucket_seconds
    }

    /// Returns the buckets of which objects of an account-Region would be read, with the number of
    /// calls.
    pub fn bucket_calls(&self, target: &Target) -> impl Iterator<Item = (&str, f64)> {
        self.folders(target)
            .iter()
            .map(|source| (source.location.as_str(), source.calls.unwrap_or_default()))
    }

    /// Returns the cost of all Insights queries at list prices, in US dollars.
    pub fn usd(&self) -> f64 {
        self.targets.values().map(|target| target.usd).sum()
    }

    /// Returns how long the slowest account-Region or bucket takes to read.
    pub fn duration(&self) -> Duration {
        let buckets = self
            .bucket_seconds
            .values()
            .map(|seconds| Duration::try_from_secs_f64(*seconds).unwrap_or(Duration::MAX));
        self.targets
            .values()
            .map(|target| target.duration)
            .chain(buckets)
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

    /// Adds objects of an account-Region in a bucket.
    pub(super) fn add_objects(
        &mut self,
        target: Target,
        account_name: &str,
        bucket: &str,
        objects: PlannedObjects,
    ) {
        let source = objects.to_source(bucket);
        self.folders.entry(target.clone()).or_default().push(source);
        if objects.objects == 0 {
            return;
        }
        let planned = self.targets.entry(target).or_default();
        account_name.clone_into(&mut planned.account_name);
        planned.objects += objects.objects;
        planned.object_bytes = planned.object_bytes.saturating_add(objects.bytes);
        let seconds = self.bucket_seconds.entry(bucket.to_owned()).or_default();
        *seconds += objects.objects as f64 / objects.rate;
    }

    /// Adds a log group of trails.
    pub(super) fn add_trail_group(&mut self, group: PlannedTrailGroup) {
        self.trail_groups.insert(group.arn.clone(), group);
    }

    /// Returns the log groups that shards may divide by time, each with about its pages and bytes.
    pub fn sliceable_groups(&self) -> impl Iterator<Item = (&LogGroupArn, f64, f64)> {
        let groups = self.trail_groups.iter();
        groups.filter_map(|(arn, group)| group.sliceable.map(|(pages, bytes)| (arn, pages, bytes)))
    }

    pub(super) fn trail_groups(&self) -> &BTreeMap<LogGroupArn, PlannedTrailGroup> {
        &self.trail_groups
    }

    /// Returns the folders of an account-Region that were listed, as sources.
    pub(super) fn folders(&self, target: &Target) -> &[ReadSource] {
        self.folders
            .get(target)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Adds the choice for account-Regions.
    pub(super) fn add_choice(&mut self, targets: &BTreeSet<Target>, choice: PlannedChoice) {
        let choice = Arc::new(choice);
        for target in targets {
            self.choices.insert(target.clone(), Arc::clone(&choice));
        }
    }

    /// Removes the choice for account-Regions, if it turns out that more has to be read.
    pub(super) fn remove_choice(&mut self, targets: &BTreeSet<Target>) {
        self.choices.retain(|target, _| !targets.contains(target));
    }

    /// Returns the choice of sources, by account-Region.
    pub fn choices(&self) -> &BTreeMap<Target, Arc<PlannedChoice>> {
        &self.choices
    }

    pub(super) fn add_member(&mut self, member: Member) {
        self.members.push(member);
    }

    pub(super) fn set_found(&mut self, found: DiscoveredSources) {
        self.found = found;
    }

    pub(super) fn add_statement(&mut self, statement: PlannedStatement) {
        self.statements.push(statement);
    }

    /// Returns the statements of Athena.
    pub fn statements(&self) -> &[PlannedStatement] {
        &self.statements
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
        self.statements
            .sort_by(|one, other| one.statement.cmp(&other.statement));
        self.left_out.sort_by(|one, other| {
            let place =
                |row: &Coverage| (row.source, row.log_group.clone(), row.bucket_prefix.clone());
            (one.account, &one.region, place(one)).cmp(&(
                other.account,
                &other.region,
                place(other),
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
        let objects = PlannedObjects {
            objects: 250,
            bytes: 1,
            rate: 10.0,
            ..PlannedObjects::default()
        };
        for region in ["eu-west-1", "eu-west-2"] {
            sheet.add_objects(target(region), "prod", "bucket", objects);
        }
        assert_eq!(
            sheet.duration(),
            Duration::from_secs(50),
            "they share the quota of the bucket"
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
