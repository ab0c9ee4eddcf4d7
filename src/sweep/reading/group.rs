//! One log group: what it is read for, pass after pass, and how it ends.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tracing::info;

use super::queue::Queue;
use super::slices::Load;
use super::unit::{Span, Unit};
use crate::aws::{CallError, ErrorClass, EventPage, Session};
use crate::model::{Engine, LogGroupClass, Outcome, Reason, Status, Target};
use crate::search::FlowLogFormats;
use crate::store::{Entry, JournalClosed, KnownUnit, KnownUnits, Pass, PlaceId};
use crate::sweep::evidence::silence;
use crate::sweep::group_trust::GroupTrust;
use crate::sweep::outcome;
use crate::sweep::run::Shared;
use crate::sweep::windows::Look;

/// Slices that a group is cut into at most: a server cannot make more work than this of one group, whatever times
/// its events claim.
const MOST_SLICES: usize = 4_096;

/// A log group that is to be read.
#[derive(Debug)]
pub(in crate::sweep) struct Group {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    pub target: Target,
    pub name: String,
    pub place: PlaceId,
    pub trust: GroupTrust,
    /// What of it is looked at.
    pub look: Look,
    /// What reads it, as far as nothing of it was read before.
    pub engine: Engine,
    /// Whether the other engine may read what this one cannot.
    pub has_both_engines: bool,
    /// Its class.
    pub class: LogGroupClass,
    /// The key that it is encrypted with, if it is one of the account's own.
    pub kms_key: Option<String>,
    /// Whether the server may filter.
    pub narrow: bool,
    /// How it ends if its masked values cannot be had in clear, for which they are asked.
    pub if_masked: Option<Outcome>,
    /// The formats of the flow logs that deliver to it.
    pub flow_logs: FlowLogFormats,
    /// Pages that it is likely to have.
    pub expected_pages: f64,
    /// What it is likely to cost to read it by Insights once, in US dollars.
    pub insights_costs: f64,
    /// How it ends if every page is read.
    pub outcome: Outcome,
}

impl Group {
    /// How it ends since a call failed for good.
    pub(super) fn outcome_of(&self, error: &CallError) -> Outcome {
        let names_a_key = error.message.to_ascii_lowercase().contains("kms") || error.code.contains("KMS");
        match (&self.kms_key, &self.class) {
            (Some(key), _) if names_a_key => {
                Outcome::because(Status::Failed, Reason::KeyNotUsable, format!("{key}: {error}"))
            }
            (_, LogGroupClass::Unknown(class)) if error.class == ErrorClass::Refused => {
                Outcome::because(Status::Unsearchable, Reason::ClassNotReadable, format!("{class}: {error}"))
            }
            _ => outcome::of_error(error),
        }
    }
}

/// A log group that is being read.
#[derive(Debug)]
pub(in crate::sweep) struct Reading {
    pub group: Group,
    /// Weak, since the queue holds units, and they this: a sweep that is given up must let go of all of it.
    queue: Weak<Queue>,
    keeps_trail: AtomicBool,
    /// Whether the filter engine read some of it, whose pattern lets no call through that tampers with records.
    is_filtered: AtomicBool,
    /// Whether its masked values cannot be had in clear.
    stays_masked: AtomicBool,
    slices: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What is still to be done.
    passes: std::slice::Iter<'static, Pass>,
    /// How far an earlier part of the run came with that.
    known: KnownUnits,
    /// Units of the pass under way that have not ended.
    open_units: usize,
    /// How the group ends since a unit could not be read to its end.
    failure: Option<Outcome>,
    /// What of the group's money has not been spent.
    set_aside: f64,
}

impl State {
    /// What is to be done next, and how far an earlier part of the run came with it.
    fn next_pass(&mut self) -> Option<(Pass, Vec<KnownUnit>)> {
        self.passes.next().map(|pass| (*pass, self.known.take(*pass)))
    }
}

