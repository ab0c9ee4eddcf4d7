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
use super::slices::{Progress, cuts};
use crate::aws::{CallError, ErrorClass, EventPage, EventQuery, Pages, Permit, ResponsePermit};
use crate::model::{Engine, Outcome, Reason, Status};
use crate::store::{Entry, JournalClosed, KnownUnit, Pass, UnitId, UnitRow};
use crate::sweep::examine::{PrefilterHits, examine_page};
use crate::sweep::outcome;

/// How old a page token may be: a little less than its life at AWS.
///
/// Source: CloudWatch Logs API, `FilterLogEvents`: tokens expire after 24 hours.
const TOKEN_LIFE: Duration = Duration::from_mins(24 * 60 - 10);

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
    reading: Arc<GroupScan>,
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

impl Start {
    fn from_known(unit: &KnownUnit, now_ms: i64) -> Self {
        match &unit.next_token {
            _ if !unit.has_begun => Self::FirstPage,
            None => Self::End,
            // Query results expire, and with them the token.
            Some(_) if unit.engine == Engine::Insights => Self::Again,
            Some(token) if now_ms.saturating_sub(unit.token_ms) < milliseconds(TOKEN_LIFE) => {
                Self::Page(token.clone())
            }
            Some(_) => Self::Again,
        }
    }
}

impl Unit {
    /// Creates a unit of which nothing was read yet.
    pub fn new(reading: &Arc<GroupScan>, pass: Pass, engine: Engine, span: Span) -> Self {
        Self::of(
            reading.group.shared.journal.new_unit(),
            reading,
            pass,
            engine,
            span,
            Start::FirstPage,
        )
    }

    /// Restores a unit of an earlier part of the run; returns `None` if it was read completely.
    pub fn known(reading: &Arc<GroupScan>, known: &KnownUnit, now_ms: i64) -> Option<Self> {
        let start = Start::from_known(known, now_ms);
        let KnownUnit {
            id,
            pass,
            engine,
            from_ms,
            to_ms,
            ..
        } = *known;
        let span = Span {
            from_ms,
            to_ms,
            expected_pages: 1.0,
        };
        (start != Start::End).then(|| Self::of(id, reading, pass, engine, span, start))
    }

    fn of(
        id: UnitId,
        reading: &Arc<GroupScan>,
        pass: Pass,
        engine: Engine,
        span: Span,
        start: Start,
    ) -> Self {
        // The expected pages count only against the quota of `FilterLogEvents`, which Insights does
        // not use.
        let pages_left = if engine == Engine::Filter {
            span.expected_pages
        } else {
            0.0
        };
        reading.unit_begins(engine, pages_left);
        let reading = Arc::clone(reading);
        Self {
            id,
            pass,
            engine,
            was_handed_over: false,
            span,
            start,
            pages_left,
            reading,
        }
    }

    /// Returns the row that the journal stores about the unit.
    pub fn row(&self) -> UnitRow {
        let Span { from_ms, to_ms, .. } = self.span;
        let Self {
            id, pass, engine, ..
        } = *self;
        UnitRow {
            id,
            place: self.reading.group.place,
            pass,
            engine,
            from_ms,
            to_ms,
        }
    }

    /// Reads the unit to its end, or to the first error. `permit` is the rate-limit permit of the
    /// first call.
    pub async fn read(mut self, permit: Option<Permit>) -> Result<(), JournalClosed> {
        let read = if self.reading.has_failed() {
            Ok(())
        } else {
            self.read_pages(permit).await?
        };
        match read {
            Err(outcome)
                if outcome.reason == Some(Reason::ClassNotReadable)
                    && self.may_be_handed_over() =>
            {
                self.hand_over().await
            }
            read => self.end(read).await,
        }
    }

    /// Reports the end of the unit to its scan. An error becomes the outcome of the log group.
    pub async fn end(self, read: Result<(), Outcome>) -> Result<(), JournalClosed> {
        self.reading.unit_ended(read).await
    }

    /// Returns whether the other engine may read what this one cannot.
    pub fn may_be_handed_over(&self) -> bool {
        !self.was_handed_over && self.reading.group.has_both_engines
    }

