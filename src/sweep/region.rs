//! Sweeps one account-Region: looks up the log sources that record it, lists its log groups, scans
//! those in scope, and lists the log groups a second time at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::directory::Member;
use super::engine::{EngineConstraints, Estimate, choose_engine};
use super::evidence::{SourceLookups, look_up_log_sources};
use super::group_trust::GroupTrust;
use super::outcome;
use super::plan::{Decision, decide, expected_bytes, expected_pages, pages_of};
use super::plan_sheet::PlannedGroup;
use super::region_scope::is_in_scope;
use super::run::{SweepContext, unread_row};
use super::scan::{GroupScan, Queue, ScanSpec};
use super::scan_cost::scan_cost;
use crate::aws::{Pages, Session};
use crate::cli::settings::EngineSettings;
use crate::search::FlowLogFormats;
use crate::store::{CoverageId, Entry, JournalClosed, KnownGroup, KnownUnits};
use dragnet_model::{
    Engine, LogGroup, LogGroupArn, LogSource, Outcome, Reason, Region, Status, Target, TimeWindow,
    TrailScope,
};

/// An account-Region and the session with which it is read.
pub(super) struct RegionContext {
    pub shared: Arc<SweepContext>,
    pub member: Arc<Member>,
    pub session: Arc<Session>,
    pub region: Region,
}

/// What log sources deliver to a log group, as far as known.
#[derive(Clone, Debug, Default)]
pub(super) struct Delivered {
    /// The trails that deliver to it.
    pub trails: Vec<TrailScope>,
    /// The formats of the flow logs that deliver to it.
    pub flow_logs: FlowLogFormats,
}

/// The estimated size of a log group in the searched time, and what reading it takes.
struct GroupEstimate {
    bytes: f64,
    pages: f64,
    engines: Estimate,
}

/// Sweeps an account-Region in scope. Log sources that it depends on in other account-Regions are
/// sent to `source_sender`.
pub(super) async fn sweep(
    context: RegionContext,
    source_sender: mpsc::Sender<LogSource>,
) -> Result<(), JournalClosed> {
    // Boxed, so that its memory is released before the scan: thousands of account-Regions are in
    // progress, and scanning takes much longer than this lookup.
    let delivered = Box::pin(context.look_up_log_sources(source_sender)).await?;
    let known_groups = context.shared.known_groups(&context.target());
    let groups = known_groups
        .into_iter()
        .map(|(name, known)| (name, ListedGroup::from_checkpoint(known)))
        .collect();
    let queue = context.new_queue();
    let mut target = TargetSweep {
        context,
        delivered,
        groups,
        queue,
    };
    let outcome = match target.list_and_scan().await? {
        // A plan does not need the second list.
        Ok(()) if target.context.shared.is_plan() => None,
        Ok(()) => target.list_again().await?,
        Err(outcome) => Some(outcome),
    };
    let context = target.context;
    if let Some(outcome) = outcome {
        context
            .shared
            .record_outcome(&context.member, Some(&context.region), outcome)
            .await?;
    }
    context.shared.tally.target_done();
    Ok(())
}

impl RegionContext {
    fn target(&self) -> Target {
        Target {
            account: self.member.account.id,
            region: self.region.clone(),
        }
    }

    /// Looks up the log sources, records the results, and passes on the log sources that belong to
    /// or deliver to another account-Region. Returns what is delivered to the log groups of this
    /// account-Region, by name.
    async fn look_up_log_sources(
        &self,
        source_sender: mpsc::Sender<LogSource>,
    ) -> Result<BTreeMap<String, Delivered>, JournalClosed> {
        let shared = &self.shared;
        let target = self.target();
        let result = shared
            .unless_interrupted(async {
                Ok(look_up_log_sources(&shared.aws, &self.session, &target).await)
            })
            .await;
        let found = result.unwrap_or_else(|outcome| SourceLookups::from_failure(&target, &outcome));
        let mut delivered: BTreeMap<String, Delivered> = BTreeMap::new();
        let organization = self.member.organization();
        let is_local = |group: &LogGroupArn| group.target == target;
        for (group, flow_logs) in FlowLogFormats::by_group(&found.log_sources) {
            if is_local(&group) {
                delivered.entry(group.name).or_default().flow_logs = flow_logs;
            }
        }
        for log_source in found.log_sources {
            let group = log_source.log_group();
            if let (Some(group), Some(trail)) = (
                group.filter(|group| is_local(group)),
                TrailScope::from_log_source(&log_source, organization.as_ref()),
            ) {
                let delivered = delivered.entry(group.name.clone()).or_default();
                delivered.trails.push(trail);
            }
            let is_remote =
                log_source.home != target || group.is_some_and(|group| group.target != target);
            shared
                .journal
                .write(Entry::LogSource(log_source.clone()))
                .await?;
            if is_remote {
                // The receiver is dropped early if the list of accounts is incomplete; the sweep
                // has then failed or was cancelled.
                _ = source_sender.send(log_source).await;
            }
        }
        for lookup in found.lookups {
            shared.journal.write(Entry::SourceLookup(lookup)).await?;
        }
        Ok(delivered)
    }

