//! The limits on calls: a rate-limit permit of the quota first, a concurrency permit second.
//!
//! Calls for work in progress have priority over new work ([`CallLimiter::acquire_low_priority`]).
//! So no more work is started than the quota can serve, however long responses take, and the caller
//! chooses the next work unit only when its permit is available.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::quota_limiter::{QuotaLimiter, Waiting};
use crate::throttle::{QuotaKey, Quotas};

/// Grants permits for calls, within their quotas and a global concurrency limit.
#[derive(Debug)]
pub(super) struct CallLimiter {
    quotas: Quotas,
    concurrency: Arc<Semaphore>,
    /// The current number of concurrency permits, in use or free.
    permits: AtomicUsize,
    max_permits: usize,
    limiters: Mutex<QuotaLimiters>,
}

/// The limiters of the quotas that are in use or were slowed down.
#[derive(Debug, Default)]
struct QuotaLimiters {
    by_key: HashMap<QuotaKey, Arc<QuotaLimiter>>,
    /// The number of limiters at which unused ones are dropped.
    cleanup_threshold: usize,
}

/// The initial number of concurrency permits, and the fewest. The number grows with each response
/// that found room in memory at once, and shrinks by one with each that had to wait, so that calls
/// in flight do not return more than the network and the disk can absorb in time.
const INITIAL_PERMITS: usize = 1_024;
/// Concurrency permits added per response while all are in use: the number quadruples within one
/// response time.
const GROWTH: usize = 3;
/// Unused limiters are kept until there are this many limiters, or twice as many as the last
/// cleanup left.
const MIN_CLEANUP_THRESHOLD: usize = 1_024;

/// The right to send one call. Its rate-limit permit is spent; it holds a concurrency permit until
/// it is dropped.
#[derive(Debug)]
pub struct Permit {
    concurrency: OwnedSemaphorePermit,
}

impl CallLimiter {
    /// Creates a limiter for at most `concurrency` calls in flight.
    pub(super) fn new(quotas: Quotas, concurrency: usize) -> Self {
        let initial = concurrency.min(INITIAL_PERMITS);
        Self {
            quotas,
            concurrency: Arc::new(Semaphore::new(initial)),
            permits: AtomicUsize::new(initial),
            max_permits: concurrency,
            limiters: Mutex::default(),
        }
    }

    /// Releases the concurrency permit of a call that has its response. If the response
    /// `had_to_wait` for memory, the number of permits shrinks by one. If it did not, and no permit
    /// is free, the number grows.
    pub(super) fn release(&self, permit: Permit, had_to_wait: bool) {
        if had_to_wait {
            let shrunk =
                self.update_permits(|permits| (permits > INITIAL_PERMITS).then(|| permits - 1));
            if shrunk.is_some() {
                permit.concurrency.forget();
            }
            return;
        }
        if self.concurrency.available_permits() > 0 {
            return;
        }
        let growth = |permits: usize| GROWTH.min(self.max_permits - permits);
        let grown = self.update_permits(|permits| {
            (permits < self.max_permits).then(|| permits + growth(permits))
        });
        if let Some(previous) = grown {
            self.concurrency.add_permits(growth(previous));
        }
    }

    /// Changes the number of permits, unless `change` returns `None`. Returns the previous number
    /// if it changed.
    fn update_permits(&self, change: impl Fn(usize) -> Option<usize>) -> Option<usize> {
        self.permits
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .ok()
    }

    /// Returns the limiter of one quota. Keep it for as long as the quota is in use.
    pub(super) fn quota_limiter(&self, key: &QuotaKey) -> Arc<QuotaLimiter> {
        let mut limiters = self.limiters.lock();
        if let Some(quota_limiter) = limiters.by_key.get(key) {
            return Arc::clone(quota_limiter);
        }
        limiters.drop_unused();
        let quota_limiter = Arc::new(QuotaLimiter::new(self.quotas.limiter(key)));
        limiters
            .by_key
            .insert(key.clone(), Arc::clone(&quota_limiter));
        quota_limiter
    }

