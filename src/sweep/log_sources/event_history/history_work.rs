//! What the progress display shows of the reading of an event history.
//!
//! The history returns the newest events first, so the oldest event of the pages so far shows how
//! much of a time range was read. At first that is little: a burst in the newest minutes, such as the
//! calls of the sweep itself, says nothing about the hours before it. So the average of all time
//! ranges counts like a quarter of the range.

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
/// The share of a time range for which the average of all ranges counts.
const AVERAGE_SHARE: f64 = 0.25;

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
    /// The length of the ranges that have ended, in milliseconds.
    ended_ms: f64,
    units: BTreeMap<UnitId, UnitProgress>,
}

impl State {
    /// Returns the average number of pages per millisecond of what was read; `None` while nothing
    /// was.
    fn average_density(&self) -> Option<f64> {
        let read_ms: f64 = self.units.values().map(UnitProgress::read_ms).sum();
        let all_ms = self.ended_ms + read_ms;
        (all_ms > 0.0).then(|| self.pages_read / all_ms)
    }
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
        let mut state = self.state.lock();
        if let Some(progress) = state.units.remove(&unit) {
            state.ended_ms += progress.length_ms();
        }
    }
}

impl PendingWork for HistoryWork {
    fn progress(&self, name: &Arc<str>, _overall_ratio: f64) -> WorkProgress {
        let state = self.state.lock();
        let density = state.average_density();
        let left = state.units.values().map(|unit| unit.pages_left(density));
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

    fn length_ms(&self) -> f64 {
        self.to_ms.saturating_sub(self.from_ms).max(0) as f64
    }

    /// Returns how much of the range was read, in milliseconds.
    fn read_ms(&self) -> f64 {
        let oldest_ms = self.oldest_ms.unwrap_or(self.to_ms);
        let read_ms = self.to_ms.saturating_sub(oldest_ms).max(0) as f64;
        read_ms.min(self.length_ms())
    }

    /// Returns the pages that are left, if other ranges have this many pages per millisecond.
    fn pages_left(&self, average_density: Option<f64>) -> f64 {
        let Some(average) = average_density else {
            // Most lookups have one page.
            return 1.0;
        };
        let average_ms = (self.length_ms() * AVERAGE_SHARE).max(1.0);
        let density = (self.pages_read + average * average_ms) / (self.read_ms() + average_ms);
        let left = (self.length_ms() - self.read_ms()) * density;
        left.clamp(MIN_PAGES_LEFT, MAX_PAGES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn unread(from_ms: i64, to_ms: i64) -> UnitProgress {
        UnitProgress {
            from_ms,
            to_ms,
            pages_read: 0.0,
            oldest_ms: None,
        }
    }

    fn state(units: Vec<UnitProgress>) -> State {
        let units = units.into_iter().enumerate();
        State {
            pages_read: 0.0,
            ended_ms: 0.0,
            units: units
                .map(|(number, unit)| (UnitId::for_test(i64::try_from(number).unwrap()), unit))
                .collect(),
        }
    }

    impl State {
        fn read(&mut self, unit: i64, times: &[i64]) {
            self.pages_read += 1.0;
            let progress = self.units.get_mut(&UnitId::for_test(unit)).unwrap();
            progress.record_page(times.iter().copied());
        }

        fn pages_left(&self) -> f64 {
            let density = self.average_density();
            self.units
                .values()
                .map(|unit| unit.pages_left(density))
                .sum()
        }
    }

    #[test]
    fn oldest_event_shows_how_much_is_read() {
        let mut state = state(vec![unread(0, 1_000)]);
        assert_eq!(state.pages_left(), 1.0);
        for (times, expected) in [
            (&[990, 900][..], 9.0),
            (&[], 18.0),
            (&[500], 3.0),
            (&[-5], MIN_PAGES_LEFT),
        ] {
            state.read(0, times);
            let left = state.pages_left();
            assert!((left - expected).abs() < 1e-9, "{left} {expected}");
        }
    }

    #[test]
    fn burst_at_the_end_does_not_decide_alone() {
        let ranges = (0..4).map(|number| unread(number * 6 * HOUR_MS, (number + 1) * 6 * HOUR_MS));
        let mut state = state(ranges.collect());
        // A page an hour, but the newest page is from the last minute.
        for unit in 0..3 {
            state.read(unit, &[((unit + 1) * 6 - 1) * HOUR_MS]);
        }
        state.read(3, &[24 * HOUR_MS - 60_000]);
        let left = state.pages_left();
        assert!((20.0..36.0).contains(&left), "{left} instead of 21 pages");
    }
}
