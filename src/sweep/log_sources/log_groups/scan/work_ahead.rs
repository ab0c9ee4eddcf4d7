//! Estimates how many pages the work units of an account-Region have left, for the progress
//! display. Pure.
//!
//! The stored bytes of a log group say little about its pages, so they are corrected by what was
//! read: how many pages units had for each page that was expected. The slices of a log group are
//! corrected by its other slices, because a long log group says nothing about short ones. A second
//! pass takes as many pages as the first one.
//!
//! These estimates are independent of those that decide where units are split (see `slices.rs`).

use std::collections::BTreeMap;

use super::page_positions::Located;
use crate::store::{CoverageId, Pass, UnitId};
use crate::sweep::pending_work::FinishedPages;

/// A unit that read more pages than expected has this many times as many, as a basis for others.
const EXCEEDED_FACTOR: f64 = 1.5;
/// A unit that is being read is not nearly done before its last page.
const MIN_PAGES_LEFT: f64 = 0.5;
/// The most pages of a slice that are counted as the cost of having it.
const MAX_PAGES_OF_EMPTY_SLICE: f64 = 2.0;

/// The units of a pass over a log group.
pub(super) type SeriesId = (CoverageId, Pass);

/// A unit as the progress display sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShownUnit {
    pub id: UnitId,
    pub series: SeriesId,
    /// The number of pages that were expected before anything was read.
    pub expected: f64,
    pub kind: UnitKind,
    /// Whether a later pass will probably read the same again.
    pub has_later_pass: bool,
}

/// What the expected pages of a unit are based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitKind {
    /// The stored bytes of its log group.
    Whole,
    /// The pages that an earlier pass had.
    Measured,
    /// What was read of the unit of which it is a slice.
    Slice,
}

/// The pages that an account-Region has left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct PagesLeft {
    /// All of them.
    pub all: f64,
    /// Those that are a mere guess: nothing shows how long these units are.
    pub guessed: f64,
    /// Those of the longest unit, which are read one after the other.
    pub longest: f64,
}

/// The units of an account-Region that are not finished.
#[derive(Debug, Default)]
pub(super) struct WorkAhead {
    /// Whole units of which nothing was read.
    waiting: Waiting,
    /// The expected pages of those that a later pass reads again.
    waiting_for_two_passes: f64,
    /// Units of which something was read, and slices.
    series: BTreeMap<SeriesId, Series>,
    /// The pages of whole units that were read to their end.
    finished: FinishedPages,
}

#[derive(Debug, Default)]
struct Waiting {
    units: f64,
    expected: f64,
}

#[derive(Debug, Default)]
struct Series {
    has_later_pass: bool,
    is_measured: bool,
    is_split: bool,
    /// The expected pages of its whole units.
    expected_whole: f64,
    waiting: Waiting,
    started: BTreeMap<UnitId, StartedUnit>,
    finished: Finished,
}

/// The units of a series that were read to their end.
#[derive(Debug, Default)]
struct Finished {
    units: f64,
    expected: f64,
    read: f64,
    /// The fewest pages of one unit.
    fewest: f64,
}

#[derive(Debug)]
struct StartedUnit {
    expected: f64,
    read: f64,
    located: Option<Located>,
}

impl WorkAhead {
    /// Adds a unit of which nothing was read.
    pub(super) fn add(&mut self, unit: &ShownUnit) {
        if unit.kind == UnitKind::Whole {
            self.waiting.add(unit.expected, 1.0);
            if unit.has_later_pass {
                self.waiting_for_two_passes += unit.expected;
            }
            return;
        }
        self.series_of(unit).waiting.add(unit.expected, 1.0);
    }

    /// Counts a page of a unit. `located` is the estimate from the events of all its pages.
    pub(super) fn record_page(&mut self, unit: &ShownUnit, located: Option<Located>) {
        if !self.is_started(unit) {
            self.remove_waiting(unit);
            let series = self.series_of(unit);
            if unit.kind == UnitKind::Whole {
                series.expected_whole += unit.expected;
            }
            let started = StartedUnit {
                expected: unit.expected,
                read: 0.0,
                located: None,
            };
            series.started.insert(unit.id, started);
        }
        if let Some(started) = self.series_of(unit).started.get_mut(&unit.id) {
            started.read += 1.0;
            started.located = located;
        }
    }

