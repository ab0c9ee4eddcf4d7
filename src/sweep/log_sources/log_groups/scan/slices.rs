//! Decides where to split a work unit into time slices. Pure: the same progress and load always
//! give the same result.
//!
//! `FilterLogEvents` guarantees no order of events, so nothing that was read of a unit is kept when
//! it is split: all slices are read from their start. A split therefore costs the pages read so
//! far, and half a page more for each slice, whose last page is not full. The estimates here use
//! the order of events only to guess how much work is left. They decide how fast events are read,
//! never which events are read.

use std::ops::Range;
use std::time::Duration;

/// The minimum length of a slice in pages. Shorter ones would cost more than they save.
const MIN_SLICE_PAGES: f64 = 4.0;
/// The maximum number of slices of one split. Slices that turn out to be long are split again.
const MAX_SLICES: usize = 16;
/// The share of its expected pages that a unit may have read when it is split, because those pages
/// are read twice.
const MAX_REREAD_SHARE: f64 = 1.0 / 16.0;
/// A unit whose pages contained no event gives no hint about its length. It is split after this
/// many pages, or twice, four times as many and so on, if the quota has unused permits: reading its
/// pages twice costs permits that no other unit needs.
///
/// The unit must also have read at least this share of all pages under that quota. Otherwise it is
/// one of many short log groups and would be finished sooner without the split.
const MIN_EMPTY_PAGES: u32 = 8;
const MIN_EMPTY_SHARE: f64 = 1.0 / 4.0;

/// The upper bound of an estimate, so that sums of estimates stay finite.
const MAX_PAGES: f64 = 1e6;
/// The average number of events per page below which their density says nothing: the server ends a
/// page after it has searched a certain amount, and may return a single event with it.
const MIN_EVENTS_PER_PAGE: f64 = 2.0;
/// The share of a unit that must have been searched before its few events are used for an estimate.
const MIN_SEARCHED_SHARE: f64 = 1.0 / 64.0;

/// What was read of a unit so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number of pages.
    pub pages: u32,
    events: u64,
    /// The earliest and the latest log time of its events, in milliseconds since the Unix epoch.
    seen: Option<(i64, i64)>,
}

impl Progress {
    /// Adds a page with events of these log times.
    pub(super) fn record_page(&mut self, times: impl Iterator<Item = i64>) {
        self.pages = self.pages.saturating_add(1);
        self.seen = times.fold(self.seen, |seen, time| {
            self.events += 1;
            let (first, last) = seen.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        });
    }

    /// Returns how many pages a unit that starts at `from_ms` and ends at `end_ms` probably has in
    /// all, if its density stays the same and it has more pages than were read. `initial_estimate`
    /// is the estimate from before any event was seen.
    pub(super) fn estimate_pages(&self, from_ms: i64, end_ms: i64, initial_estimate: f64) -> f64 {
        let pages = f64::from(self.pages);
        // A unit that exceeds its estimate is assumed to be half read.
        let default = if initial_estimate > pages {
            initial_estimate
        } else {
            pages * 2.0
        };
        let Some((first, last)) = self.seen else {
            return default;
        };
        let are_dense = self.events as f64 >= pages * MIN_EVENTS_PER_PAGE;
        // With many events per page, time without events costs no pages, so only the time since the
        // first event counts. With few, all searched time counts.
        let first = if are_dense { first } else { from_ms.min(last) };
        let seen = last.saturating_sub(first).saturating_add(1);
        let left = end_ms.saturating_sub(last).max(0);
        if !are_dense && (seen as f64) < (seen as f64 + left as f64) * MIN_SEARCHED_SHARE {
            return default;
        }
        (pages + pages * left as f64 / seen as f64).min(MAX_PAGES)
    }
}

/// What else uses the quota of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// How long it takes at the quota's rate to read everything that is left under it, including
    /// the unit.
    pub time_left: Duration,
    /// The response time of a call.
    pub response_time: Duration,
    /// Whether all units together, read concurrently, do not use up the quota.
    pub is_idle: bool,
    /// The number of pages that were read under the quota so far.
    pub pages_read: f64,
}

