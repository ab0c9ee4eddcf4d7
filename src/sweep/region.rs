//! Sweeps one account-Region: looks up the log sources that record it, lists its log groups, scans
//! those in scope, and lists the log groups a second time at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::directory::Member;
use super::engine::{Asked, Offer, choose};
use super::evidence::{Answer, ask};
use super::group_trust::GroupTrust;
use super::outcome::{self, of_error};
use super::plan::{Decision, decide, expected_bytes, expected_pages, pages_of};
use super::plan_sheet::PlannedGroup;
use super::region_scope::is_in_scope;
use super::run::{SweepContext, unread};
use super::scan::{GroupScan, Queue, ScanSpec};
use super::scan_cost::scan_cost;
use crate::aws::{Pages, Session};
use crate::cli::settings::EngineSettings;
use crate::model::{
    Engine, LogGroup, LogGroupArn, LogSource, Outcome, Reason, Region, SourceKind, Status, Target,
};
use crate::search::FlowLogFormats;
use crate::store::{CoverageId, Entry, JournalClosed, KnownGroup, KnownUnits};

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
    /// Whether a trail delivers to it.
    pub trail: bool,
    /// The formats of the flow logs that deliver to it.
    pub flow_logs: FlowLogFormats,
}

/// Sweeps an account-Region in scope. Log sources that it depends on in other account-Regions are
/// sent to `recorders`.
pub(super) async fn sweep(
    site: RegionContext,
    recorders: mpsc::Sender<LogSource>,
) -> Result<(), JournalClosed> {
    // Boxed, so that its memory is released before the scan: thousands of account-Regions are in
    // progress, and scanning takes much longer than this lookup.
    let delivered = Box::pin(site.ask_what_records_it(recorders)).await?;
    let groups = site.shared.known_groups(&site.target()).into_iter();
    let groups = groups
        .map(|(name, known)| (name, Met::before(known)))
        .collect();
    let queue = site.queue();
    let mut target = TargetSweep {
        site,
        delivered,
        groups,
        queue,
    };
    let ended = match target.list_and_read().await? {
        // A plan does not need the second list.
        Ok(()) if target.site.shared.is_plan() => None,
        Ok(()) => target.look_again().await?,
        Err(outcome) => Some(outcome),
    };
    let site = target.site;
    if let Some(outcome) = ended {
        site.shared
            .place(&site.member, Some(&site.region), outcome)
            .await?;
    }
    site.shared.tally.target_done();
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
    async fn ask_what_records_it(
        &self,
        recorders: mpsc::Sender<LogSource>,
    ) -> Result<BTreeMap<String, Delivered>, JournalClosed> {
        let shared = &self.shared;
        let here = self.target();
        let asked = shared
            .unless_interrupted(async { Ok(ask(&shared.aws, &self.session, &here).await) })
            .await;
        let answer = asked.unwrap_or_else(|outcome| Answer::unanswered(&here, &outcome));
        let mut delivered: BTreeMap<String, Delivered> = BTreeMap::new();
        let is_here = |group: &LogGroupArn| group.target == here;
        for (group, flow_logs) in FlowLogFormats::by_group(&answer.recorders) {
            if is_here(&group) {
                delivered.entry(group.name).or_default().flow_logs = flow_logs;
            }
        }
        for recorder in answer.recorders {
            let group = recorder.log_group();
            if let Some(group) =
                group.filter(|group| recorder.kind == SourceKind::CloudTrail && is_here(group))
            {
                delivered.entry(group.name.clone()).or_default().trail = true;
            }
            let is_elsewhere =
                recorder.home != here || group.is_some_and(|group| group.target != here);
            shared
                .journal
                .write(Entry::LogSource(recorder.clone()))
                .await?;
            if is_elsewhere {
                // The receiver is dropped early if the list of accounts is incomplete; the sweep
                // has then failed or was cancelled.
                _ = recorders.send(recorder).await;
            }
        }
        for cell in answer.cells {
            shared.journal.write(Entry::SourceLookup(cell)).await?;
        }
        Ok(delivered)
    }

    /// Returns a new queue for the work units of this account-Region.
    pub fn queue(&self) -> Arc<Queue> {
        let queue = Queue::new(self.shared.aws.event_lane(&self.session, &self.region));
        self.shared.tally.reading(&queue);
        queue
    }

    /// Starts the scan of a log group whose coverage row is `place`, from where `units` ended, or
    /// records why it is not scanned.
    pub async fn begin(
        &self,
        group: LogGroup,
        delivered: Delivered,
        place: CoverageId,
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
        let EngineSettings { choice, unmask, .. } = shared.settings.engines;
        let asked = Asked {
            choice,
            unmask,
            is_pattern: shared.search_set.are_a_pattern(),
        };
        let expected_bytes = expected_bytes(&group, window, now);
        let expected_pages = pages_of(expected_bytes);
        let offer = Offer {
            filter_takes: queue.time_with(expected_pages),
            insights_costs: scan_cost(&self.region, expected_bytes),
        };
        let decision = decide(&group, window, shared.started, now, unmask);
        let (narrow, outcome, if_masked) = match decision {
            Decision::Leave(outcome) => return self.leave(&group, place, outcome).await,
            Decision::Read {
                narrow,
                outcome,
                if_masked,
            } => (narrow, outcome, if_masked),
        };
        // On resume, the engine that an earlier part of the run chose is kept.
        let engine = match units.engine() {
            Some(engine) => Ok(engine),
            // The search pass reads nothing then, so the engine makes no difference.
            None if shared.search_set.are_only_written() => Ok(Engine::Filter),
            None => choose(&group, asked, offer, |usd| shared.budget.set_aside(usd)),
        };
        let engine = match engine {
            Ok(engine) => engine,
            Err(outcome) => return self.leave(&group, place, outcome).await,
        };
        if shared.is_plan() {
            let bytes = expected_bytes;
            let pages = expected_pages;
            let usd = offer.insights_costs;
            let planned = PlannedGroup {
                engine,
                bytes,
                pages,
                rate: queue.rate(),
                usd,
            };
            if engine == Engine::Filter {
                // The groups that follow have to wait for this one, which counts in their
                // estimates.
                queue.expect(expected_pages);
            }
            shared.plan(|sheet| {
                let name = &self.member.account.name;
                if !shared.search_set.are_only_written() {
                    sheet.read(self.target(), name, &planned);
                }
                let planned = PlannedGroup {
                    engine: Engine::Insights,
                    ..planned
                };
                for _ in shared.search_set.written() {
                    sheet.read(self.target(), name, &planned);
                }
            });
            return self
                .leave(&group, place, if_masked.unwrap_or(outcome))
                .await;
        }
        let group = ScanSpec {
            shared: Arc::clone(shared),
            session: Arc::clone(&self.session),
            target: self.target(),
            place,
            trust: GroupTrust {
                is_in_scope: is_in_scope(&shared.settings.reach.scope, &self.member, &self.region),
                trail_delivers: delivered.trail,
            },
            time_filter,
            engine,
            has_both_engines: asked.has_both_engines(&group),
            class: group.class,
            kms_key: group.kms_key,
            narrow,
            if_masked,
            flow_logs: delivered.flow_logs,
            expected_pages,
            insights_costs: offer.insights_costs,
            outcome,
            name: group.name,
        };
        GroupScan::begin(group, delivered.trail, units, queue).await
    }

    async fn leave(
        &self,
        group: &LogGroup,
        place: CoverageId,
        outcome: Outcome,
    ) -> Result<(), JournalClosed> {
        self.shared.plan(|sheet| {
            sheet.leave(unread(
                &self.member.account,
                Some(&self.region),
                Some(group),
                &outcome,
            ));
        });
        self.shared.end(place, outcome).await?;
        self.shared.tally.log_group_done();
        Ok(())
    }
}

