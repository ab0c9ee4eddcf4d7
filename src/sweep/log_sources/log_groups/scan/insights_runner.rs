//! Runs the batches of Insights queries of one account-Region, and decides what follows from the
//! result: units are completed, queried again, split, or handed over to the filter engine.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::info;

use super::batches::{Batch, BatchKey, BatchQueue};
use super::class_limits::{doubtful_in_class, unsupported_in_class};
use super::cuts::split_times;
use super::queries::Queries;
use super::query_outcome::{LimitExceeded, QueryOutcome, RowKind};
use super::query_rows::write_page;
use super::unit::Unit;
use crate::aws::{ErrorClass, Pages};
use crate::search::{PassthroughQuery, StreamFilter};
use crate::store::{JournalClosed, Pass};
use crate::sweep::context::SweepContext;
use crate::sweep::outcome;
use dragnet_model::format::money;
use dragnet_model::{Outcome, Reason, Status};

/// How often a query that AWS fails to execute is started.
const ATTEMPTS: u32 = 3;

/// How many queries over a batch and its parts may time out before the batch counts as too slow for
/// Insights. Each of them is replaced by four over a quarter of its time, so there are 41 queries at
/// most. Each takes an hour (see `QUERY_TIMEOUT`), and 24 run at the same time (4 in class
/// `INFREQUENT_ACCESS`) with the default share of the quotas. So this ends after about four or
/// eleven hours.
const MAX_TIMEOUTS: u32 = 10;

/// Queries the log groups of one account-Region with Insights.
#[derive(Debug, Default)]
pub(super) struct InsightsRunner {
    queries: Queries,
}

impl InsightsRunner {
    /// Queries the units of a batch. What does not fit in one query is added to the queue again, in
    /// parts.
    pub(super) async fn run_batch(
        &self,
        mut batch: Batch,
        queue: &dyn BatchQueue,
    ) -> Result<(), JournalClosed> {
        let (failed, open): (Vec<Unit>, Vec<Unit>) = batch
            .units
            .into_iter()
            .partition(|unit| unit.scan().has_failed());
        batch.units = open;
        for unit in failed {
            unit.finish(Ok(())).await?;
        }
        let Some(shared) = batch
            .units
            .first()
            .map(|unit| Arc::clone(&unit.scan().spec.shared))
        else {
            return Ok(());
        };
        for unit in batch.units.iter_mut().filter(|unit| unit.was_started()) {
            unit.restart().await?;
        }
        if !batch
            .previous_usd
            .is_none_or(|usd| shared.budget.reserve(usd))
        {
            let over_cost = Outcome::with_reason(
                Status::Partial,
                Reason::OverScanCost,
                "splitting the query would scan the data again",
            );
            return hand_over_or_finish(batch, |_| over_cost.clone()).await;
        }
        if batch.key.pass == Pass::Passthrough {
            return self.run_passthrough_queries(&shared, batch, queue).await;
        }
        let outcome = self.queries.events(&shared, &mut batch, None, true).await?;
        self.handle_outcome(&shared, batch, outcome, queue).await
    }

    /// Continues after a query over a batch has ended.
    async fn handle_outcome(
        &self,
        shared: &SweepContext,
        mut batch: Batch,
        outcome: QueryOutcome,
        queue: &dyn BatchQueue,
    ) -> Result<(), JournalClosed> {
        if let QueryOutcome::Refused(_) | QueryOutcome::Failed = outcome {
            for unit in &mut batch.units {
                unit.restart().await?;
            }
        }
        match outcome {
            QueryOutcome::Complete => finish_all(batch, &Ok(())).await,
            QueryOutcome::Cancelled => finish_all(batch, &Err(outcome::interrupted())).await,
            QueryOutcome::LimitExceeded(limit) => self.split(shared, batch, limit, queue).await,
            // One of the log groups may be the cause. Halving the batch isolates it.
            QueryOutcome::Refused(_) | QueryOutcome::Failed if batch.units.len() > 1 => {
                queue_halves(batch, queue);
                Ok(())
            }
            QueryOutcome::Failed if batch.attempts + 1 < ATTEMPTS => {
                queue.add_batch(Batch {
                    attempts: batch.attempts + 1,
                    ..batch
                });
                Ok(())
            }
            QueryOutcome::Failed => {
                let failed = Outcome::with_reason(
                    Status::Failed,
                    Reason::Error,
                    "Insights failed to run the query",
                );
                hand_over_or_finish(batch, |_| failed.clone()).await
            }
            QueryOutcome::Refused(error) if error.class == ErrorClass::Interrupted => {
                finish_all(batch, &Err(outcome::interrupted())).await
            }
            QueryOutcome::Refused(error) => {
                info!(%error, "Insights refused the query");
                hand_over_or_finish(batch, |unit| unit.scan().spec.outcome_for_error(&error)).await
            }
        }
    }

