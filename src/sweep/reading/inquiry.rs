//! One Insights query: begun, waited for, read page by page, and cut where it gives more rows than can be had.
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
use tracing::info;

use super::batches::{Batch, Question};
use super::queue::Queue;
use super::unit::Unit;
use crate::aws::{
    CallError, ErrorClass, EventPage, InsightsRequest, InsightsRow, LogEvent, Pages, QueryId, QueryStatus,
};
use crate::model::{Outcome, Reason, Status, TAMPERING};
use crate::search::StreamsAsked;
use crate::store::{Entry, InsightsQuery, JournalClosed, Pass};
use crate::sweep::examine::{LetThrough, examine_page};
use crate::sweep::outcome;
use crate::sweep::run::Shared;
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

/// How often a query is begun that AWS fails to carry out.
const ATTEMPTS: u32 = 3;

/// A query that goes on for longer is given up. Source: CloudWatch Logs user guide, "Quotas": AWS ends it after an hour.
const LONGEST_QUERY: Duration = Duration::from_mins(75);

/// Calls to stop a query that nobody waits for any more take this long at most.
const TO_STOP: Duration = Duration::from_secs(5);

/// What marks a page of a query as not the last: its own token would be forgotten within the hour.
const MORE: &str = "more";

/// Asks Insights about the log groups of one account's Region.
#[derive(Debug)]
pub(super) struct Inquirer {
    places: Semaphore,
    infrequent_access_places: Semaphore,
    most_rows: AtomicU32,
}

impl Default for Inquirer {
    fn default() -> Self {
        Self {
            places: Semaphore::new(QUERIES_AT_ONCE),
            infrequent_access_places: Semaphore::new(INFREQUENT_ACCESS_AT_ONCE),
            most_rows: AtomicU32::new(MOST_ROWS),
        }
    }
}

/// How a query ended.
enum Ended {
    /// All its rows were written down.
    Whole,
    /// It gives more rows than can be had, or runs for too long: how a log group ends if nothing can be cut any more.
    TooMuch(Outcome),
    /// AWS refused it.
    Refused(CallError),
    /// AWS did not carry it out.
    Failed,
    /// The sweep is being ended.
    GivenUp,
}

impl Inquirer {
    /// Asks about a batch. What cannot be had in one query joins the queue again.
    pub async fn ask(&self, mut batch: Batch, queue: &Queue) -> Result<(), JournalClosed> {
        let (failed, open): (Vec<Unit>, Vec<Unit>) =
            batch.units.into_iter().partition(|unit| unit.reading().has_failed());
        batch.units = open;
        for unit in failed {
            unit.end(Ok(())).await?;
        }
        let Some(shared) = batch.units.first().map(|unit| Arc::clone(&unit.reading().group.shared)) else {
            return Ok(());
        };
        for unit in batch.units.iter_mut().filter(|unit| unit.was_begun()) {
            unit.restart().await?;
        }
        if !batch.cost_before.is_none_or(|usd| shared.budget.set_aside(usd)) {
            let over = Outcome::because(Status::Partial, Reason::OverScanCost, "cutting it would scan it once more");
            return hand_over_or_end(batch, |_| over.clone()).await;
        }
        let ended = self.query(&shared, &mut batch, None, true).await?;
        self.conclude(&shared, batch, ended, queue).await
    }

    async fn conclude(
        &self,
        shared: &Shared,
        mut batch: Batch,
        ended: Ended,
        queue: &Queue,
    ) -> Result<(), JournalClosed> {
        if let Ended::Refused(_) | Ended::Failed = ended {
            for unit in &mut batch.units {
                unit.restart().await?;
            }
        }
        match ended {
            Ended::Whole => end_all(batch, |_| Ok(())).await,
            Ended::GivenUp => end_all(batch, |_| Err(outcome::interrupted())).await,
            Ended::TooMuch(_) => self.cut(shared, batch, queue).await,
            // Of several groups, one may be the reason: it alone is not to be had.
            Ended::Refused(_) | Ended::Failed if batch.units.len() > 1 => {
                batch.halves().into_iter().for_each(|half| queue.add_batch(half));
                Ok(())
            }
            Ended::Failed if batch.attempts + 1 < ATTEMPTS => {
                queue.add_batch(Batch { attempts: batch.attempts + 1, ..batch });
                Ok(())
            }
            Ended::Failed => {
                let failed = Outcome::because(Status::Failed, Reason::Error, "Insights did not carry the query out");
                hand_over_or_end(batch, |_| failed.clone()).await
            }
            Ended::Refused(error) if error.class == ErrorClass::Interrupted => {
                end_all(batch, |_| Err(outcome::interrupted())).await
            }
            Ended::Refused(error) => {
                info!(%error, "Insights refuses");
                hand_over_or_end(batch, |unit| unit.reading().group.outcome_of(&error)).await
            }
        }
    }