    /// Replaces a unit by its first slice, of which nothing was read. `overall_ratio` is that of the
    /// whole sweep. The other slices, of `slices` in all, are to be added with the same number of
    /// expected pages.
    pub(super) fn split(&mut self, unit: &mut ShownUnit, slices: usize, overall_ratio: f64) {
        let whole_ratio = self.whole_ratio(overall_ratio);
        if !self.is_started(unit) {
            self.remove_waiting(unit);
        }
        let series = self.series_of(unit);
        let ratio = series.ratio(whole_ratio);
        let pages = match series.started.remove(&unit.id) {
            Some(started) => started.estimate_pages(ratio),
            None => unit.expected * ratio,
        };
        let pages = (pages / slices.max(1) as f64).max(1.0);
        unit.expected = if series.is_split {
            pages / ratio
        } else {
            // Units from before are no basis for slices.
            series.finished = Finished::default();
            pages
        };
        series.is_split = true;
        unit.kind = UnitKind::Slice;
        self.add(unit);
    }

    /// Removes a unit. If it `is_complete` and its pages were expected from stored bytes, returns
    /// the number of pages that were expected, and that were read.
    pub(super) fn remove(&mut self, unit: &ShownUnit, is_complete: bool) -> Option<(f64, f64)> {
        let series = self.series.get_mut(&unit.series);
        let started = series.and_then(|series| series.started.remove(&unit.id));
        let Some(started) = started else {
            self.remove_waiting(unit);
            self.drop_if_done(unit.series);
            return None;
        };
        let mut pages = None;
        if is_complete {
            self.series_of(unit).finished.add(&started);
            if unit.kind == UnitKind::Whole {
                self.finished.add(started.expected, started.read);
                pages = Some((started.expected, started.read));
            }
        }
        self.drop_if_done(unit.series);
        pages
    }

    /// Removes what is left of a pass that has ended, and returns how many pages it had, apart from
    /// those that slices cost. `None` if that is not known.
    pub(super) fn end_pass(&mut self, series: SeriesId) -> Option<f64> {
        let finished = self.series.remove(&series)?.finished;
        (finished.units > 0.0)
            .then(|| finished.read - finished.cost_of_slice() * (finished.units - 1.0))
    }

    /// Returns how many pages are left. `overall_ratio` is that of the whole sweep.
    pub(super) fn pages_left(&self, overall_ratio: f64) -> PagesLeft {
        let ratio = self.whole_ratio(overall_ratio);
        let Waiting { units, expected } = self.waiting;
        let waiting = (expected * ratio).max(units);
        let mut left = PagesLeft {
            all: waiting + self.waiting_for_two_passes * ratio,
            guessed: 0.0,
            longest: waiting / units.max(1.0),
        };
        for series in self.series.values() {
            series.add_pages_left(ratio, &mut left);
        }
        left
    }

    /// Returns how many times as many pages whole units have as expected.
    fn whole_ratio(&self, overall_ratio: f64) -> f64 {
        let FinishedPages { expected, read } = self.finished;
        let whole = self
            .series
            .values()
            .filter(|series| !series.is_split && !series.is_measured);
        let started = whole.flat_map(|series| series.started.values());
        ratio(started, (expected, read), overall_ratio)
    }

    fn is_started(&self, unit: &ShownUnit) -> bool {
        self.series
            .get(&unit.series)
            .is_some_and(|series| series.started.contains_key(&unit.id))
    }

    fn series_of(&mut self, unit: &ShownUnit) -> &mut Series {
        let series = self.series.entry(unit.series).or_default();
        series.has_later_pass |= unit.has_later_pass;
        series.is_measured |= unit.kind == UnitKind::Measured;
        series
    }

    fn remove_waiting(&mut self, unit: &ShownUnit) {
        if unit.kind == UnitKind::Whole {
            self.waiting.add(-unit.expected, -1.0);
            if unit.has_later_pass {
                self.waiting_for_two_passes =
                    (self.waiting_for_two_passes - unit.expected).max(0.0);
            }
            return;
        }
        self.series_of(unit).waiting.add(-unit.expected, -1.0);
    }

    /// A series is kept until its pass ends if a later pass has as many pages.
    fn drop_if_done(&mut self, id: SeriesId) {
        let is_done = self.series.get(&id).is_some_and(|series| {
            !series.has_later_pass && series.started.is_empty() && series.waiting.units < 0.5
        });
        if is_done {
            self.series.remove(&id);
        }
    }
}

