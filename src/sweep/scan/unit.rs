//! A work unit: a time range of a log group that is read page by page. Every event is examined, and
//! each page is written to the journal together with its sightings and the token of the next page,
//! so a unit can be resumed at any page.
//!
//! A unit that turns out to be long is split into slices (see `slices.rs`), and a unit that its
//! engine cannot read is handed over to the other engine.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use super::group_scan::GroupScan;
use super::milliseconds;
use super::slices::{Progress, split_times};
use crate::aws::{
    CallError, Endless, ErrorClass, EventPage, EventQuery, Pages, Permit, ResponsePermit,
};
use crate::store::{Entry, JournalClosed, KnownUnit, Pass, UnitId, UnitRow};
use crate::sweep::examine::{PrefilterHits, examine_page};
use crate::sweep::outcome;
use dragnet_model::{Engine, Outcome, Reason, Status};

/// How old a page token may be: a little less than its life at AWS.
///
/// Source: CloudWatch Logs API, `FilterLogEvents`: tokens expire after 24 hours.
const TOKEN_LIFE: Duration = Duration::from_mins(24 * 60 - 10);

/// Stored as the token of the next page after a last page that was not searched completely, so that
/// a resumed run reads the unit again.
const NOT_SEARCHED: &str = "not-searched";

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
    scan: Arc<GroupScan>,
}

/// Where reading starts.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    FirstPage,
    /// At a page whose token an earlier part of the run stored.
    Page(String),
    /// Nowhere, because everything was read.
    End,
    /// At the first page again, because the token of the next one cannot be used any more.
    Again,
}

/// The position in the pages of a unit that is being read.
struct PageCursor {
    query: EventQuery,
    pages: Pages,
    progress: Progress,
    /// Whether an earlier part of the run stored the token of the current page.
    has_stored_token: bool,
    /// Whether the unit may be split. One that is resumed in the middle is not: splitting would
    /// read its first pages again.
    may_be_split: bool,
}

impl PageCursor {
    fn at_first_page(query: EventQuery) -> Self {
        Self {
            query,
            pages: Pages::default(),
            progress: Progress::default(),
            has_stored_token: false,
            may_be_split: true,
        }
    }

    fn at_stored_token(query: EventQuery, token: String) -> Self {
        Self {
            pages: Pages::from(token),
            has_stored_token: true,
            may_be_split: false,
            ..Self::at_first_page(query)
        }
    }
}

impl Start {
    fn from_known(unit: &KnownUnit, now_ms: i64) -> Self {
        match &unit.next_token {
            _ if !unit.has_started => Self::FirstPage,
            None => Self::End,
            // Query results expire, and with them the token.
            Some(_) if unit.engine == Engine::Insights => Self::Again,
            Some(token) if token == NOT_SEARCHED => Self::Again,
            Some(token) if now_ms.saturating_sub(unit.token_ms) < milliseconds(TOKEN_LIFE) => {
                Self::Page(token.clone())
            }
            Some(_) => Self::Again,
        }
    }
}

impl Unit {
    /// Creates a unit of which nothing was read yet.
    pub(super) fn new(scan: &Arc<GroupScan>, pass: Pass, engine: Engine, span: Span) -> Self {
        Self {
            id: scan.spec.shared.journal.new_unit_id(),
            pass,
            engine,
            was_handed_over: false,
            span,
            start: Start::FirstPage,
            pages_left: 0.0,
            scan: Arc::clone(scan),
        }
        .registered()
    }

    /// Restores a unit of an earlier part of the run; returns `None` if it was read completely.
    pub(super) fn from_known(
        scan: &Arc<GroupScan>,
        known: &KnownUnit,
        now_ms: i64,
    ) -> Option<Self> {
        let start = Start::from_known(known, now_ms);
        if start == Start::End {
            return None;
        }
        let unit = Self {
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
            scan: Arc::clone(scan),
        };
        Some(unit.registered())
    }

