//! The units of one account's Region that wait to be read, and who reads them.

use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::batches::{Batch, Batches};
use super::insights_runner::InsightsRunner;
use super::slices::Load;
use super::unit::Unit;
use crate::aws::QuotaHandle;
use crate::model::Engine;
use crate::store::JournalClosed;
use crate::sweep::run::{all_of, result_of};

/// Log groups that are listed ahead of being read; of more, the list waits. Among so many the longest come first.
const AHEAD: usize = 1_000;

/// Units that wait, and those that are being read, of one quota.
#[derive(Debug)]
pub(in crate::sweep) struct Queue {
    lane: QuotaHandle,
    inquirer: InsightsRunner,
    state: Mutex<State>,
    /// Notified of every change that somebody may wait for.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    waiting: BinaryHeap<Unit>,
    /// Units that wait for Insights.
    batches: Batches,
    /// Units that wait or are being read.
    unfinished: usize,
    /// Whether more groups may come.
    is_listing: bool,
    /// Pages that all of them are likely to have left.
    pages_left: f64,
    /// Pages that were read.
    pages_read: f64,
}

impl Queue {
    /// An empty queue, to which groups may be added until it is told that they are all listed.
    pub fn new(lane: QuotaHandle) -> Arc<Self> {
        let (waiting, batches) = (BinaryHeap::new(), Batches::default());
        let state = State {
            waiting,
            batches,
            unfinished: 0,
            is_listing: true,
            pages_left: 0.0,
            pages_read: 0.0,
        };
        Arc::new(Self {
            lane,
            inquirer: InsightsRunner::default(),
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    /// Adds units.
    pub(super) fn add(&self, units: Vec<Unit>) {
        let mut state = self.state();
        for unit in units {
            match unit.engine() {
                Engine::Filter => state.waiting.push(unit),
                Engine::Insights => state.batches.add(unit),
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Adds units that one query is to ask about.
    pub(super) fn add_batch(&self, batch: Batch) {
        self.state().batches.add_ready(batch);
        self.changed.notify_waiters();
    }

    /// There is one more unit.
    pub(super) fn unit_begins(&self) {
        self.state().unfinished += 1;
    }

    /// A unit is gone.
    pub(super) fn unit_is_gone(&self) {
        self.state().unfinished -= 1;
        self.changed.notify_waiters();
    }

    /// Says whether more groups may come.
    pub fn set_listing(&self, is_listing: bool) {
        let mut state = self.state();
        state.is_listing = is_listing;
        if !is_listing {
            state.waiting.shrink_to_fit();
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until so few units wait that more groups are wanted.
    pub async fn until_more_are_wanted(&self) {
        self.wait(|state| (state.waiting.len() < AHEAD).then_some(()))
            .await;
    }

    /// Reads all units. Ends when none is left and no more can come.
    pub async fn read_all(self: &Arc<Self>) -> Result<(), JournalClosed> {
        tokio::try_join!(self.read_pages(), self.ask_insights()).map(|_| ())
    }

    /// Reads units page by page, as many side by side as use the quota up.
    async fn read_pages(&self) -> Result<(), JournalClosed> {
        let mut readers = JoinSet::new();
        while self.wait(State::has_pages_to_read).await {
            // Once nothing is let out any more, units end without a call.
            let permit = self.lane.acquire_low_priority().await;
            let Some(unit) = self.state().waiting.pop() else {
                continue;
            };
            readers.spawn(unit.read(permit));
            while let Some(ended) = readers.try_join_next() {
                result_of(ended)?;
            }
        }
        all_of(readers).await
    }

    /// Asks Insights about units, as many queries side by side as it lets run.
    async fn ask_insights(self: &Arc<Self>) -> Result<(), JournalClosed> {
        let mut queries = JoinSet::new();
        while self.wait(State::has_queries_to_ask).await {
            let Some(batch) = self.state().next_batch() else {
                continue;
            };
            let queue = Arc::clone(self);
            queries.spawn(async move { queue.inquirer.ask(batch, &queue).await });
            while let Some(ended) = queries.try_join_next() {
                result_of(ended)?;
            }
        }
        all_of(queries).await
    }

    /// What surrounds each of its units.
    pub(super) fn load(&self) -> Load {
        let answer = self.lane.answer_time();
        let side_by_side = self.lane.rate() * answer.as_secs_f64();
        let (all, state) = (self.time_left(), self.state());
        Load {
            all,
            answer,
            is_idle: (state.unfinished as f64) < side_by_side,
            pages_read: state.pages_read,
        }
    }

    /// Corrects the number of pages left.
    pub fn expect(&self, more: f64) {
        let mut state = self.state();
        state.pages_left = (state.pages_left + more).max(0.0);
    }

    /// A page was read.
    pub(super) fn page_is_read(&self) {
        self.state().pages_read += 1.0;
    }

    /// Calls a second that its quota allows now.
    pub fn rate(&self) -> f64 {
        self.lane.rate()
    }

    /// How long it takes at the quota's rate to read what is left.
    pub fn time_left(&self) -> Duration {
        let pages_left = self.state().pages_left;
        Duration::try_from_secs_f64(pages_left / self.lane.rate()).unwrap_or(Duration::MAX)
    }

    /// The same with so many pages more.
    pub fn time_with(&self, pages: f64) -> Duration {
        let more = Duration::try_from_secs_f64(pages / self.lane.rate()).unwrap_or(Duration::MAX);
        self.time_left().saturating_add(more)
    }

    async fn wait<T>(&self, ready: impl Fn(&State) -> Option<T>) -> T {
        loop {
            // Subscribed before the check, so that no change is missed in between.
            let changed = self.changed.notified();
            if let Some(found) = ready(&self.state()) {
                return found;
            }
            changed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether there is a unit to read page by page; `None` while one may come.
    fn has_pages_to_read(&self) -> Option<bool> {
        self.has_work(!self.waiting.is_empty())
    }

    /// Whether there is a query to ask; `None` while one may come.
    fn has_queries_to_ask(&self) -> Option<bool> {
        self.has_work(self.batches.has_next(self.is_listing))
    }

    fn has_work(&self, is_there: bool) -> Option<bool> {
        match self.unfinished {
            _ if is_there => Some(true),
            0 if !self.is_listing => Some(false),
            _ => None,
        }
    }

    fn next_batch(&mut self) -> Option<Batch> {
        self.batches.next(self.is_listing)
    }
}
