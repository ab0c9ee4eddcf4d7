//! Where to cut a unit. Pure: the same progress and room always give the same cuts.
//!
//! `FilterLogEvents` gives events in no order that can be relied on, so nothing that was read of a unit is kept when
//! it is cut: all of it is read again, by time. So a cut costs the pages read so far, and half a page more for each
//! slice, whose last page is not full. What is told here from the order of events is a guess about the work that is
//! left; it decides how fast events are read, never which.

use std::ops::Range;
use std::time::Duration;

/// Slices have at least so many pages: shorter ones would cost more than they save.
const SHORTEST: f64 = 4.0;
/// At a time; slices that turn out to be long are cut again.
const MOST_SLICES: usize = 16;
/// Of a unit that is cut, at most this share is read twice.
const MOST_READ_TWICE: f64 = 1.0 / 16.0;
/// A unit of which no event was let through tells nothing of its length. If the quota is not used up when it has so
/// many pages, or twice, four times as many, it is cut: what is read twice costs permits that nobody else wants. But only
/// if they are such a share of all pages that were read under the quota: what is as long again as a small one of many
/// groups is soon read, and cutting it would take longer.
const BLIND: u32 = 8;
const BLIND_SHARE: f64 = 1.0 / 4.0;

/// A guess is bounded, so that sums of guesses stay numbers.
const MOST_PAGES: f64 = 1e6;
/// Events a page, without which nobody can tell how close together they lie: the server ends a page where it has
/// looked through enough, and may let a single one of them through.
const FEW_EVENTS: f64 = 2.0;
/// Of a unit, at least such a share must have been looked through before it is judged by where its few events lie.
const LEAST_SHARE: f64 = 1.0 / 64.0;

/// What was seen of a unit so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Pages read.
    pub pages: u32,
    events: u64,
    /// The earliest and the latest event, in milliseconds since the Unix epoch, if there was any.
    seen: Option<(i64, i64)>,
}

impl Progress {
    /// One more page, with events of these times.
    pub fn see(&mut self, times: impl Iterator<Item = i64>) {
        self.pages = self.pages.saturating_add(1);
        self.seen = times.fold(self.seen, |seen, time| {
            self.events += 1;
            let (first, last) = seen.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        });
    }

    /// How many pages a unit from `begin_ms` on is likely to have in all, if it goes on as densely until `end_ms` and
    /// has more than were read; `before` was the guess before any event was seen.
    pub fn expected(&self, begin_ms: i64, end_ms: i64, before: f64) -> f64 {
        let pages = f64::from(self.pages);
        // What has outlasted the guess may as well go on for as long again.
        let blind = if before > pages { before } else { pages * 2.0 };
        let Some((first, last)) = self.seen else {
            return blind;
        };
        let are_dense = self.events as f64 >= pages * FEW_EVENTS;
        // Where events are many, time without any costs no pages. Else what was looked through counts from the beginning.
        let first = if are_dense { first } else { begin_ms.min(last) };
        let (seen, left) = (
            last.saturating_sub(first).saturating_add(1),
            end_ms.saturating_sub(last).max(0),
        );
        if !are_dense && (seen as f64) < (seen as f64 + left as f64) * LEAST_SHARE {
            return blind;
        }
        (pages + pages * left as f64 / seen as f64).min(MOST_PAGES)
    }
}

/// What surrounds a unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// How long it takes at the quota's rate to read all that is left to read under it, the unit included.
    pub all: Duration,
    /// How long an answer takes.
    pub answer: Duration,
    /// Whether all units that there are, read side by side, do not use the quota up.
    pub is_idle: bool,
    /// Pages that were read under it so far.
    pub pages_read: f64,
}

/// Where to cut a unit of which `progress` was seen, and which has more pages, `expected` in all; empty: nowhere.
/// `end_ms` is where its events end.
pub(super) fn cuts(
    unit: &Range<i64>,
    end_ms: i64,
    progress: &Progress,
    expected: f64,
    load: Load,
) -> Vec<i64> {
    // Where no event was let through, as in most groups of a hunt, even parts of the time are as good as any.
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
            let (n, slices) = (i128::try_from(n).ok()?, i128::try_from(slices).ok()?);
            i64::try_from(i128::from(begin) + i128::from(span) * n / slices).ok()
        })
        .filter(|cut| unit.start < *cut && *cut < unit.end)
        .collect();
    cuts.dedup();
    cuts
}

/// A unit is long if its pages, each asked for when the one before has come, last longer than half of all that the
/// quota is needed for: it would be the last to end, with the quota idle. Slices of a quarter of that are not.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a guess is positive and bounded"
)]
fn how_many(pages: u32, expected: f64, load: Load) -> usize {
    let (all, answer) = (load.all.as_secs_f64(), load.answer.as_secs_f64());
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
        // At eight calls a second, answers of a second each.
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
