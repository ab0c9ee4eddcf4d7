//! How many answers are in memory at once.
//!
//! A call under way costs some kilobytes, its answer a megabyte or more. So far more calls may be under way than
//! answers in hand: an answer's body is read once there is a place for it, and its place is kept until whoever asked is
//! done with what it says. A slow line or a slow disk slows the reading down then, and memory stays flat.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task_local;
use tokio::time::Instant;

/// Answers in hand at once. A page of events has 1 MB of messages, and is there twice while it is decoded.
const PLACES: usize = 128;

/// Answers that come all at once wait for each other for less than this; for more they wait where something is slow.
const MOMENT: Duration = Duration::from_millis(100);

task_local! {
    /// The place of the answer to the call that this task makes. The SDK's connector runs in the caller's task, but
    /// has no other way to hand it on.
    static OF_THIS_CALL: RefCell<Option<ResponsePermit>>;
}

/// The places for answers.
#[derive(Clone, Debug)]
pub(super) struct ResponseBudget {
    places: Arc<Semaphore>,
}

/// An answer's place; free again when this is dropped.
#[derive(Debug)]
pub struct ResponsePermit {
    _place: OwnedSemaphorePermit,
    /// Whether the answer had to wait for it, longer than a moment.
    pub(super) had_to_wait: bool,
}

impl ResponseBudget {
    /// All places are free.
    pub fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }

    /// Waits for a place for the answer to this task's call, and keeps it for the caller; a call that nobody makes
    /// [`answered`] has waited, and no more.
    pub async fn acquire(&self) {
        let came = Instant::now();
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return;
        };
        let had_to_wait = came.elapsed() > MOMENT;
        _ = OF_THIS_CALL.try_with(|of_this_call| {
            of_this_call.replace(Some(ResponsePermit {
                _place: place,
                had_to_wait,
            }))
        });
    }
}

/// Makes a call; its answer comes with its place, if it came so far.
pub(super) async fn with_response_permit<T>(
    call: impl Future<Output = T>,
) -> (T, Option<ResponsePermit>) {
    let call = async {
        let answer = call.await;
        (answer, OF_THIS_CALL.with(RefCell::take))
    };
    OF_THIS_CALL.scope(RefCell::new(None), call).await
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_answers_are_read_than_there_are_places_until_somebody_is_done() {
        let (response_budget, began) = (ResponseBudget::new(), Instant::now());
        let ask = || async {
            let ((), response_permit) = with_response_permit(response_budget.acquire()).await;
            // Who asked writes it down, which takes a while.
            sleep(Duration::from_secs(1)).await;
            response_permit.unwrap().had_to_wait
        };
        let waited = futures::future::join_all((0..PLACES * 3).map(|_| ask())).await;
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        assert_eq!(
            waited.into_iter().filter(|waited| *waited).count(),
            PLACES * 2
        );
    }

    #[tokio::test]
    async fn a_call_that_fails_takes_no_place() {
        let (answer, response_permit) = with_response_permit(async { 1 }).await;
        assert!(answer == 1 && response_permit.is_none());
    }
}
