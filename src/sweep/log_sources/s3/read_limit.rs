//! Adapts how many objects of all folders are read at the same time to what the threads can examine.
//!
//! If S3 is far away, many calls have to be in flight. If the threads are slower than S3, more calls only
//! fill the memory with objects that wait, and keep more connections with their buffers. So the limit grows
//! by one for each object that was examined without waiting, and shrinks by one while many wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// The limit at first: the calls of a busy folder.
const FIRST: usize = 128;

/// The lowest limit: objects arrive before the threads have nothing to do.
const FEWEST: usize = 32;

/// The highest limit. With 200 ms for a response, these are the 5,500 calls a second that S3 allows.
///
/// Source: S3 user guide, "Best practices design patterns: optimizing Amazon S3 performance".
const MOST: usize = 1_100;

/// How many objects may wait for each thread before the limit shrinks.
const WAITING_PER_THREAD: usize = 4;

/// The limit, and the threads that examine objects.
#[derive(Debug)]
pub(super) struct ReadLimit {
    reads: Arc<Semaphore>,
    /// The number of all permits of `reads`.
    limit: AtomicUsize,
    /// The permits for objects that are being examined, each by a thread. They also limit how many
    /// unpacked objects are in memory.
    threads: Semaphore,
    most_waiting: usize,
    /// The objects in memory that wait for a thread.
    waiting: AtomicUsize,
}

/// The permission to read one object, until it was examined.
#[derive(Debug)]
pub(super) struct ReadPermit {
    // The semaphore is never closed.
    permit: Option<OwnedSemaphorePermit>,
    limit: Arc<ReadLimit>,
}

impl ReadLimit {
    pub(super) fn new(threads: usize) -> Self {
        Self {
            reads: Arc::new(Semaphore::new(FIRST)),
            limit: AtomicUsize::new(FIRST),
            threads: Semaphore::new(threads),
            most_waiting: threads.saturating_mul(WAITING_PER_THREAD),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Waits until another object may be read.
    pub(super) async fn read_permit(self: &Arc<Self>) -> ReadPermit {
        ReadPermit {
            permit: Arc::clone(&self.reads).acquire_owned().await.ok(),
            limit: Arc::clone(self),
        }
    }

    /// Waits for a thread for an object, or a part of one, that is in memory.
    pub(super) async fn thread(&self) -> Option<SemaphorePermit<'_>> {
        let _waiting = Waiting::new(&self.waiting);
        // The semaphore is never closed.
        self.threads.acquire().await.ok()
    }

    /// Returns a permit, and adapts the limit.
    fn give_back(&self, permit: OwnedSemaphorePermit) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting == 0 {
            if self.change_limit(|limit| (limit < MOST).then_some(limit + 1)) {
                self.reads.add_permits(1);
            }
        } else if waiting > self.most_waiting
            && self.change_limit(|limit| (limit > FEWEST).then(|| limit - 1))
        {
            permit.forget();
        }
    }

    fn change_limit(&self, change: impl FnMut(usize) -> Option<usize>) -> bool {
        let changed = self
            .limit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
        changed.is_ok()
    }
}

impl Drop for ReadPermit {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.limit.give_back(permit);
        }
    }
}

/// Counts one that waits, also if it stops waiting because it is dropped.
struct Waiting<'c>(&'c AtomicUsize);

impl<'c> Waiting<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit_of(limit: &ReadLimit) -> usize {
        limit.limit.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn limit_grows_while_nothing_waits() {
        let limit = Arc::new(ReadLimit::new(2));
        for _ in 0..MOST + 10 {
            drop(limit.read_permit().await);
        }
        assert_eq!(limit_of(&limit), MOST);
        assert_eq!(limit.reads.available_permits(), MOST);
    }

    #[tokio::test]
    async fn limit_shrinks_while_many_objects_wait() {
        let limit = Arc::new(ReadLimit::new(1));
        let thread = limit.thread().await;
        let waiting: Vec<_> = (0..=WAITING_PER_THREAD)
            .map(|_| {
                let limit = Arc::clone(&limit);
                tokio::spawn(async move { drop(limit.thread().await) })
            })
            .collect();
        while limit.waiting.load(Ordering::Relaxed) <= WAITING_PER_THREAD {
            tokio::task::yield_now().await;
        }
        for _ in 0..MOST {
            drop(limit.read_permit().await);
        }
        assert_eq!(limit_of(&limit), FEWEST);
        assert_eq!(limit.reads.available_permits(), FEWEST);
        drop(thread);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(limit.waiting.load(Ordering::Relaxed), 0);
        drop(limit.read_permit().await);
        assert_eq!(limit_of(&limit), FEWEST + 1);
    }
}
