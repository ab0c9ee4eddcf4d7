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
const SHORTEST: f64 = 4.0;
/// The maximum number of slices of one split. Slices that turn out to be long are split again.
const MOST_SLICES: usize = 16;
/// The share of its expected pages that a unit may have read when it is split, because those pages
/// are read twice.
const MOST_READ_TWICE: f64 = 1.0 / 16.0;
/// A unit whose pages contained no event gives no hint about its length. It is split after this
/// many pages, or twice, four times as many and so on, if the quota has unused permits: reading its
/// pages twice costs permits that no other unit needs.
///
/// The unit must also have read at least this share of all pages under that quota. Otherwise it is
/// one of many short log groups and would be finished sooner without the split.
const BLIND: u32 = 8;
const BLIND_SHARE: f64 = 1.0 / 4.0;

/// The upper bound of an estimate, so that sums of estimates stay finite.
const MOST_PAGES: f64 = 1e6;
/// The average number of events per page below which their density says nothing: the server ends a
/// page after it has searched a certain amount, and may return a single event with it.
const FEW_EVENTS: f64 = 2.0;
/// The share of a unit that must have been searched before its few events are used for an estimate.
const LEAST_SHARE: f64 = 1.0 / 64.0;

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
    pub fn see(&mut self, times: impl Iterator<Item = i64>) {
        self.pages = self.pages.saturating_add(1);
        self.seen = times.fold(self.seen, |seen, time| {
            self.events += 1;
            let (first, last) = seen.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        });
    }

    /// Returns how many pages a unit that starts at `begin_ms` and ends at `end_ms` probably has in
    /// all, if its density stays the same and it has more pages than were read. `before` is the
    /// estimate from before any event was seen.
    pub fn expected(&self, begin_ms: i64, end_ms: i64, before: f64) -> f64 {
        let pages = f64::from(self.pages);
        // A unit that exceeds its estimate is assumed to be half read.
        let blind = if before > pages { before } else { pages * 2.0 };
        let Some((first, last)) = self.seen else {
            return blind;
        };
        let are_dense = self.events as f64 >= pages * FEW_EVENTS;
        // With many events per page, time without events costs no pages, so only the time since the
        // first event counts. With few, all searched time counts.
        let first = if are_dense { first } else { begin_ms.min(last) };
        let seen = last.saturating_sub(first).saturating_add(1);
        let left = end_ms.saturating_sub(last).max(0);
        if !are_dense && (seen as f64) < (seen as f64 + left as f64) * LEAST_SHARE {
            return blind;
        }
        (pages + pages * left as f64 / seen as f64).min(MOST_PAGES)
    }
}

/// What else uses the quota of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// How long it takes at the quota's rate to read everything that is left under it, including
    /// the unit.
    pub all: Duration,
    /// The response time of a call.
    pub answer: Duration,
    /// Whether all units together, read concurrently, do not use up the quota.
    pub is_idle: bool,
    /// The number of pages that were read under the quota so far.
    pub pages_read: f64,
}

/// Returns the times at which to split a unit that has more pages than were read, `expected` in
/// all. `end_ms` is where its events end. An empty result means that the unit is not split.
pub(super) fn cuts(
    unit: &Range<i64>,
    end_ms: i64,
    progress: &Progress,
    expected: f64,
    load: Load,
) -> Vec<i64> {
    // If no event was seen, as in most log groups of a hunt, equal parts of the time are as good as
    // any.
    let begin = progress
        .seen
        .map_or(unit.start, |(first, _)| first.clamp(unit.start, unit.end));
    let span = end_ms.min(unit.end).saturating_sub(begin);
    let is_blind = progress.seen.is_none()
        && progress.pages >= BLIND
        && progress.pages.is_power_of_two()
        && f64::from(progress.pages) >= load.pages_read * BLIND_SHARE;
    let slices = if is_blind && load.is_idle {
        MOST_SLICES
    } else {
        how_many(progress.pages, expected, load)
    };
    let mut cuts: Vec<i64> = (1..slices)
        .filter_map(|n| {
            let n = i128::try_from(n).ok()?;
            let slices = i128::try_from(slices).ok()?;
            i64::try_from(i128::from(begin) + i128::from(span) * n / slices).ok()
        })
        .filter(|cut| unit.start < *cut && *cut < unit.end)
        .collect();
    cuts.dedup();
    cuts
}

