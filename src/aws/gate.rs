//! The gate before every call: a quota permit first, a slot second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::sleep;

use crate::throttle::{Limiter, QuotaKey, Quotas};

/// Lets calls out as their quotas and the number of slots allow.
#[derive(Debug)]
pub(super) struct Gate {
    quotas: Quotas,
    slots: Semaphore,
    keys: StdMutex<HashMap<QuotaKey, Arc<KeyGate>>>,
}

/// One key's gate.
#[derive(Debug)]
pub(super) struct KeyGate {
    /// Tokio's mutex is a fair queue: of all that wait, one asks the limiter.
    turn: Mutex<()>,
    /// The key's limiter.
    pub limiter: Limiter,
}

impl Gate {
    /// A gate for at most `concurrency` calls under way at once.
    pub fn new(quotas: Quotas, concurrency: usize) -> Self {
        Self { quotas, slots: Semaphore::new(concurrency), keys: StdMutex::default() }
    }

    /// The gate of one key.
    pub fn of(&self, key: &QuotaKey) -> Arc<KeyGate> {
        // A poisoned map is still a whole map: nothing is left half done under this lock.
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = keys.get(key) {
            return Arc::clone(gate);
        }
        let gate = Arc::new(KeyGate { turn: Mutex::new(()), limiter: self.quotas.limiter(key) });
        keys.insert(key.clone(), Arc::clone(&gate));
        gate
    }

    /// Waits for a permit of this key and then for a slot. The turn is kept until the slot is there,
    /// so that a key holds at most one permit without a slot: a slow Region neither fills the slots
    /// nor piles up permits that would burst.
    pub async fn pass(&self, key: &KeyGate) -> Option<SemaphorePermit<'_>> {
        let _turn = key.turn.lock().await;
        while let Err(wait) = key.limiter.take() {
            sleep(wait).await;
        }
        self.slot().await
    }

    /// Waits for a slot, for a call that has its permit.
    pub async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there is always a slot to come.
        self.slots.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::join_all;
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

    #[tokio::test(start_paused = true)]
    async fn a_key_without_permits_holds_no_slot() {
        let gate = Gate::new(Quotas::new(QuotaTable::built_in().unwrap(), 1.0), 1);
        let start = Instant::now();
        let call = |key: QuotaKey| {
            let gate = &gate;
            async move {
                let key_gate = gate.of(&key);
                let _slot = gate.pass(&key_gate).await;
            }
        };
        // Twenty accounts of ten calls each at ten a second, over a single slot: no longer than one account alone.
        join_all((0..20).flat_map(|account| std::iter::repeat_n(key(account), 10)).map(call)).await;
        assert!(start.elapsed() <= Duration::from_secs(1), "{:?}", start.elapsed());
    }
}
