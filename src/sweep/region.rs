//! One target: ask what records it, list its log groups, read each of them that is in scope, and look again at the end.

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
use super::reading::{Group, Queue, Reading};
use super::run::{Shared, unread};
use super::scan_cost::scan_cost;
use super::wanted::is_wanted;
use crate::aws::{Pages, Session};
use crate::cli::settings::EngineSettings;
use crate::model::{Engine, LogGroup, LogGroupArn, Outcome, Reason, Recorder, Region, SourceKind, Status, Target};
use crate::search::FlowLogFormats;
use crate::store::{Entry, JournalClosed, KnownGroup, KnownUnits, PlaceId, Standing};

/// An account in a Region, and the session to read it with.
pub(super) struct Site {
    pub shared: Arc<Shared>,
    pub member: Arc<Member>,
    pub session: Arc<Session>,
    pub region: Region,
}

/// What recorders deliver to a log group, as far as is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Delivered {
    /// Whether a trail does.
    pub trail: bool,
    /// The formats of the flow logs that do.
    pub flow_logs: FlowLogFormats,
}

/// Sweeps a Region of an account that is in scope, and tells of the `recorders` on which it depends elsewhere.
pub(super) async fn sweep(site: Site, recorders: mpsc::Sender<Recorder>) -> Result<(), JournalClosed> {
    // On the heap, while it lasts: a Region is one of many thousands, and is read for much longer than it is asked.
    let delivered = Box::pin(site.ask_what_records_it(recorders)).await?;
    let groups = site.shared.known_groups(&site.target()).into_iter();
    let groups = groups.map(|(name, known)| (name, Met::before(known))).collect();
    let queue = site.queue();
    let mut target = TargetSweep { site, delivered, groups, queue };
    let ended = match target.list_and_read().await? {
        // What is only planned need not be looked at twice.
        Ok(()) if target.site.shared.is_plan() => None,
        Ok(()) => target.look_again().await?,
        Err(outcome) => Some(outcome),
    };
    let site = target.site;
    if let Some(outcome) = ended {
        site.shared.place(&site.member, Some(&site.region), outcome).await?;
    }
    site.shared.tally.target_done();
    Ok(())
}

impl Site {
    fn target(&self) -> Target {
        Target { account: self.member.account.id, region: self.region.clone() }
    }

    /// Asks, writes the answers down, and hands on the recorders that live or deliver elsewhere. Gives what is
    /// delivered to log groups here, by their names.
    async fn ask_what_records_it(
        &self,
        recorders: mpsc::Sender<Recorder>,
    ) -> Result<BTreeMap<String, Delivered>, JournalClosed> {
        let (shared, here) = (&self.shared, self.target());
        let asked = shared.unless_interrupted(async { Ok(ask(&shared.aws, &self.session, &here).await) }).await;
        let answer = asked.unwrap_or_else(|outcome| Answer::none(&here, &outcome));
        let mut delivered: BTreeMap<String, Delivered> = BTreeMap::new();
        let is_here = |group: &LogGroupArn| group.target == here;
        for (group, flow_logs) in FlowLogFormats::by_group(&answer.recorders) {
            if is_here(&group) {
                delivered.entry(group.name).or_default().flow_logs = flow_logs;
            }
        }
        for recorder in answer.recorders {
            let group = recorder.log_group();
            if let Some(group) = group.filter(|group| recorder.kind == SourceKind::CloudTrail && is_here(group)) {
                delivered.entry(group.name.clone()).or_default().trail = true;
            }
            let is_elsewhere = recorder.home != here || group.is_some_and(|group| group.target != here);
            shared.journal.write(Entry::Recorder(recorder.clone())).await?;
            if is_elsewhere {
                // Without a list of accounts nobody follows; the sweep fails then.
                _ = recorders.send(recorder).await;
            }
        }
        for cell in answer.cells {
            shared.journal.write(Entry::Cell(cell)).await?;
        }
        Ok(delivered)
    }

    fn is_in_scope(&self) -> bool {
        let scope = &self.shared.settings.reach.scope;
        self.member.standing == Standing::InScope && is_wanted(scope, &self.member, &self.region)
    }

