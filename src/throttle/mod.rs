//! Rate limits: how soon the next call of an operation may be sent in an account-Region.
//!
//! No code here sleeps. A [`Limiter`] returns a wait, and the caller waits.

mod limiter;
mod quotas;

pub use limiter::{Limiter, THROTTLED_LIMIT};
pub use quotas::{QuotaError, QuotaTable};

use dragnet_model::{AccountId, Region};

/// What a quota counts: the calls of one operation by one account in one Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuotaKey {
    /// The account whose quota is used; `None` until the caller's account is known.
    pub account: Option<AccountId>,
    /// The Region of the call.
    pub region: Region,
    /// The operation, e.g. `FilterLogEvents`.
    pub operation: &'static str,
}

impl QuotaKey {
    /// Returns the account id; empty while it is unknown.
    pub fn owner(&self) -> String {
        self.account
            .as_ref()
            .map(AccountId::to_string)
            .unwrap_or_default()
    }
}

/// AWS's rates, and the share of them that is used.
#[derive(Clone, Debug)]
pub struct Quotas {
    table: QuotaTable,
    share: f64,
}

impl Quotas {
    /// Uses `share` (above 0, at most 1) of each rate in `table` and leaves the rest to the
    /// account's other users.
    pub fn new(table: QuotaTable, share: f64) -> Self {
        Self { table, share }
    }

    /// Returns this share of a quota that counts what runs at the same time, at least 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a small positive number"
    )]
    pub fn concurrent(&self, quota: u32) -> usize {
        ((f64::from(quota) * self.share) as usize).max(1)
    }

    /// Creates the limiter of a quota key. Keep it: a second one would allow the same calls again.
    pub fn limiter(&self, key: &QuotaKey) -> Limiter {
        Limiter::new(self.table.rate(key.operation, &key.region) * self.share)
    }
}
