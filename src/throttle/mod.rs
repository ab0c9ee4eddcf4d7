//! Quotas: how soon the next call of an operation may go out in an account and Region.
//!
//! Nothing here sleeps. A [`Limiter`] answers with a wait; whoever asked does the waiting.

mod limiter;
mod quotas;

pub use limiter::Limiter;
pub use quotas::{QuotaError, QuotaTable};

use crate::model::{AccountId, Region};

/// What a quota counts: calls of one operation by one account in one Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuotaKey {
    /// The account that is charged; `None` until the caller's own account is known.
    pub account: Option<AccountId>,
    /// The Region called.
    pub region: Region,
    /// The operation, e.g. `FilterLogEvents`.
    pub operation: &'static str,
}

impl QuotaKey {
    /// The account as a text; empty while it is not known.
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
    /// Uses `share` (above 0, at most 1) of each rate in `table`; the rest is left to the account's
    /// other users.
    pub fn new(table: QuotaTable, share: f64) -> Self {
        Self { table, share }
    }

    /// A new limiter for a key. Keep it: another one would grant the key's calls once more.
    pub fn limiter(&self, key: &QuotaKey) -> Limiter {
        Limiter::new(self.table.rate(key.operation, &key.region) * self.share)
    }
}
