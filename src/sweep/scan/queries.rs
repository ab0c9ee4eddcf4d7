//! One Insights query: begun once there is a place for it, waited for, and written down page by page.
//!
//! Events come whole and are matched and evaluated here, as those of the filter engine are. Their times are checked
//! here, too: a query's window is in whole seconds.

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

/// Queries side by side in one account's Region. Source: CloudWatch Logs user guide, "Quotas": 100, which dashboards
/// and people share, and fewer in older accounts; 5 of class `INFREQUENT_ACCESS`.
const QUERIES_AT_ONCE: usize = 30;
const INFREQUENT_ACCESS_AT_ONCE: usize = 4;

/// Rows of a query. Source: CloudWatch Logs API, `StartQuery`, `limit`; a server may know the smaller number only.
const MOST_ROWS: u32 = 100_000;
const FEWEST_ROWS: u32 = 10_000;

/// How long to wait before a query is asked after: more from time to time, so that long ones take little of the quota.
const FIRST_LOOK: Duration = Duration::from_millis(500);
const LAST_LOOK: Duration = Duration::from_secs(10);

/// How long to wait for a place among the queries of an account, and how often.
const FOR_A_PLACE: Duration = Duration::from_secs(5);
const LONGEST_FOR_A_PLACE: Duration = Duration::from_hours(1);

/// A query that goes on for longer is given up. Source: CloudWatch Logs user guide, "Quotas": AWS ends it after an hour.
const LONGEST_QUERY: Duration = Duration::from_mins(75);

/// Calls to stop a query that nobody waits for any more take this long at most.
const TO_STOP: Duration = Duration::from_secs(5);

/// What marks a page of a query as not the last: its own token would be forgotten within the hour.
const MORE: &str = "more";

/// The Insights queries of one account's Region.
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
    /// All its rows were written down.
    Complete,
    /// It gives more rows than can be had, or runs for too long.
    LimitExceeded(LimitExceeded),
    /// AWS refused it.
    Refused(CallError),
    /// AWS did not carry it out.
    Failed,
    /// The sweep is being ended.
    Cancelled,
}

/// What the rows of a query are.
#[derive(Clone, Copy)]
pub(super) enum RowKind<'q> {
    /// Events. `closes`: with the last of them, their units have been read to their end.
    Events { closes: bool },
    /// Rows of the hunt of this name, which are kept as they are.
    Written(&'q str),
}

/// What cannot be had in one query.
pub(super) struct LimitExceeded {
    /// How a log group ends if nothing can be cut any more.
    pub outcome: Outcome,
    /// The first and the last of the events that were seen, if any were.
    pub seen: Option<(i64, i64)>,
}

impl Queries {
    /// Asks for the events of all units of a batch, and writes them down. `closes`: they have been read to their end
    /// then.
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

    /// Asks about all units of a batch, and writes down what it gives.
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
        // A semaphore that is never closed has a permit to come.
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
        // Nobody waits for it any more; also where it went on for too long.
        if matches!(&ended, QueryOutcome::Cancelled)
            || matches!(&ended, QueryOutcome::LimitExceeded(too_much) if too_much.outcome.status == Status::Failed)
        {
            let unit = batch.units.first();
            if let Some(group) = unit.map(|unit| &unit.reading().group) {
                // A query that cannot be stopped ends by itself.
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

    /// Begins a query, once there is a place for it.
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

    /// Waits for a query's end, and writes down what it gave.
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
        let (began, mut wait) = (Instant::now(), FIRST_LOOK);
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
        let (mut page, mut pages, mut rows, mut seen) = (first, Pages::default(), 0_u64, None);
        loop {
            let (held, next) = (page.rows.len(), page.next_token.take());
            rows += held as u64;
            // Also what a server gives that knows only the smaller number.
            let is_full =
                rows >= limit.into() || (next.is_none() && rows == u64::from(FEWEST_ROWS));
            let is_too_much = is_full || page.all_rows >= limit.into();
            if next.is_none() && !is_too_much && rows < promised_rows(&page, rows_are) {
                return Ok(QueryOutcome::Failed);
            }
            match rows_are {
                RowKind::Written(hunt) => {
                    // Rows that nobody can cut are worth more than none.
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

    /// Writes down what a query cost.
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

/// How many rows a query says that it gives, on all its pages.
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

/// Has a page of rows examined, and writes it down for each log group that has any in it; with the last page, for all,
/// which then have been read to their end.
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
        // A row that does not tell where it is from can be from the only group there is.
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
        // Insights is not asked to show masked values in clear.
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
    // Rows of groups that nobody asked about.
    Ok(if by_group.is_empty() {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(QueryOutcome::Failed)
    })
}
