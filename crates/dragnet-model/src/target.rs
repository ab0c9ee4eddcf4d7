//! An account-Region: one account in one Region.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AccountId, Region};

/// One account in one Region. Every CloudWatch Logs quota applies to an account-Region, so it is
/// also the shard of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.account, self.region)
    }
}
