//! Limits the Insights queries that run at the same time in an account-Region. Dashboards and people
//! share AWS's limit, so all runs of a connection together use only the configured share of it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::throttle::Quotas;
use dragnet_model::Target;

/// Concurrent queries of an account in a Region. Source: CloudWatch Logs user guide, "Quotas": 100,
/// and fewer in older accounts; CloudWatch Logs API, `StartQuery`: 30, including dashboards.
const QUERIES: u32 = 30;
/// Source: CloudWatch Logs user guide, "Quotas": 5 on class `INFREQUENT_ACCESS`.
const INFREQUENT_ACCESS_QUERIES: u32 = 5;

/// The permits of all account-Regions.
#[derive(Debug)]
pub(super) struct QueryLimiter {
    queries: usize,
    infrequent_access_queries: usize,
    permits: Mutex<HashMap<Target, Arc<QueryPermits>>>,
}

/// The permits for the queries of one account-Region.
#[derive(Debug)]
pub struct QueryPermits {
    standard: Semaphore,
    infrequent_access: Semaphore,
}

impl QueryPermits {
    /// Returns the permits for log groups of class `INFREQUENT_ACCESS`, or of the others.
    pub fn of_class(&self, infrequent_access: bool) -> &Semaphore {
        if infrequent_access {
            &self.infrequent_access
        } else {
            &self.standard
        }
    }
}

impl QueryLimiter {
    pub(super) fn new(quotas: &Quotas) -> Self {
        Self {
            queries: quotas.concurrent(QUERIES),
            infrequent_access_queries: quotas.concurrent(INFREQUENT_ACCESS_QUERIES),
            permits: Mutex::default(),
        }
    }

    pub(super) fn permits(&self, target: &Target) -> Arc<QueryPermits> {
        let mut permits = self.permits.lock();
        let new = || {
            Arc::new(QueryPermits {
                standard: Semaphore::new(self.queries),
                infrequent_access: Semaphore::new(self.infrequent_access_queries),
            })
        };
        Arc::clone(permits.entry(target.clone()).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::QuotaTable;

    #[test]
    fn runs_share_the_configured_part_of_the_limit() {
        let target = |region: &str| Target {
            account: "111111111111".parse().unwrap(),
            region: region.parse().unwrap(),
        };
        for (share, standard, infrequent_access) in
            [(1.0, 30, 5), (0.8, 24, 4), (0.3, 9, 1), (0.001, 1, 1)]
        {
            let quotas = Quotas::new(QuotaTable::built_in().unwrap(), share);
            let limiter = QueryLimiter::new(&quotas);
            let permits = limiter.permits(&target("us-east-1"));
            let available = |is_infrequent| permits.of_class(is_infrequent).available_permits();
            assert_eq!(
                (available(false), available(true)),
                (standard, infrequent_access),
                "{share}"
            );
            let held = permits.of_class(false).try_acquire().unwrap();
            let of_other_run = limiter.permits(&target("us-east-1"));
            assert_eq!(
                of_other_run.of_class(false).available_permits(),
                standard - 1
            );
            drop(held);
            let other_region = limiter.permits(&target("eu-west-1"));
            assert_eq!(other_region.of_class(false).available_permits(), standard);
        }
    }
}
