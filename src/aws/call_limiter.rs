//! The limits on calls: a rate-limit permit of the quota first, a concurrency permit second.
//!
//! Calls for work in progress have priority over new work ([`CallLimiter::acquire_low_priority`]).
//! So no more work is started than the quota can serve, however long responses take, and the caller
//! chooses the next work unit only when its permit is available.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::throttle::{Limiter, QuotaKey, Quotas};

/// Grants permits for calls, within their quotas and a global concurrency limit.
#[derive(Debug)]
pub(super) struct CallLimiter {
    quotas: Quotas,
    slots: Arc<Semaphore>,
    /// The current number of concurrency permits, in use or free; `most` is its upper bound.
    open: AtomicUsize,
    most: usize,
    keys: StdMutex<Keys>,
}

/// The limiters of the quotas that are in use or were slowed down.
#[derive(Debug, Default)]
struct Keys {
    limiters: HashMap<QuotaKey, Arc<QuotaLimiter>>,
    /// The number of limiters at which unused ones are dropped.
    room: usize,
}

/// The initial number of concurrency permits, and the fewest. The number grows with each response
/// that found room in memory at once, and shrinks by one with each that had to wait, so that calls
/// in flight do not return more than the network and the disk can absorb in time.
const FIRST: usize = 1_024;
/// Concurrency permits added per response while all are in use: the number quadruples within one
/// response time.
const GROWTH: usize = 3;
/// Unused limiters are kept until there are this many limiters, or twice as many as the last
/// cleanup left.
const LEAST_ROOM: usize = 1_024;

/// The limits on the calls of one quota.
#[derive(Debug)]
pub(super) struct QuotaLimiter {
    /// Tokio's mutex is a fair queue; only the call that holds it asks the limiter.
    turn: Mutex<()>,
    /// The rate limiter.
    pub limiter: Limiter,
    /// The number of calls that wait for the rate limiter or for a concurrency permit.
    waiting: AtomicUsize,
    /// Notified when no call waits any longer.
    quiet: Notify,
    /// The moving average of the response time, in microseconds.
    took: AtomicU64,
}

/// The right to send one call. Its rate-limit permit is spent; it holds a concurrency permit until
/// it is dropped.
#[derive(Debug)]
pub struct Permit {
    slot: OwnedSemaphorePermit,
}

impl CallLimiter {
    /// Creates a limiter for at most `concurrency` calls in flight.
    pub fn new(quotas: Quotas, concurrency: usize) -> Self {
        let first = concurrency.min(FIRST);
        let slots = Arc::new(Semaphore::new(first));
        let open = AtomicUsize::new(first);
        Self {
            quotas,
            slots,
            open,
            most: concurrency,
            keys: StdMutex::default(),
        }
    }

    /// Releases the concurrency permit of a call that has its response. If the response
    /// `had_to_wait` for memory, the number of permits shrinks by one. If it did not, and no permit
    /// is free, the number grows.
    pub fn release(&self, permit: Permit, had_to_wait: bool) {
        if had_to_wait {
            if self
                .set_open(|open| (open > FIRST).then(|| open - 1))
                .is_some()
            {
                permit.slot.forget();
            }
        } else if self.slots.available_permits() == 0
            && let Some(before) = self
                .set_open(|open| (open < self.most).then(|| open + GROWTH.min(self.most - open)))
        {
            self.slots.add_permits(GROWTH.min(self.most - before));
        }
    }

