//! Runs the batches of Insights queries of one account-Region, and decides what follows from the
//! result: units are completed, queried again, split, or handed over to the filter engine.

use std::sync::Arc;

use tracing::info;

use super::batches::{Batch, Question};
use super::cuts::cuts;
use super::queries::{LimitExceeded, Queries, QueryOutcome, RowKind, write_down};
use super::queue::Queue;
use super::unit::Unit;
use crate::aws::{ErrorClass, Pages};
use crate::model::{Outcome, Reason, Status};
use crate::search::StreamFilter;
use crate::store::{JournalClosed, Pass};
use crate::sweep::outcome;
use crate::sweep::run::SweepContext;

/// How often a query that AWS fails to execute is started.
const ATTEMPTS: u32 = 3;

/// Queries the log groups of one account-Region with Insights.
#[derive(Debug, Default)]
pub(super) struct InsightsRunner {
    queries: Queries,
}

impl InsightsRunner {
    /// Queries the units of a batch. What does not fit in one query is added to the queue again, in
    /// parts.
    pub async fn ask(&self, mut batch: Batch, queue: &Queue) -> Result<(), JournalClosed> {
        let (failed, open): (Vec<Unit>, Vec<Unit>) = batch
            .units
            .into_iter()
            .partition(|unit| unit.reading().has_failed());
        batch.units = open;
        for unit in failed {
            unit.end(Ok(())).await?;
        }
        let Some(shared) = batch
            .units
            .first()
            .map(|unit| Arc::clone(&unit.reading().group.shared))
        else {
            return Ok(());
        };
        for unit in batch.units.iter_mut().filter(|unit| unit.was_begun()) {
            unit.restart().await?;
        }
        if !batch
            .cost_before
            .is_none_or(|usd| shared.budget.set_aside(usd))
        {
            let over = Outcome::because(
                Status::Partial,
                Reason::OverScanCost,
                "cutting it would scan it once more",
            );
            return hand_over_or_end(batch, |_| over.clone()).await;
        }
        if batch.question.pass == Pass::Passthrough {
            return self.ask_as_written(&shared, batch, queue).await;
        }
        let ended = self.queries.events(&shared, &mut batch, None, true).await?;
        self.conclude(&shared, batch, ended, queue).await
    }

    async fn conclude(
        &self,
        shared: &SweepContext,
        mut batch: Batch,
        ended: QueryOutcome,
        queue: &Queue,
    ) -> Result<(), JournalClosed> {
        if let QueryOutcome::Refused(_) | QueryOutcome::Failed = ended {
            for unit in &mut batch.units {
                unit.restart().await?;
            }
        }
        match ended {
            QueryOutcome::Complete => end_all(batch, |_| Ok(())).await,
            QueryOutcome::Cancelled => end_all(batch, |_| Err(outcome::interrupted())).await,
            QueryOutcome::LimitExceeded(too_much) => self.cut(shared, batch, too_much, queue).await,
            // One of the log groups may be the cause. Halving the batch isolates it.
            QueryOutcome::Refused(_) | QueryOutcome::Failed if batch.units.len() > 1 => {
                batch
                    .halves()
                    .into_iter()
                    .for_each(|half| queue.add_batch(half));
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
                let failed = Outcome::because(
                    Status::Failed,
                    Reason::Error,
                    "Insights did not carry the query out",
                );
                hand_over_or_end(batch, |_| failed.clone()).await
            }
            QueryOutcome::Refused(error) if error.class == ErrorClass::Interrupted => {
                end_all(batch, |_| Err(outcome::interrupted())).await
            }
            QueryOutcome::Refused(error) => {
                info!(%error, "Insights refuses");
                hand_over_or_end(batch, |unit| unit.reading().group.outcome_of(&error)).await
            }
        }
    }

    /// Splits a batch that exceeds a limit: by time down to one second, then by log group, then by
    /// log stream.
    async fn cut(
        &self,
        shared: &SweepContext,
        mut batch: Batch,
        too_much: LimitExceeded,
        queue: &Queue,
    ) -> Result<(), JournalClosed> {
        let Question { from_ms, to_ms, .. } = batch.question;
        let cuts = cuts(from_ms, to_ms, too_much.seen);
        if let Some(first) = cuts.first() {
            if batch
                .units
                .iter()
                .any(|unit| !unit.reading().takes_slices(cuts.len()))
            {
                return hand_over_or_end(batch, |_| too_much.outcome.clone()).await;
            }
            return cut_by_time(batch, *first, &cuts, queue).await;
        }
        for unit in &mut batch.units {
            unit.restart().await?;
        }
        if batch.units.len() > 1 {
            batch
                .halves()
                .into_iter()
                .for_each(|half| queue.add_batch(half));
            return Ok(());
        }
        match self.query_by_stream(shared, &mut batch).await? {
            QueryOutcome::LimitExceeded(too_much) => {
                hand_over_or_end(batch, |_| too_much.outcome.clone()).await
            }
            ended => Box::pin(self.conclude(shared, batch, ended, queue)).await,
        }
    }

    /// Queries one log group stream by stream, and then all streams that were not listed.
    async fn query_by_stream(
        &self,
        shared: &SweepContext,
        batch: &mut Batch,
    ) -> Result<QueryOutcome, JournalClosed> {
        let names = match streams(shared, batch).await {
            Ok(names) => names,
            Err(ended) => return Ok(ended),
        };
        let mut all = QueryOutcome::Complete;
        for name in &names {
            match self
                .queries
                .events(
                    shared,
                    batch,
                    Some(&StreamFilter::These(vec![name.clone()])),
                    false,
                )
                .await?
            {
                QueryOutcome::Complete => {}
                // The other streams may still fit, so their events are read.
                QueryOutcome::LimitExceeded(too_much) => {
                    all = QueryOutcome::LimitExceeded(too_much);
                }
                ended => return Ok(ended),
            }
        }
        match self
            .queries
            .events(shared, batch, Some(&StreamFilter::Others(names)), true)
            .await?
        {
            QueryOutcome::Complete => Ok(all),
            ended => Ok(ended),
        }
    }