    /// Returns a new queue for the work units of this account-Region.
    pub(super) fn new_queue(&self) -> Arc<Queue> {
        let queue = Queue::new(self.shared.aws.event_quota(&self.session, &self.region));
        self.shared.tally.add_queue(&queue);
        queue
    }

    /// Starts the scan of a log group whose coverage row is `coverage_id`, from where `units`
    /// ended, or records why it is not scanned.
    pub(super) async fn start_scan(
        &self,
        group: LogGroup,
        delivered: Delivered,
        coverage_id: CoverageId,
        units: KnownUnits,
        queue: &Arc<Queue>,
    ) -> Result<(), JournalClosed> {
        let shared = &self.shared;
        shared.tally.log_group_known();
        let time_filter = shared
            .windows
            .filter_for(&LogGroupArn::new(self.target(), &group.name));
        // If nothing of the log group is in the searched time, the window of the sweep is used for
        // the estimates, and no events are read.
        let window = time_filter.whole_window().unwrap_or(shared.settings.window);
        let now = shared.clock.now();
        let estimate = self.estimate(&group, window, now, queue);
        let unmask = shared.settings.engines.unmask;
        let decision = decide(&group, window, shared.started, now, unmask);
        let (narrow, outcome, if_masked) = match decision {
            Decision::Skip(outcome) => return self.skip_group(&group, coverage_id, outcome).await,
            Decision::Read {
                narrow,
                outcome,
                if_masked,
            } => (narrow, outcome, if_masked),
        };
        let engine = match self.choose_engine(&group, &units, estimate.engines) {
            Ok(engine) => engine,
            Err(outcome) => return self.skip_group(&group, coverage_id, outcome).await,
        };
        if shared.is_plan() {
            self.add_to_plan(engine, &estimate, queue);
            let outcome = if_masked.unwrap_or(outcome);
            return self.skip_group(&group, coverage_id, outcome).await;
        }
        let spec = ScanSpec {
            shared: Arc::clone(shared),
            session: Arc::clone(&self.session),
            target: self.target(),
            coverage_id,
            trust: self.trust(&delivered),
            time_filter,
            engine,
            allow_handover: self.engine_constraints().allow_handover(&group),
            class: group.class,
            kms_key: group.kms_key,
            narrow,
            if_masked,
            flow_logs: delivered.flow_logs,
            expected_pages: estimate.pages,
            insights_usd: estimate.engines.insights_usd,
            outcome,
            name: group.name,
        };
        GroupScan::start(spec, units, queue).await
    }

    fn estimate(
        &self,
        group: &LogGroup,
        window: TimeWindow,
        now: Timestamp,
        queue: &Queue,
    ) -> GroupEstimate {
        let bytes = expected_bytes(group, window, now);
        let pages = pages_of(bytes);
        GroupEstimate {
            bytes,
            pages,
            engines: Estimate {
                filter_time: queue.time_left_with(pages),
                insights_usd: scan_cost(&self.region, bytes),
            },
        }
    }

    fn engine_constraints(&self) -> EngineConstraints {
        let EngineSettings { choice, unmask, .. } = self.shared.settings.engines;
        EngineConstraints {
            choice,
            unmask,
            is_pattern: self.shared.search_set.has_filter_pattern(),
        }
    }

    /// Chooses the engine that reads a log group, or returns the outcome of the group if none may
    /// read it. `units` are what an earlier part of the run stored of it.
    fn choose_engine(
        &self,
        group: &LogGroup,
        units: &KnownUnits,
        estimate: Estimate,
    ) -> Result<Engine, Outcome> {
        let shared = &self.shared;
        match units.engine() {
            // On resume, the engine that an earlier part of the run chose is kept.
            Some(engine) => Ok(engine),
            // The search pass reads nothing then, so the engine makes no difference.
            None if shared.search_set.is_passthrough_only() => Ok(Engine::Filter),
            None => choose_engine(group, self.engine_constraints(), estimate, |usd| {
                shared.budget.reserve(usd)
            }),
        }
    }

