//! Tables of a scenario for Athena.

use serde::Deserialize;

use dragnet_model::{AccountId, Region};

/// A workgroup, and how its queries behave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct WorkgroupSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    pub(in crate::scenario) name: String,
    #[serde(default)]
    pub(in crate::scenario) disabled: bool,
    /// A query that scans more bytes is cancelled.
    pub(in crate::scenario) bytes_cutoff: Option<u64>,
    /// How long a query runs.
    #[serde(default = "default_seconds")]
    pub(in crate::scenario) seconds: u32,
    /// How many queries may wait and run at the same time.
    #[serde(default = "default_concurrent")]
    pub(in crate::scenario) concurrent: usize,
    /// A query over more days times out.
    pub(in crate::scenario) most_days: Option<usize>,
    /// The most rows of a page of results.
    #[serde(default = "default_rows")]
    pub(in crate::scenario) rows_a_page: usize,
}

fn default_seconds() -> u32 {
    5
}

/// Source: Amazon Athena user guide, "Service Quotas": 20 active DML queries in most Regions.
fn default_concurrent() -> usize {
    20
}

/// Source: Athena API, `MaxQueryResults`.
fn default_rows() -> usize {
    1_000
}

/// A table with the lines of objects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct AthenaTableSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    pub(in crate::scenario) database: String,
    pub(in crate::scenario) name: String,
    /// The property `storage.location.template`.
    pub(in crate::scenario) template: String,
    /// A longer line fails a query.
    #[serde(default = "default_longest_line")]
    pub(in crate::scenario) longest_line: usize,
}

fn default_longest_line() -> usize {
    100 << 20
}
