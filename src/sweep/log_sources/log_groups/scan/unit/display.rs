//! What the progress display shows of a work unit.

use super::super::page_positions::PagePositions;
use super::super::work_ahead::{ShownUnit, UnitKind};
use super::Unit;
use crate::store::Pass;
use dragnet_model::Engine;

impl Unit {
    /// Shows a unit of which nothing was read. Units that Insights reads do not count against the
    /// quota, and are not shown.
    pub(super) fn show(&mut self) {
        if self.engine != Engine::Filter {
            return;
        }
        let is_measured = self.pass == Pass::TrailIntegrity && self.scan.searched_pages().is_some();
        let shown = ShownUnit {
            id: self.id,
            series: (self.scan.spec.coverage_id, self.pass),
            expected: self.span.expected_pages,
            kind: if is_measured {
                UnitKind::Measured
            } else {
                UnitKind::Whole
            },
            has_later_pass: self.pass == Pass::Search
                && self.scan.expects_integrity_pass(self.engine),
        };
        self.add_shown(shown);
    }

    /// Shows a slice of a unit that was split by [`Self::show_split`].
    pub(super) fn show_as_slice_of(&mut self, unit: &Self) {
        if let Some(shown) = unit.shown {
            self.add_shown(ShownUnit {
                id: self.id,
                ..shown
            });
        }
    }

    fn add_shown(&mut self, shown: ShownUnit) {
        if let Some(queue) = self.queue.upgrade() {
            queue.change_ahead(&mut |ahead| ahead.add(&shown));
        }
        self.shown = Some(shown);
    }

    /// Shows only the first slice of it, of this many in all.
    pub(super) fn show_split(&mut self, slices: usize) {
        let Some(shown) = &mut self.shown else { return };
        let overall_ratio = self.scan.spec.shared.tally.finished_pages_ratio();
        if let Some(queue) = self.queue.upgrade() {
            queue.change_ahead(&mut |ahead| ahead.split(shown, slices, overall_ratio));
        }
    }

    /// Counts a page that was read under the quota. `positions` are those of all its pages.
    pub(super) fn count_page(&self, positions: &PagePositions) {
        let Some(queue) = self.queue.upgrade() else {
            return;
        };
        queue.count_page();
        let Some(shown) = &self.shown else { return };
        let end_ms = self.scan.spec.shared.started.as_millisecond();
        let located = positions.locate(&(self.span.from_ms..self.span.to_ms.min(end_ms)));
        queue.change_ahead(&mut |ahead| ahead.record_page(shown, located));
    }

    /// Shows it no longer. If it `is_complete`, its pages count for the estimates of others.
    pub(in crate::sweep) fn hide(&mut self, is_complete: bool) {
        let Some(shown) = self.shown.take() else {
            return;
        };
        let mut pages = None;
        if let Some(queue) = self.queue.upgrade() {
            queue.change_ahead(&mut |ahead| pages = ahead.remove(&shown, is_complete));
        }
        if let Some((expected, read)) = pages {
            let tally = &self.scan.spec.shared.tally;
            tally.count_finished_pages(expected, read);
        }
    }

    /// Shows the end of its pass. What the search had becomes the estimate of a later pass.
    pub(in crate::sweep) fn show_end_of_pass(&self) {
        let series = (self.scan.spec.coverage_id, self.pass);
        let mut pages = None;
        if let Some(queue) = self.queue.upgrade() {
            queue.change_ahead(&mut |ahead| pages = ahead.end_pass(series));
        }
        let Some(pages) = pages else { return };
        if self.pass == Pass::Search {
            self.scan.note_searched_pages(pages);
        }
    }
}
