//! Rate limits: how soon the next call of an operation may be sent in an account-Region, or on a
//! bucket.
//!
//! No code here sleeps. A [`Limiter`] returns a wait, and the caller waits.

mod limiter;
mod quotas;

pub use limiter::{Limiter, THROTTLED_LIMIT, Throttling};
pub use quotas::{QuotaError, QuotaTable};

use std::collections::BTreeMap;
use std::sync::Arc;

use dragnet_model::{AccountId, Operation, Region, Target};

/// The largest share of the quota of a bucket that is used. Others read the same objects all the
/// time, for example a SIEM.
const BUCKET_SHARE: f64 = 0.2;

/// What a quota counts: the calls of one operation by one account in one Region, or, in S3, the
/// calls of one operation on one bucket by everybody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuotaKey {
    /// The account whose quota is used; `None` until the caller's account is known, and for a
    /// bucket.
    pub account: Option<AccountId>,
    /// The bucket whose quota is used. Its account does not matter.
    pub bucket: Option<Arc<str>>,
    /// The Region of the call.
    pub region: Region,
    /// The operation, e.g. `FilterLogEvents`.
    pub operation: &'static str,
}

impl QuotaKey {
    /// Returns the name of the bucket, or the account id, which is empty while it is unknown.
    pub fn owner(&self) -> String {
        if let Some(bucket) = &self.bucket {
            return bucket.to_string();
        }
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
    fractions: Option<Arc<QuotaFractions>>,
}

/// The fractions of quotas that one of several processes may use, which run at the same time.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaFractions {
    /// By operation, for quotas that all processes share.
    pub operations: BTreeMap<String, f64>,
    /// Of `FilterLogEvents` and `GetLogObject` in account-Regions with log groups that several processes
    /// read.
    pub log_events: BTreeMap<Target, f64>,
    /// By bucket.
    pub buckets: BTreeMap<String, f64>,
    /// For any other bucket.
    pub other_buckets: f64,
}

impl QuotaFractions {
    fn of_quota(&self, key: &QuotaKey) -> f64 {
        let fraction = match &key.bucket {
            Some(bucket) => self.buckets.get(&**bucket).or(Some(&self.other_buckets)),
            None if is_of_log_events(key.operation) => key
                .account
                .map(|account| Target {
                    account,
                    region: key.region.clone(),
                })
                .and_then(|target| self.log_events.get(&target)),
            None => self.operations.get(key.operation),
        };
        fraction.copied().unwrap_or(1.0)
    }
}

/// Whether an operation returns the events of a log group, or the rest of one that is truncated.
fn is_of_log_events(operation: &str) -> bool {
    [Operation::FilterLogEvents, Operation::GetLogObject]
        .iter()
        .any(|known| known.as_str() == operation)
}

impl Quotas {
    /// Uses `share` (above 0, at most 1) of each rate in `table` and leaves the rest to the
    /// account's other users.
    pub fn new(table: QuotaTable, share: f64) -> Self {
        Self {
            table,
            share,
            fractions: None,
        }
    }

    /// Uses only these fractions, because other processes use the rest at the same time.
    #[must_use]
    pub fn with_fractions(self, fractions: Option<Arc<QuotaFractions>>) -> Self {
        Self { fractions, ..self }
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
        let share = match key.bucket {
            Some(_) => self.share.min(BUCKET_SHARE),
            None => self.share,
        };
        let fractions = self.fractions.as_ref();
        let fraction = fractions.map_or(1.0, |fractions| fractions.of_quota(key));
        Limiter::new(self.table.rate(key.operation, &key.region) * share * fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_has_a_smaller_share_of_its_quota() {
        let key = |bucket: Option<&str>| QuotaKey {
            account: None,
            bucket: bucket.map(Arc::from),
            region: "eu-west-1".parse().unwrap(),
            operation: "A",
        };
        let rates = |share: f64| {
            let table = QuotaTable::from_toml("default = 1000").unwrap();
            let quotas = Quotas::new(table, share);
            [None, Some("b")].map(|bucket| quotas.limiter(&key(bucket)).rate())
        };
        let target = Target {
            account: "111111111111".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        };
        let fractions = QuotaFractions {
            operations: BTreeMap::from([("A".to_owned(), 0.25)]),
            log_events: BTreeMap::from([(target.clone(), 0.3)]),
            buckets: BTreeMap::from([("b".to_owned(), 0.5)]),
            other_buckets: 0.1,
        };
        let table = QuotaTable::from_toml("default = 1000").unwrap();
        let quotas = Quotas::new(table, 1.0).with_fractions(Some(Arc::new(fractions)));
        let parts = [None, Some("b"), Some("c")].map(|bucket| quotas.limiter(&key(bucket)).rate());
        assert_eq!(parts, [250.0, 100.0, 20.0]);
        for operation in [Operation::FilterLogEvents, Operation::GetLogObject] {
            let events = |region: &str| QuotaKey {
                account: Some(target.account),
                region: region.parse().unwrap(),
                operation: operation.as_str(),
                ..key(None)
            };
            let parts =
                ["eu-west-1", "us-east-1"].map(|region| quotas.limiter(&events(region)).rate());
            assert_eq!(parts, [300.0, 1_000.0]);
        }
        assert_eq!(rates(0.8), [800.0, 200.0]);
        assert_eq!(rates(0.1), [100.0, 100.0]);
        assert_eq!(key(Some("b")).owner(), "b");
    }
}