    /// Registers a new unit and its expected pages with its scan.
    fn registered(mut self) -> Self {
        self.pages_left = self.expected_filter_pages();
        self.scan.register_unit(self.engine, self.pages_left);
        self
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
            engine,
            from_ms,
            to_ms,
        }
    }

    /// Reads the unit to its end, or to the first error. `permit` is the rate-limit permit of the
    /// first call.
    pub(super) async fn read(mut self, permit: Option<Permit>) -> Result<(), JournalClosed> {
        let result = if self.scan.has_failed() {
            Ok(())
        } else {
            self.read_pages(permit).await?
        };
        match result {
            Err(outcome)
                if outcome.reason == Some(Reason::ClassNotReadable)
                    && self.may_be_handed_over() =>
            {
                self.hand_over().await
            }
            result => self.finish(result).await,
        }
    }

    /// Reports the end of the unit to its scan. An error becomes the outcome of the log group.
    pub(super) async fn finish(self, result: Result<(), Outcome>) -> Result<(), JournalClosed> {
        self.scan.finish_unit(result).await
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
        let scan = Arc::clone(&self.scan);
        let handover = Entry::Engine {
            unit: self.id,
            engine: self.engine,
        };
        scan.spec.shared.journal.write(handover).await?;
        scan.requeue(self);
        Ok(())
    }

    /// Reads page after page. The inner error is the outcome of the log group.
    async fn read_pages(
        &mut self,
        mut permit: Option<Permit>,
    ) -> Result<Result<(), Outcome>, JournalClosed> {
        let scan = Arc::clone(&self.scan);
        let shared = &scan.spec.shared;
        let Some(mut cursor) = self.open_cursor().await? else {
            return Ok(Ok(()));
        };
        loop {
            let page = self.fetch_page(&cursor.query, cursor.pages.token(), permit.take());
            let Some(page) = shared.run_until_cancelled(page).await else {
                return Ok(Err(outcome::interrupted()));
            };
            // The response permit is held until the page is sent to the journal (backpressure).
            let (page, _response_permit) = match page {
                Ok(page) => page,
                Err(error) => match self.recover(&mut cursor, &error).await? {
                    None => continue,
                    Some(outcome) => return Ok(Err(outcome)),
                },
            };
            cursor.has_stored_token = false;
            scan.note_trail_streams(&page);
            scan.count_page();
            let times = page.events.iter().map(|event| event.timestamp_ms);
            cursor.progress.record_page(times);
            if cursor.may_be_split
                && page.next_token.is_some()
                && self.split(&cursor.progress).await?
            {
                cursor = PageCursor::at_first_page(self.query());
                continue;
            }
            let held = page.events.len();
            let hits = self.prefilter_hits(&cursor.query);
            let is_cut_off = page.has_unsearched_stream && page.next_token.is_none();
            let mut page = examine_page(&scan, self.pass, self.id, hits, page);
            let advanced = cursor.pages.advance(held, page.next_token.clone());
            if is_cut_off {
                page.next_token = Some(NOT_SEARCHED.to_owned());
            }
            shared
                .tally
                .count_page(page.events, page.bytes, page.found.number() as u64);
            shared.journal.write(Entry::Page(page)).await?;
            if let Some(result) = end_of_pages(advanced, is_cut_off) {
                return Ok(result);
            }
        }
    }

    /// Returns the position at which reading starts, or `None` if everything was read.
    async fn open_cursor(&mut self) -> Result<Option<PageCursor>, JournalClosed> {
        let query = self.query();
        match std::mem::replace(&mut self.start, Start::FirstPage) {
            Start::End => Ok(None),
            Start::FirstPage => Ok(Some(PageCursor::at_first_page(query))),
            Start::Page(token) => Ok(Some(PageCursor::at_stored_token(query, token))),
            Start::Again => {
                self.restart().await?;
                Ok(Some(PageCursor::at_first_page(query)))
            }
        }
    }

    /// Prepares to continue after a page could not be read. If that is not possible, returns the
    /// outcome of the log group.
    async fn recover(
        &mut self,
        cursor: &mut PageCursor,
        error: &CallError,
    ) -> Result<Option<Outcome>, JournalClosed> {
        match error.class {
            ErrorClass::Denied if cursor.query.unmask => {
                self.scan.fall_back_to_masked(error);
                cursor.query.unmask = false;
                Ok(None)
            }
            // AWS does not accept the stored token any more, so the unit is read from its start.
            ErrorClass::Refused if cursor.has_stored_token => {
                *cursor = PageCursor::at_first_page(self.query());
                self.restart().await?;
                Ok(None)
            }
            ErrorClass::Refused if self.scan.spec.shared.is_pattern_rejected(error) => {
                Ok(Some(outcome::from_call_error(error)))
            }
            _ => Ok(Some(self.scan.spec.outcome_for_error(error))),
        }
    }

    fn prefilter_hits(&self, query: &EventQuery) -> PrefilterHits {
        let are_all = query.pattern.is_none();
        PrefilterHits {
            are_all,
            has_tampering: are_all || self.pass == Pass::TrailIntegrity,
        }
    }

    fn query(&self) -> EventQuery {
        let Span { from_ms, to_ms, .. } = self.span;
        let log_group = self.scan.spec.name.clone();
        let pattern = self.scan.pattern(self.pass);
        EventQuery {
            log_group,
            from_ms,
            to_ms,
            pattern,
            unmask: self.scan.requests_unmasked(),
        }
    }

    async fn fetch_page(
        &self,
        query: &EventQuery,
        token: Option<String>,
        permit: Option<Permit>,
    ) -> Result<(EventPage, Option<ResponsePermit>), CallError> {
        let spec = &self.scan.spec;
        spec.shared
            .aws
            .events(&spec.session, &spec.target.region, query, token, permit)
            .await
    }

    /// Splits the unit if that is worth it and returns whether it did. After a split, what remains
    /// of the unit is read from its start.
    async fn split(&mut self, progress: &Progress) -> Result<bool, JournalClosed> {
        let shared = &self.scan.spec.shared;
        let end_ms = self.span.to_ms.min(shared.started.as_millisecond());
        // When the sweep is being cancelled, the page that was read is worth more than a split.
        let is_ending = shared.cancel.is_cancelled();
        let expected = progress.estimate_pages(self.span.from_ms, end_ms, self.span.expected_pages);
        // The estimate may have changed; the queue must count the pages that are left now.
        self.set_pages_left(expected - f64::from(progress.pages));
        let range = self.span.from_ms..self.span.to_ms;
        let load = self.scan.load();
        let times = load
            .map(|load| split_times(&range, end_ms, progress, expected, load))
            .unwrap_or_default();
        if is_ending || times.is_empty() || !self.scan.reserve_slices(times.len()) {
            return Ok(false);
        }
        let expected_pages = expected / (times.len() + 1) as f64;
        let rest = self.split_at(&times, expected_pages).await?;
        self.set_pages_left(expected_pages);
        self.scan.enqueue_units(rest);
        Ok(true)
    }

    /// Splits the unit at these times, which must be ascending and inside the unit. The unit keeps
    /// the first part and is read from its start; the other parts are returned.
    pub(super) async fn split_at(
        &mut self,
        times: &[i64],
        expected_pages: f64,
    ) -> Result<Vec<Self>, JournalClosed> {
        let ends = times.iter().skip(1).copied().chain([self.span.to_ms]);
        let rest: Vec<Unit> = times
            .iter()
            .zip(ends)
            .map(|(from_ms, to_ms)| {
                let span = Span {
                    from_ms: *from_ms,
                    to_ms,
                    expected_pages,
                };
                Self::new(&self.scan, self.pass, self.engine, span)
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

    pub(super) fn id(&self) -> UnitId {
        self.id
    }

    fn set_pages_left(&mut self, pages_left: f64) {
        let pages_left = pages_left.max(0.0);
        self.scan.add_expected_pages(pages_left - self.pages_left);
        self.pages_left = pages_left;
    }
}

/// Returns how a unit ended with a page, or `None` if it has another one. `is_cut_off` says that it
/// was the last page although not everything was searched.
fn end_of_pages(advanced: Result<bool, Endless>, is_cut_off: bool) -> Option<Result<(), Outcome>> {
    match advanced {
        Ok(true) => None,
        Ok(false) if is_cut_off => Some(Err(Outcome::with_reason(
            Status::Partial,
            Reason::StreamNotSearched,
            "",
        ))),
        Ok(false) => Some(Ok(())),
        Err(endless) => Some(Err(outcome::from_endless_pages(
            Status::Partial,
            "FilterLogEvents",
            endless,
        ))),
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.set_pages_left(0.0);
        self.scan.unregister_unit();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Journal;

    #[tokio::test(start_paused = true)]
    async fn stale_page_token_is_not_used() {
        let temp = tempfile::tempdir().unwrap();
        let id = dragnet_model::RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let dir = crate::store::RunDir::create(temp.path(), &id).unwrap();
        let (journal, _writer) = Journal::create(&dir, &[]).unwrap();
        let start = |has_started, token: Option<&str>, hours: i64| {
            let id = journal.new_unit_id();
            let next_token = token.map(str::to_owned);
            let pass = Pass::Search;
            let engine = Engine::Filter;
            let from_ms = 0;
            let to_ms = 1;
            let unit = KnownUnit {
                id,
                pass,
                engine,
                from_ms,
                to_ms,
                has_started,
                next_token,
                token_ms: 5,
            };
            Start::from_known(&unit, 5 + hours * 3_600_000)
        };
        assert_eq!(start(false, None, 0), Start::FirstPage);
        assert_eq!(start(true, None, 99), Start::End);
        assert_eq!(start(true, Some("t"), 23), Start::Page("t".to_owned()));
        assert_eq!(start(true, Some("t"), 24), Start::Again);
        assert_eq!(start(true, Some(NOT_SEARCHED), 0), Start::Again);
        assert_eq!(
            start(true, Some("t"), -1),
            Start::Page("t".to_owned()),
            "a clock that was set back"
        );
    }
}