    /// Cuts what was too much: by time down to a second, then by log group, then by stream.
    async fn cut(&self, shared: &Shared, mut batch: Batch, queue: &Queue) -> Result<(), JournalClosed> {
        let Question { from_ms, to_ms, .. } = batch.question;
        if let Some(cut) = middle(from_ms, to_ms) {
            let mut rest = Vec::new();
            for unit in &mut batch.units {
                let parts = unit.cut_at(&[cut], unit.span().expected_pages / 2.0).await?;
                unit.reading().count_units(parts.len());
                rest.extend(parts);
            }
            queue.add_batch(batch.half(Question { from_ms: cut, ..batch.question }, rest));
            let units = std::mem::take(&mut batch.units);
            queue.add_batch(batch.half(Question { to_ms: cut, ..batch.question }, units));
            return Ok(());
        }
        for unit in &mut batch.units {
            unit.restart().await?;
        }
        if batch.units.len() > 1 {
            batch.halves().into_iter().for_each(|half| queue.add_batch(half));
            return Ok(());
        }
        match self.query_by_stream(shared, &mut batch).await? {
            Ended::TooMuch(outcome) => hand_over_or_end(batch, |_| outcome.clone()).await,
            ended => Box::pin(self.conclude(shared, batch, ended, queue)).await,
        }
    }

    /// Asks about one log group stream by stream, and about all streams that were not listed.
    async fn query_by_stream(&self, shared: &Shared, batch: &mut Batch) -> Result<Ended, JournalClosed> {
        let names = match streams(shared, batch).await {
            Ok(names) => names,
            Err(ended) => return Ok(ended),
        };
        let mut all = Ended::Whole;
        for name in &names {
            match self.query(shared, batch, Some(&StreamsAsked::These(vec![name.clone()])), false).await? {
                Ended::Whole => {}
                // What the others hold can be had.
                Ended::TooMuch(outcome) => all = Ended::TooMuch(outcome),
                ended => return Ok(ended),
            }
        }
        match self.query(shared, batch, Some(&StreamsAsked::Others(names)), true).await? {
            Ended::Whole => Ok(all),
            ended => Ok(ended),
        }
    }

    /// Asks about all units of a batch, and writes down what it gives. `closes`: they have been read to their end then.
    async fn query(
        &self,
        shared: &Shared,
        batch: &mut Batch,
        streams: Option<&StreamsAsked>,
        closes: bool,
    ) -> Result<Ended, JournalClosed> {
        let Question { from_ms, to_ms, narrow, infrequent_access } = batch.question;
        let also = if shared.settings.silence { &TAMPERING[..] } else { &[] };
        let Some(query) = shared.questions.insights_query(narrow, also, streams) else {
            return Ok(too_many_rows());
        };
        let mut request = InsightsRequest {
            log_groups: batch.units.iter().map(|unit| unit.reading().group.name.clone()).collect(),
            first_second: from_ms.div_euclid(1_000),
            last_second: (to_ms - 1).div_euclid(1_000),
            query,
            limit: self.most_rows.load(Ordering::Relaxed),
        };
        let places = if infrequent_access { &self.infrequent_access_places } else { &self.places };
        // A semaphore that is never closed has a permit to come.
        let _place = tokio::select! {
            place = places.acquire() => place,
            () = shared.cancel.cancelled() => return Ok(Ended::GivenUp),
        };
        let id = match self.start(shared, batch, &mut request).await {
            Ok(id) => id,
            Err(ended) => return Ok(ended),
        };
        let ended = shared.until_given_up(self.follow(shared, batch, &id, request.limit, closes)).await;
        let ended = ended.transpose()?.unwrap_or(Ended::GivenUp);
        // Nobody waits for it any more; also where it went on for too long.
        if matches!(ended, Ended::GivenUp | Ended::TooMuch(Outcome { status: Status::Failed, .. })) {
            let unit = batch.units.first();
            if let Some(group) = unit.map(|unit| &unit.reading().group) {
                // A query that cannot be stopped ends by itself.
                _ = timeout(TO_STOP, shared.aws.stop_query(&group.session, &group.target.region, &id)).await;
            }
        }
        Ok(ended)
    }