    /// Splits a batch that exceeds a limit: by time down to one second, then by log group, then by
    /// log stream.
    async fn split(
        &self,
        shared: &SweepContext,
        mut batch: Batch,
        limit: LimitExceeded,
        queue: &dyn BatchQueue,
    ) -> Result<(), JournalClosed> {
        if limit.is_timeout && batch.timeouts.fetch_add(1, Ordering::Relaxed) >= MAX_TIMEOUTS {
            return hand_over_or_finish(batch, |_| limit.outcome.clone()).await;
        }
        let BatchKey { from_ms, to_ms, .. } = batch.key;
        let times = split_times(from_ms, to_ms, limit.seen);
        if let Some(first) = times.first() {
            if batch
                .units
                .iter()
                .any(|unit| !unit.scan().reserve_slices(times.len()))
            {
                return hand_over_or_finish(batch, |_| limit.outcome.clone()).await;
            }
            return split_by_time(batch, *first, &times, queue).await;
        }
        for unit in &mut batch.units {
            unit.restart().await?;
        }
        if batch.units.len() > 1 {
            queue_halves(batch, queue);
            return Ok(());
        }
        match self.query_by_stream(shared, &mut batch).await? {
            QueryOutcome::LimitExceeded(limit) => {
                hand_over_or_finish(batch, |_| limit.outcome.clone()).await
            }
            outcome => Box::pin(self.handle_outcome(shared, batch, outcome, queue)).await,
        }
    }

    /// Queries one log group stream by stream, and then all streams that were not listed.
    async fn query_by_stream(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
    ) -> Result<QueryOutcome, JournalClosed> {
        let names = match list_streams(shared, batch).await {
            Ok(names) => names,
            Err(outcome) => return Ok(outcome),
        };
        let mut result = QueryOutcome::Complete;
        for name in &names {
            let stream = StreamFilter::These(vec![name.clone()]);
            let query = self.queries.events(shared, batch, Some(&stream), false);
            match query.await? {
                QueryOutcome::Complete => {}
                // The other streams may still fit, so their events are read.
                QueryOutcome::LimitExceeded(limit) => result = QueryOutcome::LimitExceeded(limit),
                outcome => return Ok(outcome),
            }
        }
        let others = StreamFilter::Others(names);
        let query = self.queries.events(shared, batch, Some(&others), true);
        match query.await? {
            QueryOutcome::Complete => Ok(result),
            outcome => Ok(outcome),
        }
    }

    /// Runs the passthrough queries over one log group.
    async fn run_passthrough_queries(
        &self,
        shared: &SweepContext,
        mut batch: Batch,
        queue: &dyn BatchQueue,
    ) -> Result<(), JournalClosed> {
        let Some(scan) = batch.units.first().map(|unit| Arc::clone(unit.scan())) else {
            return Ok(());
        };
        // Rows are not stored with page tokens, so rows of an earlier part of the run cannot be
        // recognized. They are discarded.
        for unit in &mut batch.units {
            unit.restart().await?;
        }
        let mut result = Ok(());
        for hunt in shared.search_set.passthrough_queries() {
            if let Some(unsupported) = unsupported_in_class(&scan.spec.class, hunt) {
                result = Err(unsupported);
                continue;
            }
            match self.run_passthrough_query(shared, &mut batch, hunt).await? {
                QueryOutcome::Complete => {
                    let doubtful = doubtful_in_class(&scan.spec.class, hunt);
                    result = doubtful.map_or(result, Err);
                }
                QueryOutcome::LimitExceeded(limit) => result = Err(limit.outcome),
                QueryOutcome::Cancelled => {
                    return finish_all(batch, &Err(outcome::interrupted())).await;
                }
                QueryOutcome::Failed if batch.attempts + 1 < ATTEMPTS => {
                    queue.add_batch(Batch {
                        attempts: batch.attempts + 1,
                        previous_usd: None,
                        ..batch
                    });
                    return Ok(());
                }
                QueryOutcome::Failed => {
                    let detail = format!("Insights failed to run hunt {}", hunt.hunt().name);
                    result = Err(Outcome::with_reason(Status::Failed, Reason::Error, detail));
                }
                QueryOutcome::Refused(error) => {
                    let mut refused = scan.spec.outcome_for_error(&error);
                    refused.detail = format!("{}; hunt {}", refused.detail, hunt.hunt().name);
                    result = Err(refused);
                }
            }
        }
        if result.is_ok() {
            // The batch has no rows left to assign to a log group, so this cannot fail for that
            // reason.
            _ = write_page(shared, &batch, Vec::new(), true).await?;
        }
        finish_all(batch, &result).await
    }

