//! A quota that AWS did not grant in full.

use serde::{Deserialize, Serialize};

use super::{AccountId, Region};

/// How far the rate limiter reduced the rate of one quota after throttled calls. All rates are
/// calls per second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlowedRate {
    /// The operation, for example `FilterLogEvents`.
    pub operation: String,
    /// The account that the quota belongs to, if known and if it is not the quota of a bucket.
    pub account: Option<AccountId>,
    /// The bucket that the quota belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The Region of the calls.
    pub region: Region,
    /// The rate that the quota table and `quota_share` permit.
    pub allowed: f64,
    /// The lowest rate that was reached.
    pub slowest: f64,
    /// The final rate.
    pub last: f64,
}

impl SlowedRate {
    /// The operation, account, Region and bucket, by which reports are sorted.
    pub fn sort_key(&self) -> (&str, Option<AccountId>, &str, Option<&str>) {
        let bucket = self.bucket.as_deref();
        (&self.operation, self.account, self.region.as_str(), bucket)
    }
}
