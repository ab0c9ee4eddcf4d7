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

/// A guess is bounded, so that sums of guesses stay numbers.
const MOST_PAGES: f64 = 1e6;

/// How dense events lie is told from the time between them; between fewer than this many, that says little, and they
/// may have been sought out by a pattern in pages that looked at much more.
const TELLING: usize = 10;

/// What was seen of a unit so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Pages read.
    pub pages: u32,
    events: usize,
    /// The earliest and the latest event, in milliseconds since the Unix epoch, if there was any.
    seen: Option<(i64, i64)>,
}

impl Progress {
    /// One more page, with events of these times.
    pub fn see(&mut self, times: impl ExactSizeIterator<Item = i64>) {
        self.pages = self.pages.saturating_add(1);
        self.events = self.events.saturating_add(times.len());
        self.seen = times.fold(self.seen, |seen, time| {
            let (first, last) = seen.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        });
    }

    /// How many pages `unit` is likely to have in all, if it goes on as densely until `end_ms`; `before` was the guess
    /// before any event was seen.
    pub fn expected(&self, unit: &Range<i64>, end_ms: i64, before: f64) -> f64 {
        let pages = f64::from(self.pages);
        let Some((first, last)) = self.seen else { return before.max(pages) };
        let since = if self.events < TELLING { unit.start.min(first) } else { first };
        let (seen, left) = (last.saturating_sub(since).saturating_add(1), end_ms.saturating_sub(last).max(0));
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
}

/// Where to cut a unit of which `progress` was seen, and which has more pages, `expected` in all; empty: nowhere.
/// `end_ms` is where its events end.
pub(super) fn cuts(unit: &Range<i64>, end_ms: i64, progress: &Progress, expected: f64, load: Load) -> Vec<i64> {
    // A server that sends events of other times would send them again with each slice.
    let Some((begin, _)) = progress.seen.filter(|(first, last)| unit.contains(first) && unit.contains(last)) else {
        return Vec::new();
    };
    let span = end_ms.min(unit.end).saturating_sub(begin);
    let slices = how_many(progress.pages, expected, load);
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
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a guess is positive and bounded")]
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
        let expected = |pages: &[&[i64]]| after(pages).expected(&(0..2_000), 1_000, 7.0).round();
        let dense: Vec<i64> = (900..910).collect();
        assert_eq!(expected(&[]), 7.0);
        assert_eq!(expected(&[[].as_slice(); 9]), 9.0, "nothing is known, but that there were nine");
        assert_eq!(expected(&[&[0, 99]]), 10.0);
        assert_eq!(expected(&[&dense]), 10.0, "all lies at the end of the window");
        assert_eq!(expected(&[&[900, 909]]), 1.0, "two may have been found among many");
        assert_eq!(expected(&[&[i64::MIN, i64::MAX]]), 1.0);
        assert_eq!(after(&[&[i64::MIN; 10]]).expected(&(0..1), i64::MAX, 1.0), MOST_PAGES);
    }

    fn load(all: f64, answer: f64) -> Load {
        Load { all: Duration::from_secs_f64(all), answer: Duration::from_secs_f64(answer) }
    }

    #[test]
    fn what_would_end_last_is_cut_so_that_it_does_not() {
        // At eight calls a second, answers of a second each.
        assert_eq!(how_many(1, 100.0, load(12.5, 1.0)), 16, "alone: as short as may be, but not too many at a time");
        assert_eq!(how_many(1, 100.0, load(100.0, 1.0)), 4, "among seven hundred other pages");
        assert_eq!(how_many(1, 100.0, load(200.0, 1.0)), 1, "among fifteen hundred it is not long");
        assert_eq!(how_many(1, 10_000.0, load(1_250.0, 0.01)), 1, "one reader uses the quota up");
        assert_eq!(how_many(1, 16.0, load(2.0, 1.0)), 4);
        assert_eq!(how_many(1, 16.0, load(2.0, 0.0)), 1, "nothing is known of answers");
    }

    #[test]
    fn little_is_read_twice() {
        let cut = |pages, expected| how_many(pages, expected, load(1.0, 1.0));
        assert_eq!([cut(1, 15.9), cut(1, 16.0), cut(6, 96.0), cut(7, 96.0)], [1, 4, 16, 1]);
    }

    #[test]
    fn cuts_lie_inside_and_ascend() {
        let progress = after(&[&[100, 200]]);
        let cut =
            |unit: Range<i64>, progress: &Progress| cuts(&unit, unit.end.min(8_100), progress, 16.0, load(2.0, 1.0));
        assert_eq!(cut(0..10_000, &progress), [2_100, 4_100, 6_100]);
        assert_eq!(cut(0..10_000, &Progress::default()), Vec::<i64>::new());
        assert_eq!(cut(100..101, &after(&[&[100]])), Vec::<i64>::new(), "a millisecond is not cut");
        assert_eq!(cut(100..102, &after(&[&[100, 101]])), [101]);
        assert_eq!(cut(0..200, &progress), Vec::<i64>::new(), "an event that is not in the unit");
        let all = i64::MIN..i64::MAX;
        assert_eq!(cuts(&all, i64::MAX, &after(&[&[i64::MIN]]), 16.0, load(1.0, 1.0)).len(), 3);
    }
}
