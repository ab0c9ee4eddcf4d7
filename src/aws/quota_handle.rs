//! The way of one quota: what reads many pages of one account's Region asks it how fast it may go.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::call::CallContext;
use super::call_limiter::{CallLimiter, Permit, QuotaLimiter};
use super::connect::Aws;
use super::session::Session;
use crate::model::{Operation, Region};

/// The quota of `FilterLogEvents` in one account's Region, and the calls that use it.
#[derive(Clone, Debug)]
pub struct QuotaHandle {
    call_limiter: Arc<CallLimiter>,
    stop: CancellationToken,
    key: Arc<QuotaLimiter>,
}

impl Aws {
    /// The quota for reading events in a Region of the account that `session` is in.
    pub fn event_lane(&self, session: &Session, region: &Region) -> QuotaHandle {
        let site = CallContext {
            session,
            region,
            operation: Operation::FilterLogEvents,
        };
        let key = self.call_limiter.of(&self.quota_key(site));
        QuotaHandle {
            call_limiter: Arc::clone(&self.call_limiter),
            stop: self.stop.clone(),
            key,
        }
    }
}

impl QuotaHandle {
    /// A permit for work that has not begun, once all that is under way has its own. `None`: no call is let out
    /// any more.
    pub async fn acquire_low_priority(&self) -> Option<Permit> {
        // As in `call.rs`: a wait is held once.
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            permit = self.call_limiter.acquire_low_priority(&self.key) => permit,
        }
    }

    /// How long an answer takes of late; zero while nothing is known.
    pub fn answer_time(&self) -> Duration {
        self.key.answer_time()
    }

    /// Calls a second that it lets out now.
    pub fn rate(&self) -> f64 {
        self.key.limiter.rate()
    }
}