    /// A queue for what is to be read here.
    pub fn queue(&self) -> Arc<Queue> {
        let queue = Queue::new(self.shared.aws.event_lane(&self.session, &self.region));
        self.shared.tally.reading(&queue);
        queue
    }

    /// Adds a log group whose row is `place` to what is to be read, from where `units` end; or says why not.
    pub async fn begin(
        &self,
        group: LogGroup,
        delivered: Delivered,
        place: PlaceId,
        units: KnownUnits,
        queue: &Arc<Queue>,
    ) -> Result<(), JournalClosed> {
        let shared = &self.shared;
        shared.tally.log_group_known();
        let look = shared.windows.look(&LogGroupArn::new(self.target(), &group.name));
        // Without anything to look at, what is asked about is the sweep's own window, and nothing of it is read.
        let window = look.asked().unwrap_or(shared.settings.window);
        let now = shared.clock.now();
        let EngineSettings { choice, unmask, .. } = shared.settings.engines;
        let asked = Asked { choice, unmask, is_pattern: shared.questions.are_a_pattern() };
        let expected_bytes = expected_bytes(&group, window, now);
        let expected_pages = pages_of(expected_bytes);
        let offer = Offer {
            filter_takes: queue.time_with(expected_pages),
            insights_costs: scan_cost(&self.region, expected_bytes),
        };
        let decision = decide(&group, window, shared.started, now, unmask);
        let (narrow, outcome, if_masked) = match decision {
            Decision::Leave(outcome) => return self.leave(&group, place, outcome).await,
            Decision::Read { narrow, outcome, if_masked } => (narrow, outcome, if_masked),
        };
        // An earlier part of the run has chosen for what is left.
        let engine = match units.engine() {
            Some(engine) => Ok(engine),
            // Nothing is read here then.
            None if shared.questions.are_only_written() => Ok(Engine::Filter),
            None => choose(&group, asked, offer, |usd| shared.budget.set_aside(usd)),
        };
        let engine = match engine {
            Ok(engine) => engine,
            Err(outcome) => return self.leave(&group, place, outcome).await,
        };
        if shared.is_plan() {
            let (bytes, pages, usd) = (expected_bytes, expected_pages, offer.insights_costs);
            let planned = PlannedGroup { engine, bytes, pages, rate: queue.rate(), usd };
            if engine == Engine::Filter {
                // What comes after it waits for it.
                queue.expect(expected_pages);
            }
            shared.plan(|sheet| {
                let name = &self.member.account.name;
                if !shared.questions.are_only_written() {
                    sheet.read(self.target(), name, &planned);
                }
                let planned = PlannedGroup { engine: Engine::Insights, ..planned };
                for _ in shared.questions.written() {
                    sheet.read(self.target(), name, &planned);
                }
            });
            return self.leave(&group, place, if_masked.unwrap_or(outcome)).await;
        }
        let group = Group {
            shared: Arc::clone(shared),
            session: Arc::clone(&self.session),
            target: self.target(),
            place,
            trust: GroupTrust { is_in_scope: self.is_in_scope(), trail_delivers: delivered.trail },
            look,
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
        Reading::begin(group, delivered.trail, units, queue).await
    }

    async fn leave(&self, group: &LogGroup, place: PlaceId, outcome: Outcome) -> Result<(), JournalClosed> {
        self.shared.plan(|sheet| sheet.leave(unread(&self.member.account, Some(&self.region), Some(group), &outcome)));
        self.shared.end(place, outcome).await?;
        self.shared.tally.log_group_done();
        Ok(())
    }
}

struct TargetSweep {
    site: Site,
    /// What is delivered to log groups here, by their names.
    delivered: BTreeMap<String, Delivered>,
    /// The log groups in scope that were met so far, by name.
    groups: BTreeMap<String, Met>,
    queue: Arc<Queue>,
}

/// A log group that was met.
struct Met {
    place: PlaceId,
    /// What is left to do of it.
    left: Left,
    /// Whether the last list had it.
    is_listed: bool,
}

enum Left {
    /// Nothing: it was finished, or is being read.
    Nothing,
    /// An earlier part of the run left it unfinished.
    Reading(KnownUnits),
}

impl Met {
    /// Met in an earlier part of the run.
    fn before(known: KnownGroup) -> Self {
        let left = if known.is_finished { Left::Nothing } else { Left::Reading(known.units) };
        Self { place: known.place, left, is_listed: false }
    }
}

impl TargetSweep {
    /// Lists the log groups, and reads those that nobody has begun with while the list goes on. The inner error
    /// is how the target ends instead.
    async fn list_and_read(&mut self) -> Result<Result<(), Outcome>, JournalClosed> {
        let queue = Arc::clone(&self.queue);
        queue.set_listing(true);
        let list = async {
            let listed = self.list().await;
            queue.set_listing(false);
            listed
        };
        // On the heap, each for as long as it goes on: thousands of Regions wait here.
        let (listed, ()) = tokio::try_join!(Box::pin(list), Box::pin(queue.read_all()))?;
        Ok(listed)
    }

