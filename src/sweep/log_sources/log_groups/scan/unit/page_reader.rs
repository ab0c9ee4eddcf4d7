//! Reads a work unit page by page with `FilterLogEvents`.

use std::sync::Arc;

use super::super::page_positions::PagePositions;
use super::super::slices::{Progress, split_times};
use super::start::{NOT_SEARCHED, Start};
use super::{Span, Unit};
use crate::aws::{
    CallError, Endless, ErrorClass, EventPage, EventQuery, Pages, Permit, ResponsePermit,
};
use crate::store::{JournalClosed, Pass};
use crate::sweep::examine::{PrefilterHits, examine_page};
use crate::sweep::outcome;
use crate::sweep::refusal::outcome_of_call_error;
use dragnet_model::{Outcome, Reason, Status};

/// The position in the pages of a unit that is being read.
struct PageCursor {
    query: EventQuery,
    pages: Pages,
    progress: Progress,
    positions: PagePositions,
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
            positions: PagePositions::default(),
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

impl Unit {
    /// Reads the unit to its end, or to the first error. `permit` is the rate-limit permit of the
    /// first call.
    pub(in crate::sweep) async fn read(
        mut self,
        permit: Option<Permit>,
    ) -> Result<(), JournalClosed> {
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
            let (mut page, response_permit) = match page {
                Ok(page) => page,
                Err(error) => match self.recover(&mut cursor, &error).await? {
                    None => continue,
                    Some(outcome) => return Ok(Err(outcome)),
                },
            };
            cursor.has_stored_token = false;
            // What waits for another response must not hold the permit of this one.
            let is_truncated = scan.has_truncated_events(self.pass, &page);
            let _response_permit = response_permit.filter(|_| !is_truncated);
            if is_truncated && scan.join_truncated_events(&mut page).await.is_break() {
                return Ok(Err(outcome::interrupted()));
            }
            scan.note_trail_streams(&page);
            scan.count_truncated_events(self.pass, &page).await?;
            if let Some(remark) = scan.note_transformed(self.pass, &page) {
                shared.journal.write(remark).await?;
            }
            let times = page.events.iter().map(|event| event.timestamp_ms);
            cursor.progress.record_page(times.clone());
            cursor.positions.record_page(times);
            self.count_page(&cursor.positions);
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
            let mut page = examine_page(&scan.page_origin(), self.pass, self.id, hits, page);
            let advanced = cursor.pages.advance(held, page.next_token.clone());
            if is_cut_off {
                page.next_token = Some(NOT_SEARCHED.to_owned());
            }
            shared.write_page(page).await?;
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
                Ok(Some(outcome_of_call_error(error)))
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
        let log_group = self.scan.spec.identifier();
        let pattern = self.scan.pattern(self.pass);
        EventQuery {
            log_group,
            from_ms,
            to_ms,
            pattern,
            unmask: self.scan.requests_unmasked(),
            streams: Vec::new(),
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
        let load = self.queue.upgrade().map(|queue| queue.load());
        let times = load
            .map(|load| split_times(&range, end_ms, progress, expected, load))
            .unwrap_or_default();
        if is_ending || times.is_empty() || !self.scan.reserve_slices(times.len()) {
            return Ok(false);
        }
        let expected_pages = expected / (times.len() + 1) as f64;
        let rest = self.split_at(&times, expected_pages).await?;
        self.set_pages_left(expected_pages);
        self.scan.add_open_units(rest.len());
        if let Some(queue) = self.queue.upgrade() {
            queue.add(rest);
        }
        Ok(true)
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
