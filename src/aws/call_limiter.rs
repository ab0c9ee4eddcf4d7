//! The quota_limiter before every call: a quota permit first, a slot second.
//!
//! Work under way comes before work that has not begun ([`CallLimiter::acquire_low_priority`]): so no more is begun side by
//! side than uses the quota up, however long answers take, and what is begun next is chosen when its permit is there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::throttle::{Limiter, QuotaKey, Quotas};

/// Lets calls out as their quotas and the number of slots allow.
#[derive(Debug)]
pub(super) struct CallLimiter {
    quotas: Quotas,
    slots: Arc<Semaphore>,
    /// How many slots there are now, and at most.
    open: AtomicUsize,
    most: usize,
    keys: StdMutex<Keys>,
}

/// The limiters of the keys that are in use, or were slowed.
#[derive(Debug, Default)]
struct Keys {
    limiters: HashMap<QuotaKey, Arc<QuotaLimiter>>,
    /// How many there may be until those are let go that nobody needs any more.
    room: usize,
}

/// So many slots there are to begin with. More come with every answer for which there is a place at once, and one goes
/// with each that has to wait: calls under way do not bring more than the line and the disk can take in time.
const FIRST: usize = 1_024;
/// Slots that come with an answer while all are taken: four times as many after as long as an answer takes.
const GROWTH: usize = 3;
/// There is always room for so many keys; and for twice as many as are needed.
const LEAST_ROOM: usize = 1_024;

/// One key's quota_limiter.
#[derive(Debug)]
pub(super) struct QuotaLimiter {
    /// Tokio's mutex is a fair queue: of all that wait, one asks the limiter.
    turn: Mutex<()>,
    /// The key's limiter.
    pub limiter: Limiter,
    /// Calls that wait for the limiter or for a slot.
    waiting: AtomicUsize,
    /// Notified when no call waits any more.
    quiet: Notify,
    /// How long answers take of late, in microseconds.
    took: AtomicU64,
}

/// Leave for one call of a key: its quota's permit, and a slot until it is dropped.
#[derive(Debug)]
pub struct Permit {
    slot: OwnedSemaphorePermit,
}

impl CallLimiter {
    /// A quota_limiter for at most `concurrency` calls under way at once.
    pub fn new(quotas: Quotas, concurrency: usize) -> Self {
        let first = concurrency.min(FIRST);
        let (slots, open) = (Arc::new(Semaphore::new(first)), AtomicUsize::new(first));
        Self {
            quotas,
            slots,
            open,
            most: concurrency,
            keys: StdMutex::default(),
        }
    }

    /// Takes back the slot of a call that was answered. If all slots are taken and there was a place for the answer at
    /// once, there are more from now on; if the answer `had_to_wait`, one less.
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

    /// Counts the slots anew, unless `to` gives none. Gives what the number was if it changed.
    fn set_open(&self, to: impl Fn(usize) -> Option<usize>) -> Option<usize> {
        self.open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, to)
            .ok()
    }

    /// The quota_limiter of one key. Keep it for as long as the key is in use.
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
        // A poisoned map is still a whole map: nothing is left half done under this lock.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys that AWS throttled, and their limiters' limiters.
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

    /// Waits for a permit of this key and then for a slot. The turn is kept until the slot is there,
    /// so that a key holds at most one permit without a slot: a slow Region neither fills the slots
    /// nor piles up permits that would burst.
    pub async fn acquire(&self, key: &QuotaLimiter) -> Option<Permit> {
        let _waiting = Waiting::new(key);
        let _turn = key.turn.lock().await;
        while let Err(wait) = key.limiter.take() {
            sleep(wait).await;
        }
        self.slot().await
    }

    /// The same for work that has not begun: it gets what nothing else waits for when it is there. So while it waits
    /// for the limiter it stands in nobody's way, and no more is begun than uses the quota up.
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

    /// Waits for a slot, for a call that has its permit.
    pub async fn slot(&self) -> Option<Permit> {
        // The semaphore is never closed, so there is always a slot to come.
        Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .ok()
            .map(|slot| Permit { slot })
    }
}

