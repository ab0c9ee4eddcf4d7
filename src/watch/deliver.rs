//! Delivers alerts. Each sink receives its alerts in order and at least once, however long it is
//! unavailable. A sink that fails does not delay the others.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::sinks::{Sink, SinkError};
use super::state::{State, StateError, Waiting};
use crate::aws::causes;
use crate::time::Clock;

/// How often and how long the delivery of an alert is retried.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// The timeout of one attempt.
    pub answer: Duration,
    /// The wait after the first failure. It doubles after each further failure.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// How often a sink may refuse an alert before it is skipped, so that later alerts are
    /// delivered.
    pub refusals: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            // Shorter than the time for which a shutdown waits.
            answer: Duration::from_secs(8),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_mins(5),
            refusals: 5,
        }
    }
}

/// Delivers the outbox to one sink.
pub struct Delivery {
    state: State,
    sink: Sink,
    clock: Clock,
    patience: RetryPolicy,
}

impl Delivery {
    /// Creates the delivery from `state` to `sink`.
    pub fn new(state: State, sink: Sink, clock: Clock, patience: RetryPolicy) -> Self {
        Self {
            state,
            sink,
            clock,
            patience,
        }
    }

    /// Delivers alerts until `stop` is cancelled; an attempt in progress is finished. `outbox` is
    /// notified of new alerts.
    pub async fn keep(self, mut outbox: watch::Receiver<()>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            outbox.mark_unchanged();
            let wait = match self.deliver_next(false).await {
                Ok(Step::Delivered) => continue,
                Ok(Step::Later(wait)) => Some(wait),
                Ok(Step::Nothing) => None,
                Err(error) => {
                    error!(
                        sink = self.sink.name(),
                        error = causes(&error),
                        "the outbox fails"
                    );
                    Some(self.patience.longest_wait)
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                // Without a sender there are no new alerts, but waiting ones are still delivered.
                Ok(()) = outbox.changed(), if wait.is_none() => {}
                () = tokio::time::sleep(wait.unwrap_or(self.patience.longest_wait)) => {}
            }
        }
    }

    /// Delivers waiting alerts without the wait between attempts, until one fails.
    ///
    /// # Errors
    /// The database fails.
    pub async fn once(&self) -> Result<(), StateError> {
        while let Step::Delivered = self.deliver_next(true).await? {}
        Ok(())
    }

    async fn deliver_next(&self, at_once: bool) -> Result<Step, StateError> {
        let name = self.sink.name();
        let Some(Waiting {
            seq,
            attempts,
            due_ms,
            alert,
        }) = self.state.next_for(name)?
        else {
            return Ok(Step::Nothing);
        };
        let wait_ms = u64::try_from(due_ms.saturating_sub(self.clock.now_ms())).unwrap_or_default();
        if wait_ms > 0 && !at_once {
            // If the clock was set back, the wait is still bounded by this.
            return Ok(Step::Later(
                Duration::from_millis(wait_ms).min(self.patience.longest_wait),
            ));
        }
        let told = tokio::time::timeout(
            self.patience.answer,
            self.sink.deliver(&alert, self.clock.now()),
        )
        .await;
        let told =
            told.unwrap_or_else(|_| Err(SinkError::NotNow("it did not answer in time".to_owned())));
        match told {
            Ok(()) => {
                info!(sink = name, alert = alert.id, "delivered");
                self.state.delivered(name, seq)?;
                Ok(Step::Delivered)
            }
            Err(SinkError::Refused(problem)) if attempts + 1 >= self.patience.refusals => {
                error!(
                    sink = name,
                    alert = alert.id,
                    problem,
                    "the sink does not take it: set aside"
                );
                self.state.refused(name, seq, &problem)?;
                Ok(Step::Delivered)
            }
            Err(SinkError::Refused(problem) | SinkError::NotNow(problem)) => {
                let wait = self.patience.wait_after(attempts);
                warn!(
                    sink = name,
                    alert = alert.id,
                    problem,
                    "not delivered: it is tried again"
                );
                let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
                self.state.postponed(
                    name,
                    seq,
                    self.clock.now_ms().saturating_add(wait_ms),
                    &problem,
                )?;
                Ok(Step::Later(wait))
            }
        }
    }
}

/// The result of one attempt.
enum Step {
    /// The next alert was delivered or skipped.
    Delivered,
    /// The next alert waits for this long.
    Later(Duration),
    /// The outbox is empty.
    Nothing,
}

impl RetryPolicy {
    /// The wait after this many earlier attempts.
    fn wait_after(&self, attempts: u32) -> Duration {
        let doubled = self
            .first_wait
            .saturating_mul(2_u32.saturating_pow(attempts));
        doubled.min(self.longest_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_doubles_up_to_its_end() {
        let waits: Vec<u64> = (0..8)
            .map(|attempts| RetryPolicy::default().wait_after(attempts).as_secs())
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(
            RetryPolicy::default().wait_after(u32::MAX),
            Duration::from_mins(5)
        );
    }
}