struct TargetSweep {
    site: RegionContext,
    /// What log sources deliver to the log groups here, by name.
    delivered: BTreeMap<String, Delivered>,
    /// The log groups in scope that are known so far, by name.
    groups: BTreeMap<String, Met>,
    queue: Arc<Queue>,
}

/// A log group that was listed, now or in an earlier part of the run.
struct Met {
    place: CoverageId,
    left: Left,
    /// Whether the most recent list contained it.
    is_listed: bool,
}

enum Left {
    /// Nothing: it was finished, or its scan is in progress.
    Nothing,
    /// Work units that an earlier part of the run did not finish.
    Unfinished(KnownUnits),
}

impl Met {
    /// Restores a log group of an earlier part of the run.
    fn before(known: KnownGroup) -> Self {
        let left = if known.is_finished {
            Left::Nothing
        } else {
            Left::Unfinished(known.units)
        };
        Self {
            place: known.place,
            left,
            is_listed: false,
        }
    }
}

impl TargetSweep {
    /// Lists the log groups, and scans the new and unfinished ones while the list is still being
    /// read. The inner error is the outcome of the account-Region.
    async fn list_and_read(&mut self) -> Result<Result<(), Outcome>, JournalClosed> {
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
            .for_each(|met| met.is_listed = false);
        let shared = Arc::clone(&self.site.shared);
        let mut pages = Pages::default();
        loop {
            let page = async {
                let page = shared
                    .aws
                    .log_groups(&self.site.session, &self.site.region, pages.token())
                    .await;
                page.map_err(|error| of_error(&error))
            };
            let (groups, next_token) = match shared.unless_interrupted(page).await {
                Ok(page) => page,
                Err(outcome) => return Ok(Err(self.unlisted(outcome))),
            };
            let advanced = pages.advance(groups.len(), next_token);
            let window = shared.settings.window;
            let now = shared.clock.now();
            let mut groups: Vec<(f64, LogGroup)> = groups
                .into_iter()
                .filter(|group| shared.settings.reach.scope.has_log_group(&group.name))
                .map(|group| (expected_pages(&group, window, now), group))
                .collect();
            for (_, group) in &groups {
                shared.log_group_patterns.note(&group.name);
            }
            // Longest first, so that a short log group does not take the permit while the others of
            // the page are still being added.
            groups.sort_by(|(one, _), (other, _)| other.total_cmp(one));
            for (_, group) in groups {
                self.meet(group).await?;
            }
            match advanced {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(())),
                Err(endless) => {
                    return Ok(Err(self.unlisted(outcome::of_endless(
                        Status::Failed,
                        "DescribeLogGroups",
                        endless,
                    ))));
                }
            }
        }
    }

    /// Adds to the outcome how many log groups were listed. Those have coverage rows, so the row of
    /// the account-Region stands for the others.
    fn unlisted(&self, mut outcome: Outcome) -> Outcome {
        let listed = self.groups.values().filter(|met| met.is_listed).count();
        if listed > 0 {
            outcome.remark(&format!(
                "log groups after the first {listed} are not known"
            ));
        }
        outcome
    }

    async fn meet(&mut self, group: LogGroup) -> Result<(), JournalClosed> {
        let left = match self.groups.get_mut(&group.name) {
            None => None,
            Some(met) => {
                met.is_listed = true;
                match std::mem::replace(&mut met.left, Left::Nothing) {
                    Left::Nothing => return Ok(()),
                    Left::Unfinished(units) => Some((met.place, units)),
                }
            }
        };
        self.queue.until_more_are_wanted().await;
        self.begin(group, left).await
    }

    /// Starts the scan of a log group, or resumes it.
    async fn begin(
        &mut self,
        group: LogGroup,
        left: Option<(CoverageId, KnownUnits)>,
    ) -> Result<(), JournalClosed> {
        let RegionContext {
            shared,
            member,
            region,
            ..
        } = &self.site;
        let (place, units) = match left {
            Some(left) => left,
            None => (
                shared.group(&member.account, region, &group, false).await?,
                KnownUnits::default(),
            ),
        };
        self.groups.insert(
            group.name.clone(),
            Met {
                place,
                left: Left::Nothing,
                is_listed: true,
            },
        );
        let delivered = self.delivered.get(&group.name).cloned().unwrap_or_default();
        self.site
            .begin(group, delivered, place, units, &self.queue)
            .await
    }

    /// Lists the log groups again when all of them are scanned: a group that appeared meanwhile is
    /// scanned too, and one that disappeared gets a remark. Returns the outcome of the
    /// account-Region, if its log groups do not tell everything about its coverage.
    async fn look_again(&mut self) -> Result<Option<Outcome>, JournalClosed> {
        if let Err(mut outcome) = self.list_and_read().await? {
            outcome.remark("groups that came or went during the run are not known");
            return Ok(Some(outcome));
        }
        for met in self.groups.values().filter(|met| !met.is_listed) {
            match met.left {
                Left::Nothing => {
                    let text = "disappeared during the run".to_owned();
                    self.site
                        .shared
                        .journal
                        .write(Entry::Remark {
                            place: met.place,
                            text,
                        })
                        .await?;
                }
                Left::Unfinished(_) => {
                    let gone = "it was not there any more when the run went on";
                    let outcome = Outcome::because(Status::Failed, Reason::GroupGone, gone);
                    self.site.shared.end(met.place, outcome).await?;
                }
            }
        }
        let is_empty = self.groups.is_empty();
        Ok(is_empty.then(|| Outcome::because(Status::Skipped, Reason::NoLogGroups, "")))
    }
}
