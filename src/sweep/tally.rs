//! The progress of a sweep: counters that the tasks update and the progress display reads at any
//! time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use super::pending_work::{FinishedPages, PendingWork, WorkProgress};
use super::target_grid::{GridView, TargetGrid};
use crate::store::{CoverageId, CoverageRow};
use dragnet_model::{Account, AccountId, Outcome, Region};

/// The counters of a sweep in progress.
#[derive(Debug, Default)]
pub struct Tally {
    accounts: Progress,
    accounts_entered: AtomicU64,
    targets: Progress,
    log_groups: Progress,
    files: Progress,
    uncovered: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
    sightings: AtomicU64,
    calls: AtomicU64,
    throttled: AtomicU64,
    /// The work of the account-Regions that are being read.
    work: Mutex<Vec<NamedWork>>,
    /// How long what follows the reading probably takes, in seconds.
    seconds_after: Mutex<f64>,
    finished_pages: Mutex<FinishedPages>,
    /// The states of the account-Regions, if they are shown.
    grid: OnceLock<TargetGrid>,
}

#[derive(Debug)]
struct NamedWork {
    name: Arc<str>,
    work: Weak<dyn PendingWork>,
}

#[derive(Debug, Default)]
struct Progress {
    known: AtomicU64,
    done: AtomicU64,
}

/// The values of a [`Tally`] at one moment. `…_known` may still grow while `…_done` catches up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TallySnapshot {
    /// Accounts in scope.
    pub accounts_known: u64,
    /// Accounts that were entered, or that cannot be entered.
    #[serde(skip)]
    pub accounts_entered: u64,
    /// Accounts that are finished, covered or not.
    pub accounts_done: u64,
    /// Account-Regions in scope.
    pub targets_known: u64,
    /// Account-Regions that are finished.
    pub targets_done: u64,
    /// Log groups in scope.
    pub log_groups_known: u64,
    /// Log groups that are finished.
    pub log_groups_done: u64,
    /// Files on disk.
    pub files_known: u64,
    /// Files that are finished.
    pub files_done: u64,
    /// Accounts, account-Regions, log groups and files that are finished but not covered.
    pub uncovered: u64,
    /// Events that were examined.
    pub events: u64,
    /// Bytes of messages that were examined.
    pub bytes: u64,
    /// Matches, before copies are combined.
    pub sightings: u64,
    /// Attempts at AWS calls.
    pub calls: u64,
    /// Attempts that AWS throttled.
    pub throttled: u64,
}

/// How far a sweep is.
#[derive(Clone, Debug, Default)]
pub struct SweepProgress {
    /// The values of the counters.
    pub counts: TallySnapshot,
    /// The account-Regions that are being read.
    pub work: Vec<WorkProgress>,
    /// How long what follows the reading probably takes, in seconds.
    pub seconds_after: f64,
}

impl Tally {
    pub(super) fn account_known(&self) {
        add(&self.accounts.known, 1);
    }

    /// Counts an account that was entered, or that cannot be entered.
    pub(super) fn account_entered(&self) {
        add(&self.accounts_entered, 1);
    }

    pub(super) fn account_done(&self) {
        add(&self.accounts.done, 1);
    }

    pub(super) fn target_known(&self, account: &Account, region: &Region) {
        add(&self.targets.known, 1);
        if let Some(grid) = self.grid.get() {
            grid.start(account, region);
        }
    }

    pub(super) fn target_done(&self, account: AccountId, region: &Region) {
        add(&self.targets.done, 1);
        if let Some(grid) = self.grid.get() {
            grid.finish(account, region);
        }
    }

    /// Notes a row of the coverage, and counts it if it is not covered.
    pub(super) fn row_added(&self, row: &CoverageRow) {
        if row.outcome.as_ref().is_some_and(Outcome::is_gap) {
            self.count_uncovered();
        }
        if let Some(grid) = self.grid.get() {
            grid.add_row(row);
        }
    }

    /// Notes the outcome of a row of the coverage, and counts it if it is not covered.
    pub(super) fn row_ended(&self, id: CoverageId, outcome: &Outcome) {
        let is_gap = outcome.is_gap();
        if is_gap {
            self.count_uncovered();
        }
        if let Some(grid) = self.grid.get() {
            grid.end_row(id, is_gap);
        }
    }

