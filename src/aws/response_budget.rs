//! The number of responses that may be in memory at once.
//!
//! A call in flight needs some kilobytes, its response a megabyte or more, so far more calls may be
//! in flight than responses in memory. The body of a response is read only when a permit is free,
//! and the permit is held until the caller has processed the response. A slow network or disk then
//! slows down the scans (backpressure), and memory use stays flat.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task_local;
use tokio::time::Instant;

/// The number of responses in memory at once. A page of events has 1 MB of messages, which exist
/// twice while they are decoded.
const MAX_RESPONSES: usize = 128;

/// Responses that arrive together wait for each other for less than this. A longer wait means that
/// the network or the disk is slow.
const SHORT_WAIT: Duration = Duration::from_millis(100);

task_local! {
    /// The permit of the response to this task's call. The SDK's connector runs in the caller's
    /// task and has no other way to pass the permit on.
    static CURRENT_PERMIT: RefCell<Option<ResponsePermit>>;
}

/// The permits for responses in memory.
#[derive(Clone, Debug)]
pub(super) struct ResponseBudget {
    permits: Arc<Semaphore>,
}

/// The permit of one response in memory; it is released when this is dropped.
#[derive(Debug)]
pub struct ResponsePermit {
    _permit: OwnedSemaphorePermit,
    /// Whether the response waited for its permit for longer than 100 ms.
    pub(super) had_to_wait: bool,
}

impl ResponseBudget {
    /// Creates a budget of which all permits are free.
    pub(super) fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(MAX_RESPONSES)),
        }
    }

    /// Waits for a permit for the response to this task's call, and keeps it for the caller. If the
    /// call is not wrapped in [`with_response_permit`], the permit is released at once.
    pub(super) async fn acquire(&self) {
        let arrived = Instant::now();
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
            return;
        };
        let had_to_wait = arrived.elapsed() > SHORT_WAIT;
        _ = CURRENT_PERMIT.try_with(|current| {
            current.replace(Some(ResponsePermit {
                _permit: permit,
                had_to_wait,
            }))
        });
    }
}

/// Makes a call, and returns its result with the permit of the response, if a response arrived.
pub(super) async fn with_response_permit<T>(
    call: impl Future<Output = T>,
) -> (T, Option<ResponsePermit>) {
    let call = async {
        let result = call.await;
        (result, CURRENT_PERMIT.with(RefCell::take))
    };
    CURRENT_PERMIT.scope(RefCell::new(None), call).await
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn responses_wait_until_a_permit_is_released() {
        let response_budget = ResponseBudget::new();
        let started = Instant::now();
        let call = || async {
            let ((), response_permit) = with_response_permit(response_budget.acquire()).await;
            // The caller processes the response, which takes a while.
            sleep(Duration::from_secs(1)).await;
            response_permit.unwrap().had_to_wait
        };
        let waited = futures::future::join_all((0..MAX_RESPONSES * 3).map(|_| call())).await;
        assert_eq!(started.elapsed(), Duration::from_secs(3));
        assert_eq!(
            waited.into_iter().filter(|waited| *waited).count(),
            MAX_RESPONSES * 2
        );
    }

    #[tokio::test]
    async fn call_without_response_holds_no_permit() {
        let (result, response_permit) = with_response_permit(async { 1 }).await;
        assert!(result == 1 && response_permit.is_none());
    }
}
