//! Compares the event histories of account-Regions with the log groups of their trails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;

use super::compared_subjects::ComparedSubjects;
use super::group_check::{Unread, count_requests, find_missing};
use super::history_page::{Histories, HistorySample, compared_range, read_history_page};
use super::trail_regions::{
    TrailsByGroup, TrailsToAsk, plan_region_deliveries, read_region_deliveries, trails_in_buckets,
    trails_to_ask,
};
use super::witness::{Witness, is_plain_id, usual_stream};
use crate::aws::Session;
use crate::store::{EarlierRecord, Entry, JournalClosed, RunFacts};
use crate::sweep::context::SweepContext;
use crate::sweep::member::Members;
use dragnet_model::{Liveness, LivenessCheck, LogGroupArn, LogSource, Status, Target};

/// Compares the event history of each account-Region with the log groups of its trails, and records
/// the result. If the sweep is only planned, adds the calls to the plan sheet.
/// `members` are all accounts that were listed.
pub(in crate::sweep) async fn check_liveness(
    shared: &Arc<SweepContext>,
    members: &Members,
) -> Result<(), JournalClosed> {
    let Some(range) = compared_range(shared) else {
        return Ok(());
    };
    let mut subjects = ComparedSubjects::from(shared.liveness.take());
    if let Some(part) = &shared.part {
        subjects.add_other_shards(shared, members, part);
    }
    let deliveries = expected_deliveries(shared, &subjects);
    let in_buckets = trails_in_buckets(shared, &subjects);
    let asks_for_others = shared
        .part
        .as_ref()
        .is_some_and(|part| !part.asked_for_others().is_empty());
    if deliveries.is_empty() && in_buckets.is_empty() && !asks_for_others {
        shared.tally.set_seconds_after(0.0);
        return Ok(());
    }
    if shared.is_plan() {
        let groups = deliveries.values().flat_map(BTreeMap::keys);
        let groups: BTreeSet<LogGroupArn> = groups.cloned().collect();
        let trails = TrailsToAsk {
            deliveries: &deliveries,
            histories: &Histories::new(),
            in_buckets: &in_buckets,
        };
        let regions = trails_to_ask(&trails).len();
        let calls = deliveries
            .len()
            .saturating_add(groups.len())
            .saturating_add(regions);
        shared.searched.set_compared_groups(groups);
        if shared.plans_shards() {
            let regions = plan_region_deliveries(shared, &subjects, &trails).await;
            shared.searched.set_planned_deliveries(regions);
        }
        shared.update_plan(|sheet| sheet.set_liveness_calls(calls as u64));
        return Ok(());
    }
    let histories = read_histories(shared, &subjects, &deliveries, range).await;
    let trails = TrailsToAsk {
        deliveries: &deliveries,
        histories: &histories,
        in_buckets: &in_buckets,
    };
    let regions = read_region_deliveries(shared, &subjects, &trails).await;
    let checks = compare_groups(shared, &subjects, &deliveries, &histories, range).await;
    if shared.cancel.is_cancelled() {
        // What a later part of the run finds is complete.
        return Ok(());
    }
    shared.tally.set_seconds_after(0.0);
    shared.searched.set_liveness(&checks);
    shared.searched.set_region_deliveries(&regions);
    let mut facts = RunFacts::default();
    if !deliveries.is_empty() {
        facts.liveness.set(&checks);
    }
    facts.region_deliveries.set(&regions);
    shared.journal.write(Entry::Facts(Box::new(facts))).await
}