    /// Keeps the state of each account-Region from now on.
    pub fn watch_targets(&self) {
        _ = self.grid.set(TargetGrid::default());
    }

    /// Returns the states of at most this many accounts, if they are kept.
    pub fn grid(&self, most: usize) -> GridView {
        let grid = self.grid.get();
        grid.map(|grid| grid.view(most)).unwrap_or_default()
    }

    pub(super) fn log_group_known(&self) {
        add(&self.log_groups.known, 1);
    }

    pub(super) fn log_group_done(&self) {
        add(&self.log_groups.done, 1);
    }

    pub(super) fn file_known(&self) {
        add(&self.files.known, 1);
    }

    pub(super) fn file_done(&self) {
        add(&self.files.done, 1);
    }

    /// Adds the work of another account-Region with this name.
    pub(super) fn add_work(&self, name: &str, work: Weak<dyn PendingWork>) {
        let mut all = self.work.lock();
        if all.len() == all.capacity() {
            // The memory of dropped work is freed only when its weak references are gone, too.
            all.retain(|named| named.work.strong_count() > 0);
        }
        all.push(NamedWork {
            name: name.into(),
            work,
        });
    }

    /// Counts a work unit that was read, by the pages that were expected and that were read.
    pub(super) fn count_finished_pages(&self, expected: f64, read: f64) {
        self.finished_pages.lock().add(expected, read);
    }

    pub(super) fn count_uncovered(&self) {
        add(&self.uncovered, 1);
    }

    pub(super) fn count_page(&self, events: u64, bytes: u64, sightings: u64) {
        add(&self.events, events);
        add(&self.bytes, bytes);
        add(&self.sightings, sightings);
    }

    pub(super) fn count_call(&self, throttled: bool) {
        add(&self.calls, 1);
        add(&self.throttled, throttled.into());
    }

    /// Returns the current values. They are read one after the other, so they may differ by a
    /// moment.
    pub fn snapshot(&self) -> TallySnapshot {
        // The done counters are read first, so that they never exceed the known ones.
        let [accounts_done, targets_done, log_groups_done, files_done] =
            [&self.accounts, &self.targets, &self.log_groups, &self.files]
                .map(|progress| load(&progress.done));
        TallySnapshot {
            accounts_known: load(&self.accounts.known),
            accounts_entered: load(&self.accounts_entered),
            accounts_done,
            targets_known: load(&self.targets.known),
            targets_done,
            log_groups_known: load(&self.log_groups.known),
            log_groups_done,
            // Files are counted while they are read, so the reader may be ahead.
            files_known: load(&self.files.known).max(files_done),
            files_done,
            uncovered: load(&self.uncovered),
            events: load(&self.events),
            bytes: load(&self.bytes),
            sightings: load(&self.sightings),
            calls: load(&self.calls),
            throttled: load(&self.throttled),
        }
    }

    /// Returns how far the sweep is.
    pub fn progress(&self) -> SweepProgress {
        SweepProgress {
            counts: self.snapshot(),
            work: self.work(),
            seconds_after: *self.seconds_after.lock(),
        }
    }

    /// Sets how long what follows the reading probably takes.
    pub(super) fn set_seconds_after(&self, seconds: f64) {
        *self.seconds_after.lock() = seconds;
    }

    /// Subtracts what was done of what follows the reading.
    pub(super) fn reduce_seconds_after(&self, seconds: f64) {
        let mut left = self.seconds_after.lock();
        *left = (*left - seconds).max(0.0);
    }

    /// Returns how many times as many pages there were as expected.
    pub(super) fn finished_pages_ratio(&self) -> f64 {
        self.finished_pages.lock().ratio()
    }

    fn work(&self) -> Vec<WorkProgress> {
        let overall_ratio = self.finished_pages_ratio();
        let work = self.work.lock();
        let progress = work.iter().filter_map(|named| {
            let work = named.work.upgrade()?;
            Some(work.progress(&named.name, overall_ratio))
        });
        progress.collect()
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
