//! The workgroups, tables and queries of Athena.

use std::collections::BTreeMap;

use dragnet_model::{AccountId, Region};

/// How long a query waits before it runs, in milliseconds.
const QUEUED_MS: i64 = 500;

/// Everything that Athena keeps.
#[derive(Debug, Default)]
pub(crate) struct AthenaStore {
    pub(crate) workgroups: Vec<Workgroup>,
    pub(crate) tables: Vec<Table>,
    /// The queries by id.
    pub(super) executions: BTreeMap<String, Execution>,
    /// The id of the query that a token started, by account and token.
    pub(super) tokens: BTreeMap<(AccountId, String), String>,
}

/// A workgroup, and how its queries behave.
#[derive(Clone, Debug)]
pub(crate) struct Workgroup {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) name: String,
    pub(crate) is_enabled: bool,
    /// A query that scans more bytes is cancelled.
    pub(crate) bytes_cutoff: Option<u64>,
    /// How long a query runs, in seconds.
    pub(crate) seconds: u32,
    /// How many queries may wait and run at the same time.
    pub(crate) concurrent: usize,
    /// A query over more days times out.
    pub(crate) most_days: Option<usize>,
    /// The most rows of a page of results.
    pub(crate) rows_a_page: usize,
}

/// A table with the lines of objects, whose partitions are projected.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) database: String,
    pub(crate) name: String,
    /// The folder of a partition: `s3://BUCKET/…/${account}/…/${region}/${day}`.
    pub(crate) template: String,
    /// The values of the column `region`.
    pub(crate) regions: Vec<String>,
    /// A longer line fails a query.
    pub(crate) longest_line: usize,
}

/// What a query gives once it has ended.
#[derive(Clone, Debug)]
pub(super) enum QueryResult {
    Paths(Vec<String>),
    Failed(String),
    /// The workgroup stopped it.
    CutOff,
}

/// A query.
#[derive(Clone, Debug)]
pub(super) struct Execution {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) workgroup: String,
    pub(super) database: String,
    pub(super) statement: String,
    pub(super) started_ms: i64,
    pub(super) ends_ms: i64,
    pub(super) stopped_ms: Option<i64>,
    pub(super) bytes: u64,
    pub(super) result: QueryResult,
}

impl Execution {
    /// The state at a time, and its reason.
    pub(super) fn state(&self, now_ms: i64) -> (&'static str, Option<String>) {
        if self.stopped_ms.is_some() {
            return ("CANCELLED", Some("Query was cancelled by user".to_owned()));
        }
        if now_ms < self.started_ms.saturating_add(QUEUED_MS) {
            return ("QUEUED", None);
        }
        if now_ms < self.ends_ms {
            return ("RUNNING", None);
        }
        match &self.result {
            QueryResult::Paths(_) => ("SUCCEEDED", None),
            QueryResult::Failed(reason) => ("FAILED", Some(reason.clone())),
            QueryResult::CutOff => (
                "CANCELLED",
                Some("Query cancelled! : Bytes scanned limit was exceeded".to_owned()),
            ),
        }
    }

    /// Whether it waits or runs.
    pub(super) fn is_active(&self, now_ms: i64) -> bool {
        matches!(self.state(now_ms).0, "QUEUED" | "RUNNING")
    }
}

impl AthenaStore {
    pub(super) fn workgroup(
        &self,
        account: AccountId,
        region: &Region,
        name: &str,
    ) -> Option<&Workgroup> {
        self.workgroups
            .iter()
            .find(|known| known.account == account && known.region == *region && known.name == name)
    }

    pub(super) fn table(
        &self,
        account: AccountId,
        region: &Region,
        (database, name): (&str, &str),
    ) -> Option<&Table> {
        self.tables.iter().find(|known| {
            known.account == account
                && known.region == *region
                && known.database == database
                && known.name == name
        })
    }

    /// The statements of all queries, in no order.
    pub(crate) fn statements(&self) -> Vec<String> {
        let statements = self.executions.values();
        statements.map(|query| query.statement.clone()).collect()
    }
}
