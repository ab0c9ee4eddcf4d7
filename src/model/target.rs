//! Where a search can be made: an account in a Region.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AccountId, Region};

/// An account in one Region. Every CloudWatch Logs quota is per target, so it is also the unit in
/// which a sweep is spread out (the shard).
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
