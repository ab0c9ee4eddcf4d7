//! The units of one account's Region that wait to be read, and who reads them.

use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::slices::Load;
use super::unit::Unit;
use crate::aws::Lane;
use crate::store::JournalClosed;
use crate::sweep::run::{all_of, result_of};

/// Log groups that are listed ahead of being read; of more, the list waits. Among so many the longest come first.
const AHEAD: usize = 1_000;

/// Units that wait, and those that are being read, of one quota.
#[derive(Debug)]
pub(in crate::sweep) struct Queue {
    lane: Lane,
    state: Mutex<State>,
    /// Told of every change that somebody may wait for.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    waiting: BinaryHeap<Unit>,
    /// Units that wait or are being read.
    unfinished: usize,
    /// Whether more groups may come.
    is_listing: bool,
    /// Pages that all of them are likely to have left.
    pages_left: f64,
}

impl Queue {
    /// An empty queue, to which groups may be added until it is told that they are all listed.
    pub fn new(lane: Lane) -> Arc<Self> {
        let state = State { waiting: BinaryHeap::new(), unfinished: 0, is_listing: true, pages_left: 0.0 };
        Arc::new(Self { lane, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Adds units.
    pub(super) fn add(&self, units: Vec<Unit>) {
        let mut state = self.state();
        state.unfinished += units.len();
        state.waiting.extend(units);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Says whether more groups may come.
    pub fn set_listing(&self, is_listing: bool) {
        self.state().is_listing = is_listing;
        self.changed.notify_waiters();
    }

    /// Waits until so few units wait that more groups are wanted.
    pub async fn until_more_are_wanted(&self) {
        self.wait(|state| (state.waiting.len() < AHEAD).then_some(())).await;
    }

    /// Reads all units, as many side by side as use the quota up. Ends when none is left and no more can come.
    pub async fn read_all(self: &Arc<Self>) -> Result<(), JournalClosed> {
        let mut readers = JoinSet::new();
        while self.wait(State::has_work).await {
            // Once nothing is let out any more, units end without a call.
            let permit = self.lane.permit_for_more().await;
            let Some(unit) = self.state().waiting.pop() else { continue };
            let unfinished = Unfinished(Arc::clone(self));
            readers.spawn(async move {
                let _unfinished = unfinished;
                unit.read(permit).await
            });
            while let Some(ended) = readers.try_join_next() {
                result_of(ended)?;
            }
        }
        all_of(readers).await
    }

    /// What surrounds each of its units.
    pub(super) fn load(&self) -> Load {
        Load { all: self.time_left(), answer: self.lane.answer_time() }
    }

    /// Corrects the number of pages left.
    pub(super) fn expect(&self, more: f64) {
        let mut state = self.state();
        state.pages_left = (state.pages_left + more).max(0.0);
    }

    /// How long it takes at the quota's rate to read what is left.
    pub fn time_left(&self) -> Duration {
        let pages_left = self.state().pages_left;
        Duration::try_from_secs_f64(pages_left / self.lane.rate()).unwrap_or(Duration::MAX)
    }

    async fn wait<T>(&self, look: impl Fn(&State) -> Option<T>) -> T {
        loop {
            // Made before the look, so that no change is missed in between.
            let changed = self.changed.notified();
            if let Some(found) = look(&self.state()) {
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
    /// Whether there is a unit to read; `None` while one may come.
    fn has_work(&self) -> Option<bool> {
        match (self.waiting.is_empty(), self.unfinished) {
            (false, _) => Some(true),
            (true, 0) if !self.is_listing => Some(false),
            (true, _) => None,
        }
    }
}

/// A unit that is being read; dropped when it is done, also where its reader panics.
struct Unfinished(Arc<Queue>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.state().unfinished -= 1;
        self.0.changed.notify_waiters();
    }
}