    /// Returns the quotas that AWS throttled.
    pub(super) fn slowed(&self) -> Vec<(QuotaKey, Arc<QuotaLimiter>)> {
        let limiters = self.limiters.lock();
        let slowed = limiters
            .by_key
            .iter()
            .filter(|(_, quota_limiter)| quota_limiter.limiter.was_slowed());
        slowed
            .map(|(key, quota_limiter)| (key.clone(), Arc::clone(quota_limiter)))
            .collect()
    }

    /// Waits for a rate-limit permit of this quota and then for a concurrency permit. The queue is
    /// locked until both are acquired, so a quota has at most one rate-limit permit without a
    /// concurrency permit: a slow Region neither uses up the concurrency permits nor accumulates
    /// rate-limit permits that would cause a burst.
    pub(super) async fn acquire(&self, quota: &QuotaLimiter) -> Option<Permit> {
        let _waiting = Waiting::new(quota);
        let _head = quota.queue.lock().await;
        while let Err(wait) = quota.limiter.try_acquire() {
            // The call will not be sent, so it needs no rate-limit permit.
            if quota.limiter.is_closed() {
                break;
            }
            sleep(wait).await;
        }
        self.acquire_concurrency().await
    }

    /// Acquires a permit for new work, which yields to calls in progress: it takes a rate-limit
    /// permit only if no other call waits for this quota, and does not lock the queue while it
    /// waits. So no more work is started than the quota can serve.
    pub(super) async fn acquire_low_priority(&self, quota: &QuotaLimiter) -> Option<Permit> {
        loop {
            quota.wait_idle().await;
            let head = quota.queue.lock().await;
            if quota.is_idle() {
                match quota.limiter.try_acquire() {
                    Ok(()) => return self.acquire_concurrency().await,
                    Err(_) if quota.limiter.is_closed() => return self.acquire_concurrency().await,
                    Err(wait) => {
                        drop(head);
                        sleep(wait).await;
                    }
                }
            }
        }
    }

    /// Waits for a concurrency permit, for a call that already has its rate-limit permit or needs
    /// none.
    pub(super) async fn acquire_concurrency(&self) -> Option<Permit> {
        // The semaphore is never closed, so this always succeeds in the end.
        Arc::clone(&self.concurrency)
            .acquire_owned()
            .await
            .ok()
            .map(|concurrency| Permit { concurrency })
    }
}

