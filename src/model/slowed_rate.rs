//! A quota that AWS would not grant in full.

use serde::{Deserialize, Serialize};

use super::{AccountId, Region};

/// How far the calls of one quota were slowed down, since AWS throttled some. All rates are calls a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlowedRate {
    /// The operation, e.g. `FilterLogEvents`.
    pub operation: String,
    /// The account that is charged, if it is known.
    pub account: Option<AccountId>,
    /// The Region called.
    pub region: Region,
    /// The rate that the table of quotas and `quota_share` allow.
    pub allowed: f64,
    /// The lowest rate that it came to.
    pub slowest: f64,
    /// The rate at the end.
    pub last: f64,
}

impl SlowedRate {
    /// What it is sorted by.
    pub fn place(&self) -> (&str, Option<AccountId>, &str) {
        (&self.operation, self.account, self.region.as_str())
    }
}