    /// Runs one passthrough query, if the scan budget has room for it.
    async fn run_passthrough_query(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
        hunt: &PassthroughQuery,
    ) -> Result<QueryOutcome, JournalClosed> {
        let Some(usd) = batch
            .units
            .first()
            .map(|unit| unit.scan().spec.insights_usd)
        else {
            return Ok(QueryOutcome::Complete);
        };
        let name = &hunt.hunt().name;
        if !shared.budget.reserve(usd) {
            let detail = format!("hunt {name}: estimated at {}", money(usd));
            return Ok(QueryOutcome::LimitExceeded(LimitExceeded {
                outcome: Outcome::with_reason(Status::Partial, Reason::OverScanCost, detail),
                seen: None,
                is_timeout: false,
            }));
        }
        batch.previous_usd = Some(usd);
        let BatchKey { from_ms, to_ms, .. } = batch.key;
        let query = hunt.query(from_ms, to_ms);
        self.queries
            .run(shared, batch, query, RowKind::Passthrough(name))
            .await
    }
}

/// Lists the log streams of the single log group of a batch.
async fn list_streams(shared: &SweepContext, batch: &Batch) -> Result<Vec<String>, QueryOutcome> {
    let Some(spec) = batch.units.first().map(|unit| &unit.scan().spec) else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    let mut pages = Pages::default();
    loop {
        let page = shared.aws.log_streams(
            &spec.session,
            &spec.target.region,
            &spec.name,
            pages.token(),
        );
        let Some(page) = shared.run_until_cancelled(page).await else {
            return Err(QueryOutcome::Cancelled);
        };
        let (more, next) = page.map_err(QueryOutcome::Refused)?;
        let held = more.len();
        names.extend(more);
        match pages.advance(held, next) {
            Ok(true) => {}
            Ok(false) => return Ok(names),
            Err(_) => return Err(QueryOutcome::Failed),
        }
    }
}

/// Adds both halves of a batch to the queue.
fn queue_halves(batch: Batch, queue: &dyn BatchQueue) {
    for half in batch.split_in_half() {
        queue.add_batch(half);
    }
}

/// Splits all units of a batch at these times, of which `first` is the earliest. Each part becomes
/// a batch.
async fn split_by_time(
    mut batch: Batch,
    first: i64,
    times: &[i64],
    queue: &dyn BatchQueue,
) -> Result<(), JournalClosed> {
    let parts = times.len() + 1;
    let mut rest: Vec<Vec<Unit>> = times.iter().map(|_| Vec::new()).collect();
    for unit in &mut batch.units {
        let others = unit
            .split_at(times, unit.span().expected_pages / parts as f64)
            .await?;
        unit.scan().add_open_units(others.len());
        rest.iter_mut()
            .zip(others)
            .for_each(|(part, unit)| part.push(unit));
    }
    let ends = times.iter().skip(1).copied().chain([batch.key.to_ms]);
    for ((from_ms, to_ms), units) in times.iter().copied().zip(ends).zip(rest) {
        let key = BatchKey {
            from_ms,
            to_ms,
            ..batch.key
        };
        queue.add_batch(batch.part(parts, key, units));
    }
    let units = std::mem::take(&mut batch.units);
    let key = BatchKey {
        to_ms: first,
        ..batch.key
    };
    queue.add_batch(batch.part(parts, key, units));
    Ok(())
}

/// Finishes all units of a batch with the same result.
async fn finish_all(batch: Batch, result: &Result<(), Outcome>) -> Result<(), JournalClosed> {
    for unit in batch.units {
        unit.finish(result.clone()).await?;
    }
    Ok(())
}

/// Hands units over to the filter engine where it can read them. Otherwise their log groups end
/// with the outcome that `outcome_for` returns.
async fn hand_over_or_finish(
    batch: Batch,
    outcome_for: impl Fn(&Unit) -> Outcome,
) -> Result<(), JournalClosed> {
    for unit in batch.units {
        // The reservation is released for other log groups.
        let scan = unit.scan();
        scan.spec.shared.budget.settle(scan.take_reservation(), 0.0);
        if unit.may_be_handed_over() {
            unit.hand_over().await?;
        } else {
            let outcome = outcome_for(&unit);
            unit.finish(Err(outcome)).await?;
        }
    }
    Ok(())
}
