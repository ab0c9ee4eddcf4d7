//! A work unit: a time range of a log group that is read page by page (`page_reader`). Every event is
//! examined, and each page is written to the journal together with its sightings and the token of
//! the next page, so a unit can be resumed at any page (`start`).
//!
//! A unit that turns out to be long is split into slices (see `slices.rs`), and a unit that its
//! engine cannot read is handed over to the other engine.

mod display;
mod page_reader;
mod start;

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, Weak};

use self::start::Start;
use super::group_scan::GroupScan;
use super::slices::Load;
use super::work_ahead::{ShownUnit, WorkAhead};
use crate::store::{Entry, JournalClosed, KnownUnit, Pass, UnitId, UnitRow};
use dragnet_model::Engine;

/// A time range of a log group, and its expected length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The first millisecond, since the Unix epoch.
    pub from_ms: i64,
    /// The first millisecond after the range.
    pub to_ms: i64,
    /// The number of pages that the range probably has.
    pub expected_pages: f64,
}

/// A time range of a log group that is read as one sequence of pages.
#[derive(Debug)]
pub(super) struct Unit {
    id: UnitId,
    pass: Pass,
    engine: Engine,
    /// Whether it was handed over to this engine because the other one could not read it.
    was_handed_over: bool,
    span: Span,
    start: Start,
    /// This unit's share of the pages that the queue counts as left.
    pages_left: f64,
    /// What the progress display shows of it, if it counts against the quota.
    shown: Option<ShownUnit>,
    scan: Arc<GroupScan>,
    /// Weak, because the queue holds units: when a sweep is cancelled, everything must be dropped.
    queue: Weak<dyn UnitQueue>,
}

/// The queue in which units wait.
pub(super) trait UnitQueue: fmt::Debug + Send + Sync {
    /// Adds units, which wait for their engine.
    fn add(&self, units: Vec<Unit>);

    /// Counts a new unit.
    fn register_unit(&self);

    /// Counts a unit as finished or dropped.
    fn unregister_unit(&self);

    /// Adds `more` to the number of pages that are left to read; it may be negative.
    fn add_expected_pages(&self, more: f64);

    /// Changes what the progress display shows.
    fn change_ahead(&self, change: &mut dyn FnMut(&mut WorkAhead));

    /// Counts a page that was read under the quota.
    fn count_page(&self);

    /// Returns what else uses the quota.
    fn load(&self) -> Load;
}

impl Unit {
    /// Creates a unit of which nothing was read yet.
    pub(super) fn new(
        scan: &Arc<GroupScan>,
        queue: &Weak<dyn UnitQueue>,
        pass: Pass,
        engine: Engine,
        span: Span,
    ) -> Self {
        let mut unit = Self::unregistered(scan, queue, pass, engine, span);
        unit.register();
        unit.show();
        unit
    }

    fn unregistered(
        scan: &Arc<GroupScan>,
        queue: &Weak<dyn UnitQueue>,
        pass: Pass,
        engine: Engine,
        span: Span,
    ) -> Self {
        Self {
            id: scan.spec.shared.journal.new_unit_id(),
            pass,
            engine,
            was_handed_over: false,
            span,
            start: Start::FirstPage,
            pages_left: 0.0,
            shown: None,
            scan: Arc::clone(scan),
            queue: queue.clone(),
        }
    }

    /// Restores a unit of an earlier part of the run; returns `None` if it was read completely.
    pub(super) fn from_known(
        scan: &Arc<GroupScan>,
        queue: &Weak<dyn UnitQueue>,
        known: &KnownUnit,
        now_ms: i64,
    ) -> Option<Self> {
        let start = Start::from_known(known, now_ms);
        if start == Start::End {
            return None;
        }
        let mut unit = Self {
            id: known.id,
            pass: known.pass,
            engine: known.engine,
            was_handed_over: false,
            span: Span {
                from_ms: known.from_ms,
                to_ms: known.to_ms,
                expected_pages: 1.0,
            },
            start,
            pages_left: 0.0,
            shown: None,
            scan: Arc::clone(scan),
            queue: queue.clone(),
        };
        unit.register();
        unit.show();
        Some(unit)
    }

    /// Registers a new unit and its expected pages with its queue.
    fn register(&mut self) {
        self.pages_left = self.expected_filter_pages();
        self.scan.note_engine(self.engine);
        if let Some(queue) = self.queue.upgrade() {
            queue.register_unit();
            queue.add_expected_pages(self.pages_left);
        }
    }

