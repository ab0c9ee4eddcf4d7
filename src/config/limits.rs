//! `[limits]`: how fast Dragnet calls AWS.

use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::{KnownRegions, QuotaOverrides};

/// Concurrency, and the share of AWS's quotas that Dragnet uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The maximum number of concurrent AWS calls, over all accounts and Regions; `None`: as many
    /// as the descriptor limit allows.
    pub concurrency: Option<Concurrency>,
    /// The share of each quota to use; production workloads keep the rest.
    pub quota_share: QuotaShare,
    /// Quotas that differ from AWS's defaults, by operation.
    pub quotas: QuotaOverrides,
}

impl Limits {
    pub(super) fn check(&self, known: &KnownRegions<'_>) -> Result<(), Problem> {
        self.quotas
            .check(known)
            .map_err(|problem| problem.under("quotas"))
    }
}

/// A number of concurrent calls, each on its own connection: 1 to 100,000. The maximum suffices for
/// the quotas of 5,000 accounts × 17 Regions, at five calls per second that are answered within 0.2
/// s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "usize")]
pub struct Concurrency(u32);

/// The number of concurrent calls is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("concurrency must be between 1 and 100000, but is {0}")]
pub struct InvalidConcurrency(i64);

impl Concurrency {
    /// Returns the number, at least 1.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl TryFrom<i64> for Concurrency {
    type Error = InvalidConcurrency;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        match u32::try_from(number) {
            Ok(fits @ 1..=100_000) => Ok(Self(fits)),
            _ => Err(InvalidConcurrency(number)),
        }
    }
}

impl From<Concurrency> for usize {
    fn from(concurrency: Concurrency) -> Self {
        concurrency.get()
    }
}

/// A share of a quota: more than 0, at most 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct QuotaShare(f64);

/// The share is out of range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("quota_share must be more than 0 and at most 1, but is {0}")]
pub struct InvalidQuotaShare(f64);

impl QuotaShare {
    /// The largest share that a watch uses by default.
    pub const OF_WATCH: Self = Self(0.3);

    /// Returns the smaller share.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// Returns the share, in `(0, 1]`.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for QuotaShare {
    fn default() -> Self {
        Self(0.8)
    }
}

impl TryFrom<f64> for QuotaShare {
    type Error = InvalidQuotaShare;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if share > 0.0 && share <= 1.0 {
            Ok(Self(share))
        } else {
            Err(InvalidQuotaShare(share))
        }
    }
}

impl From<QuotaShare> for f64 {
    fn from(share: QuotaShare) -> Self {
        share.get()
    }
}