    /// Begins a query, once there is a place for it.
    async fn start(&self, shared: &Shared, batch: &Batch, request: &mut InsightsRequest) -> Result<QueryId, Ended> {
        let began = Instant::now();
        let Some(group) = batch.units.first().map(|unit| &unit.reading().group) else { return Err(Ended::Whole) };
        let most_rows = request.limit;
        loop {
            let started = shared.aws.start_query(&group.session, &group.target.region, request);
            let Some(started) = shared.until_given_up(started).await else { return Err(Ended::GivenUp) };
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
                        () = shared.cancel.cancelled() => return Err(Ended::GivenUp),
                    }
                }
                "InvalidParameterException" if request.limit > FEWEST_ROWS => {
                    request.limit = FEWEST_ROWS;
                }
                _ => return Err(Ended::Refused(error)),
            }
        }
    }

    /// Waits for a query's end, and writes down what it gave.
    async fn follow(
        &self,
        shared: &Shared,
        batch: &mut Batch,
        id: &QueryId,
        limit: u32,
        closes: bool,
    ) -> Result<Ended, JournalClosed> {
        let Some(group) = batch.units.first().map(|unit| Arc::clone(unit.reading())) else { return Ok(Ended::Whole) };
        let group = &group.group;
        let results = |token| shared.aws.query_results(&group.session, &group.target.region, id, token);
        let (began, mut wait) = (Instant::now(), FIRST_LOOK);
        let first = loop {
            tokio::select! {
                () = sleep(wait) => {}
                () = shared.cancel.cancelled() => return Ok(Ended::GivenUp),
            }
            match results(None).await {
                Ok(page) if page.status == QueryStatus::Running && began.elapsed() < LONGEST_QUERY => {
                    wait = (wait * 3 / 2).min(LAST_LOOK)
                }
                Ok(page) => break page,
                Err(error) => return Ok(Ended::Refused(error)),
            }
        };
        self.pay(shared, batch, first.bytes_scanned).await?;
        match first.status {
            QueryStatus::Complete => {}
            QueryStatus::Running | QueryStatus::TimedOut => {
                let slow = "the query ran for longer than AWS lets it";
                return Ok(Ended::TooMuch(Outcome::because(Status::Failed, Reason::Error, slow)));
            }
            QueryStatus::Failed => return Ok(Ended::Failed),
        }
        let (mut page, mut pages, mut rows) = (first, Pages::default(), 0_u64);
        loop {
            rows += page.rows.len() as u64;
            let is_last = page.next_token.is_none();
            // Also what a server gives that knows only the smaller number.
            let is_full = rows >= limit.into() || (is_last && rows == u64::from(FEWEST_ROWS));
            if is_full || page.all_rows >= limit.into() {
                return Ok(too_many_rows());
            }
            let (held, next) = (page.rows.len(), page.next_token.take());
            if let ControlFlow::Break(ended) = write_down(shared, batch, page.rows, is_last && closes).await? {
                return Ok(ended);
            }
            match pages.turn(held, next) {
                Ok(true) => {}
                Ok(false) => return Ok(Ended::Whole),
                Err(_) => return Ok(Ended::Failed),
            }
            page = match results(pages.token()).await {
                Ok(page) => page,
                Err(error) => return Ok(Ended::Refused(error)),
            };
        }
    }

    /// Writes down what a query cost.
    async fn pay(&self, shared: &Shared, batch: &mut Batch, bytes: u64) -> Result<(), JournalClosed> {
        let Some(target) = batch.units.first().map(|unit| unit.reading().group.target.clone()) else { return Ok(()) };
        let usd = scan_cost(&target.region, bytes as f64);
        let set_aside: f64 = batch.units.iter().map(|unit| unit.reading().take_set_aside()).sum();
        shared.budget.settle(set_aside + batch.cost_before.unwrap_or_default(), usd);
        batch.cost_before = Some(usd);
        let query = InsightsQuery { target, log_groups: batch.units.len(), bytes, usd };
        shared.journal.write(Entry::Query(query)).await
    }
}