    /// Hands the unit over to the other engine, which reads it from its start.
    pub async fn hand_over(mut self) -> Result<(), JournalClosed> {
        let engine = match self.engine {
            Engine::Filter => Engine::Insights,
            Engine::Insights => Engine::Filter,
        };
        (self.engine, self.was_handed_over, self.start) = (engine, true, Start::FirstPage);
        self.set_pages_left(if engine == Engine::Filter {
            self.span.expected_pages
        } else {
            0.0
        });
        let reading = Arc::clone(&self.reading);
        reading
            .group
            .shared
            .journal
            .write(Entry::Engine {
                unit: self.id,
                engine,
            })
            .await?;
        reading.requeue(self);
        Ok(())
    }

    /// Reads page after page. The inner error is the outcome of the log group.
    async fn read_pages(
        &mut self,
        mut permit: Option<Permit>,
    ) -> Result<Result<(), Outcome>, JournalClosed> {
        let reading = Arc::clone(&self.reading);
        let shared = &reading.group.shared;
        let (mut pages, mut token_is_old) =
            match std::mem::replace(&mut self.start, Start::FirstPage) {
                Start::End => return Ok(Ok(())),
                Start::FirstPage => (Pages::default(), false),
                Start::Page(token) => (Pages::from(token), true),
                Start::Again => {
                    shared.journal.write(Entry::Restarted(self.id)).await?;
                    (Pages::default(), false)
                }
            };
        // A unit that is resumed in the middle is not split: splitting would read its first pages
        // again.
        let mut may_be_cut = !token_is_old;
        let mut query = self.query();
        let mut progress = Progress::default();
        loop {
            let Some(page) = shared
                .until_given_up(self.page(&query, pages.token(), permit.take()))
                .await
            else {
                return Ok(Err(outcome::interrupted()));
            };
            // The response permit is held until the page is sent to the journal (backpressure).
            let (page, _in_hand) = match page {
                Ok(page) => page,
                Err(error) if error.class == ErrorClass::Denied && query.unmask => {
                    reading.unmask_was_refused(&error);
                    query.unmask = false;
                    continue;
                }
                // AWS does not accept the stored token any more, so the unit is read from its
                // start.
                Err(error) if error.class == ErrorClass::Refused && token_is_old => {
                    (token_is_old, may_be_cut, pages) = (false, true, Pages::default());
                    shared.journal.write(Entry::Restarted(self.id)).await?;
                    continue;
                }
                Err(error) => return Ok(Err(reading.group.outcome_of(&error))),
            };
            token_is_old = false;
            reading.notice(&page);
            reading.page_is_read();
            progress.see(page.events.iter().map(|event| event.timestamp_ms));
            if may_be_cut && page.next_token.is_some() && self.cut(&progress).await? {
                (query, pages, progress) = (self.query(), Pages::default(), Progress::default());
                continue;
            }
            let held = page.events.len();
            let are_all = query.pattern.is_none();
            let has_tampering = are_all || self.pass == Pass::TrailIntegrity;
            let page = examine_page(
                &reading,
                self.pass,
                self.id,
                PrefilterHits {
                    are_all,
                    has_tampering,
                },
                page,
            );
            let advanced = pages.advance(held, page.next_token.clone());
            shared
                .tally
                .page(page.events, page.bytes, page.found.number() as u64);
            shared.journal.write(Entry::Page(page)).await?;
            match advanced {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(())),
                Err(endless) => {
                    return Ok(Err(outcome::of_endless(
                        Status::Partial,
                        "FilterLogEvents",
                        endless,
                    )));
                }
            }
        }
    }

    fn query(&self) -> EventQuery {
        let Span { from_ms, to_ms, .. } = self.span;
        let log_group = self.reading.group.name.clone();
        let pattern = self.reading.pattern(self.pass);
        EventQuery {
            log_group,
            from_ms,
            to_ms,
            pattern,
            unmask: self.reading.unmasks(),
        }
    }

    async fn page(
        &self,
        query: &EventQuery,
        token: Option<String>,
        permit: Option<Permit>,
    ) -> Result<(EventPage, Option<ResponsePermit>), CallError> {
        let group = &self.reading.group;
        group
            .shared
            .aws
            .events(&group.session, &group.target.region, query, token, permit)
            .await
    }

    /// Splits the unit if that is worth it and returns whether it did. After a split, what remains
    /// of the unit is read from its start.
    async fn cut(&mut self, progress: &Progress) -> Result<bool, JournalClosed> {
        let end_ms = self
            .span
            .to_ms
            .min(self.reading.group.shared.started.as_millisecond());
        let expected = progress.expected(self.span.from_ms, end_ms, self.span.expected_pages);
        // The estimate may have changed; the queue must count the pages that are left now.
        self.set_pages_left(expected - f64::from(progress.pages));
        let unit = self.span.from_ms..self.span.to_ms;
        let load = self.reading.load();
        let cuts = load
            .map(|load| cuts(&unit, end_ms, progress, expected, load))
            .unwrap_or_default();
        // When the sweep is being cancelled, the page that was read is worth more than a split.
        let is_ending = self.reading.group.shared.cancel.is_cancelled();
        if is_ending || cuts.is_empty() || !self.reading.takes_slices(cuts.len()) {
            return Ok(false);
        }
        let expected_pages = expected / (cuts.len() + 1) as f64;
        let rest = self.cut_at(&cuts, expected_pages).await?;
        self.set_pages_left(expected_pages);
        self.reading.add_units(rest);
        Ok(true)
    }

    /// Splits the unit at these times, which must be ascending and inside the unit. The unit keeps
    /// the first part and is read from its start; the other parts are returned.
    pub async fn cut_at(
        &mut self,
        cuts: &[i64],
        expected_pages: f64,
    ) -> Result<Vec<Self>, JournalClosed> {
        let ends = cuts.iter().skip(1).copied().chain([self.span.to_ms]);
        let rest: Vec<Unit> = cuts
            .iter()
            .zip(ends)
            .map(|(from_ms, to_ms)| {
                Self::new(
                    &self.reading,
                    self.pass,
                    self.engine,
                    Span {
                        from_ms: *from_ms,
                        to_ms,
                        expected_pages,
                    },
                )
            })
            .collect();
        self.span = Span {
            to_ms: cuts.first().copied().unwrap_or(self.span.to_ms),
            expected_pages,
            ..self.span
        };
        let rows = rest.iter().map(Self::row).collect();
        let cut = Entry::Cut {
            unit: self.id,
            to_ms: self.span.to_ms,
            rest: rows,
        };
        self.reading.group.shared.journal.write(cut).await?;
        Ok(rest)
    }

    /// Discards everything that was stored of the unit, which is then read from its start.
    pub async fn restart(&mut self) -> Result<(), JournalClosed> {
        self.start = Start::FirstPage;
        self.reading
            .group
            .shared
            .journal
            .write(Entry::Restarted(self.id))
            .await
    }

    /// Returns whether an earlier part of the run may have stored something of it.
    pub fn was_begun(&self) -> bool {
        self.start != Start::FirstPage
    }

    /// Returns the pass that it belongs to.
    pub fn pass(&self) -> Pass {
        self.pass
    }

    /// Returns the engine that reads it.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Returns its time range.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Returns the scan of its log group.
    pub fn reading(&self) -> &Arc<GroupScan> {
        &self.reading
    }

    /// Returns its id.
    pub fn id(&self) -> UnitId {
        self.id
    }

    fn set_pages_left(&mut self, pages_left: f64) {
        let pages_left = pages_left.max(0.0);
        self.reading.expect(pages_left - self.pages_left);
        self.pages_left = pages_left;
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.set_pages_left(0.0);
        self.reading.unit_is_gone();
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
    async fn a_token_older_than_a_day_is_not_asked_with() {
        let temp = tempfile::tempdir().unwrap();
        let id = crate::model::RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let dir = crate::store::RunDir::create(temp.path(), &id).unwrap();
        let (journal, _writer) = Journal::create(&dir, &[]).unwrap();
        let start = |has_begun, token: Option<&str>, hours: i64| {
            let id = journal.new_unit();
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
                has_begun,
                next_token,
                token_ms: 5,
            };
            Start::from_known(&unit, 5 + hours * 3_600_000)
        };
        assert_eq!(start(false, None, 0), Start::FirstPage);
        assert_eq!(start(true, None, 99), Start::End);
        assert_eq!(start(true, Some("t"), 23), Start::Page("t".to_owned()));
        assert_eq!(start(true, Some("t"), 24), Start::Again);
        assert_eq!(
            start(true, Some("t"), -1),
            Start::Page("t".to_owned()),
            "a clock that was set back"
        );
    }
}
