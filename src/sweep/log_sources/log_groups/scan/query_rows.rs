//! Writes the rows of an Insights query to the journal, each with its log group.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::batches::{Batch, BatchKey};
use super::query_outcome::QueryOutcome;
use super::received_rows::ReceivedRows;
use super::unit::Unit;
use crate::aws::{EventPage, InsightsRow, LogEvent, ResultRow};
use crate::store::{Entry, JournalClosed, PassthroughRows};
use crate::sweep::context::SweepContext;
use crate::sweep::examine::{PrefilterHits, examine_page};

/// The page token that is stored for every page of a query but the last. The real token would
/// expire within the hour, so it is not stored.
const MORE_PAGES: &str = "more";

/// Writes rows of a passthrough query to the journal, even if the query has too many: it cannot be
/// split, and some rows are worth more than none.
pub(super) async fn write_passthrough_rows(
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
pub(super) async fn write_events(
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
        return Ok(ControlFlow::Break(QueryOutcome::too_many_rows(
            received.seen,
        )));
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
        let mut page = EventPage {
            events: events.unwrap_or_default(),
            next_token,
            has_unsearched_stream: false,
        };
        if scan.has_truncated_events(batch.key.pass, &page)
            && scan.join_truncated_events(&mut page).await.is_break()
        {
            return Ok(ControlFlow::Break(QueryOutcome::Cancelled));
        }
        scan.note_trail_streams(&page);
        scan.count_truncated_events(batch.key.pass, &page).await?;
        if let Some(remark) = scan.note_transformed(batch.key.pass, &page) {
            shared.journal.write(remark).await?;
        }
        // Queries do not request unmasked values.
        scan.note_masked_read();
        let page = examine_page(
            &scan.page_origin(),
            batch.key.pass,
            unit.id(),
            prefilter_hits,
            page,
        );
        shared.write_page(page).await?;
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