    fn trust(&self, delivered: &Delivered) -> GroupTrust {
        let scope = &self.shared.settings.reach.scope;
        GroupTrust {
            is_in_scope: is_in_scope(scope, &self.member, &self.region),
            trails: delivered.trails.clone(),
        }
    }

    /// Adds a log group that `engine` would read to the plan of the sweep.
    fn add_to_plan(&self, engine: Engine, estimate: &GroupEstimate, queue: &Queue) {
        let search_set = &self.shared.search_set;
        let planned = PlannedGroup {
            engine,
            bytes: estimate.bytes,
            pages: estimate.pages,
            rate: queue.rate(),
            usd: estimate.engines.insights_usd,
        };
        if engine == Engine::Filter {
            // The groups that follow have to wait for this one, which counts in their estimates.
            queue.add_expected_pages(estimate.pages);
        }
        self.shared.update_plan(|sheet| {
            let name = &self.member.account.name;
            if !search_set.is_passthrough_only() {
                sheet.add_group(self.target(), name, &planned);
            }
            let planned = PlannedGroup {
                engine: Engine::Insights,
                ..planned
            };
            for _ in search_set.passthrough_queries() {
                sheet.add_group(self.target(), name, &planned);
            }
        });
    }

    /// Records the outcome of a log group that is not scanned.
    async fn skip_group(
        &self,
        group: &LogGroup,
        coverage_id: CoverageId,
        outcome: Outcome,
    ) -> Result<(), JournalClosed> {
        self.shared.update_plan(|sheet| {
            sheet.add_gap(unread_row(
                &self.member.account,
                Some(&self.region),
                Some(group),
                &outcome,
            ));
        });
        self.shared.finish_row(coverage_id, outcome).await?;
        self.shared.tally.log_group_done();
        Ok(())
    }
}

struct TargetSweep {
    context: RegionContext,
    /// What log sources deliver to the log groups here, by name.
    delivered: BTreeMap<String, Delivered>,
    /// The log groups in scope that are known so far, by name.
    groups: BTreeMap<String, ListedGroup>,
    queue: Arc<Queue>,
}

/// A log group that was listed, now or in an earlier part of the run.
struct ListedGroup {
    coverage_id: CoverageId,
    remaining: Remaining,
    /// Whether the most recent list contained it.
    is_listed: bool,
}

/// What is left to start of a log group.
enum Remaining {
    /// Nothing: it was finished, or its scan is in progress.
    Nothing,
    /// Work units that an earlier part of the run did not finish.
    Units(KnownUnits),
}

impl ListedGroup {
    /// Restores a log group of an earlier part of the run.
    fn from_checkpoint(known: KnownGroup) -> Self {
        let remaining = if known.is_finished {
            Remaining::Nothing
        } else {
            Remaining::Units(known.units)
        };
        Self {
            coverage_id: known.coverage_id,
            remaining,
            is_listed: false,
        }
    }
}

impl TargetSweep {
    /// Lists the log groups, and scans the new and unfinished ones while the list is still being
    /// read. The inner error is the outcome of the account-Region.
    async fn list_and_scan(&mut self) -> Result<Result<(), Outcome>, JournalClosed> {
        let queue = Arc::clone(&self.queue);
        queue.set_listing(true);
        let list = async {
            let listed = self.list().await;
            queue.set_listing(false);
            listed
        };
        // Boxed, each until it completes: thousands of account-Regions wait here.
        let (listed, ()) = tokio::try_join!(Box::pin(list), Box::pin(queue.read_all()))?;
        Ok(listed)
    }