    async fn list(&mut self) -> Result<Result<(), Outcome>, JournalClosed> {
        self.groups.values_mut().for_each(|met| met.is_listed = false);
        let shared = Arc::clone(&self.site.shared);
        let mut pages = Pages::default();
        loop {
            let page = async {
                let page = shared.aws.log_groups(&self.site.session, &self.site.region, pages.token()).await;
                page.map_err(|error| of_error(&error))
            };
            let (groups, next_token) = match shared.unless_interrupted(page).await {
                Ok(page) => page,
                Err(outcome) => return Ok(Err(self.unlisted(outcome))),
            };
            let turned = pages.turn(groups.len(), next_token);
            let (window, now) = (shared.settings.window, shared.clock.now());
            let mut groups: Vec<(f64, LogGroup)> = groups
                .into_iter()
                .filter(|group| shared.settings.reach.scope.has_log_group(&group.name))
                .map(|group| (expected_pages(&group, window, now), group))
                .collect();
            for (_, group) in &groups {
                shared.log_group_patterns.note(&group.name);
            }
            // The longest first, so that no short one takes its permit while the others are still being met.
            groups.sort_by(|(one, _), (other, _)| other.total_cmp(one));
            for (_, group) in groups {
                self.meet(group).await?;
            }
            match turned {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(())),
                Err(endless) => {
                    return Ok(Err(self.unlisted(outcome::of_endless(Status::Failed, "DescribeLogGroups", endless))));
                }
            }
        }
    }

    /// The groups that were listed have rows of their own; the target's stands for those that were not.
    fn unlisted(&self, mut outcome: Outcome) -> Outcome {
        let listed = self.groups.values().filter(|met| met.is_listed).count();
        if listed > 0 {
            outcome.remark(&format!("log groups after the first {listed} are not known"));
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
                    Left::Reading(units) => Some((met.place, units)),
                }
            }
        };
        self.queue.until_more_are_wanted().await;
        self.begin(group, left).await
    }

    /// Begins with a log group, or goes on with it where it was left.
    async fn begin(&mut self, group: LogGroup, left: Option<(PlaceId, KnownUnits)>) -> Result<(), JournalClosed> {
        let Site { shared, member, region, .. } = &self.site;
        let (place, units) = match left {
            Some(left) => left,
            None => (shared.group(&member.account, region, &group, false).await?, KnownUnits::default()),
        };
        self.groups.insert(group.name.clone(), Met { place, left: Left::Nothing, is_listed: true });
        let delivered = self.delivered.get(&group.name).cloned().unwrap_or_default();
        self.site.begin(group, delivered, place, units, &self.queue).await
    }

    /// Lists once more when all is read: a group that appeared meanwhile is read too, and one that went
    /// is said. The answer is how the target itself ends, if its groups do not say all.
    async fn look_again(&mut self) -> Result<Option<Outcome>, JournalClosed> {
        if let Err(mut outcome) = self.list_and_read().await? {
            outcome.remark("groups that came or went during the run are not known");
            return Ok(Some(outcome));
        }
        for met in self.groups.values().filter(|met| !met.is_listed) {
            match met.left {
                Left::Nothing => {
                    let text = "disappeared during the run".to_owned();
                    self.site.shared.journal.write(Entry::Remark { place: met.place, text }).await?;
                }
                Left::Reading(_) => {
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