    /// Changes the number of permits, unless `to` returns `None`. Returns the previous number if it
    /// changed.
    fn set_open(&self, to: impl Fn(usize) -> Option<usize>) -> Option<usize> {
        self.open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, to)
            .ok()
    }

    /// Returns the limiter of one quota. Keep it for as long as the quota is in use.
    pub fn of(&self, key: &QuotaKey) -> Arc<QuotaLimiter> {
        let mut keys = self.keys();
        if let Some(quota_limiter) = keys.limiters.get(key) {
            return Arc::clone(quota_limiter);
        }
        keys.make_room();
        let quota_limiter = Arc::new(QuotaLimiter::new(self.quotas.limiter(key)));
        keys.limiters
            .insert(key.clone(), Arc::clone(&quota_limiter));
        quota_limiter
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        // A poisoned map is still consistent: no change under this lock can be left half done.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the quotas that AWS throttled.
    pub fn slowed(&self) -> Vec<(QuotaKey, Arc<QuotaLimiter>)> {
        let keys = self.keys();
        let slowed = keys
            .limiters
            .iter()
            .filter(|(_, quota_limiter)| quota_limiter.limiter.was_slowed());
        slowed
            .map(|(key, quota_limiter)| (key.clone(), Arc::clone(quota_limiter)))
            .collect()
    }

    /// Waits for a rate-limit permit of this quota and then for a concurrency permit. The turn is
    /// held until both are acquired, so a quota has at most one rate-limit permit without a
    /// concurrency permit: a slow Region neither uses up the concurrency permits nor accumulates
    /// rate-limit permits that would cause a burst.
    pub async fn acquire(&self, key: &QuotaLimiter) -> Option<Permit> {
        let _waiting = Waiting::new(key);
        let _turn = key.turn.lock().await;
        while let Err(wait) = key.limiter.take() {
            sleep(wait).await;
        }
        self.slot().await
    }

    /// Acquires a permit for new work, which yields to calls in progress: it takes a rate-limit
    /// permit only if no other call waits for this quota, and does not hold the turn while it
    /// waits. So no more work is started than the quota can serve.
    pub async fn acquire_low_priority(&self, key: &QuotaLimiter) -> Option<Permit> {
        loop {
            key.wait_idle().await;
            let turn = key.turn.lock().await;
            if key.is_idle() {
                match key.limiter.take() {
                    Ok(()) => return self.slot().await,
                    Err(wait) => {
                        drop(turn);
                        sleep(wait).await;
                    }
                }
            }
        }
    }

    /// Waits for a concurrency permit, for a call that already has its rate-limit permit or needs
    /// none.
    pub async fn slot(&self) -> Option<Permit> {
        // The semaphore is never closed, so this always succeeds in the end.
        Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .ok()
            .map(|slot| Permit { slot })
    }
}

impl Keys {
    /// Drops the limiters that have no other owner and are as good as new ones. So thousands of
    /// Regions that were called only a few times leave nothing behind.
    fn make_room(&mut self) {
        if self.limiters.len() >= self.room.max(LEAST_ROOM) {
            // A limiter is cloned only under the lock that is held here, so the count cannot rise
            // meanwhile.
            self.limiters.retain(|_, quota_limiter| {
                Arc::strong_count(quota_limiter) > 1 || !quota_limiter.limiter.is_pristine()
            });
            self.room = self.limiters.len() * 2;
        }
    }
}

impl QuotaLimiter {
    fn new(limiter: Limiter) -> Self {
        Self {
            turn: Mutex::new(()),
            limiter,
            waiting: AtomicUsize::new(0),
            quiet: Notify::new(),
            took: AtomicU64::new(0),
        }
    }

    /// Records the response time of a call, which contributes a quarter to the average.
    pub fn answered_after(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        _ = self
            .took
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| {
                Some(if before == 0 {
                    micros
                } else {
                    before - before / 4 + micros / 4
                })
            });
    }

    /// The average response time; zero while nothing is known.
    pub fn answer_time(&self) -> Duration {
        Duration::from_micros(self.took.load(Ordering::Relaxed))
    }

    fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    async fn wait_idle(&self) {
        loop {
            // Registered before the check, so that no notification is missed in between.
            let quiet = self.quiet.notified();
            if self.is_idle() {
                return;
            }
            quiet.await;
        }
    }
}

/// Counts a waiting call for as long as it exists.
struct Waiting<'a>(&'a QuotaLimiter);