/// Returns into how many slices to split a unit. A unit is long if its pages, read one after the
/// other, take more than half of the time that the quota needs for all remaining work: it would
/// finish last, with the quota mostly unused. Slices of a quarter of that time do not.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a guess is positive and bounded"
)]
fn how_many(pages: u32, expected: f64, load: Load) -> usize {
    let all = load.all.as_secs_f64();
    let answer = load.answer.as_secs_f64();
    let is_long = expected * answer > all / 2.0;
    if !is_long || f64::from(pages) > expected * MOST_READ_TWICE {
        return 1;
    }
    let slice = (all / answer / 4.0).max(SHORTEST);
    ((expected / slice).ceil() as usize).min(MOST_SLICES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pages: &[&[i64]]) -> Progress {
        let mut progress = Progress::default();
        for times in pages {
            progress.see(times.iter().copied());
        }
        progress
    }

    #[test]
    fn pages_to_come_are_guessed_from_those_that_came() {
        assert_eq!(after(&[]).expected(0, 1_000, 7.0), 7.0);
        assert_eq!(
            after(&[&[], &[]]).expected(0, 1_000, 7.0),
            7.0,
            "no event was let through"
        );
        assert_eq!(
            after(&[&[], &[]]).expected(0, 1_000, 1.0),
            4.0,
            "nothing is known, but that there were two"
        );
        assert_eq!(after(&[&[0, 99]]).expected(0, 1_000, 1.0).round(), 10.0);
        assert_eq!(
            after(&[&[900, 950], &[940, 999]])
                .expected(0, 1_000, 1.0)
                .round(),
            2.0
        );
        let late = after(&[&[900, 909]]);
        assert_eq!(
            late.expected(0, 1_000, 1.0).round(),
            10.0,
            "all lies at the end of the window"
        );
    }

    #[test]
    fn few_events_tell_how_much_was_looked_through_and_no_more() {
        assert_eq!(after(&[&[99]]).expected(0, 1_000, 1.0).round(), 10.0);
        assert_eq!(
            after(&[&[900], &[909]]).expected(0, 1_000, 1.0).round(),
            2.0
        );
        assert_eq!(
            after(&[&[0]]).expected(0, 86_400_000, 3.0),
            3.0,
            "the very first event tells nothing"
        );
        assert_eq!(
            after(&[&[5]]).expected(100, 200, 3.0),
            3.0,
            "nor does one from before the unit"
        );
        assert_eq!(
            after(&[&[i64::MIN, i64::MAX]]).expected(i64::MIN, i64::MAX, 1.0),
            1.0
        );
        assert_eq!(
            after(&[&[i64::MIN / 2, i64::MIN / 2]]).expected(i64::MIN, i64::MAX, 1.0),
            MOST_PAGES
        );
    }

    fn load(all: f64, answer: f64) -> Load {
        Load {
            all: Duration::from_secs_f64(all),
            answer: Duration::from_secs_f64(answer),
            is_idle: false,
            pages_read: 0.0,
        }
    }

    #[test]
    fn what_would_end_last_is_cut_so_that_it_does_not() {
        // At eight calls per second, with responses that take a second each.
        assert_eq!(
            how_many(1, 100.0, load(12.5, 1.0)),
            16,
            "alone: as short as may be, but not too many at a time"
        );
        assert_eq!(
            how_many(1, 100.0, load(100.0, 1.0)),
            4,
            "among seven hundred other pages"
        );
        assert_eq!(
            how_many(1, 100.0, load(200.0, 1.0)),
            1,
            "among fifteen hundred it is not long"
        );
        assert_eq!(
            how_many(1, 10_000.0, load(1_250.0, 0.01)),
            1,
            "one reader uses the quota up"
        );
        assert_eq!(how_many(1, 16.0, load(2.0, 1.0)), 4);
        assert_eq!(
            how_many(1, 16.0, load(2.0, 0.0)),
            1,
            "nothing is known of answers"
        );
    }

    #[test]
    fn little_is_read_twice() {
        let cut = |pages, expected| how_many(pages, expected, load(1.0, 1.0));
        assert_eq!(
            [cut(1, 15.9), cut(1, 16.0), cut(6, 96.0), cut(7, 96.0)],
            [1, 4, 16, 1]
        );
    }

    #[test]
    fn what_lets_nothing_through_is_cut_where_the_quota_is_idle() {
        let slices = |pages: usize, is_idle, pages_read| {
            let load = Load {
                is_idle,
                pages_read,
                ..load(2.0, 1.0)
            };
            cuts(
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
            [1, MOST_SLICES, 1, 1, MOST_SLICES]
        );
        assert_eq!(slices(8, false, 20.0), 1);
        assert_eq!(
            [32.0, 33.0].map(|read| slices(8, true, read)),
            [MOST_SLICES, 1],
            "one of many is soon read"
        );
    }

    #[test]
    fn cuts_lie_inside_and_ascend() {
        let progress = after(&[&[100, 200]]);
        let cut = |unit: Range<i64>, progress: &Progress| {
            cuts(&unit, unit.end.min(8_100), progress, 16.0, load(2.0, 1.0))
        };
        assert_eq!(cut(0..10_000, &progress), [2_100, 4_100, 6_100]);
        assert_eq!(
            cut(0..10_000, &after(&[&[]])),
            [2_025, 4_050, 6_075],
            "no event was let through"
        );
        assert_eq!(
            cut(100..101, &progress),
            Vec::<i64>::new(),
            "a millisecond is not cut"
        );
        assert_eq!(cut(100..102, &progress), [101]);
        assert_eq!(
            cut(0..50, &progress),
            Vec::<i64>::new(),
            "events that are not in the unit"
        );
        let all = i64::MIN..i64::MAX;
        assert_eq!(
            cuts(&all, i64::MAX, &after(&[&[i64::MIN]]), 16.0, load(1.0, 1.0)).len(),
            3
        );
    }
}