impl QuotaLimiters {
    /// Drops the limiters that have no other owner and are as good as new ones. So thousands of
    /// Regions that were called only a few times leave nothing behind.
    fn drop_unused(&mut self) {
        if self.by_key.len() >= self.cleanup_threshold.max(MIN_CLEANUP_THRESHOLD) {
            // A limiter is cloned only under the lock that is held here, so the count cannot rise
            // meanwhile.
            self.by_key.retain(|_, quota_limiter| {
                Arc::strong_count(quota_limiter) > 1 || !quota_limiter.limiter.is_pristine()
            });
            self.cleanup_threshold = self.by_key.len() * 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::join_all;
    use tokio::task::JoinSet;
    use tokio::time::Instant;

    use super::*;
    use crate::throttle::QuotaTable;

    fn key(account: u64) -> QuotaKey {
        QuotaKey {
            account: format!("{account:012}").parse().ok(),
            bucket: None,
            region: "eu-west-1".parse().unwrap(),
            operation: "DescribeLogGroups",
        }
    }

    fn call_limiter(concurrency: usize) -> Arc<CallLimiter> {
        Arc::new(CallLimiter::new(
            Quotas::new(QuotaTable::built_in().unwrap(), 1.0),
            concurrency,
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn quota_without_rate_permits_holds_no_concurrency_permit() {
        let call_limiter = call_limiter(1);
        let start = Instant::now();
        let call = |key: QuotaKey| {
            let call_limiter = &call_limiter;
            async move {
                let quota_limiter = call_limiter.quota_limiter(&key);
                let _permit = call_limiter.acquire(&quota_limiter).await;
            }
        };
        // Twenty accounts with ten calls each, at ten calls a second and with a single concurrency
        // permit, take no longer than one account alone.
        join_all(
            (0..20)
                .flat_map(|account| std::iter::repeat_n(key(account), 10))
                .map(call),
        )
        .await;
        assert!(
            start.elapsed() <= Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
    }

    /// Starts as many readers of a hundred calls each as the limiter allows; returns how many were
    /// started in the first five seconds.
    async fn count_readers_after_five_seconds(response_time: Duration) -> usize {
        let call_limiter = call_limiter(64);
        let mut readers = JoinSet::new();
        let quota = call_limiter.quota_limiter(&key(1));
        let end = Instant::now() + Duration::from_secs(5);
        while let Some(mut permit) = call_limiter.acquire_low_priority(&quota).await
            && Instant::now() < end
        {
            let call_limiter = Arc::clone(&call_limiter);
            let quota = Arc::clone(&quota);
            readers.spawn(async move {
                for _ in 0..100 {
                    sleep(response_time).await;
                    quota.record_response_time(response_time);
                    drop(permit);
                    permit = call_limiter.acquire(&quota).await.unwrap();
                }
            });
        }
        readers.len()
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_readers_match_the_quota() {
        let fast = count_readers_after_five_seconds(Duration::from_millis(1)).await;
        assert!(
            fast <= 2,
            "{fast} readers where one suffices and a burst has two permits"
        );
        let slow = count_readers_after_five_seconds(Duration::from_secs(2)).await;
        assert!(
            (20..=22).contains(&slow),
            "{slow} readers for ten calls a second of two seconds each"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn response_time_is_a_moving_average() {
        let call_limiter = call_limiter(1);
        let quota = call_limiter.quota_limiter(&key(1));
        assert_eq!(quota.response_time(), Duration::ZERO);
        quota.record_response_time(Duration::from_millis(400));
        assert_eq!(quota.response_time(), Duration::from_millis(400));
        (0..20).for_each(|_| quota.record_response_time(Duration::from_millis(800)));
        assert!(
            (790..=800).contains(&quota.response_time().as_millis()),
            "{:?}",
            quota.response_time()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn unused_limiters_are_dropped() {
        let call_limiter = call_limiter(1);
        let held = call_limiter.quota_limiter(&key(1));
        let slowed = key(2);
        call_limiter.quota_limiter(&slowed).limiter.on_throttle(0.0);
        for account in 3..MIN_CLEANUP_THRESHOLD as u64 * 4 {
            assert!(
                call_limiter
                    .quota_limiter(&key(account))
                    .limiter
                    .try_acquire()
                    .is_ok()
            );
            sleep(Duration::from_millis(1)).await;
        }
        let kept = call_limiter.limiters.lock().by_key.len();
        assert!(kept <= MIN_CLEANUP_THRESHOLD, "{kept} limiters");
        assert!(
            Arc::ptr_eq(&held, &call_limiter.quota_limiter(&key(1))),
            "a limiter in use is kept"
        );
        assert!(
            call_limiter.slowed().iter().any(|(key, _)| *key == slowed),
            "a throttled quota is reported"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn concurrency_follows_the_response_budget() {
        let call_limiter = call_limiter(INITIAL_PERMITS + 100);
        let use_all_permits = async |had_to_wait| {
            let free = call_limiter.concurrency.available_permits();
            let in_flight = join_all((0..free).map(|_| call_limiter.acquire_concurrency())).await;
            in_flight
                .into_iter()
                .flatten()
                .for_each(|permit| call_limiter.release(permit, had_to_wait));
            call_limiter.concurrency.available_permits()
        };
        assert_eq!(
            use_all_permits(false).await,
            INITIAL_PERMITS + GROWTH,
            "after the first release, permits are free"
        );
        assert_eq!(use_all_permits(false).await, INITIAL_PERMITS + GROWTH * 2);
        assert_eq!(
            use_all_permits(true).await,
            INITIAL_PERMITS,
            "never below the initial number"
        );
        let waiting = join_all((0..INITIAL_PERMITS * 4).map(|_| async {
            let permit = call_limiter.acquire_concurrency().await.unwrap();
            call_limiter.release(permit, false);
        }));
        waiting.await;
        assert_eq!(
            call_limiter.concurrency.available_permits(),
            INITIAL_PERMITS + 100,
            "never above the configured maximum"
        );
    }
}
