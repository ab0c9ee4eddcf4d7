//! Runs one Insights query: starts it when a concurrency permit is free, polls it until it is
//! complete, and writes its rows to the journal page by page.
//!
//! A query returns whole events. They are matched and evaluated locally, like those of the filter
//! engine. Their log times are checked locally too, because the window of a query is in whole
//! seconds.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::batches::{Batch, BatchKey};
use super::group_scan::ScanSpec;
use super::unit::Unit;
use crate::aws::{
    CallError, EventPage, InsightsRequest, InsightsRow, LogEvent, Pages, QueryId, QueryPage,
    QueryStatus, ResultRow,
};
use crate::search::StreamFilter;
use crate::store::{Entry, InsightsQuery, JournalClosed, PassthroughRows};
use crate::sweep::evidence::trail_integrity;
use crate::sweep::examine::{PrefilterHits, examine_page};
use crate::sweep::run::SweepContext;
use crate::sweep::scan_cost::scan_cost;
use dragnet_model::{Outcome, Reason, Status};

/// The row limit of a query. Source: CloudWatch Logs API, `StartQuery`, `limit`; some servers
/// accept only the smaller number.
const ROW_LIMIT: u32 = 100_000;
const SMALL_ROW_LIMIT: u32 = 10_000;

/// The interval at which a query is polled. It grows, so that long queries use little of the quota.
const FIRST_POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(10);

/// How long to wait before a query that exceeds the account's limit is started again, and after
/// which time without a single start all queries of the account-Region fail.
const START_RETRY_INTERVAL: Duration = Duration::from_secs(5);
const START_RETRY_LIMIT: Duration = Duration::from_hours(1);

/// A query that runs for longer is stopped. Source: CloudWatch Logs user guide, "Quotas": AWS ends
/// a query after an hour.
const QUERY_TIMEOUT: Duration = Duration::from_mins(75);

/// The time limit of the call that stops a query.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The page token that is stored for every page of a query but the last. The real token would
/// expire within the hour, so it is not stored.
const MORE_PAGES: &str = "more";

/// The Insights queries of one account-Region.
#[derive(Debug)]
pub(super) struct Queries {
    /// The row limit that the server accepts.
    row_limit: AtomicU32,
    /// Since when no query could be started because the account runs too many.
    limit_exceeded_since: Mutex<Option<Instant>>,
}

