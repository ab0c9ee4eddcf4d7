//! The handle to a quota of reading events in one account-Region, through which a scan learns the
//! rate and acquires permits for new work.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::call_context::CallContext;
use super::call_limiter::{CallLimiter, Permit};
use super::client::Aws;
use super::quota_limiter::QuotaLimiter;
use super::s3::Bucket;
use super::session::Session;
use crate::throttle::{QuotaKey, Throttling};
use dragnet_model::{Operation, Region};

/// The quota of an operation in one account-Region, and the limits on its calls.
#[derive(Clone, Debug)]
pub struct QuotaHandle {
    call_limiter: Arc<CallLimiter>,
    stop: CancellationToken,
    quota: Arc<QuotaLimiter>,
}

impl Aws {
    /// Returns the quota for reading events in a Region of the session's account.
    pub fn event_quota(&self, session: &Session, region: &Region) -> QuotaHandle {
        self.quota(session, region, Operation::FilterLogEvents)
    }

    /// Returns the quota for reading the event history of a Region of the session's account.
    pub fn history_quota(&self, session: &Session, region: &Region) -> QuotaHandle {
        self.quota(session, region, Operation::LookupEvents)
    }

    /// Returns the quota for reading objects of a bucket.
    pub fn object_quota(&self, bucket: &Bucket) -> QuotaHandle {
        self.quota_of_key(&bucket.quota_key(Operation::GetObject))
    }

    fn quota(&self, session: &Session, region: &Region, operation: Operation) -> QuotaHandle {
        let context = CallContext {
            session,
            region,
            operation,
        };
        self.quota_of_key(&self.quota_key(context))
    }

    fn quota_of_key(&self, key: &QuotaKey) -> QuotaHandle {
        let quota = self.call_limiter.quota_limiter(key);
        QuotaHandle {
            call_limiter: Arc::clone(&self.call_limiter),
            stop: self.stop.clone(),
            quota,
        }
    }
}

impl QuotaHandle {
    /// Acquires a permit for new work, once no call in progress waits for one. Returns `None` after
    /// cancellation.
    pub async fn acquire_low_priority(&self) -> Option<Permit> {
        // As in `attempt.rs`, `select!` stores the future only once.
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            permit = self.call_limiter.acquire_low_priority(&self.quota) => permit,
        }
    }

    /// The average response time; zero while nothing is known.
    pub fn response_time(&self) -> Duration {
        self.quota.response_time()
    }

    /// The current rate in calls per second.
    pub fn rate(&self) -> f64 {
        self.quota.limiter.rate()
    }

    /// The rate in calls per second while AWS does not throttle.
    pub fn full_rate(&self) -> f64 {
        self.quota.limiter.full_rate()
    }

    /// How often AWS throttled its calls so far.
    pub fn throttling(&self) -> Throttling {
        self.quota.limiter.throttling()
    }
}