/// Returns the trails whose log group was searched completely, by account-Region and log group. Where
/// it was not, that is a gap already.
fn expected_deliveries(
    shared: &SweepContext,
    subjects: &ComparedSubjects,
) -> BTreeMap<Target, TrailsByGroup> {
    let mut deliveries: BTreeMap<Target, TrailsByGroup> = BTreeMap::new();
    shared.searched.read(|found| {
        for lookup in &found.lookups {
            if !subjects.targets.contains_key(&lookup.target) {
                continue;
            }
            let names = lookup.result.iter().flatten();
            for trail in names.filter_map(|name| found.trails.get(name)) {
                let Some(group) = trail
                    .log_group()
                    .filter(|group| subjects.groups.contains_key(*group))
                else {
                    continue;
                };
                let outcome = found.outcomes.group_outcome(group);
                if outcome.is_some_and(|outcome| outcome.status == Status::Searched) {
                    deliveries
                        .entry(lookup.target.clone())
                        .or_default()
                        .entry(group.clone())
                        .or_default()
                        .push(trail.clone());
                }
            }
        }
    });
    deliveries
}

async fn read_histories(
    shared: &SweepContext,
    subjects: &ComparedSubjects,
    deliveries: &BTreeMap<Target, TrailsByGroup>,
    range: (i64, i64),
) -> Histories {
    let reads = deliveries.keys().filter_map(|target| {
        let session = subjects.targets.get(target)?;
        Some(Box::pin(async move {
            let records = read_history_page(shared, session, target, range).await;
            (target.clone(), records)
        }))
    });
    join_all(reads).await.into_iter().collect()
}

/// What is compared with one log group.
#[derive(Default)]
struct Comparison {
    /// The account-Regions whose trails deliver there, each with the result if that is known without a
    /// comparison.
    targets: BTreeMap<Target, Result<(), Liveness>>,
    /// The stream in which the records of each account-Region usually are.
    streams: BTreeMap<Target, String>,
    /// The oldest witness of each account-Region.
    oldest: Vec<Witness>,
    /// The newest of each busy account-Region.
    newest_of_busy: Vec<Witness>,
    /// The newest of each other account-Region that has several.
    newest_of_others: Vec<Witness>,
    /// What earlier runs found there.
    earlier: Vec<Witness>,
}

async fn compare_groups(
    shared: &SweepContext,
    subjects: &ComparedSubjects,
    deliveries: &BTreeMap<Target, TrailsByGroup>,
    histories: &Histories,
    range: (i64, i64),
) -> Vec<LivenessCheck> {
    let mut comparisons: BTreeMap<&LogGroupArn, Comparison> = BTreeMap::new();
    for (target, groups) in deliveries {
        let Some(history) = histories.get(target) else {
            continue;
        };
        for (group, trails) in groups {
            let comparison = comparisons.entry(group).or_default();
            let is_organization_trail = trails.iter().any(|trail| trail.is_organization_trail);
            let organization = subjects.organization.as_ref();
            let stream = usual_stream(target, organization.filter(|_| is_organization_trail));
            comparison.add_target(target, history, (trails.as_slice(), stream));
        }
    }
    for record in shared.earlier.records(subjects.organization.as_ref()) {
        let comparison = comparisons.get_mut(&record.log_group);
        if let Some(comparison) = comparison.filter(|_| is_in_range(record, range)) {
            comparison.add_earlier_record(record);
        }
    }
    let mut sessions: BTreeMap<&LogGroupArn, Arc<Session>> = BTreeMap::new();
    for (group, comparison) in &comparisons {
        // An account with a log group of another shard is entered only if something is compared there.
        if comparison.witnesses().is_empty() {
            continue;
        }
        if let Some(access) = subjects.groups.get(*group)
            && let Some(session) = access.enter(shared).await
        {
            sessions.insert(*group, session);
        }
    }
    let compared = comparisons.into_iter().map(|(group, comparison)| {
        let session = sessions.get(&group).cloned();
        Box::pin(async move {
            let witnesses = comparison.witnesses();
            let missing = match &session {
                _ if witnesses.is_empty() => Ok(BTreeSet::new()),
                None => Err(Unread::Failed),
                Some(session) => find_missing(shared, session, group, witnesses.clone()).await,
            };
            comparison.into_checks(group, &witnesses, &missing)
        })
    });
    let mut checks: Vec<LivenessCheck> = join_all(compared).await.into_iter().flatten().collect();
    checks.sort_by(|one, other| {
        (&one.target, &one.log_group).cmp(&(&other.target, &other.log_group))
    });
    checks
}

