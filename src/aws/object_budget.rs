//! The memory for objects of buckets. An object is read as a whole, so the memory is reserved
//! before the call: a list says how long each object is.
//!
//! The permits for responses in memory ([`super::response_budget`]) count responses, whatever their
//! size; a `GetObject` call returns its permit as soon as the object is read. The bytes stay
//! reserved for as long as the caller keeps the object.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::bounded_connector::MAX_RESPONSE_BYTES;

/// The largest object that is read.
pub const MAX_OBJECT_BYTES: u64 = MAX_RESPONSE_BYTES as u64;

/// The memory for all objects at once, which one object may need alone. Log files have 20 to 500
/// kilobytes, so hundreds of them fit.
const BUDGET_BYTES: u64 = MAX_OBJECT_BYTES;

/// The bytes of one permit of the semaphore.
const UNIT: u64 = 1 << 10;

/// The memory for objects.
#[derive(Clone, Debug)]
pub(super) struct ObjectBudget {
    units: Arc<Semaphore>,
}

/// The memory of one object; it is released when this is dropped.
#[derive(Debug)]
pub struct ObjectPermit {
    _units: OwnedSemaphorePermit,
}

impl ObjectBudget {
    /// Creates a budget of which all memory is free.
    pub(super) fn new() -> Self {
        let units = usize::try_from(BUDGET_BYTES / UNIT).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
        }
    }

    /// Waits until there is room for an object. Waiting callers are served in their order. Returns
    /// `None` if the object is larger than [`MAX_OBJECT_BYTES`].
    pub(super) async fn acquire(&self, bytes: u64) -> Option<ObjectPermit> {
        if bytes > MAX_OBJECT_BYTES {
            return None;
        }
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        // The semaphore is never closed.
        let permit = Arc::clone(&self.units).acquire_many_owned(units).await;
        permit.ok().map(|units| ObjectPermit { _units: units })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn objects_wait_for_memory_in_their_order() {
        let budget = ObjectBudget::new();
        let start = Instant::now();
        let read = |bytes: u64| {
            let budget = &budget;
            async move {
                let _permit = budget.acquire(bytes).await.unwrap();
                let waited = start.elapsed().as_secs();
                sleep(Duration::from_secs(1)).await;
                waited
            }
        };
        let half = MAX_OBJECT_BYTES / 2;
        let waited = tokio::join!(read(half), read(half), read(MAX_OBJECT_BYTES), read(1));
        assert_eq!(waited, (0, 0, 1, 2));
    }

    #[tokio::test]
    async fn object_that_never_fits_is_refused() {
        assert!(
            ObjectBudget::new()
                .acquire(MAX_OBJECT_BYTES + 1)
                .await
                .is_none()
        );
    }
}
