//! Runs the statements: starts each or finds it again, waits for its end, and reads its rows. A query that
//! fails is replaced by two over half of its days.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;
use tracing::info;

use super::bucket_index::IndexedPart;
use super::cost::query_cost;
use super::folder_days::{FolderDays, scanned_bytes};
use super::query_end::{QueryEnd, end_without_rows};
use super::query_token::token_of;
use super::statement::StatementScope;
use crate::aws::{
    AthenaExecution, AthenaRequest, AthenaState, CallError, ErrorClass, Pages, Session,
};
use crate::settings::AthenaSettings;
use crate::store::{Entry, JournalClosed, RunFacts};
use crate::sweep::log_sources::s3::object_sweep::ObjectSweep;
use dragnet_model::format::money;
use dragnet_model::{AthenaQuery, AthenaQueryState};

/// How many queries of a bucket are waited for at the same time. The quota of the account is shared with
/// others.
const CONCURRENT: usize = 4;

/// The pauses between two looks at a query: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(10)];

/// How long to wait if too many queries wait or are running.
const QUEUE_PAUSE: Duration = Duration::from_secs(30);

/// How often a query waits for others.
const MOST_QUEUE_PAUSES: u32 = 240;

/// After so many failures, the rest is read without Athena.
const MOST_FAILURES: usize = 12;

/// How often a stopped query is started again.
const MOST_ATTEMPTS: u32 = 20;

/// The name of the only column of the results, which is their first row.
const COLUMN: &str = "$path";

/// Runs the queries over the objects of one bucket.
pub(super) struct QueryRunner {
    pub sweep: Arc<ObjectSweep>,
    pub session: Arc<Session>,
    pub settings: AthenaSettings,
    pub condition: String,
    /// The service of the folders of each table.
    pub kinds: BTreeMap<String, &'static str>,
    pub listed: Arc<Vec<(String, FolderDays)>>,
    /// How much more the days have than the window.
    pub whole_days: f64,
    pub permits: Semaphore,
}

/// What the queries over a scope named, and why a part of it was not queried.
#[derive(Debug, Default)]
pub(super) struct ScopeResult {
    pub named: Vec<(IndexedPart, Vec<String>)>,
    pub problem: Option<String>,
}

impl QueryRunner {
    pub(super) fn new_permits() -> Semaphore {
        Semaphore::new(CONCURRENT)
    }