/// Returns the times at which to split a unit that has more pages than were read, `expected` in
/// all. `end_ms` is where its events end. An empty result means that the unit is not split.
pub(super) fn split_times(
    unit: &Range<i64>,
    end_ms: i64,
    progress: &Progress,
    expected: f64,
    load: Load,
) -> Vec<i64> {
    // If no event was seen, as in most log groups of a hunt, equal parts of the time are as good as
    // any.
    let first_ms = progress
        .seen
        .map_or(unit.start, |(first, _)| first.clamp(unit.start, unit.end));
    let span = end_ms.min(unit.end).saturating_sub(first_ms);
    let is_empty_so_far = progress.seen.is_none()
        && progress.pages >= MIN_EMPTY_PAGES
        && progress.pages.is_power_of_two()
        && f64::from(progress.pages) >= load.pages_read * MIN_EMPTY_SHARE;
    let slices = if is_empty_so_far && load.is_idle {
        MAX_SLICES
    } else {
        slice_count(progress.pages, expected, load)
    };
    let mut split_times: Vec<i64> = (1..slices)
        .filter_map(|n| {
            let n = i128::try_from(n).ok()?;
            let slices = i128::try_from(slices).ok()?;
            i64::try_from(i128::from(first_ms) + i128::from(span) * n / slices).ok()
        })
        .filter(|split| unit.start < *split && *split < unit.end)
        .collect();
    split_times.dedup();
    split_times
}

