//! Polls an Insights query until it is complete, and reads its rows page by page.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::batches::Batch;
use super::query_outcome::{QueryOutcome, RowKind};
use super::query_rows::{write_events, write_passthrough_rows};
use super::received_rows::ReceivedRows;
use super::scan_spec::ScanSpec;
use crate::aws::{Pages, QueryId, QueryPage, QueryStatus};
use crate::store::{Entry, InsightsQuery, JournalClosed};
use crate::sweep::context::SweepContext;
use crate::sweep::scan_cost::scan_cost;

/// The interval at which a query is polled. It grows, so that long queries use little of the quota.
const FIRST_POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(10);

/// A query that runs for longer is stopped. Source: CloudWatch Logs user guide, "Quotas": AWS ends
/// a query after an hour.
const QUERY_TIMEOUT: Duration = Duration::from_mins(75);

/// Polls a query until it is complete, and writes its rows to the journal.
pub(super) async fn fetch_results(
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
        QueryStatus::Running | QueryStatus::TimedOut => return Ok(QueryOutcome::timed_out()),
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
            Ok(false) if exceeds_limit => return Ok(QueryOutcome::too_many_rows(None)),
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