fn too_many_rows() -> Ended {
    Ended::TooMuch(Outcome::because(Status::Partial, Reason::OverRowLimit, ""))
}

/// The streams of the one log group of a batch.
async fn streams(shared: &Shared, batch: &Batch) -> Result<Vec<String>, Ended> {
    let Some(group) = batch.units.first().map(|unit| &unit.reading().group) else { return Ok(Vec::new()) };
    let (mut names, mut pages) = (Vec::new(), Pages::default());
    loop {
        let page = shared.aws.log_streams(&group.session, &group.target.region, &group.name, pages.token());
        let Some(page) = shared.until_given_up(page).await else { return Err(Ended::GivenUp) };
        let (more, next) = page.map_err(Ended::Refused)?;
        let held = more.len();
        names.extend(more);
        match pages.turn(held, next) {
            Ok(true) => {}
            Ok(false) => return Ok(names),
            Err(_) => return Err(Ended::Failed),
        }
    }
}

/// Has a page of rows examined, and writes it down for each log group that has any in it; with the last page, for all,
/// which then have been read to their end.
async fn write_down(
    shared: &Shared,
    batch: &Batch,
    rows: Vec<InsightsRow>,
    is_last: bool,
) -> Result<ControlFlow<Ended>, JournalClosed> {
    let Question { from_ms, to_ms, narrow, .. } = batch.question;
    let mut by_group: BTreeMap<String, Vec<LogEvent>> = BTreeMap::new();
    let only = if let [only] = batch.units.as_slice() { Some(&only.reading().group.name) } else { None };
    for InsightsRow { log_group, event } in rows {
        // A row that does not tell where it is from can be from the only group there is.
        let Some(name) = only.cloned().or(log_group) else { return Ok(ControlFlow::Break(Ended::Failed)) };
        if (from_ms..to_ms).contains(&event.timestamp_ms) {
            by_group.entry(name).or_default().push(event);
        }
    }
    let are_all = !shared.questions.narrow_insights(narrow);
    for unit in &batch.units {
        let reading = unit.reading();
        let events = by_group.remove(&reading.group.name);
        if events.is_none() && !is_last {
            continue;
        }
        let next_token = (!is_last).then(|| MORE.to_owned());
        let page = EventPage { events: events.unwrap_or_default(), next_token };
        reading.notice(&page);
        let let_through = LetThrough { are_all, has_tampering: true };
        let page = examine_page(reading, Pass::Search, unit.id(), let_through, page);
        shared.tally.page(page.events, page.bytes, page.found.len() as u64);
        shared.journal.write(Entry::Page(page)).await?;
    }
    // Rows of groups that nobody asked about.
    Ok(if by_group.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(Ended::Failed) })
}

/// The full second in the middle of a stretch of time; `None` if it has only one.
fn middle(from_ms: i64, to_ms: i64) -> Option<i64> {
    let (first, last) = (from_ms.div_euclid(1_000), (to_ms - 1).div_euclid(1_000));
    (first < last).then(|| (first + (last - first).div_euclid(2) + 1) * 1_000)
}

async fn end_all(batch: Batch, read: impl Fn(&Unit) -> Result<(), Outcome>) -> Result<(), JournalClosed> {
    for unit in batch.units {
        let read = read(&unit);
        unit.end(read).await?;
    }
    Ok(())
}

/// Lets the filter engine read what it can read; else the log groups end as `or` tells.
async fn hand_over_or_end(batch: Batch, or: impl Fn(&Unit) -> Outcome) -> Result<(), JournalClosed> {
    for unit in batch.units {
        if unit.may_be_handed_over() {
            unit.hand_over().await?;
        } else {
            let outcome = or(&unit);
            unit.end(Err(outcome)).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_cut_at_full_seconds() {
        assert_eq!(middle(0, 2_000), Some(1_000));
        assert_eq!(middle(500, 1_001), Some(1_000));
        assert_eq!(middle(0, 10_000), Some(5_000));
        assert_eq!([middle(0, 1_000), middle(3_999, 4_000), middle(5_200, 5_300)], [None; 3]);
    }
}