/// Whether a record happened in the time range that is compared.
fn is_in_range(record: &EarlierRecord, (from_ms, to_ms): (i64, i64)) -> bool {
    (from_ms..to_ms).contains(&record.time_ms)
}

impl Comparison {
    /// Adds a record that an earlier run found in the log group, if its account-Region is compared.
    fn add_earlier_record(&mut self, record: &EarlierRecord) {
        let stream = self.streams.get(&record.target);
        if let Some(stream) = stream.filter(|_| is_plain_id(&record.id)) {
            self.earlier.push(Witness {
                time_ms: record.time_ms,
                id: record.id.clone(),
                target: record.target.clone(),
                stream: stream.clone(),
            });
        }
    }

    fn add_target(
        &mut self,
        target: &Target,
        history: &Result<HistorySample, Liveness>,
        (trails, stream): (&[LogSource], String),
    ) {
        let result = match history {
            Err(liveness) => Err(*liveness),
            Ok(sample) => {
                let delivered = sample
                    .records
                    .iter()
                    .filter(|record| trails.iter().any(|trail| record.is_delivered_by(trail)));
                let witnesses: BTreeSet<Witness> = delivered
                    .map(|record| record.to_witness(target, &stream))
                    .collect();
                self.oldest.extend(witnesses.first().cloned());
                if witnesses.len() > 1 {
                    let newest = if sample.has_second_part {
                        &mut self.newest_of_busy
                    } else {
                        &mut self.newest_of_others
                    };
                    newest.extend(witnesses.last().cloned());
                }
                match witnesses.len() {
                    0 => Err(Liveness::Quiet),
                    _ => Ok(()),
                }
            }
        };
        self.targets.insert(target.clone(), result);
        self.streams.insert(target.clone(), stream);
    }

    /// Returns the records that are looked for. The newest show whether a Region still delivers; those
    /// of account-Regions that are not busy are left out if that would take more than one request for
    /// each account-Region: the state of the trail in the Region shows it, too.
    fn witnesses(&self) -> Vec<Witness> {
        let mut witnesses = [self.oldest.as_slice(), self.earlier.as_slice()].concat();
        if self.targets.len() > 1 {
            witnesses.extend(self.newest_of_busy.iter().cloned());
            let all = [witnesses.as_slice(), self.newest_of_others.as_slice()].concat();
            if count_requests(all.clone()) <= self.targets.len() {
                witnesses = all;
            }
        }
        witnesses.sort();
        witnesses.dedup();
        witnesses
    }

    /// Returns the result for each account-Region.
    fn into_checks(
        self,
        group: &LogGroupArn,
        witnesses: &[Witness],
        missing: &Result<BTreeSet<Witness>, Unread>,
    ) -> Vec<LivenessCheck> {
        let is_of = |target: &Target| {
            let target = target.clone();
            move |witness: &&Witness| witness.target == target
        };
        let check = |(target, known): (Target, Result<(), Liveness>)| {
            let compared = witnesses.iter().filter(is_of(&target)).count() as u64;
            let lacking: Vec<String> = missing
                .iter()
                .flatten()
                .filter(is_of(&target))
                .map(|witness| witness.id.clone())
                .collect();
            let result = match (known, missing) {
                // Also if the event history is quiet: an earlier run found what is missing.
                _ if !lacking.is_empty() => Liveness::Missing,
                (Err(liveness), _) => liveness,
                (Ok(()), Err(_)) => Liveness::Failed,
                (Ok(()), Ok(_)) => Liveness::Confirmed,
            };
            LivenessCheck {
                target,
                log_group: group.clone(),
                result,
                compared,
                missing: lacking,
            }
        };
        self.targets.into_iter().map(check).collect()
    }
}