    /// Queries a scope to its end, in parts if that fails.
    pub(super) async fn run_scope(
        self: Arc<Self>,
        scope: StatementScope,
    ) -> Result<ScopeResult, JournalClosed> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await.ok();
        let mut result = ScopeResult::default();
        let mut failures = 0;
        let mut waiting = vec![scope];
        while let Some(scope) = waiting.pop() {
            match self.run(&scope).await? {
                QueryEnd::Named { paths, submitted } => {
                    let kind = self.kinds.get(&scope.table).copied().unwrap_or_default();
                    let part = IndexedPart {
                        scope,
                        kind,
                        submitted,
                    };
                    result.named.push((part, paths));
                }
                QueryEnd::Failed(reason) => {
                    info!(reason, "Athena could not run a query to its end");
                    failures += 1;
                    match scope.halves().filter(|_| failures < MOST_FAILURES) {
                        Some(halves) => waiting.extend(halves),
                        None => result.problem = Some(reason),
                    }
                    if failures >= MOST_FAILURES {
                        break;
                    }
                }
                QueryEnd::Refused(reason) => {
                    result.problem = Some(reason);
                    break;
                }
                QueryEnd::Interrupted => break,
            }
        }
        Ok(result)
    }

    /// Returns what a query over a scope costs, in US dollars.
    pub(super) fn estimate(&self, scope: &StatementScope) -> f64 {
        let bytes = scanned_bytes(&self.listed, scope, self.whole_days);
        query_cost(&self.settings.region, bytes)
    }

    pub(super) fn statement(&self, scope: &StatementScope) -> String {
        scope.statement(self.settings.database.as_str(), &self.condition)
    }

    /// Runs one statement. One that an earlier part of the run started is found again by its token.
    async fn run(&self, scope: &StatementScope) -> Result<QueryEnd, JournalClosed> {
        let statement = self.statement(scope);
        let shared = &self.sweep.shared;
        for attempt in 0..MOST_ATTEMPTS {
            if shared.cancel.is_cancelled() {
                return Ok(QueryEnd::Interrupted);
            }
            let token = token_of(shared.started, &statement, attempt);
            let known = self.sweep.athena.lock().await.query(&token).cloned();
            let is_known = known.is_some();
            let query = match known {
                Some(known) if known.state == AthenaQueryState::Stopped => continue,
                Some(known) if known.state == AthenaQueryState::Failed => {
                    return Ok(QueryEnd::Failed("it failed before".to_owned()));
                }
                Some(known) => known,
                None => match self.start(scope, &statement, token).await? {
                    Ok(query) => query,
                    Err(end) => return Ok(end),
                },
            };
            if let Some(end) = self.finish(query, is_known).await? {
                return Ok(end);
            }
        }
        Ok(QueryEnd::Refused(
            "the query was stopped again and again".to_owned(),
        ))
    }

    /// Starts a query, if the scan budget has room for it.
    async fn start(
        &self,
        scope: &StatementScope,
        statement: &str,
        token: String,
    ) -> Result<Result<AthenaQuery, QueryEnd>, JournalClosed> {
        let estimated_usd = self.estimate(scope);
        let shared = &self.sweep.shared;
        if !shared.budget.reserve(estimated_usd) {
            let why_not = format!(
                "a query is estimated at {}, more than what is left of --max-scan-cost",
                money(estimated_usd)
            );
            return Ok(Err(QueryEnd::Refused(why_not)));
        }
        let request = AthenaRequest {
            statement: statement.to_owned(),
            database: self.settings.database.to_string(),
            workgroup: self.settings.workgroup.to_string(),
            token: token.clone(),
        };
        match self.send_start(&request).await {
            Ok(execution_id) => {
                let query = AthenaQuery {
                    token,
                    execution_id,
                    state: AthenaQueryState::Started,
                    estimated_usd,
                    bytes_scanned: 0,
                    cost_usd: estimated_usd,
                };
                self.record(query.clone()).await?;
                Ok(Ok(query))
            }
            Err(end) => {
                shared.budget.settle(estimated_usd, 0.0);
                Ok(Err(end))
            }
        }
    }

    /// Sends the request, and waits while too many queries wait or are running.
    async fn send_start(&self, request: &AthenaRequest) -> Result<String, QueryEnd> {
        let shared = &self.sweep.shared;
        let region = &self.settings.region;
        for _ in 0..MOST_QUEUE_PAUSES {
            // It is not abandoned: a query without a known id could not be stopped.
            let started = shared
                .aws
                .start_athena_query(&self.session, region, request)
                .await;
            match started {
                Ok(id) => return Ok(id),
                Err(error) if error.class == ErrorClass::Throttled => {
                    tokio::select! {
                        () = shared.cancel.cancelled() => return Err(QueryEnd::Interrupted),
                        () = sleep(QUEUE_PAUSE) => {}
                    }
                }
                Err(error) => return Err(end_of_call(&error)),
            }
        }
        Err(QueryEnd::Refused(
            "too many queries of others wait".to_owned(),
        ))
    }

    /// Waits for the end of a query, and reads its rows. `None` if AWS does not know one of an earlier part of
    /// the run any more: it was started too long ago, and has to be started again.
    async fn finish(
        &self,
        mut query: AthenaQuery,
        is_known: bool,
    ) -> Result<Option<QueryEnd>, JournalClosed> {
        let execution = match self.wait(&query).await {
            Ok(execution) => execution,
            Err(QueryEnd::Interrupted) => {
                self.stop(query).await?;
                return Ok(Some(QueryEnd::Interrupted));
            }
            Err(end) => {
                query.state = AthenaQueryState::Stopped;
                let is_unknown = is_known && matches!(end, QueryEnd::Failed(_));
                self.record(query).await?;
                return Ok((!is_unknown).then_some(end));
            }
        };
        let was_settled = query.state == AthenaQueryState::Succeeded;
        let reserved = query.cost_usd;
        query.bytes_scanned = execution.bytes_scanned;
        query.cost_usd = query_cost(&self.settings.region, execution.bytes_scanned as f64);
        if !was_settled {
            let budget = &self.sweep.shared.budget;
            budget.settle(reserved, query.cost_usd);
        }
        if let Some(end) = end_without_rows(&execution) {
            query.state = AthenaQueryState::Failed;
            self.record(query).await?;
            return Ok(Some(end));
        }
        let end = match self.read_rows(&query.execution_id).await {
            Ok(paths) => match execution.submitted {
                Some(submitted) => QueryEnd::Named { paths, submitted },
                None => {
                    QueryEnd::Refused("AWS did not say when the query was submitted".to_owned())
                }
            },
            Err(end) => end,
        };
        if matches!(end, QueryEnd::Named { .. }) {
            query.state = AthenaQueryState::Succeeded;
        }
        self.record(query).await?;
        Ok(Some(end))
    }

    /// Waits until a query has ended. Fails as [`QueryEnd::Failed`] if AWS does not know it.
    async fn wait(&self, query: &AthenaQuery) -> Result<AthenaExecution, QueryEnd> {
        let shared = &self.sweep.shared;
        let region = &self.settings.region;
        let mut pause = PAUSES[0];
        loop {
            if shared.cancel.is_cancelled() {
                return Err(QueryEnd::Interrupted);
            }
            let look = shared
                .aws
                .athena_execution(&self.session, region, &query.execution_id);
            let execution = match shared.run_until_cancelled(look).await {
                Some(Ok(execution)) => execution,
                Some(Err(error)) if error.code == "InvalidRequestException" => {
                    return Err(QueryEnd::Failed(error.to_string()));
                }
                Some(Err(error)) => return Err(end_of_call(&error)),
                None => return Err(QueryEnd::Interrupted),
            };
            if execution.state != AthenaState::Running {
                return Ok(execution);
            }
            tokio::select! {
                () = shared.cancel.cancelled() => {}
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Reads the paths that a query named.
    async fn read_rows(&self, id: &str) -> Result<Vec<String>, QueryEnd> {
        let shared = &self.sweep.shared;
        let region = &self.settings.region;
        let mut pages = Pages::default();
        let mut paths = Vec::new();
        let mut is_first = true;
        loop {
            let page = shared
                .aws
                .athena_results(&self.session, region, id, pages.token());
            let page = match shared.run_until_cancelled(page).await {
                Some(Ok(page)) => page,
                Some(Err(error)) => return Err(end_of_call(&error)),
                None => return Err(QueryEnd::Interrupted),
            };
            let rows = page.values.len();
            if rows == 0 {
                let found = "a page of the results has no rows".to_owned();
                return Err(QueryEnd::Refused(found));
            }
            for value in page.values {
                match value {
                    Some(name) if is_first && name == COLUMN => {}
                    Some(path) if !is_first && path.starts_with("s3://") => paths.push(path),
                    other => {
                        let found = format!("a row has no path of an object: {other:?}");
                        return Err(QueryEnd::Refused(found));
                    }
                }
                is_first = false;
            }
            match pages.advance(rows, page.next_token) {
                Ok(true) => {}
                Ok(false) => return Ok(paths),
                Err(endless) => return Err(QueryEnd::Refused(endless.to_string())),
            }
        }
    }

    /// Stops a query whose results are no longer needed. One that cannot be stopped ends by itself.
    async fn stop(&self, mut query: AthenaQuery) -> Result<(), JournalClosed> {
        let region = &self.settings.region;
        let aws = &self.sweep.shared.aws;
        let stopped = aws
            .stop_athena_query(&self.session, region, &query.execution_id)
            .await;
        match stopped {
            Ok(()) => {
                query.state = AthenaQueryState::Stopped;
                self.record(query).await
            }
            Err(error) => {
                info!(%error, "a query was not stopped");
                Ok(())
            }
        }
    }

    /// Writes what is known about a query to the journal, so that a resumed run finds it again.
    async fn record(&self, query: AthenaQuery) -> Result<(), JournalClosed> {
        // Held until it is written, so that a later state is never replaced by an earlier one.
        let mut used = self.sweep.athena.lock().await;
        used.record(query);
        let mut facts = RunFacts::default();
        facts.athena.set(&used);
        let journal = &self.sweep.shared.journal;
        journal.write(Entry::Facts(Box::new(facts))).await
    }
}

fn end_of_call(error: &CallError) -> QueryEnd {
    if error.class == ErrorClass::Interrupted {
        QueryEnd::Interrupted
    } else {
        QueryEnd::Refused(error.to_string())
    }
}