    /// Returns the expected pages that count against the quota of `FilterLogEvents`, which Insights
    /// does not use.
    fn expected_filter_pages(&self) -> f64 {
        match self.engine {
            Engine::Filter => self.span.expected_pages,
            Engine::Insights => 0.0,
        }
    }

    /// Returns the row that the journal stores about the unit.
    pub(super) fn to_row(&self) -> UnitRow {
        let Span { from_ms, to_ms, .. } = self.span;
        let Self {
            id, pass, engine, ..
        } = *self;
        UnitRow {
            id,
            coverage_id: self.scan.spec.coverage_id,
            pass,
            engine: Some(engine),
            lookup: None,
            from_ms,
            to_ms,
        }
    }

    /// Returns whether the other engine may read what this one cannot.
    pub(super) fn may_be_handed_over(&self) -> bool {
        !self.was_handed_over && self.scan.spec.allow_handover
    }

    /// Hands the unit over to the other engine, which reads it from its start.
    pub(super) async fn hand_over(mut self) -> Result<(), JournalClosed> {
        self.engine = match self.engine {
            Engine::Filter => Engine::Insights,
            Engine::Insights => Engine::Filter,
        };
        self.was_handed_over = true;
        self.start = Start::FirstPage;
        self.set_pages_left(self.expected_filter_pages());
        self.hide(false);
        self.show();
        let scan = Arc::clone(&self.scan);
        let handover = Entry::Engine {
            unit: self.id,
            engine: self.engine,
        };
        scan.spec.shared.journal.write(handover).await?;
        if let Some(queue) = self.queue.upgrade() {
            queue.add(vec![self]);
        }
        Ok(())
    }

    /// Splits the unit at these times, which must be ascending and inside the unit. The unit keeps
    /// the first part and is read from its start; the other parts are returned.
    pub(super) async fn split_at(
        &mut self,
        times: &[i64],
        expected_pages: f64,
    ) -> Result<Vec<Self>, JournalClosed> {
        self.show_split(times.len() + 1);
        let unit = &*self;
        let ends = times.iter().skip(1).copied().chain([unit.span.to_ms]);
        let rest: Vec<Unit> = times
            .iter()
            .zip(ends)
            .map(|(from_ms, to_ms)| {
                let span = Span {
                    from_ms: *from_ms,
                    to_ms,
                    expected_pages,
                };
                let mut slice =
                    Self::unregistered(&unit.scan, &unit.queue, unit.pass, unit.engine, span);
                slice.register();
                slice.show_as_slice_of(unit);
                slice
            })
            .collect();
        self.span = Span {
            to_ms: times.first().copied().unwrap_or(self.span.to_ms),
            expected_pages,
            ..self.span
        };
        let split = Entry::Cut {
            unit: self.id,
            to_ms: self.span.to_ms,
            rest: rest.iter().map(Self::to_row).collect(),
        };
        self.scan.spec.shared.journal.write(split).await?;
        Ok(rest)
    }

    /// Discards everything that was stored of the unit, which is then read from its start.
    pub(super) async fn restart(&mut self) -> Result<(), JournalClosed> {
        self.start = Start::FirstPage;
        self.scan
            .spec
            .shared
            .journal
            .write(Entry::Restarted(self.id))
            .await
    }

    /// Returns whether an earlier part of the run may have stored something of it.
    pub(super) fn was_started(&self) -> bool {
        self.start != Start::FirstPage
    }

    pub(super) fn pass(&self) -> Pass {
        self.pass
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }

    pub(super) fn scan(&self) -> &Arc<GroupScan> {
        &self.scan
    }

    pub(super) fn queue(&self) -> &Weak<dyn UnitQueue> {
        &self.queue
    }

    pub(super) fn id(&self) -> UnitId {
        self.id
    }

    fn set_pages_left(&mut self, pages_left: f64) {
        let pages_left = pages_left.max(0.0);
        if let Some(queue) = self.queue.upgrade() {
            queue.add_expected_pages(pages_left - self.pages_left);
        }
        self.pages_left = pages_left;
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.set_pages_left(0.0);
        self.hide(false);
        if let Some(queue) = self.queue.upgrade() {
            queue.unregister_unit();
        }
    }
}

/// Units are ordered by their expected length; of two equal ones, the one that was created first is
/// the greater, so it leaves the queue first.
impl Ord for Unit {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self
            .span
            .expected_pages
            .total_cmp(&other.span.expected_pages);
        by_length.then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for Unit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Unit {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Unit {}
