//! Estimates from the log times of events how many pages a work unit has, for the progress display.
//! Pure.
//!
//! `FilterLogEvents` searches in the order of time, so a page has searched at least the time up to
//! its last event. How close together events lie inside of a page says nothing: a page may end
//! because enough other events were searched. So only the ends of pages count.

use std::ops::Range;

/// The share of a unit that must have been searched before a single page is used for an estimate.
const MIN_SEARCHED_SHARE: f64 = 1.0 / 64.0;
/// The fewest pages that an estimate may leave before it is combined with another one.
const MIN_PAGES_LEFT: f64 = 0.3;
/// The upper bound of an estimate, so that sums of estimates stay finite.
const MAX_PAGES: f64 = 1e6;
/// The number of pages with events that count as much as what is known from elsewhere.
const PAGES_TO_TRUST: f64 = 0.5;

/// Where the pages of a unit end, as far as events show it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PagePositions {
    pages: f64,
    pages_with_events: f64,
    first: Option<PageEnd>,
    latest: Option<PageEnd>,
}

#[derive(Clone, Copy, Debug)]
struct PageEnd {
    /// The number of pages up to here.
    pages: f64,
    /// The latest log time so far, in milliseconds since the Unix epoch.
    time_ms: i64,
}

/// The estimated number of pages of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Located {
    /// All pages, including those that were read.
    pub pages: f64,
    /// How much the estimate counts, from 0 to 1, compared with what is known from elsewhere.
    pub trust: f64,
}

impl PagePositions {
    /// Adds a page with events of these log times.
    pub(super) fn record_page(&mut self, times: impl Iterator<Item = i64>) {
        self.pages += 1.0;
        let Some(last_ms) = times.max() else {
            return;
        };
        let earlier_ms = self.latest.map_or(last_ms, |end| end.time_ms);
        let end = PageEnd {
            pages: self.pages,
            time_ms: last_ms.max(earlier_ms),
        };
        self.pages_with_events += 1.0;
        self.first.get_or_insert(end);
        self.latest = Some(end);
    }

    /// Estimates how many pages a unit with this range of log times has, in milliseconds since the
    /// Unix epoch. `None` if no event shows where a page ends.
    pub(super) fn locate(&self, range: &Range<i64>) -> Option<Located> {
        let latest = self.latest?;
        let pages_left = self.estimate_pages_left(latest, range)?;
        Some(Located {
            pages: (latest.pages + pages_left).max(self.pages).min(MAX_PAGES),
            trust: self.pages_with_events / (self.pages_with_events + PAGES_TO_TRUST),
        })
    }

    fn estimate_pages_left(&self, latest: PageEnd, range: &Range<i64>) -> Option<f64> {
        let left = milliseconds(latest.time_ms, range.end);
        if left == 0.0 {
            return Some(0.0);
        }
        let searched = milliseconds(range.start, latest.time_ms);
        let is_enough = searched >= (searched + left) * MIN_SEARCHED_SHARE;
        let overall = is_enough.then(|| latest.pages * left / searched);
        let recent = self.first.and_then(|first| {
            let between = milliseconds(first.time_ms, latest.time_ms);
            (between > 0.0).then(|| (latest.pages - first.pages) * left / between)
        });
        match (overall, recent) {
            (Some(overall), Some(recent)) => {
                // The more pages have events, the more the pace between them counts.
                let weight = (self.pages_with_events - 1.0) / self.pages_with_events;
                let overall = overall.max(MIN_PAGES_LEFT);
                Some(overall.powf(1.0 - weight) * recent.max(MIN_PAGES_LEFT).powf(weight))
            }
            (Some(pages), None) | (None, Some(pages)) => Some(pages),
            (None, None) => None,
        }
    }
}

/// The time from one moment to another; zero if it is not later.
fn milliseconds(from_ms: i64, to_ms: i64) -> f64 {
    to_ms.saturating_sub(from_ms).max(0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(pages: &[&[i64]], range: Range<i64>) -> Option<f64> {
        let mut positions = PagePositions::default();
        for times in pages {
            positions.record_page(times.iter().copied());
        }
        positions
            .locate(&range)
            .map(|located| located.pages.round())
    }

    #[test]
    fn number_of_pages_follows_searched_time() {
        assert_eq!(located(&[], 0..1_000), None);
        assert_eq!(located(&[&[], &[]], 0..1_000), None, "no event matched");
        assert_eq!(located(&[&[0, 100]], 0..1_000), Some(10.0));
        assert_eq!(
            located(&[&[], &[], &[740, 741, 742, 743, 750]], 0..1_000),
            Some(4.0),
            "many events in a moment are not many pages"
        );
        assert_eq!(
            located(&[&[1]], 0..1_000),
            None,
            "the very first event says nothing"
        );
        assert_eq!(located(&[&[1_000], &[]], 0..1_000), Some(2.0));
        assert_eq!(
            located(&[&[i64::MIN], &[i64::MAX]], i64::MIN..i64::MAX),
            Some(2.0)
        );
    }

    #[test]
    fn pace_between_pages_counts_if_events_begin_late() {
        // Pages of ten milliseconds, in the last tenth of the range.
        let times: Vec<[i64; 1]> = (0..5).map(|page| [9_010 + page * 10]).collect();
        let pages: Vec<&[i64]> = times.iter().map(<[i64; 1]>::as_slice).collect();
        let one = located(pages.get(..1).unwrap(), 0..10_000).unwrap();
        let five = located(&pages, 0..10_000).unwrap();
        assert!(one <= 2.0, "{one}");
        assert!((20.0..=100.0).contains(&five), "{five}");
    }
}
