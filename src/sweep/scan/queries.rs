//! Runs one Insights query: starts it when a concurrency permit is free, polls it until it is
//! complete, and writes its rows to the journal page by page.
//!
//! A query returns whole events. They are matched and evaluated locally, like those of the filter
//! engine. Their log times are checked locally too, because the window of a query is in whole
//! seconds.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::batches::{Batch, Question};
use super::unit::Unit;
use crate::aws::{
    CallError, EventPage, InsightsRequest, InsightsRow, LogEvent, Pages, QueryId, QueryPage,
    QueryStatus, ResultRow,
};
use crate::model::{Outcome, Reason, Status, TAMPERING};
use crate::search::StreamFilter;
use crate::store::{Entry, InsightsQuery, JournalClosed, PassthroughRows};
use crate::sweep::examine::{PrefilterHits, examine_page};
use crate::sweep::run::SweepContext;
use crate::sweep::scan_cost::scan_cost;

/// Concurrent queries in one account-Region. Source: CloudWatch Logs user guide, "Quotas": 100,
/// which dashboards and people share, and fewer in older accounts; 5 on class `INFREQUENT_ACCESS`.
const QUERIES_AT_ONCE: usize = 30;
const INFREQUENT_ACCESS_AT_ONCE: usize = 4;

/// The row limit of a query. Source: CloudWatch Logs API, `StartQuery`, `limit`; some servers
/// accept only the smaller number.
const MOST_ROWS: u32 = 100_000;
const FEWEST_ROWS: u32 = 10_000;

/// The interval at which a query is polled. It grows, so that long queries use little of the quota.
const FIRST_LOOK: Duration = Duration::from_millis(500);
const LAST_LOOK: Duration = Duration::from_secs(10);

/// How long to wait before a query that exceeds the account's limit is started again, and for how
/// long to keep trying.
const FOR_A_PLACE: Duration = Duration::from_secs(5);
const LONGEST_FOR_A_PLACE: Duration = Duration::from_hours(1);

/// A query that runs for longer is stopped. Source: CloudWatch Logs user guide, "Quotas": AWS ends
/// a query after an hour.
const LONGEST_QUERY: Duration = Duration::from_mins(75);

/// The time limit of the call that stops a query.
const TO_STOP: Duration = Duration::from_secs(5);

/// The page token that is stored for every page of a query but the last. The real token would
/// expire within the hour, so it is not stored.
const MORE: &str = "more";

/// The Insights queries of one account-Region.
#[derive(Debug)]
pub(super) struct Queries {
    places: Semaphore,
    infrequent_access_places: Semaphore,
    most_rows: AtomicU32,
}

impl Default for Queries {
    fn default() -> Self {
        Self {
            places: Semaphore::new(QUERIES_AT_ONCE),
            infrequent_access_places: Semaphore::new(INFREQUENT_ACCESS_AT_ONCE),
            most_rows: AtomicU32::new(MOST_ROWS),
        }
    }
}

/// How a query ended.
pub(super) enum QueryOutcome {
    /// All its rows were written to the journal.
    Complete,
    /// It has more rows than the limit, or ran for too long.
    LimitExceeded(LimitExceeded),
    /// AWS refused it.
    Refused(CallError),
    /// AWS could not execute it, or its results are inconsistent.
    Failed,
    /// The sweep is being cancelled.
    Cancelled,
}

/// The kind of rows that a query returns.
#[derive(Clone, Copy)]
pub(super) enum RowKind<'q> {
    /// Events. `closes` says that the last of them completes their work units.
    Events { closes: bool },
    /// Rows of the passthrough query with this name, which are stored as they are.
    Written(&'q str),
}

/// Why one query cannot return everything.
pub(super) struct LimitExceeded {
    /// The outcome of the log groups if the query cannot be split any further.
    pub outcome: Outcome,
    /// The earliest and the latest log time among the events that were received, if there were any.
    pub seen: Option<(i64, i64)>,
}

impl Queries {
    /// Queries the events of all units of a batch and writes them to the journal. `closes` says
    /// that this completes the units.
    pub async fn events(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
        streams: Option<&StreamFilter>,
        closes: bool,
    ) -> Result<QueryOutcome, JournalClosed> {
        let also = if shared.settings.silence {
            &TAMPERING[..]
        } else {
            &[]
        };
        match shared
            .search_set
            .insights_query(batch.question.narrow, also, streams)
        {
            Some(query) => {
                self.run(shared, batch, query, RowKind::Events { closes })
                    .await
            }
            None => Ok(too_many_rows(None)),
        }
    }