impl Waiting {
    fn add(&mut self, expected: f64, units: f64) {
        self.units = (self.units + units).max(0.0);
        // Rounding errors do not remain.
        self.expected = if self.units < 0.5 {
            0.0
        } else {
            (self.expected + expected).max(0.0)
        };
    }
}

impl Series {
    /// Returns how many times as many pages its units have as expected. `whole_ratio` is that of
    /// whole units.
    fn ratio(&self, whole_ratio: f64) -> f64 {
        let before = if self.is_measured { 1.0 } else { whole_ratio };
        if !self.is_split {
            return before;
        }
        let finished = (self.finished.expected, self.finished.read);
        ratio(self.started.values(), finished, before)
    }

    fn add_pages_left(&self, whole_ratio: f64, left: &mut PagesLeft) {
        let ratio = self.ratio(whole_ratio);
        let waiting_units = self.waiting.units;
        let cost = self.finished.cost_of_slice();
        let least = waiting_units * cost.max(1.0);
        let waiting = if waiting_units < 0.5 {
            0.0
        } else {
            (self.waiting.expected * ratio).max(least)
        };
        let mut own = waiting;
        let mut searched = (waiting - waiting_units * cost).max(0.0);
        let mut longest = if waiting_units < 0.5 {
            0.0
        } else {
            waiting / waiting_units
        };
        for started in self.started.values() {
            let pages = started.estimate_pages(ratio);
            let pages_left = (pages - started.read).max(MIN_PAGES_LEFT);
            own += pages_left;
            searched += (pages - cost).max(0.0);
            longest = longest.max(pages_left);
        }
        left.all += own;
        left.longest = left.longest.max(longest);
        if self.is_a_guess() {
            left.guessed += own;
        }
        if self.has_later_pass {
            let finished = self.finished.read - cost * self.finished.units + cost;
            left.all += (searched + finished).max(self.expected_whole * whole_ratio);
        }
    }

    /// Whether nothing shows how long its slices are.
    fn is_a_guess(&self) -> bool {
        self.is_split
            && !self.is_measured
            && self.finished.units == 0.0
            && self.started.values().all(|unit| unit.located.is_none())
    }
}

impl Finished {
    fn add(&mut self, unit: &StartedUnit) {
        self.fewest = if self.units == 0.0 {
            unit.read
        } else {
            self.fewest.min(unit.read)
        };
        self.units += 1.0;
        self.expected += unit.expected;
        self.read += unit.read;
    }

    /// Returns how many pages a slice costs although it has nothing to read.
    fn cost_of_slice(&self) -> f64 {
        self.fewest.min(MAX_PAGES_OF_EMPTY_SLICE)
    }
}

impl StartedUnit {
    /// Estimates the number of all its pages. `ratio` is how many times as many pages units have as
    /// expected.
    fn estimate_pages(&self, ratio: f64) -> f64 {
        let expected = self.expected * ratio;
        match self.located {
            Some(Located { pages, trust }) => {
                let expected = expected.max(self.read + 1.0);
                let pages = expected.powf(1.0 - trust) * pages.max(1.0).powf(trust);
                pages.max(self.read)
            }
            None if expected > self.read + MIN_PAGES_LEFT => expected,
            // A unit that exceeds its estimate is assumed to be half read.
            None => self.read * 2.0,
        }
    }
}

/// Returns how many pages there are for each page that was expected, given the sums of finished
/// units, and `before`, what was assumed before anything was read.
fn ratio<'a>(
    started: impl Iterator<Item = &'a StartedUnit> + Clone,
    finished: (f64, f64),
    before: f64,
) -> f64 {
    let (mut expected, mut pages) = finished;
    for unit in started.clone() {
        if let Some(located) = unit.located {
            expected += unit.expected * located.trust;
            pages += located.pages.max(unit.read) * located.trust;
        }
    }
    // One page as before, so that a single short unit does not decide alone.
    let known = (pages + before) / (expected + 1.0);
    for unit in started.filter(|unit| unit.located.is_none()) {
        // How far such a unit is, is unknown. It counts only if it is longer than the others.
        let longer = unit.read * EXCEEDED_FACTOR;
        if unit.read > unit.expected && longer > unit.expected * known {
            expected += unit.expected;
            pages += longer;
        }
    }
    (pages + before) / (expected + 1.0)
}

#[cfg(test)]
mod tests;
