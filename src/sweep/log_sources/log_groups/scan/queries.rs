//! Runs one Insights query: starts it when a concurrency permit is free, polls it until it is
//! complete, and writes its rows to the journal page by page (`query_results`, `query_rows`).
//!
//! A query returns whole events. They are matched and evaluated locally, like those of the filter
//! engine. Their log times are checked locally too, because the window of a query is in whole
//! seconds.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::batches::{Batch, BatchKey};
use super::query_outcome::{QueryOutcome, RowKind};
use super::query_results::fetch_results;
use super::received_rows::{ROW_LIMIT, SMALL_ROW_LIMIT};
use crate::aws::{InsightsRequest, QueryId};
use crate::search::{OCSF_MARK, StreamFilter, TRUNCATED_EVENT_TEXT};
use crate::store::JournalClosed;
use crate::sweep::context::SweepContext;
use crate::sweep::evidence::trail_integrity;

/// How long to wait before a query that exceeds the account's limit is started again, and after
/// which time without a single start all queries of the account-Region fail.
const START_RETRY_INTERVAL: Duration = Duration::from_secs(5);
const START_RETRY_LIMIT: Duration = Duration::from_hours(1);

/// The time limit of the call that stops a query.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

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
        let mut extra_literals = if shared.settings.check_trail_integrity {
            trail_integrity::literals()
        } else {
            Vec::new()
        };
        if batch
            .units
            .iter()
            .any(|unit| unit.scan().may_have_truncated_events())
        {
            extra_literals.push(TRUNCATED_EVENT_TEXT);
        }
        if batch.units.iter().any(|unit| unit.scan().receives_trail()) {
            extra_literals.push(OCSF_MARK);
        }
        match shared
            .search_set
            .insights_query(batch.key.narrow, &extra_literals, streams)
        {
            Some(query) => {
                self.run(shared, batch, query, RowKind::Events { completes_units })
                    .await
            }
            None => Ok(QueryOutcome::too_many_rows(None)),
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
        let mut since = self.limit_exceeded_since.lock();
        let first = since.get_or_insert_with(Instant::now);
        first.elapsed() < START_RETRY_LIMIT
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
                    *self.limit_exceeded_since.lock() = None;
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