    /// Runs a query over all units of a batch and writes its rows to the journal.
    pub async fn run(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
        query: String,
        rows_are: RowKind<'_>,
    ) -> Result<QueryOutcome, JournalClosed> {
        let Question {
            from_ms,
            to_ms,
            infrequent_access,
            ..
        } = batch.question;
        let mut request = InsightsRequest {
            log_groups: batch
                .units
                .iter()
                .map(|unit| unit.reading().group.name.clone())
                .collect(),
            first_second: from_ms.div_euclid(1_000),
            last_second: (to_ms - 1).div_euclid(1_000),
            query,
            limit: self.most_rows.load(Ordering::Relaxed),
        };
        let places = if infrequent_access {
            &self.infrequent_access_places
        } else {
            &self.places
        };
        // The semaphore is never closed, so `acquire` does not fail.
        let _place = tokio::select! {
            place = places.acquire() => place,
            () = shared.cancel.cancelled() => return Ok(QueryOutcome::Cancelled),
        };
        let id = match self.start(shared, batch, &mut request).await {
            Ok(id) => id,
            Err(ended) => return Ok(ended),
        };
        let ended = shared
            .until_given_up(self.follow(shared, batch, &id, request.limit, rows_are))
            .await;
        let ended = ended.transpose()?.unwrap_or(QueryOutcome::Cancelled);
        // A cancelled query is not waited for any more, and neither is one that ran for too long.
        if matches!(&ended, QueryOutcome::Cancelled)
            || matches!(&ended, QueryOutcome::LimitExceeded(too_much) if too_much.outcome.status == Status::Failed)
        {
            let unit = batch.units.first();
            if let Some(group) = unit.map(|unit| &unit.reading().group) {
                // If the query cannot be stopped, AWS ends it after an hour.
                _ = timeout(
                    TO_STOP,
                    shared
                        .aws
                        .stop_query(&group.session, &group.target.region, &id),
                )
                .await;
            }
        }
        Ok(ended)
    }

    /// Starts a query, and retries while the account runs too many queries.
    async fn start(
        &self,
        shared: &SweepContext,
        batch: &Batch,
        request: &mut InsightsRequest,
    ) -> Result<QueryId, QueryOutcome> {
        let began = Instant::now();
        let Some(group) = batch.units.first().map(|unit| &unit.reading().group) else {
            return Err(QueryOutcome::Complete);
        };
        let most_rows = request.limit;
        loop {
            let started = shared
                .aws
                .start_query(&group.session, &group.target.region, request);
            let Some(started) = shared.until_given_up(started).await else {
                return Err(QueryOutcome::Cancelled);
            };
            let error = match started {
                Ok(id) => {
                    if request.limit < most_rows {
                        self.most_rows.store(request.limit, Ordering::Relaxed);
                    }
                    return Ok(id);
                }
                Err(error) => error,
            };
            match error.code.as_str() {
                "LimitExceededException" if began.elapsed() < LONGEST_FOR_A_PLACE => {
                    tokio::select! {
                        () = sleep(FOR_A_PLACE) => {}
                        () = shared.cancel.cancelled() => return Err(QueryOutcome::Cancelled),
                    }
                }
                "InvalidParameterException" if request.limit > FEWEST_ROWS => {
                    request.limit = FEWEST_ROWS;
                }
                _ => return Err(QueryOutcome::Refused(error)),
            }
        }
    }

    /// Polls a query until it is complete, and writes its rows to the journal.
    async fn follow(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
        id: &QueryId,
        limit: u32,
        rows_are: RowKind<'_>,
    ) -> Result<QueryOutcome, JournalClosed> {
        let Some(group) = batch.units.first().map(|unit| Arc::clone(unit.reading())) else {
            return Ok(QueryOutcome::Complete);
        };
        let group = &group.group;
        let results = |token| {
            shared
                .aws
                .query_results(&group.session, &group.target.region, id, token)
        };
        let began = Instant::now();
        let mut wait = FIRST_LOOK;
        let first = loop {
            tokio::select! {
                () = sleep(wait) => {}
                () = shared.cancel.cancelled() => return Ok(QueryOutcome::Cancelled),
            }
            match results(None).await {
                Ok(page)
                    if page.status == QueryStatus::Running && began.elapsed() < LONGEST_QUERY =>
                {
                    wait = (wait * 3 / 2).min(LAST_LOOK);
                }
                Ok(page) => break page,
                Err(error) => return Ok(QueryOutcome::Refused(error)),
            }
        };
        self.pay(shared, batch, first.bytes_scanned).await?;
        match first.status {
            QueryStatus::Complete => {}
            QueryStatus::Running | QueryStatus::TimedOut => {
                let slow = "the query ran for longer than AWS lets it";
                let outcome = Outcome::because(Status::Failed, Reason::Error, slow);
                return Ok(QueryOutcome::LimitExceeded(LimitExceeded {
                    outcome,
                    seen: None,
                }));
            }
            QueryStatus::Failed => return Ok(QueryOutcome::Failed),
        }
        let mut page = first;
        let mut pages = Pages::default();
        let mut rows = 0_u64;
        let mut seen = None;
        loop {
            let held = page.rows.len();
            let next = page.next_token.take();
            rows += held as u64;
            // Also full: a server that knows only the smaller limit returned exactly that many
            // rows.
            let is_full =
                rows >= limit.into() || (next.is_none() && rows == u64::from(FEWEST_ROWS));
            let is_too_much = is_full || page.all_rows >= limit.into();
            if next.is_none() && !is_too_much && rows < promised_rows(&page, rows_are) {
                return Ok(QueryOutcome::Failed);
            }
            match rows_are {
                RowKind::Written(hunt) => {
                    // Rows of a passthrough query are stored even if there are too many: they
                    // cannot be split, and some rows are worth more than none.
                    let unit = batch.units.first().map(Unit::id);
                    let rows = page.rows.into_iter().map(|row| row.0).collect();
                    if let Some(unit) = unit {
                        let hunt = hunt.to_owned();
                        shared
                            .journal
                            .write(Entry::Passthrough(PassthroughRows { unit, hunt, rows }))
                            .await?;
                    }
                }
                RowKind::Events { closes } => {
                    let events: Option<Vec<InsightsRow>> =
                        page.rows.into_iter().map(ResultRow::into_event).collect();
                    let Some(events) = events else {
                        return Ok(QueryOutcome::Failed);
                    };
                    seen =
                        events
                            .iter()
                            .map(|row| row.event.timestamp_ms)
                            .fold(seen, |seen, time| {
                                let (first, last) = seen.unwrap_or((time, time));
                                Some((first.min(time), last.max(time)))
                            });
                    if is_too_much {
                        return Ok(too_many_rows(seen));
                    }
                    let is_last = next.is_none() && closes;
                    if let ControlFlow::Break(ended) =
                        write_down(shared, batch, events, is_last).await?
                    {
                        return Ok(ended);
                    }
                }
            }
            match pages.advance(held, next) {
                Ok(true) => {}
                Ok(false) if is_too_much => return Ok(too_many_rows(None)),
                Ok(false) => return Ok(QueryOutcome::Complete),
                Err(_) => return Ok(QueryOutcome::Failed),
            }
            page = match results(pages.token()).await {
                Ok(page) => page,
                Err(error) => return Ok(QueryOutcome::Refused(error)),
            };
        }
    }