impl<'a> Waiting<'a> {
    fn new(key: &'a QuotaLimiter) -> Self {
        key.waiting.fetch_add(1, Ordering::AcqRel);
        Self(key)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.quiet.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use tokio::task::JoinSet;
    use tokio::time::Instant;

    use super::*;
    use crate::throttle::QuotaTable;

    fn key(account: u64) -> QuotaKey {
        QuotaKey {
            account: format!("{account:012}").parse().ok(),
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
    async fn a_key_without_permits_holds_no_slot() {
        let call_limiter = call_limiter(1);
        let start = Instant::now();
        let call = |key: QuotaKey| {
            let call_limiter = &call_limiter;
            async move {
                let quota_limiter = call_limiter.of(&key);
                let _slot = call_limiter.acquire(&quota_limiter).await;
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
    async fn begun_within_five_seconds(answer: Duration) -> usize {
        let call_limiter = call_limiter(64);
        let mut readers = JoinSet::new();
        let key = call_limiter.of(&key(1));
        let end = Instant::now() + Duration::from_secs(5);
        while let Some(mut permit) = call_limiter.acquire_low_priority(&key).await
            && Instant::now() < end
        {
            let call_limiter = Arc::clone(&call_limiter);
            let key = Arc::clone(&key);
            readers.spawn(async move {
                for _ in 0..100 {
                    sleep(answer).await;
                    key.answered_after(answer);
                    drop(permit);
                    permit = call_limiter.acquire(&key).await.unwrap();
                }
            });
        }
        readers.len()
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_read_side_by_side_as_use_the_quota_up() {
        let at_once = begun_within_five_seconds(Duration::from_millis(1)).await;
        assert!(
            at_once <= 2,
            "{at_once} readers where one is enough, and two permits are there at first"
        );
        let slow = begun_within_five_seconds(Duration::from_secs(2)).await;
        assert!(
            (20..=22).contains(&slow),
            "{slow} readers for ten calls a second of two seconds each"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn how_long_answers_take_is_known_of_late() {
        let call_limiter = call_limiter(1);
        let key = call_limiter.of(&key(1));
        assert_eq!(key.answer_time(), Duration::ZERO);
        key.answered_after(Duration::from_millis(400));
        assert_eq!(key.answer_time(), Duration::from_millis(400));
        (0..20).for_each(|_| key.answered_after(Duration::from_millis(800)));
        assert!(
            (790..=800).contains(&key.answer_time().as_millis()),
            "{:?}",
            key.answer_time()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_nobody_needs_leave_nothing_behind() {
        let call_limiter = call_limiter(1);
        let held = call_limiter.of(&key(1));
        let slowed = key(2);
        call_limiter.of(&slowed).limiter.on_throttle(0.0);
        for account in 3..LEAST_ROOM as u64 * 4 {
            assert!(call_limiter.of(&key(account)).limiter.take().is_ok());
            sleep(Duration::from_millis(1)).await;
        }
        let kept = call_limiter.keys().limiters.len();
        assert!(kept <= LEAST_ROOM, "{kept} keys");
        assert!(
            Arc::ptr_eq(&held, &call_limiter.of(&key(1))),
            "what is held is the key's one gate"
        );
        assert!(
            call_limiter.slowed().iter().any(|(key, _)| *key == slowed),
            "what was slowed is told"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn slots_come_and_go_with_room_for_answers() {
        let call_limiter = call_limiter(FIRST + 100);
        let all_answered = async |had_to_wait| {
            let under_way =
                join_all((0..call_limiter.slots.available_permits()).map(|_| call_limiter.slot()))
                    .await;
            under_way
                .into_iter()
                .flatten()
                .for_each(|permit| call_limiter.release(permit, had_to_wait));
            call_limiter.slots.available_permits()
        };
        assert_eq!(
            all_answered(false).await,
            FIRST + GROWTH,
            "and then not all are taken"
        );
        assert_eq!(all_answered(false).await, FIRST + GROWTH * 2);
        assert_eq!(all_answered(true).await, FIRST, "and never fewer");
        let waiting = join_all((0..FIRST * 4).map(|_| async {
            call_limiter.release(call_limiter.slot().await.unwrap(), false);
        }));
        waiting.await;
        assert_eq!(
            call_limiter.slots.available_permits(),
            FIRST + 100,
            "no more than were asked for"
        );
    }
}