    async fn list(&mut self) -> Result<Result<(), Outcome>, JournalClosed> {
        self.groups
            .values_mut()
            .for_each(|group| group.is_listed = false);
        let shared = Arc::clone(&self.context.shared);
        let mut pages = Pages::default();
        loop {
            let page = async {
                let page = shared
                    .aws
                    .log_groups(&self.context.session, &self.context.region, pages.token())
                    .await;
                page.map_err(|error| outcome::from_call_error(&error))
            };
            let (groups, next_token) = match shared.unless_interrupted(page).await {
                Ok(page) => page,
                Err(outcome) => return Ok(Err(self.with_listed_count(outcome))),
            };
            let advanced = pages.advance(groups.len(), next_token);
            let window = shared.settings.window;
            let now = shared.clock.now();
            let matches = &shared.selector_matches;
            let account = &self.context.member.account;
            let region = &self.context.region;
            let mut groups: Vec<(f64, LogGroup)> = groups
                .into_iter()
                .inspect(|group| matches.mark_log_group(account, region, &group.name))
                .filter(|group| shared.settings.reach.scope.has_log_group(&group.name))
                .map(|group| (expected_pages(&group, window, now), group))
                .collect();
            if !groups.is_empty() {
                matches.mark_selected_log_group();
            }
            // Longest first, so that a short log group does not take the permit while the others of
            // the page are still being added.
            groups.sort_by(|(one, _), (other, _)| other.total_cmp(one));
            for (_, group) in groups {
                self.add_listed(group).await?;
            }
            match advanced {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(())),
                Err(endless) => {
                    let outcome =
                        outcome::from_endless_pages(Status::Failed, "DescribeLogGroups", endless);
                    return Ok(Err(self.with_listed_count(outcome)));
                }
            }
        }
    }

    /// Adds to the outcome how many log groups were listed. Those have coverage rows, so the row of
    /// the account-Region stands for the others.
    fn with_listed_count(&self, mut outcome: Outcome) -> Outcome {
        let listed = self.groups.values().filter(|group| group.is_listed).count();
        if listed > 0 {
            outcome.append_detail(&format!("only the first {listed} log groups were listed"));
        }
        outcome
    }

    /// Starts or resumes the scan of a listed log group, unless it is finished or in progress.
    async fn add_listed(&mut self, group: LogGroup) -> Result<(), JournalClosed> {
        let unfinished = match self.groups.get_mut(&group.name) {
            None => None,
            Some(known) => {
                known.is_listed = true;
                match std::mem::replace(&mut known.remaining, Remaining::Nothing) {
                    Remaining::Nothing => return Ok(()),
                    Remaining::Units(units) => Some((known.coverage_id, units)),
                }
            }
        };
        self.queue.wait_for_room().await;
        self.start_or_resume(group, unfinished).await
    }

    /// Starts the scan of a log group, or resumes it.
    async fn start_or_resume(
        &mut self,
        group: LogGroup,
        unfinished: Option<(CoverageId, KnownUnits)>,
    ) -> Result<(), JournalClosed> {
        let RegionContext {
            shared,
            member,
            region,
            ..
        } = &self.context;
        let (coverage_id, units) = match unfinished {
            Some(unfinished) => unfinished,
            None => (
                shared
                    .record_log_group(&member.account, region, &group, false)
                    .await?,
                KnownUnits::default(),
            ),
        };
        self.groups.insert(
            group.name.clone(),
            ListedGroup {
                coverage_id,
                remaining: Remaining::Nothing,
                is_listed: true,
            },
        );
        let delivered = self.delivered.get(&group.name).cloned().unwrap_or_default();
        self.context
            .start_scan(group, delivered, coverage_id, units, &self.queue)
            .await
    }

    /// Lists the log groups again when all of them are scanned: a group that appeared meanwhile is
    /// scanned too, and one that disappeared gets a remark. Returns the outcome of the
    /// account-Region, if the rows of its log groups do not describe its coverage completely.
    async fn list_again(&mut self) -> Result<Option<Outcome>, JournalClosed> {
        if let Err(mut outcome) = self.list_and_scan().await? {
            outcome.append_detail("log groups created or deleted during the run are not known");
            return Ok(Some(outcome));
        }
        let shared = &self.context.shared;
        for group in self.groups.values().filter(|group| !group.is_listed) {
            match group.remaining {
                Remaining::Nothing => {
                    let remark = Entry::Remark {
                        coverage_id: group.coverage_id,
                        text: "disappeared during the run".to_owned(),
                    };
                    shared.journal.write(remark).await?;
                }
                Remaining::Units(_) => {
                    let detail = "the log group no longer existed when the run was resumed";
                    let outcome = Outcome::with_reason(Status::Failed, Reason::GroupGone, detail);
                    shared.finish_row(group.coverage_id, outcome).await?;
                }
            }
        }
        let is_empty = self.groups.is_empty();
        Ok(is_empty.then(|| Outcome::with_reason(Status::Skipped, Reason::NoLogGroups, "")))
    }
}
