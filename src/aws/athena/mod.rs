//! Amazon Athena: starts queries, reads their state and results, and stops them.
//!
//! The SDK of Athena is part of a build with the feature `athena` alone. Without it, each call fails before
//! anything is sent.

#[cfg(not(feature = "athena"))]
mod absent;
#[cfg(feature = "athena")]
mod sdk;

use jiff::Timestamp;

/// Whether this binary was built with the SDK of Athena.
pub const HAS_ATHENA: bool = cfg!(feature = "athena");

/// The input of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AthenaRequest {
    /// The statement, of at most 262,144 bytes.
    pub statement: String,
    /// The database of its tables.
    pub database: String,
    /// The workgroup that runs it.
    pub workgroup: String,
    /// A second request with the same token starts no second query.
    pub token: String,
}

/// The state of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AthenaState {
    /// The query waits or is running.
    Running,
    /// The query has ended, and all its rows are available.
    Succeeded,
    /// Athena could not run the query to its end.
    Failed,
    /// The query was stopped: by a caller, or because it scanned more than the workgroup allows.
    Cancelled,
}

/// A query, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AthenaExecution {
    /// The state.
    pub state: AthenaState,
    /// Why it is in this state: untrusted text, which may be empty.
    pub reason: String,
    /// The number of scanned bytes, which AWS bills.
    pub bytes_scanned: u64,
    /// When it was submitted, by the clock of AWS.
    pub submitted: Option<Timestamp>,
}

/// One page of the results of a query: at most 1,000 rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AthenaResults {
    /// The first column of each row. The first row of the first page is the name of the column.
    pub values: Vec<Option<String>>,
    /// The token of the next page.
    pub next_token: Option<String>,
}

/// What is needed of a workgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AthenaWorkgroup {
    /// Whether it runs queries.
    pub is_enabled: bool,
    /// It stops a query that scans more bytes.
    pub bytes_cutoff: Option<u64>,
}

/// What is needed of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AthenaTableColumns {
    /// The names of its columns. Untrusted text.
    pub columns: Vec<String>,
    /// The names of the columns of its partitions. Untrusted text.
    pub partitions: Vec<String>,
    /// The folder of a partition, if its partitions are projected. Untrusted text.
    pub template: Option<String>,
}
