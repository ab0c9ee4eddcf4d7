//! Decides for each log group of trails that would take long to read whether it is read, or the
//! bucket to which the same trails deliver.
//!
//! ```text
//! postponed ── decide ──┬─ read now
//!                       └─ wait ── buckets are read ──┬─ every folder was read: not read
//!                                                     └─ a folder was not: read after all
//! ```
//! A bucket is read instead only if every account-Region that the trails record has a folder that
//! reaches back to before the window. So nothing is lost by the decision.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::JoinSet;
use tracing::info;

use super::event_history::candidate::history_candidate;
use super::log_groups::group_sources::complete_since;
use super::log_groups::postpone::{read_postponed, skip_postponed, sources_of_postponed};
use super::s3::estimate::{ObjectEstimate, estimate_objects};
use crate::store::JournalClosed;
use crate::sweep::context::SweepContext;
use crate::sweep::delivery_lag::{LATE_OBJECTS, complete_until, shift_time};
use crate::sweep::evidence::{bucket_proves_window, delivers_to};
use crate::sweep::member::Members;
use crate::sweep::plan_sheet::{PlannedChoice, PlannedSource};
use crate::sweep::postponed_groups::PostponedGroup;
use crate::sweep::source_choice::{Candidate, Choice, ReadMethod, RecordRanges, choose};
use crate::sweep::tasks::join_tasks;
use dragnet_model::{LogGroupArn, LogKind, LogSource, Outcome, Reason, Status, Target, WindowEnd};

/// A log group whose bucket is read instead.
#[derive(Debug)]
pub(in crate::sweep) struct WaitingGroup {
    group: PostponedGroup,
    recorded: Recorded,
}

/// What trails deliver to a log group.
#[derive(Debug)]
struct Recorded {
    trails: Vec<LogSource>,
    /// The account-Regions that they may record.
    targets: BTreeSet<Target>,
}

/// Decides for each postponed log group, and reads those whose bucket is not read instead. Returns
/// the others.
pub(in crate::sweep) async fn read_slow_groups(
    shared: &Arc<SweepContext>,
    members: &Members,
) -> Result<Vec<WaitingGroup>, JournalClosed> {
    let waiting = Arc::new(Mutex::new(Vec::new()));
    let members = Arc::new(members.clone());
    let mut tasks = JoinSet::new();
    for group in shared.postponed.take() {
        let shared = Arc::clone(shared);
        let members = Arc::clone(&members);
        let waiting = Arc::clone(&waiting);
        tasks.spawn(async move {
            let recorded = Recorded::new(&shared, &group.arn());
            if decide(&shared, &members, &group, &recorded).await {
                waiting.lock().push(WaitingGroup { group, recorded });
                return Ok(());
            }
            read_unless_cancelled(&shared, group).await
        });
    }
    join_tasks(tasks).await?;
    let waiting = std::mem::take(&mut *waiting.lock());
    Ok(waiting)
}

/// After buckets were read: reads each log group that waits for a folder that could not be read
/// completely, and records that the others are not read.
pub(in crate::sweep) async fn finish_slow_groups(
    shared: &Arc<SweepContext>,
    waiting: Vec<WaitingGroup>,
) -> Result<(), JournalClosed> {
    let mut tasks = JoinSet::new();
    for WaitingGroup { group, recorded } in waiting {
        let shared = Arc::clone(shared);
        tasks.spawn(async move {
            if recorded.is_read_in_bucket(&shared) {
                let outcome = Outcome::with_reason(Status::Skipped, Reason::ReadInBucket, "");
                return skip_postponed(&shared, group, outcome).await;
            }
            shared.update_plan(|sheet| sheet.remove_choice(&recorded.targets));
            read_unless_cancelled(&shared, group).await
        });
    }
    join_tasks(tasks).await
}

/// Reads a log group. After a cancellation its row stays unfinished, which means interrupted.
async fn read_unless_cancelled(
    shared: &Arc<SweepContext>,
    group: PostponedGroup,
) -> Result<(), JournalClosed> {
    if shared.cancel.is_cancelled() {
        return Ok(());
    }
    // Boxed: this future is as large as a scan.
    Box::pin(read_postponed(shared, group)).await
}

/// Returns whether the bucket is read instead of a log group.
async fn decide(
    shared: &Arc<SweepContext>,
    members: &Members,
    group: &PostponedGroup,
    recorded: &Recorded,
) -> bool {
    // The bucket has folders for account-Regions of all shards, so all follow the plan.
    if let Some(part) = &shared.part {
        return part.is_read_in_bucket(&group.arn());
    }
    let objects = if recorded.is_proven_by_bucket(shared) {
        let names = recorded.trails.iter().map(|trail| trail.via.clone());
        estimate_objects(shared, members, &names.collect()).await
    } else {
        ObjectEstimate::default()
    };
    let needed = recorded.needed(shared);
    let candidates = recorded.candidates(shared, group, &objects);
    let choice = choose(&needed, &candidates, shared.budget.left());
    let is_in_bucket = !needed.is_empty() && choice.methods == [ReadMethod::Objects];
    info!(
        log_group = group.group.name,
        reason = choice.reason.as_str(),
        is_in_bucket,
        "chose the source"
    );
    if is_in_bucket {
        let usd = objects
            .to_source()
            .and_then(|source| source.usd)
            .unwrap_or_default();
        // It fits, or nothing else has everything.
        shared.budget.reserve(usd);
    }
    shared.update_plan(|sheet| {
        sheet.add_choice(&recorded.targets, planned(&needed, candidates, &choice));
    });
    is_in_bucket
}