    /// Runs the passthrough queries over one log group.
    async fn ask_as_written(
        &self,
        shared: &SweepContext,
        mut batch: Batch,
        queue: &Queue,
    ) -> Result<(), JournalClosed> {
        let Some(reading) = batch.units.first().map(|unit| Arc::clone(unit.reading())) else {
            return Ok(());
        };
        let Question { from_ms, to_ms, .. } = batch.question;
        // Rows are not stored with page tokens, so rows of an earlier part of the run cannot be
        // recognized. They are discarded.
        for unit in &mut batch.units {
            unit.restart().await?;
        }
        let mut incomplete = None;
        for hunt in shared.search_set.written() {
            let usd = reading.group.insights_costs;
            if !shared.budget.set_aside(usd) {
                let detail = format!("hunt {}: about {usd:.2} USD", hunt.hunt().name);
                incomplete = Some(Outcome::because(
                    Status::Partial,
                    Reason::OverScanCost,
                    detail,
                ));
                continue;
            }
            batch.cost_before = Some(usd);
            let rows_are = RowKind::Written(&hunt.hunt().name);
            match self
                .queries
                .run(shared, &mut batch, hunt.query(from_ms, to_ms), rows_are)
                .await?
            {
                QueryOutcome::Complete => {}
                QueryOutcome::LimitExceeded(too_much) => incomplete = Some(too_much.outcome),
                QueryOutcome::Cancelled => {
                    return end_all(batch, |_| Err(outcome::interrupted())).await;
                }
                QueryOutcome::Failed if batch.attempts + 1 < ATTEMPTS => {
                    queue.add_batch(Batch {
                        attempts: batch.attempts + 1,
                        cost_before: None,
                        ..batch
                    });
                    return Ok(());
                }
                QueryOutcome::Failed => {
                    let detail = format!("Insights did not carry out hunt {}", hunt.hunt().name);
                    incomplete = Some(Outcome::because(Status::Failed, Reason::Error, detail));
                }
                QueryOutcome::Refused(error) => incomplete = Some(reading.group.outcome_of(&error)),
            }
        }
        if incomplete.is_none() {
            // The batch has no rows left to assign to a log group, so this cannot fail for that
            // reason.
            _ = write_down(shared, &batch, Vec::new(), true).await?;
        }
        end_all(batch, |_| incomplete.clone().map_or(Ok(()), Err)).await
    }
}

/// Lists the log streams of the single log group of a batch.
async fn streams(shared: &SweepContext, batch: &Batch) -> Result<Vec<String>, QueryOutcome> {
    let Some(group) = batch.units.first().map(|unit| &unit.reading().group) else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    let mut pages = Pages::default();
    loop {
        let page = shared.aws.log_streams(
            &group.session,
            &group.target.region,
            &group.name,
            pages.token(),
        );
        let Some(page) = shared.until_given_up(page).await else {
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

/// Splits all units of a batch at these times, of which `first` is the earliest. Each part becomes
/// a batch.
async fn cut_by_time(
    mut batch: Batch,
    first: i64,
    cuts: &[i64],
    queue: &Queue,
) -> Result<(), JournalClosed> {
    let parts = cuts.len() + 1;
    let mut rest: Vec<Vec<Unit>> = cuts.iter().map(|_| Vec::new()).collect();
    for unit in &mut batch.units {
        let others = unit
            .cut_at(cuts, unit.span().expected_pages / parts as f64)
            .await?;
        unit.reading().count_units(others.len());
        rest.iter_mut()
            .zip(others)
            .for_each(|(part, unit)| part.push(unit));
    }
    let ends = cuts.iter().skip(1).copied().chain([batch.question.to_ms]);
    for ((from_ms, to_ms), units) in cuts.iter().copied().zip(ends).zip(rest) {
        queue.add_batch(batch.part(
            parts,
            Question {
                from_ms,
                to_ms,
                ..batch.question
            },
            units,
        ));
    }
    let units = std::mem::take(&mut batch.units);
    queue.add_batch(batch.part(
        parts,
        Question {
            to_ms: first,
            ..batch.question
        },
        units,
    ));
    Ok(())
}

async fn end_all(
    batch: Batch,
    read: impl Fn(&Unit) -> Result<(), Outcome>,
) -> Result<(), JournalClosed> {
    for unit in batch.units {
        let read = read(&unit);
        unit.end(read).await?;
    }
    Ok(())
}

/// Hands units over to the filter engine where it can read them. Otherwise their log groups end
/// with the outcome that `or` returns.
async fn hand_over_or_end(
    batch: Batch,
    or: impl Fn(&Unit) -> Outcome,
) -> Result<(), JournalClosed> {
    for unit in batch.units {
        // The reservation is released for other log groups.
        let reading = unit.reading();
        reading
            .group
            .shared
            .budget
            .settle(reading.take_set_aside(), 0.0);
        if unit.may_be_handed_over() {
            unit.hand_over().await?;
        } else {
            let outcome = or(&unit);
            unit.end(Err(outcome)).await?;
        }
    }
    Ok(())
}
