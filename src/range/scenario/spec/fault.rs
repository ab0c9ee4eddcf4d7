//! Tables of a scenario about what goes wrong.

use std::num::NonZeroU64;

use serde::Deserialize;

use crate::model::{AccountId, Region};
use crate::range::policy::glob;

/// Something that goes wrong on purpose.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FaultSpec {
    /// The operation, or a glob.
    pub(crate) operation: String,
    /// Only in this account.
    pub(crate) account: Option<AccountId>,
    /// Only in this Region.
    pub(crate) region: Option<Region>,
    /// Every how many calls; 1, where it is not said.
    #[serde(default = "every_one")]
    pub(crate) every: NonZeroU64,
    /// How many calls are spared first.
    #[serde(default)]
    pub(crate) after: u64,
    /// How often at most.
    pub(crate) times: Option<u64>,
    /// What goes wrong.
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
}

fn every_one() -> NonZeroU64 {
    NonZeroU64::MIN
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// Told to slow down.
    Throttle,
    /// HTTP 500.
    ServerError,
    /// HTTP 503 with a page for people instead of an error.
    Unavailable,
    /// The connection breaks.
    Reset,
    /// Refused, with this text if one is given.
    AccessDenied {
        /// The whole sentence.
        message: Option<String>,
    },
    /// Too many of the same go on at once.
    LimitExceeded,
    /// The answer takes so much longer.
    Slow {
        /// How much longer.
        milliseconds: u64,
    },
    /// The credentials have expired.
    ExpiredToken,
    /// The answer's token is the request's own.
    RepeatedToken,
    /// The answer breaks off in the middle, with HTTP 200.
    Truncated,
    /// The log group that is asked for is deleted before it is answered.
    DeleteGroup,
}

impl FaultSpec {
    /// Whether it concerns this call.
    pub(crate) fn concerns(&self, operation: &str, account: AccountId, region: &Region) -> bool {
        glob(&self.operation, operation)
            && self.account.is_none_or(|only| only == account)
            && self.region.as_ref().is_none_or(|only| only == region)
    }
}