impl Keys {
    /// Lets go of limiters that nobody holds, and that a new one could stand in for. So thousands of Regions that were
    /// asked some questions once leave nothing behind.
    fn make_room(&mut self) {
        if self.limiters.len() >= self.room.max(LEAST_ROOM) {
            // Whoever gets a quota_limiter gets it under the lock that is held here.
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

    /// A call was answered after so long: a quarter of what answers are expected to take.
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

    /// How long an answer takes of late; zero while nothing is known.
    pub fn answer_time(&self) -> Duration {
        Duration::from_micros(self.took.load(Ordering::Relaxed))
    }

    fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    async fn wait_idle(&self) {
        loop {
            // Made before the look, so that no word is missed in between.
            let quiet = self.quiet.notified();
            if self.is_idle() {
                return;
            }
            quiet.await;
        }
    }
}

/// A call that waits at a key.
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

    fn quota_limiter(concurrency: usize) -> Arc<CallLimiter> {
        Arc::new(CallLimiter::new(
            Quotas::new(QuotaTable::built_in().unwrap(), 1.0),
            concurrency,
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_without_permits_holds_no_slot() {
        let quota_limiter = quota_limiter(1);
        let start = Instant::now();
        let call = |key: QuotaKey| {
            let quota_limiter = &quota_limiter;
            async move {
                let key_gate = quota_limiter.of(&key);
                let _slot = quota_limiter.acquire(&key_gate).await;
            }
        };
        // Twenty accounts of ten calls each at ten a second, over a single slot: no longer than one account alone.
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

    /// Begins as many readers of a hundred calls each as the quota_limiter wants; gives how many in the first five seconds.
    async fn begun_within_five_seconds(answer: Duration) -> usize {
        let (quota_limiter, mut readers) = (quota_limiter(64), JoinSet::new());
        let key = quota_limiter.of(&key(1));
        let end = Instant::now() + Duration::from_secs(5);
        while let Some(mut permit) = quota_limiter.acquire_low_priority(&key).await
            && Instant::now() < end
        {
            let (quota_limiter, key) = (Arc::clone(&quota_limiter), Arc::clone(&key));
            readers.spawn(async move {
                for _ in 0..100 {
                    sleep(answer).await;
                    key.answered_after(answer);
                    drop(permit);
                    permit = quota_limiter.acquire(&key).await.unwrap();
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
        let quota_limiter = quota_limiter(1);
        let key = quota_limiter.of(&key(1));
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
        let quota_limiter = quota_limiter(1);
        let (held, slowed) = (quota_limiter.of(&key(1)), key(2));
        quota_limiter.of(&slowed).limiter.on_throttle(0.0);
        for account in 3..LEAST_ROOM as u64 * 4 {
            assert!(quota_limiter.of(&key(account)).limiter.take().is_ok());
            sleep(Duration::from_millis(1)).await;
        }
        let kept = quota_limiter.keys().limiters.len();
        assert!(kept <= LEAST_ROOM, "{kept} keys");
        assert!(
            Arc::ptr_eq(&held, &quota_limiter.of(&key(1))),
            "what is held is the key's one gate"
        );
        assert!(
            quota_limiter.slowed().iter().any(|(key, _)| *key == slowed),
            "what was slowed is told"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn slots_come_and_go_with_room_for_answers() {
        let quota_limiter = quota_limiter(FIRST + 100);
        let all_answered = async |had_to_wait| {
            let under_way = join_all(
                (0..quota_limiter.slots.available_permits()).map(|_| quota_limiter.slot()),
            )
            .await;
            under_way
                .into_iter()
                .flatten()
                .for_each(|permit| quota_limiter.release(permit, had_to_wait));
            quota_limiter.slots.available_permits()
        };
        assert_eq!(
            all_answered(false).await,
            FIRST + GROWTH,
            "and then not all are taken"
        );
        assert_eq!(all_answered(false).await, FIRST + GROWTH * 2);
        assert_eq!(all_answered(true).await, FIRST, "and never fewer");
        let waiting =
            join_all((0..FIRST * 4).map(|_| async {
                quota_limiter.release(quota_limiter.slot().await.unwrap(), false)
            }));
        waiting.await;
        assert_eq!(
            quota_limiter.slots.available_permits(),
            FIRST + 100,
            "no more than were asked for"
        );
    }
}