impl Reading {
    /// Begins to read a group, or goes on where an earlier part of the run came to: adds its units to the queue.
    /// `keeps_trail`: a trail delivers to it, as far as is known.
    pub async fn begin(
        group: Group,
        keeps_trail: bool,
        known: KnownUnits,
        queue: &Arc<Queue>,
    ) -> Result<(), JournalClosed> {
        let keeps_trail = keeps_trail || known.has_begun(Pass::Silence) || silence::is_named_like_a_trails(&group.name);
        let passes = Pass::ALL.iter();
        let set_aside = if group.engine == Engine::Insights { group.insights_costs } else { 0.0 };
        let reading = Arc::new(Self {
            queue: Arc::downgrade(queue),
            keeps_trail: AtomicBool::new(keeps_trail),
            is_filtered: AtomicBool::new(false),
            stays_masked: AtomicBool::new(false),
            slices: AtomicUsize::new(0),
            state: Mutex::new(State { passes, known, open_units: 0, failure: None, set_aside }),
            group,
        });
        reading.next_pass().await
    }

    /// Whether a trail delivers to it, as far as is known.
    pub fn keeps_trail(&self) -> bool {
        self.keeps_trail.load(Ordering::Relaxed)
    }

    /// What tells that a trail delivers to it.
    pub(super) fn notice(&self, page: &EventPage) {
        if page.events.iter().any(|event| silence::is_trails_stream(&event.log_stream)) {
            self.keeps_trail.store(true, Ordering::Relaxed);
        }
    }

    /// What the server is to let through.
    pub(super) fn pattern(&self, pass: Pass) -> Option<String> {
        match pass {
            Pass::Search => self.group.shared.questions.pattern(&self.group.flow_logs, self.group.narrow),
            Pass::Silence => Some(silence::pattern()),
            Pass::Written => None,
        }
    }

    /// Whether masked values are asked for in clear.
    pub(super) fn unmasks(&self) -> bool {
        self.group.if_masked.is_some() && !self.stays_masked.load(Ordering::Relaxed)
    }

    /// AWS refused to show masked values in clear, or whoever asked at all.
    pub(super) fn unmask_was_refused(&self, error: &CallError) {
        info!(group = %self.group.name, %error, "not shown in clear: reading it as it is masked");
        self.is_read_masked();
    }

    /// Some of it is read as it is masked, if it is.
    pub(super) fn is_read_masked(&self) {
        self.stays_masked.store(true, Ordering::Relaxed);
    }

    /// Whether it is settled that not all of it can be read.
    pub(super) fn has_failed(&self) -> bool {
        self.state().failure.is_some()
    }

    /// Whether so many more slices may be made.
    pub(super) fn takes_slices(&self, more: usize) -> bool {
        self.slices.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= MOST_SLICES
    }

    /// There are so many more units of the pass under way.
    pub(super) fn count_units(&self, more: usize) {
        self.state().open_units += more;
    }

    /// What was set aside for the first query about it.
    pub(super) fn take_set_aside(&self) -> f64 {
        std::mem::take(&mut self.state().set_aside)
    }

    /// More units of the pass under way.
    pub(super) fn add_units(&self, units: Vec<Unit>) {
        self.count_units(units.len());
        if let Some(queue) = self.queue.upgrade() {
            queue.add(units);
        }
    }

    /// A unit of the pass under way is read once more.
    pub(super) fn requeue(&self, unit: Unit) {
        if let Some(queue) = self.queue.upgrade() {
            queue.add(vec![unit]);
        }
    }

    /// There is one more unit, with so many pages.
    pub(super) fn unit_begins(&self, engine: Engine, pages: f64) {
        self.is_filtered.fetch_or(engine == Engine::Filter, Ordering::Relaxed);
        if let Some(queue) = self.queue.upgrade() {
            queue.unit_begins();
            queue.expect(pages);
        }
    }