/// Returns the choice as the plan shows it.
fn planned(needed: &RecordRanges, candidates: Vec<Candidate>, choice: &Choice) -> PlannedChoice {
    let sources = candidates.into_iter().map(|candidate| PlannedSource {
        is_read: choice.methods.contains(&candidate.source.method),
        is_complete: needed.without(&candidate.records).is_empty(),
        source: candidate.source,
    });
    PlannedChoice {
        sources: sources.collect(),
        reason: choice.reason,
    }
}

impl Recorded {
    /// Returns what is known of the trails that deliver to a log group.
    fn new(shared: &SweepContext, arn: &LogGroupArn) -> Self {
        shared.searched.read(|found| {
            let trails: Vec<LogSource> = found
                .trails
                .values()
                .filter(|trail| trail.log_group() == Some(arn))
                .cloned()
                .collect();
            let is_recorded = |names: &[String]| {
                let mut trails = trails.iter();
                trails.any(|trail| names.contains(&trail.via))
            };
            let targets = found
                .lookups
                .iter()
                // A Region that could not be queried may be recorded by any trail.
                .filter(|lookup| {
                    lookup
                        .result
                        .as_ref()
                        .map_or(true, |names| is_recorded(names))
                })
                .map(|lookup| lookup.target.clone())
                .collect();
            Self { trails, targets }
        })
    }

    /// The required kinds that the trails record.
    fn kinds(&self, shared: &SweepContext) -> BTreeSet<LogKind> {
        self.trails
            .iter()
            .flat_map(LogKind::from_log_source)
            .filter(|kind| shared.settings.required.contains(*kind))
            .collect()
    }

    fn needed(&self, shared: &SweepContext) -> RecordRanges {
        let window = shared.settings.window;
        self.ranges(shared, |_| Some((window.from_ms(), window.to_ms())))
    }

    /// Returns the ranges of account-Regions that `range_of` returns, in the required kinds.
    fn ranges(
        &self,
        shared: &SweepContext,
        range_of: impl Fn(&Target) -> Option<(i64, i64)>,
    ) -> RecordRanges {
        let kinds = self.kinds(shared);
        let mut ranges = RecordRanges::default();
        for target in &self.targets {
            let Some(range) = range_of(target) else {
                continue;
            };
            for kind in &kinds {
                ranges.add(target, *kind, range);
            }
        }
        ranges
    }

    /// Whether one trail delivers to the log group, and everything to its bucket, too. Of several,
    /// each would need a folder for each account-Region.
    fn is_proven_by_bucket(&self, shared: &SweepContext) -> bool {
        match self.trails.as_slice() {
            [trail] => bucket_proves_window(trail, shared.settings.window),
            _ => false,
        }
    }

    fn candidates(
        &self,
        shared: &SweepContext,
        group: &PostponedGroup,
        objects: &ObjectEstimate,
    ) -> Vec<Candidate> {
        let window = shared.settings.window;
        let given_end = |complete_until_ms: i64| match shared.settings.window_end {
            WindowEnd::Now => window.to_ms(),
            WindowEnd::Given => complete_until_ms.min(window.to_ms()),
        };
        let in_group_until = given_end(complete_until(window, shared.started).as_millisecond());
        let since = complete_since(shared, &group.group);
        let in_group = self.ranges(shared, |_| Some((since?, in_group_until)));
        let mut candidates: Vec<Candidate> = sources_of_postponed(shared, group)
            .into_iter()
            .map(|source| Candidate {
                source,
                records: in_group.clone(),
            })
            .collect();
        let delivered_until = shift_time(shared.started, -LATE_OBJECTS).as_millisecond();
        let in_bucket_until = given_end(delivered_until);
        let in_bucket = self.ranges(shared, |target| {
            let oldest_ms = *objects.complete_since.get(target)?;
            Some((oldest_ms.max(window.from_ms()), in_bucket_until))
        });
        candidates.extend(objects.to_source().map(|source| Candidate {
            source,
            records: in_bucket,
        }));
        candidates.extend(history_candidate(shared, &self.targets));
        candidates
    }

    /// Whether every folder of the trails was read completely.
    fn is_read_in_bucket(&self, shared: &SweepContext) -> bool {
        shared.searched.read(|found| {
            let is_read = |target: &Target, trail: &LogSource| {
                let folders = found.outcomes.objects().get(target);
                let mut folders = folders.into_iter().flatten();
                folders.any(|(location, outcome)| {
                    delivers_to(trail, location) && outcome.status == Status::Searched
                })
            };
            self.targets
                .iter()
                .filter(|target| shared.owns(target))
                .all(|target| self.trails.iter().any(|trail| is_read(target, trail)))
        })
    }
}
