//! The retry policy: what follows a failed attempt, by the class of its error.

use std::time::Duration;

use tracing::{debug, info};

use super::error::{Diagnosis, ErrorClass};
use super::quota_limiter::QuotaLimiter;
use crate::throttle::QuotaKey;

/// A throttled call waits in the queue of its quota, so retries cost little. All calls of a quota
/// fail after [`crate::throttle::THROTTLED_LIMIT`] without a success.
const THROTTLED_ATTEMPTS: u32 = 50;
/// A server error or broken connection that lasts longer than about 20 s is returned.
const TRANSIENT_ATTEMPTS: u32 = 7;
/// Before the first response of AWS, no connection probably means that the network settings are
/// wrong, which is reported at once.
const FIRST_CONNECTION_ATTEMPTS: u32 = 2;
const BACKOFF: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

/// How often a call was sent, and how often it failed for each reason.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    pub made: u32,
    throttled: u32,
    transient: u32,
    expired: u32,
}

/// What to do after a failed attempt.
#[derive(Debug, PartialEq)]
pub(super) enum NextStep {
    Retry(Duration),
    SlowDown,
    Refresh,
    GiveUp,
}

impl Attempts {
    /// Records a failed attempt, and returns what to do next.
    pub(super) fn record_failure(
        &mut self,
        diagnosis: &Diagnosis,
        quota_limiter: &QuotaLimiter,
        key: &QuotaKey,
    ) -> NextStep {
        if diagnosis.class == ErrorClass::Throttled {
            record_throttle(quota_limiter, key);
        }
        let mut next = self.next_step(diagnosis.class, quota_limiter.limiter.is_blocked());
        if next == NextStep::SlowDown && key.bucket.is_some() {
            // The rate of a bucket is so high that a call could use up its attempts within
            // milliseconds, before a lower rate has an effect.
            next = NextStep::Retry(backoff(self.throttled));
        }
        debug!(
            operation = %key.operation, region = %key.region, account = %key.owner(),
            code = diagnosis.code, attempt = self.made, ?next, "an attempt failed"
        );
        next
    }

    /// Whether to give up because AWS was never reached. `has_response` says that AWS has responded
    /// to an earlier call.
    pub(super) fn is_network_unreachable(&self, diagnosis: &Diagnosis, has_response: bool) -> bool {
        diagnosis.is_unreachable && !has_response && self.made >= FIRST_CONNECTION_ATTEMPTS
    }

    /// Returns what to do after an attempt failed. `is_blocked` says that AWS throttled all calls
    /// of the quota for too long.
    fn next_step(&mut self, class: ErrorClass, is_blocked: bool) -> NextStep {
        match class {
            ErrorClass::Throttled => {
                self.throttled += 1;
                if self.throttled < THROTTLED_ATTEMPTS && !is_blocked {
                    NextStep::SlowDown
                } else {
                    NextStep::GiveUp
                }
            }
            ErrorClass::Transient => {
                self.transient += 1;
                if self.transient == TRANSIENT_ATTEMPTS {
                    return NextStep::GiveUp;
                }
                NextStep::Retry(backoff(self.transient))
            }
            ErrorClass::Expired => {
                self.expired += 1;
                if self.expired == 1 {
                    NextStep::Refresh
                } else {
                    NextStep::GiveUp
                }
            }
            ErrorClass::Denied
            | ErrorClass::NotFound
            | ErrorClass::Interrupted
            | ErrorClass::Refused => NextStep::GiveUp,
        }
    }
}

/// Returns how long to wait after this many failures: up to twice as long as the last time,
/// with jitter.
fn backoff(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let max_wait = (BACKOFF[0] * 2_u32.saturating_pow(doublings)).min(BACKOFF[1]);
    max_wait.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Records the response time of a successful call, which may raise the rate of its quota.
pub(super) fn record_success(quota_limiter: &QuotaLimiter, key: &QuotaKey, latency: Duration) {
    quota_limiter.record_response_time(latency);
    if let Some(calls_per_second) = quota_limiter.limiter.on_success() {
        info!(
            operation = %key.operation, region = %key.region, account = %key.owner(),
            calls_per_second, "no recent throttling: raising the rate"
        );
    }
}

/// Records a throttled call, which may lower the rate of its quota.
fn record_throttle(quota_limiter: &QuotaLimiter, key: &QuotaKey) {
    if let Some(calls_per_second) = quota_limiter.limiter.on_throttle(fastrand::f64()) {
        info!(
            operation = %key.operation, region = %key.region, account = %key.owner(),
            calls_per_second, "throttled: lowering the rate"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::Limiter;

    #[test]
    fn throttled_call_on_a_bucket_waits_longer_each_time() {
        let limiter = QuotaLimiter::new(Limiter::new(1_000.0));
        let key = |bucket: Option<&str>| QuotaKey {
            account: None,
            bucket: bucket.map(Into::into),
            region: "eu-west-1".parse().unwrap(),
            operation: "GetObject",
        };
        let throttled = Diagnosis {
            class: ErrorClass::Throttled,
            code: "SlowDown".to_owned(),
            message: String::new(),
            request_id: String::new(),
            is_unreachable: false,
        };
        let mut attempts = Attempts::default();
        let mut wait = || match attempts.record_failure(&throttled, &limiter, &key(Some("logs"))) {
            NextStep::Retry(wait) => wait,
            next => panic!("{next:?}"),
        };
        let waits: Vec<Duration> = (0..8).map(|_| wait()).collect();
        assert!(waits[0] <= BACKOFF[0], "{waits:?}");
        assert!(waits[7] >= BACKOFF[1] / 2, "{waits:?}");
        let next = Attempts::default().record_failure(&throttled, &limiter, &key(None));
        assert_eq!(next, NextStep::SlowDown);
    }

    #[test]
    fn unreachable_network_is_reported_at_once_before_the_first_response() {
        let diagnosis = |is_unreachable| Diagnosis {
            class: ErrorClass::Transient,
            code: "NoConnection".to_owned(),
            message: String::new(),
            request_id: String::new(),
            is_unreachable,
        };
        let after = |made, is_unreachable, has_response| {
            let attempts = Attempts {
                made,
                ..Attempts::default()
            };
            attempts.is_network_unreachable(&diagnosis(is_unreachable), has_response)
        };
        assert!(after(2, true, false));
        assert!(!after(1, true, false), "the network may be coming up");
        assert!(!after(2, true, true), "AWS was reached before");
        assert!(!after(2, false, false), "the connection was lost later");
    }

    #[test]
    fn each_error_class_has_its_own_retry_limit() {
        let mut attempts = Attempts::default();
        assert_eq!(
            attempts.next_step(ErrorClass::Denied, false),
            NextStep::GiveUp
        );
        assert_eq!(
            attempts.next_step(ErrorClass::Expired, false),
            NextStep::Refresh
        );
        assert_eq!(
            attempts.next_step(ErrorClass::Expired, false),
            NextStep::GiveUp
        );
        let attempts_until_giving_up = |class| {
            let mut attempts = Attempts::default();
            (1..1_000).find(|_| attempts.next_step(class, false) == NextStep::GiveUp)
        };
        assert_eq!(
            attempts_until_giving_up(ErrorClass::Throttled),
            Some(THROTTLED_ATTEMPTS)
        );
        assert_eq!(
            attempts_until_giving_up(ErrorClass::Transient),
            Some(TRANSIENT_ATTEMPTS)
        );
        assert_eq!(
            Attempts::default().next_step(ErrorClass::Throttled, true),
            NextStep::GiveUp
        );
    }
}