/// Returns into how many slices to split a unit. A unit is long if its pages, read one after the
/// other, take more than half of the time that the quota needs for all remaining work: it would
/// finish last, with the quota mostly unused. Slices of a quarter of that time do not.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a guess is positive and bounded"
)]
fn slice_count(pages: u32, expected: f64, load: Load) -> usize {
    let time_left = load.time_left.as_secs_f64();
    let response_time = load.response_time.as_secs_f64();
    let is_long = expected * response_time > time_left / 2.0;
    if !is_long || f64::from(pages) > expected * MAX_REREAD_SHARE {
        return 1;
    }
    let slice = (time_left / response_time / 4.0).max(MIN_SLICE_PAGES);
    ((expected / slice).ceil() as usize).min(MAX_SLICES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pages: &[&[i64]]) -> Progress {
        let mut progress = Progress::default();
        for times in pages {
            progress.record_page(times.iter().copied());
        }
        progress
    }

    #[test]
    fn remaining_pages_follow_density() {
        assert_eq!(after(&[]).estimate_pages(0, 1_000, 7.0), 7.0);
        assert_eq!(
            after(&[&[], &[]]).estimate_pages(0, 1_000, 7.0),
            7.0,
            "no event matched"
        );
        assert_eq!(
            after(&[&[], &[]]).estimate_pages(0, 1_000, 1.0),
            4.0,
            "twice the two pages that were read"
        );
        assert_eq!(
            after(&[&[0, 99]]).estimate_pages(0, 1_000, 1.0).round(),
            10.0
        );
        assert_eq!(
            after(&[&[900, 950], &[940, 999]])
                .estimate_pages(0, 1_000, 1.0)
                .round(),
            2.0
        );
        let late = after(&[&[900, 909]]);
        assert_eq!(
            late.estimate_pages(0, 1_000, 1.0).round(),
            10.0,
            "all events are at the end of the window"
        );
    }

    #[test]
    fn few_events_count_searched_time_only() {
        assert_eq!(after(&[&[99]]).estimate_pages(0, 1_000, 1.0).round(), 10.0);
        assert_eq!(
            after(&[&[900], &[909]])
                .estimate_pages(0, 1_000, 1.0)
                .round(),
            2.0
        );
        assert_eq!(
            after(&[&[0]]).estimate_pages(0, 86_400_000, 3.0),
            3.0,
            "the very first event says nothing"
        );
        assert_eq!(
            after(&[&[5]]).estimate_pages(100, 200, 3.0),
            3.0,
            "nor does one from before the unit"
        );
        assert_eq!(
            after(&[&[i64::MIN, i64::MAX]]).estimate_pages(i64::MIN, i64::MAX, 1.0),
            1.0
        );
        assert_eq!(
            after(&[&[i64::MIN / 2, i64::MIN / 2]]).estimate_pages(i64::MIN, i64::MAX, 1.0),
            MAX_PAGES
        );
    }

    fn load(time_left: f64, response_time: f64) -> Load {
        Load {
            time_left: Duration::from_secs_f64(time_left),
            response_time: Duration::from_secs_f64(response_time),
            is_idle: false,
            pages_read: 0.0,
        }
    }

    #[test]
    fn long_unit_is_split_to_use_quota() {
        // At eight calls per second, with responses that take a second each.
        assert_eq!(
            slice_count(1, 100.0, load(12.5, 1.0)),
            16,
            "alone: shortest slices, up to the maximum"
        );
        assert_eq!(
            slice_count(1, 100.0, load(100.0, 1.0)),
            4,
            "among 700 other pages"
        );
        assert_eq!(
            slice_count(1, 100.0, load(200.0, 1.0)),
            1,
            "not long among 1,500 other pages"
        );
        assert_eq!(
            slice_count(1, 10_000.0, load(1_250.0, 0.01)),
            1,
            "one reader uses the quota up"
        );
        assert_eq!(slice_count(1, 16.0, load(2.0, 1.0)), 4);
        assert_eq!(
            slice_count(1, 16.0, load(2.0, 0.0)),
            1,
            "the response time is unknown"
        );
    }

    #[test]
    fn unit_is_not_split_after_many_pages() {
        let split = |pages, expected| slice_count(pages, expected, load(1.0, 1.0));
        assert_eq!(
            [
                split(1, 15.9),
                split(1, 16.0),
                split(6, 96.0),
                split(7, 96.0)
            ],
            [1, 4, 16, 1]
        );
    }

    #[test]
    fn unit_without_events_is_split_if_quota_is_idle() {
        let slices = |pages: usize, is_idle, pages_read| {
            let load = Load {
                is_idle,
                pages_read,
                ..load(2.0, 1.0)
            };
            split_times(
                &(0..10_000),
                8_100,
                &after(&vec![&[][..]; pages]),
                1.1,
                load,
            )
            .len()
                + 1
        };
        assert_eq!(
            [7, 8, 9, 15, 16].map(|pages| slices(pages, true, 20.0)),
            [1, MAX_SLICES, 1, 1, MAX_SLICES]
        );
        assert_eq!(slices(8, false, 20.0), 1);
        assert_eq!(
            [32.0, 33.0].map(|read| slices(8, true, read)),
            [MAX_SLICES, 1],
            "one of many short units"
        );
    }

    #[test]
    fn split_times_are_inside_and_ascending() {
        let progress = after(&[&[100, 200]]);
        let split = |unit: Range<i64>, progress: &Progress| {
            split_times(&unit, unit.end.min(8_100), progress, 16.0, load(2.0, 1.0))
        };
        assert_eq!(split(0..10_000, &progress), [2_100, 4_100, 6_100]);
        assert_eq!(
            split(0..10_000, &after(&[&[]])),
            [2_025, 4_050, 6_075],
            "no event matched"
        );
        assert_eq!(
            split(100..101, &progress),
            Vec::<i64>::new(),
            "a millisecond is not split"
        );
        assert_eq!(split(100..102, &progress), [101]);
        assert_eq!(
            split(0..50, &progress),
            Vec::<i64>::new(),
            "events outside the unit"
        );
        let all = i64::MIN..i64::MAX;
        assert_eq!(
            split_times(&all, i64::MAX, &after(&[&[i64::MIN]]), 16.0, load(1.0, 1.0)).len(),
            3
        );
    }
}
