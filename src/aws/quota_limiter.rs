//! The limits on the calls of one quota: the queue, the rate limiter, and the average response time.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};

use crate::throttle::Limiter;

/// The limits on the calls of one quota.
#[derive(Debug)]
pub(super) struct QuotaLimiter {
    /// Tokio's mutex is a fair queue; only the call that holds it asks the limiter.
    pub queue: Mutex<()>,
    pub limiter: Limiter,
    /// The number of calls that wait for the rate limiter or for a concurrency permit.
    waiting: AtomicUsize,
    /// Notified when no call waits any longer.
    idle: Notify,
    /// The moving average of the response time.
    response_micros: AtomicU64,
}

impl QuotaLimiter {
    pub(super) fn new(limiter: Limiter) -> Self {
        Self {
            queue: Mutex::new(()),
            limiter,
            waiting: AtomicUsize::new(0),
            idle: Notify::new(),
            response_micros: AtomicU64::new(0),
        }
    }

    /// Records the response time of a call, which contributes a quarter to the average.
    pub(super) fn record_response_time(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        _ = self
            .response_micros
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |average| {
                Some(if average == 0 {
                    micros
                } else {
                    average - average / 4 + micros / 4
                })
            });
    }

    /// The average response time; zero while nothing is known.
    pub(super) fn response_time(&self) -> Duration {
        Duration::from_micros(self.response_micros.load(Ordering::Relaxed))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    pub(super) async fn wait_idle(&self) {
        loop {
            // Registered before the check, so that no notification is missed in between.
            let notified = self.idle.notified();
            if self.is_idle() {
                return;
            }
            notified.await;
        }
    }
}

/// Counts a waiting call for as long as it exists.
pub(super) struct Waiting<'a>(&'a QuotaLimiter);

impl<'a> Waiting<'a> {
    pub(super) fn new(quota: &'a QuotaLimiter) -> Self {
        quota.waiting.fetch_add(1, Ordering::AcqRel);
        Self(quota)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