    /// Records what a query cost, and settles the reservation in the scan budget.
    async fn pay(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
        bytes: u64,
    ) -> Result<(), JournalClosed> {
        let Some(target) = batch
            .units
            .first()
            .map(|unit| unit.reading().group.target.clone())
        else {
            return Ok(());
        };
        let usd = scan_cost(&target.region, bytes as f64);
        let set_aside: f64 = batch
            .units
            .iter()
            .map(|unit| unit.reading().take_set_aside())
            .sum();
        shared
            .budget
            .settle(set_aside + batch.cost_before.unwrap_or_default(), usd);
        batch.cost_before = Some(usd);
        let query = InsightsQuery {
            target,
            log_groups: batch.units.len(),
            bytes,
            usd,
        };
        shared.journal.write(Entry::Query(query)).await
    }
}

/// Returns how many rows a query claims to have, on all its pages.
fn promised_rows(page: &QueryPage, rows_are: RowKind<'_>) -> u64 {
    match rows_are {
        // Each event that passes the query's filters is a row.
        RowKind::Events { .. } => page.all_rows.max(page.matched),
        RowKind::Written(_) => page.all_rows,
    }
}

fn too_many_rows(seen: Option<(i64, i64)>) -> QueryOutcome {
    QueryOutcome::LimitExceeded(LimitExceeded {
        outcome: Outcome::because(Status::Partial, Reason::OverRowLimit, ""),
        seen,
    })
}

/// Examines a page of rows and writes it to the journal, for each log group that has events in it.
/// The last page is written for all log groups of the batch, which completes their units.
pub(super) async fn write_down(
    shared: &SweepContext,
    batch: &Batch,
    rows: Vec<InsightsRow>,
    is_last: bool,
) -> Result<ControlFlow<QueryOutcome>, JournalClosed> {
    let Question {
        from_ms,
        to_ms,
        narrow,
        ..
    } = batch.question;
    let mut by_group: BTreeMap<String, Vec<LogEvent>> = BTreeMap::new();
    let only = if let [only] = batch.units.as_slice() {
        Some(&only.reading().group.name)
    } else {
        None
    };
    for InsightsRow { log_group, event } in rows {
        // A row without a log group can only belong to the single log group of the batch, if there
        // is just one.
        let Some(name) = only.cloned().or(log_group) else {
            return Ok(ControlFlow::Break(QueryOutcome::Failed));
        };
        if (from_ms..to_ms).contains(&event.timestamp_ms) {
            by_group.entry(name).or_default().push(event);
        }
    }
    let are_all = !shared.search_set.narrow_insights(narrow);
    for unit in &batch.units {
        let reading = unit.reading();
        let events = by_group.remove(&reading.group.name);
        if events.is_none() && !is_last {
            continue;
        }
        let next_token = (!is_last).then(|| MORE.to_owned());
        let page = EventPage {
            events: events.unwrap_or_default(),
            next_token,
        };
        reading.notice(&page);
        // Queries do not request unmasked values.
        reading.is_read_masked();
        let let_through = PrefilterHits {
            are_all,
            has_tampering: true,
        };
        let page = examine_page(reading, batch.question.pass, unit.id(), let_through, page);
        shared
            .tally
            .page(page.events, page.bytes, page.found.number() as u64);
        shared.journal.write(Entry::Page(page)).await?;
    }
    // Any events left belong to log groups that the query did not name.
    Ok(if by_group.is_empty() {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(QueryOutcome::Failed)
    })
}
