//! The work queue of one account-Region: a priority queue of work units, longest first, and the
//! loops that read them.
//!
//! A unit that the filter engine reads is started when the quota has a permit that no unit in
//! progress needs. Units that Insights reads are collected into batches (see `batches.rs`). Both
//! loops end when no unit is left and no more log groups can be added.

use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::batches::{Batch, Batches};
use super::insights_runner::InsightsRunner;
use super::slices::Load;
use super::unit::Unit;
use super::work_ahead::WorkAhead;
use crate::aws::QuotaHandle;
use crate::store::JournalClosed;
use crate::sweep::pending_work::WorkProgress;
use crate::sweep::tasks::{join_tasks, task_result};
use dragnet_model::Engine;

/// How many units may wait before listing pauses. Among this many, the longest are read first.
const MAX_WAITING: usize = 1_000;

/// The work units of one quota, waiting and in progress.
#[derive(Debug)]
pub(in crate::sweep) struct Queue {
    quota: QuotaHandle,
    created: Instant,
    insights: InsightsRunner,
    state: Mutex<State>,
    /// Notified of every change of `state` that a task may wait for.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    waiting: BinaryHeap<Unit>,
    /// Units that wait for Insights.
    batches: Batches,
    /// Units that wait or are being read.
    unfinished: usize,
    /// Whether more log groups may be added.
    is_listing: bool,
    /// The number of pages that all units together probably have left.
    pages_left: f64,
    /// What the progress display shows.
    ahead: WorkAhead,
    pages_read: f64,
}