    /// A unit is gone: read, or given up.
    pub(super) fn unit_is_gone(&self) {
        if let Some(queue) = self.queue.upgrade() {
            queue.unit_is_gone();
        }
    }

    /// Corrects the number of pages that are left to read.
    pub(super) fn expect(&self, more: f64) {
        if let Some(queue) = self.queue.upgrade() {
            queue.expect(more);
        }
    }

    /// A page was read under the quota.
    pub(super) fn page_is_read(&self) {
        if let Some(queue) = self.queue.upgrade() {
            queue.page_is_read();
        }
    }

    /// What else there is to read; `None` when the sweep has been given up.
    pub(super) fn load(&self) -> Option<Load> {
        self.queue.upgrade().map(|queue| queue.load())
    }

    /// A unit has ended; with the last, the pass has.
    pub(super) async fn unit_ended(self: &Arc<Self>, read: Result<(), Outcome>) -> Result<(), JournalClosed> {
        let failure = {
            let mut state = self.state();
            if let Err(outcome) = read {
                state.failure.get_or_insert(outcome);
            }
            state.open_units -= 1;
            if state.open_units > 0 {
                return Ok(());
            }
            state.failure.take()
        };
        match failure {
            Some(outcome) => self.end(outcome).await,
            None => self.next_pass().await,
        }
    }

    /// Goes on with the next pass that has anything left to read; after the last, the group ends.
    async fn next_pass(self: &Arc<Self>) -> Result<(), JournalClosed> {
        loop {
            let next = self.state().next_pass();
            let Some((pass, known)) = next else {
                let masked = self.group.if_masked.as_ref().filter(|_| self.stays_masked.load(Ordering::Relaxed));
                return self.end(masked.unwrap_or(&self.group.outcome).clone()).await;
            };
            if pass == Pass::Silence && !self.is_silence_open() {
                continue;
            }
            let units = self.units(pass, known).await?;
            if !units.is_empty() {
                self.add_units(units);
                return Ok(());
            }
        }
    }

    /// Where all events were let through, what tells of the recording was among them.
    fn is_silence_open(&self) -> bool {
        let is_filtered = self.is_filtered.load(Ordering::Relaxed);
        self.group.shared.settings.silence && self.keeps_trail() && is_filtered && self.pattern(Pass::Search).is_some()
    }

    async fn units(self: &Arc<Self>, pass: Pass, known: Vec<KnownUnit>) -> Result<Vec<Unit>, JournalClosed> {
        let now_ms = self.group.shared.clock.now_ms();
        if !known.is_empty() {
            let is_filtered = known.iter().any(|unit| unit.engine == Engine::Filter);
            self.is_filtered.fetch_or(is_filtered, Ordering::Relaxed);
            return Ok(known.iter().filter_map(|known| Unit::known(self, known, now_ms)).collect());
        }
        let questions = &self.group.shared.questions;
        let is_asked = match pass {
            Pass::Search => !questions.are_only_written(),
            Pass::Silence => true,
            Pass::Written => !questions.written().is_empty(),
        };
        if !is_asked {
            return Ok(Vec::new());
        }
        let stretches = self.group.look.stretches();
        let expected_pages = self.group.expected_pages / stretches.len().max(1) as f64;
        let engine = match pass {
            Pass::Search => self.group.engine,
            // It is made where the filter engine left something out.
            Pass::Silence => Engine::Filter,
            Pass::Written => Engine::Insights,
        };
        let unit = |(from_ms, to_ms)| Unit::new(self, pass, engine, Span { from_ms, to_ms, expected_pages });
        let units: Vec<Unit> = stretches.into_iter().map(unit).collect();
        // Together: a pass of which only some were known would look as if there were no others.
        self.group.shared.journal.write(Entry::Units(units.iter().map(Unit::row).collect())).await?;
        Ok(units)
    }

    async fn end(&self, outcome: Outcome) -> Result<(), JournalClosed> {
        self.group.shared.end(self.group.place, outcome).await?;
        self.group.shared.tally.log_group_done();
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