impl Default for Queries {
    fn default() -> Self {
        Self {
            row_limit: AtomicU32::new(ROW_LIMIT),
            limit_exceeded_since: Mutex::new(None),
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

impl QueryOutcome {
    /// Returns whether the query may still be running: Dragnet does not wait for a query after a
    /// cancellation, nor for one that runs for too long.
    fn may_be_running(&self) -> bool {
        match self {
            Self::Cancelled => true,
            Self::LimitExceeded(limit) => limit.is_timeout,
            Self::Complete | Self::Refused(_) | Self::Failed => false,
        }
    }
}

/// The kind of rows that a query returns.
#[derive(Clone, Copy)]
pub(super) enum RowKind<'q> {
    /// Events. `completes_units` says that the last of them completes their work units.
    Events { completes_units: bool },
    /// Rows of the passthrough query with this name, which are stored as they are.
    Passthrough(&'q str),
}

/// Why one query cannot return everything.
pub(super) struct LimitExceeded {
    /// The outcome of the log groups if the query cannot be split any further.
    pub outcome: Outcome,
    /// The earliest and the latest log time among the events that were received, if there were any.
    pub seen: Option<(i64, i64)>,
    /// Whether the query ran for too long; otherwise it has too many rows.
    pub is_timeout: bool,
}

/// What was received of the rows of a query.
struct ReceivedRows {
    limit: u32,
    number: u64,
    /// Whether the query has at least as many rows as its limit, so that some may be missing.
    exceeds_limit: bool,
    /// The earliest and the latest log time of the events.
    seen: Option<(i64, i64)>,
}

impl ReceivedRows {
    fn new(limit: u32) -> Self {
        Self {
            limit,
            number: 0,
            exceeds_limit: false,
            seen: None,
        }
    }

    fn add_page(&mut self, page: &QueryPage, is_last_page: bool) {
        self.number += page.rows.len() as u64;
        let limit = u64::from(self.limit);
        // Also full: a server that knows only the smaller limit returned exactly that many rows.
        let is_full =
            self.number >= limit || (is_last_page && self.number == u64::from(SMALL_ROW_LIMIT));
        self.exceeds_limit = is_full || page.all_rows >= limit;
    }

    fn add_events(&mut self, events: &[InsightsRow]) {
        let times = events.iter().map(|row| row.event.timestamp_ms);
        self.seen = times.fold(self.seen, |seen, time| {
            let (first, last) = seen.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        });
    }
}

impl Queries {
    /// Queries the events of all units of a batch and writes them to the journal. `completes_units`
    /// says that this completes the units.
    pub(super) async fn events(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
        streams: Option<&StreamFilter>,
        completes_units: bool,
    ) -> Result<QueryOutcome, JournalClosed> {
        let extra_literals = if shared.settings.check_trail_integrity {
            trail_integrity::literals()
        } else {
            Vec::new()
        };
        match shared
            .search_set
            .insights_query(batch.key.narrow, &extra_literals, streams)
        {
            Some(query) => {
                self.run(shared, batch, query, RowKind::Events { completes_units })
                    .await
            }
            None => Ok(too_many_rows(None)),
        }
    }

    /// Runs a query over all units of a batch and writes its rows to the journal.
    pub(super) async fn run(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
        query: String,
        row_kind: RowKind<'_>,
    ) -> Result<QueryOutcome, JournalClosed> {
        let BatchKey { from_ms, to_ms, .. } = batch.key;
        let mut request = InsightsRequest {
            log_groups: batch
                .units
                .iter()
                .map(|unit| unit.scan().spec.name.clone())
                .collect(),
            first_second: from_ms.div_euclid(1_000),
            last_second: (to_ms - 1).div_euclid(1_000),
            query,
            limit: self.row_limit.load(Ordering::Relaxed),
        };
        let Some(spec) = batch.units.first().map(|unit| &unit.scan().spec) else {
            return Ok(QueryOutcome::Complete);
        };
        let permits = shared.aws.query_permits(&spec.target);
        // The semaphore is never closed, so `acquire` does not fail.
        let _permit = tokio::select! {
            permit = permits.of_class(batch.key.infrequent_access).acquire() => permit,
            () = shared.cancel.cancelled() => return Ok(QueryOutcome::Cancelled),
        };
        let id = match self.start(shared, batch, &mut request).await {
            Ok(id) => id,
            Err(outcome) => return Ok(outcome),
        };
        let outcome = shared
            .run_until_cancelled(fetch_results(shared, batch, &id, request.limit, row_kind))
            .await;
        let outcome = outcome.transpose()?.unwrap_or(QueryOutcome::Cancelled);
        if outcome.may_be_running() {
            stop_query(shared, batch, &id).await;
        }
        Ok(outcome)
    }

    /// Records that the account runs too many queries. Returns whether to try again.
    fn may_retry_start(&self) -> bool {
        let mut since = self.limit_exceeded_since();
        let first = since.get_or_insert_with(Instant::now);
        first.elapsed() < START_RETRY_LIMIT
    }

    fn limit_exceeded_since(&self) -> MutexGuard<'_, Option<Instant>> {
        // A poisoned time is still consistent: each change is a single operation.
        self.limit_exceeded_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a query, and retries while the account runs too many queries.
    async fn start(
        &self,
        shared: &SweepContext,
        batch: &Batch,
        request: &mut InsightsRequest,
    ) -> Result<QueryId, QueryOutcome> {
        let Some(spec) = batch.units.first().map(|unit| &unit.scan().spec) else {
            return Err(QueryOutcome::Complete);
        };
        let row_limit = request.limit;
        loop {
            let started = shared
                .aws
                .start_query(&spec.session, &spec.target.region, request);
            let Some(started) = shared.run_until_cancelled(started).await else {
                return Err(QueryOutcome::Cancelled);
            };
            let error = match started {
                Ok(id) => {
                    *self.limit_exceeded_since() = None;
                    if request.limit < row_limit {
                        self.row_limit.store(request.limit, Ordering::Relaxed);
                    }
                    return Ok(id);
                }
                Err(error) => error,
            };
            match error.code.as_str() {
                "LimitExceededException" if self.may_retry_start() => {
                    tokio::select! {
                        () = sleep(START_RETRY_INTERVAL) => {}
                        () = shared.cancel.cancelled() => return Err(QueryOutcome::Cancelled),
                    }
                }
                "InvalidParameterException" if request.limit > SMALL_ROW_LIMIT => {
                    request.limit = SMALL_ROW_LIMIT;
                }
                _ => return Err(QueryOutcome::Refused(error)),
            }
        }
    }
}

/// Stops a query. If it cannot be stopped, AWS ends it after an hour.
async fn stop_query(shared: &SweepContext, batch: &Batch, id: &QueryId) {
    let unit = batch.units.first();
    if let Some(spec) = unit.map(|unit| &unit.scan().spec) {
        let stopped = shared
            .aws
            .stop_query(&spec.session, &spec.target.region, id);
        _ = timeout(STOP_TIMEOUT, stopped).await;
    }
}

/// Polls a query until it is complete, and writes its rows to the journal.
async fn fetch_results(
    shared: &SweepContext,
    batch: &mut Batch,
    id: &QueryId,
    limit: u32,
    row_kind: RowKind<'_>,
) -> Result<QueryOutcome, JournalClosed> {
    let Some(scan) = batch.units.first().map(|unit| Arc::clone(unit.scan())) else {
        return Ok(QueryOutcome::Complete);
    };
    let mut page = match poll(shared, &scan.spec, id).await {
        Ok(page) => page,
        Err(outcome) => return Ok(outcome),
    };
    record_cost(shared, batch, page.bytes_scanned).await?;
    match page.status {
        QueryStatus::Complete => {}
        QueryStatus::Running | QueryStatus::TimedOut => return Ok(timed_out()),
        QueryStatus::Failed => return Ok(QueryOutcome::Failed),
    }
    let mut pages = Pages::default();
    let mut received = ReceivedRows::new(limit);
    loop {
        let held = page.rows.len();
        let next_token = page.next_token.take();
        let is_last_page = next_token.is_none();
        received.add_page(&page, is_last_page);
        let exceeds_limit = received.exceeds_limit;
        if is_last_page && !exceeds_limit && received.number < reported_rows(&page, row_kind) {
            return Ok(QueryOutcome::Failed);
        }
        match row_kind {
            RowKind::Passthrough(hunt) => {
                write_passthrough_rows(shared, batch, hunt, page.rows).await?;
            }
            RowKind::Events { completes_units } => {
                let is_last = is_last_page && completes_units;
                let written = write_events(shared, batch, page.rows, &mut received, is_last);
                if let ControlFlow::Break(outcome) = written.await? {
                    return Ok(outcome);
                }
            }
        }
        match pages.advance(held, next_token) {
            Ok(true) => {}
            Ok(false) if exceeds_limit => return Ok(too_many_rows(None)),
            Ok(false) => return Ok(QueryOutcome::Complete),
            Err(_) => return Ok(QueryOutcome::Failed),
        }
        page = match query_results(shared, &scan.spec, id, pages.token()).await {
            Ok(page) => page,
            Err(outcome) => return Ok(outcome),
        };
    }
}

/// Polls a query until it ends or its time is up, and returns the first page of its rows.
async fn poll(
    shared: &SweepContext,
    spec: &ScanSpec,
    id: &QueryId,
) -> Result<QueryPage, QueryOutcome> {
    let started = Instant::now();
    let mut interval = FIRST_POLL_INTERVAL;
    loop {
        tokio::select! {
            () = sleep(interval) => {}
            () = shared.cancel.cancelled() => return Err(QueryOutcome::Cancelled),
        }
        let page = query_results(shared, spec, id, None).await?;
        if page.status != QueryStatus::Running || started.elapsed() >= QUERY_TIMEOUT {
            return Ok(page);
        }
        interval = (interval * 3 / 2).min(MAX_POLL_INTERVAL);
    }
}

async fn query_results(
    shared: &SweepContext,
    spec: &ScanSpec,
    id: &QueryId,
    token: Option<String>,
) -> Result<QueryPage, QueryOutcome> {
    shared
        .aws
        .query_results(&spec.session, &spec.target.region, id, token)
        .await
        .map_err(QueryOutcome::Refused)
}

/// Records what a query cost, and settles the reservation in the scan budget.
async fn record_cost(
    shared: &SweepContext,
    batch: &mut Batch,
    bytes: u64,
) -> Result<(), JournalClosed> {
    let Some(target) = batch
        .units
        .first()
        .map(|unit| unit.scan().spec.target.clone())
    else {
        return Ok(());
    };
    let usd = scan_cost(&target.region, bytes as f64);
    let reserved: f64 = batch
        .units
        .iter()
        .map(|unit| unit.scan().take_reservation())
        .sum();
    shared
        .budget
        .settle(reserved + batch.previous_usd.unwrap_or_default(), usd);
    batch.previous_usd = Some(usd);
    let query = InsightsQuery {
        target,
        log_groups: batch.units.len(),
        bytes,
        usd,
    };
    shared.journal.write(Entry::Query(query)).await
}

/// Returns how many rows a query claims to have, on all its pages.
fn reported_rows(page: &QueryPage, row_kind: RowKind<'_>) -> u64 {
    match row_kind {
        // Each event that passes the query's filters is a row.
        RowKind::Events { .. } => page.all_rows.max(page.matched),
        RowKind::Passthrough(_) => page.all_rows,
    }
}

fn too_many_rows(seen: Option<(i64, i64)>) -> QueryOutcome {
    QueryOutcome::LimitExceeded(LimitExceeded {
        outcome: Outcome::with_reason(Status::Partial, Reason::OverRowLimit, ""),
        seen,
        is_timeout: false,
    })
}

fn timed_out() -> QueryOutcome {
    let detail = "the query exceeded the time limit of Insights";
    QueryOutcome::LimitExceeded(LimitExceeded {
        outcome: Outcome::with_reason(Status::Failed, Reason::Error, detail),
        seen: None,
        is_timeout: true,
    })
}

/// Writes rows of a passthrough query to the journal, even if the query has too many: it cannot be
/// split, and some rows are worth more than none.
async fn write_passthrough_rows(
    shared: &SweepContext,
    batch: &Batch,
    hunt: &str,
    rows: Vec<ResultRow>,
) -> Result<(), JournalClosed> {
    let Some(unit) = batch.units.first().map(Unit::id) else {
        return Ok(());
    };
    let rows = PassthroughRows {
        unit,
        hunt: hunt.to_owned(),
        rows: rows.into_iter().map(|row| row.0).collect(),
    };
    shared.journal.write(Entry::Passthrough(rows)).await
}

/// Writes a page of events to the journal, unless the query exceeds its limit.
async fn write_events(
    shared: &SweepContext,
    batch: &Batch,
    rows: Vec<ResultRow>,
    received: &mut ReceivedRows,
    is_last: bool,
) -> Result<ControlFlow<QueryOutcome>, JournalClosed> {
    let events: Option<Vec<InsightsRow>> = rows.into_iter().map(ResultRow::into_event).collect();
    let Some(events) = events else {
        return Ok(ControlFlow::Break(QueryOutcome::Failed));
    };
    received.add_events(&events);
    if received.exceeds_limit {
        return Ok(ControlFlow::Break(too_many_rows(received.seen)));
    }
    write_page(shared, batch, events, is_last).await
}

/// Examines a page of rows and writes it to the journal, for each log group that has events in it.
/// The last page is written for all log groups of the batch, which completes their units.
pub(super) async fn write_page(
    shared: &SweepContext,
    batch: &Batch,
    rows: Vec<InsightsRow>,
    is_last: bool,
) -> Result<ControlFlow<QueryOutcome>, JournalClosed> {
    let Some(mut by_group) = events_by_group(batch, rows) else {
        return Ok(ControlFlow::Break(QueryOutcome::Failed));
    };
    let prefilter_hits = PrefilterHits {
        are_all: !shared.search_set.can_narrow_insights(batch.key.narrow),
        has_tampering: true,
    };
    for unit in &batch.units {
        let scan = unit.scan();
        let events = by_group.remove(&scan.spec.name);
        if events.is_none() && !is_last {
            continue;
        }
        let next_token = (!is_last).then(|| MORE_PAGES.to_owned());
        let page = EventPage {
            events: events.unwrap_or_default(),
            next_token,
            has_unsearched_stream: false,
        };
        scan.note_trail_streams(&page);
        // Queries do not request unmasked values.
        scan.note_masked_read();
        let page = examine_page(scan, batch.key.pass, unit.id(), prefilter_hits, page);
        shared
            .tally
            .count_page(page.events, page.bytes, page.found.number() as u64);
        shared.journal.write(Entry::Page(page)).await?;
    }
    // Any events left belong to log groups that the query did not name.
    Ok(if by_group.is_empty() {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(QueryOutcome::Failed)
    })
}

/// Groups the events in the time range of a batch by log group. Returns `None` if the log group of
/// a row is unknown.
fn events_by_group(
    batch: &Batch,
    rows: Vec<InsightsRow>,
) -> Option<BTreeMap<String, Vec<LogEvent>>> {
    let BatchKey { from_ms, to_ms, .. } = batch.key;
    let single_group = match batch.units.as_slice() {
        [unit] => Some(&unit.scan().spec.name),
        _ => None,
    };
    let mut by_group: BTreeMap<String, Vec<LogEvent>> = BTreeMap::new();
    for InsightsRow { log_group, event } in rows {
        // A row without a log group can only belong to the single log group of the batch, if there
        // is just one.
        let name = single_group.cloned().or(log_group)?;
        if (from_ms..to_ms).contains(&event.timestamp_ms) {
            by_group.entry(name).or_default().push(event);
        }
    }
    Some(by_group)
}
