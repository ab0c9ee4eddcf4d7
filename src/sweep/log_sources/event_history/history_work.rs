//! What the progress display shows of the reading of an event history.
//!
//! The history returns the newest events first, so the oldest event of the pages so far shows how
//! much of a time range was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::aws::QuotaHandle;
use crate::store::UnitId;
use crate::sweep::pending_work::{PendingWork, WorkProgress};
use crate::sweep::region_context::RegionContext;

/// The upper bound of an estimate, so that sums of estimates stay finite.
const MAX_PAGES: f64 = 1e6;
/// The pages that are left of a time range that was read to its start, except that another page
/// follows.
const MIN_PAGES_LEFT: f64 = 0.5;

/// The work units of the event history of an account-Region that are not read to their end.
#[derive(Debug)]
pub(super) struct HistoryWork {
    quota: QuotaHandle,
    created: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pages_read: f64,
    units: BTreeMap<UnitId, UnitProgress>,
}

#[derive(Debug)]
struct UnitProgress {
    from_ms: i64,
    to_ms: i64,
    pages_read: f64,
    oldest_ms: Option<i64>,
}

impl HistoryWork {
    /// Creates the work of an account-Region, and shows it.
    pub(super) fn show(context: &RegionContext) -> Arc<Self> {
        let shared = &context.shared;
        let quota = shared.aws.history_quota(&context.session, &context.region);
        let work = Arc::new(Self {
            quota,
            created: Instant::now(),
            state: Mutex::default(),
        });
        let name = format!("{} (event history)", context.display_name());
        let pending = Arc::downgrade(&work);
        shared.tally.add_work(&name, pending);
        work
    }

    /// Adds a unit with this time range, in milliseconds since the Unix epoch.
    pub(super) fn add(&self, unit: UnitId, from_ms: i64, to_ms: i64) {
        let progress = UnitProgress {
            from_ms,
            to_ms,
            pages_read: 0.0,
            oldest_ms: None,
        };
        self.state.lock().units.insert(unit, progress);
    }

    /// Counts a page of a unit with events of these times.
    pub(super) fn record_page(&self, unit: UnitId, times: impl Iterator<Item = i64>) {
        let mut state = self.state.lock();
        state.pages_read += 1.0;
        if let Some(progress) = state.units.get_mut(&unit) {
            progress.record_page(times);
        }
    }

    /// Removes a unit that has ended.
    pub(super) fn remove(&self, unit: UnitId) {
        self.state.lock().units.remove(&unit);
    }
}

impl PendingWork for HistoryWork {
    fn progress(&self, name: &Arc<str>, _overall_ratio: f64) -> WorkProgress {
        let state = self.state.lock();
        let left = state.units.values().map(UnitProgress::pages_left);
        WorkProgress {
            name: Arc::clone(name),
            age: self.created.elapsed(),
            pages_read: state.pages_read,
            pages_left: left.clone().sum(),
            pages_guessed: 0.0,
            longest_unit: left.fold(0.0, f64::max),
            rate: self.quota.rate(),
            full_rate: self.quota.full_rate(),
            throttling: self.quota.throttling(),
            response_time: self.quota.response_time(),
        }
    }
}

impl UnitProgress {
    fn record_page(&mut self, times: impl Iterator<Item = i64>) {
        self.pages_read += 1.0;
        self.oldest_ms = times.chain(self.oldest_ms).min();
    }

    fn pages_left(&self) -> f64 {
        let Some(oldest_ms) = self.oldest_ms else {
            // Most lookups have one page.
            return 1.0;
        };
        let left = oldest_ms.saturating_sub(self.from_ms).max(0) as f64;
        let read = self.to_ms.saturating_sub(oldest_ms).max(1) as f64;
        (self.pages_read * left / read).clamp(MIN_PAGES_LEFT, MAX_PAGES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oldest_event_shows_how_much_is_read() {
        let mut progress = UnitProgress {
            from_ms: 0,
            to_ms: 1_000,
            pages_read: 0.0,
            oldest_ms: None,
        };
        assert_eq!(progress.pages_left(), 1.0);
        progress.record_page([990, 900].into_iter());
        assert_eq!(progress.pages_left(), 9.0);
        progress.record_page(std::iter::empty());
        assert_eq!(progress.pages_left(), 18.0);
        progress.record_page([500].into_iter());
        assert_eq!(progress.pages_left(), 3.0);
        progress.record_page([-5].into_iter());
        assert_eq!(progress.pages_left(), MIN_PAGES_LEFT);
    }
}
