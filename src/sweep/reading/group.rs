//! One log group: what it is read for, pass after pass, and how it ends.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::queue::Queue;
use super::slices::Load;
use super::unit::{Span, Unit};
use crate::aws::{EventPage, Session};
use crate::model::{Outcome, Target};
use crate::search::FlowLogFormats;
use crate::store::{Entry, JournalClosed, KnownUnit, KnownUnits, Pass, PlaceId};
use crate::sweep::evidence::silence;
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
    /// What of it is looked at.
    pub look: Look,
    /// Whether the server may filter.
    pub narrow: bool,
    /// The formats of the flow logs that deliver to it.
    pub flow_logs: FlowLogFormats,
    /// Pages that it is likely to have.
    pub expected_pages: f64,
    /// How it ends if every page is read.
    pub outcome: Outcome,
}

/// A log group that is being read.
#[derive(Debug)]
pub(in crate::sweep) struct Reading {
    pub group: Group,
    /// Weak, since the queue holds units, and they this: a sweep that is given up must let go of all of it.
    queue: Weak<Queue>,
    keeps_trail: AtomicBool,
    slices: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What is still to be done, and how far an earlier part of the run came with it.
    passes: VecDeque<(Pass, Vec<KnownUnit>)>,
    /// Units of the pass under way that have not ended.
    open_units: usize,
    /// How the group ends since a unit could not be read to its end.
    failure: Option<Outcome>,
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
        let keeps_trail = keeps_trail || !known.silence.is_empty() || silence::is_named_like_a_trails(&group.name);
        let passes = VecDeque::from([(Pass::Search, known.search), (Pass::Silence, known.silence)]);
        let reading = Arc::new(Self {
            group,
            queue: Arc::downgrade(queue),
            keeps_trail: AtomicBool::new(keeps_trail),
            slices: AtomicUsize::new(0),
            state: Mutex::new(State { passes, open_units: 0, failure: None }),
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
        }
    }

    /// Whether it is settled that not all of it can be read.
    pub(super) fn has_failed(&self) -> bool {
        self.state().failure.is_some()
    }

    /// Whether so many more slices may be made.
    pub(super) fn takes_slices(&self, more: usize) -> bool {
        self.slices.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= MOST_SLICES
    }

    /// More units of the pass under way.
    pub(super) fn add_units(&self, units: Vec<Unit>) {
        self.state().open_units += units.len();
        if let Some(queue) = self.queue.upgrade() {
            queue.add(units);
        }
    }

    /// Corrects the number of pages that are left to read.
    pub(super) fn expect(&self, more: f64) {
        if let Some(queue) = self.queue.upgrade() {
            queue.expect(more);
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
            let next = self.state().passes.pop_front();
            let Some((pass, known)) = next else { return self.end(self.group.outcome.clone()).await };
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
        self.group.shared.settings.silence && self.keeps_trail() && self.pattern(Pass::Search).is_some()
    }

    async fn units(self: &Arc<Self>, pass: Pass, known: Vec<KnownUnit>) -> Result<Vec<Unit>, JournalClosed> {
        let now_ms = self.group.shared.clock.now_ms();
        if !known.is_empty() {
            return Ok(known.iter().filter_map(|known| Unit::known(self, pass, known, now_ms)).collect());
        }
        let stretches = self.group.look.stretches();
        let expected_pages = self.group.expected_pages / stretches.len().max(1) as f64;
        let unit = |(from_ms, to_ms)| Unit::new(self, pass, Span { from_ms, to_ms, expected_pages });
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
