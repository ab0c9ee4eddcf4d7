//! Quotas: how soon the next call of an operation may go out in an account and Region.
//!
//! Nothing here sleeps. A [`Limiter`] answers with a wait; whoever asked does the waiting.

mod limiter;
mod quotas;

pub use limiter::Limiter;
pub use quotas::{QuotaError, QuotaTable};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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

/// All limiters of a process, one a key, made when first asked for.
#[derive(Debug)]
pub struct Throttle {
    table: QuotaTable,
    share: f64,
    limiters: Mutex<HashMap<QuotaKey, Arc<Limiter>>>,
}

impl Throttle {
    /// Limits every key to `share` (above 0, at most 1) of its rate in `table`; the rest is left to
    /// the account's other users.
    pub fn new(table: QuotaTable, share: f64) -> Self {
        Self { table, share, limiters: Mutex::default() }
    }

    /// The limiter of one key.
    pub fn limiter(&self, key: &QuotaKey) -> Arc<Limiter> {
        // A poisoned map is still a whole map: nothing is left half done under this lock.
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limiter) = limiters.get(key) {
            return Arc::clone(limiter);
        }
        let rate = self.table.rate(key.operation, &key.region) * self.share;
        let limiter = Arc::new(Limiter::new(rate));
        limiters.insert(key.clone(), Arc::clone(&limiter));
        limiter
    }
}