impl Queue {
    /// Creates an empty queue. Log groups may be added until [`Self::set_listing`] says that all of
    /// them are listed.
    pub(crate) fn new(quota: QuotaHandle) -> Arc<Self> {
        let waiting = BinaryHeap::new();
        let batches = Batches::default();
        let state = State {
            waiting,
            batches,
            unfinished: 0,
            is_listing: true,
            pages_left: 0.0,
            ahead: WorkAhead::default(),
            pages_read: 0.0,
        };
        Arc::new(Self {
            quota,
            created: Instant::now(),
            insights: InsightsRunner::default(),
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    pub(super) fn add(&self, units: Vec<Unit>) {
        let mut state = self.state.lock();
        for unit in units {
            match unit.engine() {
                Engine::Filter => state.waiting.push(unit),
                Engine::Insights => state.batches.add(unit),
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Adds units that one query is to cover.
    pub(super) fn add_batch(&self, batch: Batch) {
        self.state.lock().batches.add_ready(batch);
        self.changed.notify_waiters();
    }

    /// Counts a new unit.
    pub(super) fn register_unit(&self) {
        self.state.lock().unfinished += 1;
    }

    /// Counts a unit as finished or dropped.
    pub(super) fn unregister_unit(&self) {
        self.state.lock().unfinished -= 1;
        self.changed.notify_waiters();
    }

    /// Sets whether more log groups may be added.
    pub(crate) fn set_listing(&self, is_listing: bool) {
        let mut state = self.state.lock();
        state.is_listing = is_listing;
        if !is_listing {
            state.waiting.shrink_to_fit();
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until there is room for more log groups.
    pub(crate) async fn wait_for_room(&self) {
        self.wait(|state| (state.waiting.len() < MAX_WAITING).then_some(()))
            .await;
    }

    /// Reads all units. Ends when none is left and no more can be added.
    pub(crate) async fn read_all(self: &Arc<Self>) -> Result<(), JournalClosed> {
        tokio::try_join!(self.read_pages(), self.run_batches()).map(|_| ())
    }

    /// Reads units page by page, as many concurrently as the quota allows.
    async fn read_pages(&self) -> Result<(), JournalClosed> {
        let mut tasks = JoinSet::new();
        while self.wait(State::has_pages_to_read).await {
            // `None` after a cancellation: the unit then ends without a call.
            let permit = self.quota.acquire_low_priority().await;
            let Some(unit) = self.state.lock().waiting.pop() else {
                continue;
            };
            tasks.spawn(unit.read(permit));
            while let Some(finished) = tasks.try_join_next() {
                task_result(finished)?;
            }
        }
        join_tasks(tasks).await
    }

    /// Queries units with Insights. [`InsightsRunner`] limits the concurrent queries.
    async fn run_batches(self: &Arc<Self>) -> Result<(), JournalClosed> {
        let mut tasks = JoinSet::new();
        while self.wait(State::has_batches).await {
            let Some(batch) = self.state.lock().next_batch() else {
                continue;
            };
            let queue = Arc::clone(self);
            tasks.spawn(async move { queue.insights.run_batch(batch, &queue).await });
            while let Some(finished) = tasks.try_join_next() {
                task_result(finished)?;
            }
        }
        join_tasks(tasks).await
    }

    /// Returns what else uses the quota; splitting a unit depends on it.
    pub(super) fn load(&self) -> Load {
        let response_time = self.quota.response_time();
        let concurrency = self.quota.rate() * response_time.as_secs_f64();
        let time_left = self.time_left();
        let state = self.state.lock();
        Load {
            time_left,
            response_time,
            is_idle: (state.unfinished as f64) < concurrency,
            pages_read: state.pages_read,
        }
    }

    /// Adds `more` to the number of pages left; it may be negative.
    pub(crate) fn add_expected_pages(&self, more: f64) {
        let mut state = self.state.lock();
        state.pages_left = (state.pages_left + more).max(0.0);
    }

    /// Changes what the progress display shows.
    pub(super) fn change_ahead(&self, change: &mut dyn FnMut(&mut WorkAhead)) {
        change(&mut self.state.lock().ahead);
    }

    /// Counts a page that was read under the quota.
    pub(super) fn count_page(&self) {
        self.state.lock().pages_read += 1.0;
    }

    /// Returns the current rate of the quota, in calls per second.
    pub(crate) fn rate(&self) -> f64 {
        self.quota.rate()
    }

    /// Returns how far the reading of the account-Region with this name is. `overall_ratio` is how
    /// many times as many pages there were as expected, in the whole sweep.
    pub(super) fn progress(&self, name: &Arc<str>, overall_ratio: f64) -> WorkProgress {
        let state = self.state.lock();
        let left = state.ahead.pages_left(overall_ratio);
        WorkProgress {
            name: Arc::clone(name),
            age: self.created.elapsed(),
            pages_read: state.pages_read,
            pages_left: left.all,
            pages_guessed: left.guessed,
            longest_unit: left.longest,
            rate: self.quota.rate(),
            full_rate: self.quota.full_rate(),
            throttling: self.quota.throttling(),
            response_time: self.quota.response_time(),
        }
    }

    /// Returns how long the pages left take at the current rate.
    pub(crate) fn time_left(&self) -> Duration {
        let pages_left = self.state.lock().pages_left;
        Duration::try_from_secs_f64(pages_left / self.quota.rate()).unwrap_or(Duration::MAX)
    }

    /// Returns the same with `pages` more.
    pub(crate) fn time_left_with(&self, pages: f64) -> Duration {
        let more = Duration::try_from_secs_f64(pages / self.quota.rate()).unwrap_or(Duration::MAX);
        self.time_left().saturating_add(more)
    }

    async fn wait<T>(&self, ready: impl Fn(&State) -> Option<T>) -> T {
        loop {
            // Created before the check, so that no change in between is missed.
            let changed = self.changed.notified();
            if let Some(value) = ready(&self.state.lock()) {
                return value;
            }
            changed.await;
        }
    }
}

impl State {
    /// Returns whether there is a unit to read page by page; `None` while one may still be added.
    fn has_pages_to_read(&self) -> Option<bool> {
        self.has_work(!self.waiting.is_empty())
    }

    /// Returns whether there is a batch to query; `None` while one may still be added.
    fn has_batches(&self) -> Option<bool> {
        self.has_work(self.batches.has_next(self.is_listing))
    }

    fn has_work(&self, has_any: bool) -> Option<bool> {
        match self.unfinished {
            _ if has_any => Some(true),
            0 if !self.is_listing => Some(false),
            _ => None,
        }
    }

    fn next_batch(&mut self) -> Option<Batch> {
        self.batches.next(self.is_listing)
    }
}
