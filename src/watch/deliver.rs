//! Delivers alerts. Each sink receives its alerts in order and at least once, however long it is
//! unavailable. A sink that fails does not delay the others.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::alert::Alert;
use super::sinks::{Sink, SinkError};
use super::state::{State, StateError, Waiting};
use crate::aws::causes;
use dragnet_model::time::Clock;

/// How often and how long the delivery of an alert is retried.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// The timeout of one attempt.
    pub attempt_timeout: Duration,
    /// The wait after the first failure. It doubles after each further failure.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// How often a sink may refuse an alert before it is skipped, so that later alerts are
    /// delivered.
    pub max_refusals: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            // Shorter than the time for which a shutdown waits.
            attempt_timeout: Duration::from_secs(8),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_mins(5),
            max_refusals: 5,
        }
    }
}

/// Delivers the outbox to one sink.
pub struct Delivery {
    state: State,
    sink: Sink,
    clock: Clock,
    retry_policy: RetryPolicy,
}

impl Delivery {
    /// Creates the delivery from `state` to `sink`.
    pub fn new(state: State, sink: Sink, clock: Clock, retry_policy: RetryPolicy) -> Self {
        Self {
            state,
            sink,
            clock,
            retry_policy,
        }
    }

    /// Delivers alerts until `stop` is cancelled; an attempt in progress is finished. `outbox` is
    /// notified of new alerts.
    pub async fn run(self, mut outbox: watch::Receiver<()>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            outbox.mark_unchanged();
            let wait = match self.deliver_next(false).await {
                Ok(Step::Delivered) => continue,
                Ok(Step::Later(wait)) => Some(wait),
                Ok(Step::Empty) => None,
                Err(error) => {
                    error!(
                        sink = self.sink.name(),
                        error = causes(&error),
                        "failed to read or update the outbox"
                    );
                    Some(self.retry_policy.longest_wait)
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                // Without a sender there are no new alerts, but waiting ones are still delivered.
                Ok(()) = outbox.changed(), if wait.is_none() => {}
                () = tokio::time::sleep(wait.unwrap_or(self.retry_policy.longest_wait)) => {}
            }
        }
    }

    /// Delivers waiting alerts without the wait between attempts, until one fails.
    ///
    /// # Errors
    /// The database fails.
    pub async fn run_once(&self) -> Result<(), StateError> {
        while let Step::Delivered = self.deliver_next(true).await? {}
        Ok(())
    }

    async fn deliver_next(&self, skip_wait: bool) -> Result<Step, StateError> {
        let Some(waiting) = self.state.next_alert(self.sink.name())? else {
            return Ok(Step::Empty);
        };
        let wait_ms = waiting.due_ms.saturating_sub(self.clock.now_ms());
        let wait_ms = u64::try_from(wait_ms).unwrap_or_default();
        if wait_ms > 0 && !skip_wait {
            // If the clock was set back, the wait is still bounded by this.
            return Ok(Step::Later(
                Duration::from_millis(wait_ms).min(self.retry_policy.longest_wait),
            ));
        }
        let result = self.attempt(&waiting.alert).await;
        self.record_attempt(&waiting, result)
    }

    async fn attempt(&self, alert: &Alert) -> Result<(), SinkError> {
        let attempt_timeout = self.retry_policy.attempt_timeout;
        let delivery = self.sink.deliver(alert, self.clock.now());
        if let Ok(result) = tokio::time::timeout(attempt_timeout, delivery).await {
            return result;
        }
        let seconds = attempt_timeout.as_secs_f64();
        Err(SinkError::Temporary(format!(
            "no response within {seconds} s"
        )))
    }

    /// Stores the result of an attempt to deliver an alert.
    fn record_attempt(
        &self,
        waiting: &Waiting,
        result: Result<(), SinkError>,
    ) -> Result<Step, StateError> {
        let name = self.sink.name();
        let Waiting {
            seq,
            attempts,
            alert,
            ..
        } = waiting;
        match result {
            Ok(()) => {
                info!(sink = name, alert = alert.id, "delivered");
                self.state.mark_delivered(name, *seq)?;
                Ok(Step::Delivered)
            }
            Err(SinkError::Refused(problem)) if attempts + 1 >= self.retry_policy.max_refusals => {
                error!(
                    sink = name,
                    alert = alert.id,
                    problem,
                    "the sink refused the alert too often: skipped"
                );
                self.state.mark_refused(name, *seq, &problem)?;
                Ok(Step::Delivered)
            }
            Err(SinkError::Refused(problem) | SinkError::Temporary(problem)) => {
                let wait = self.retry_policy.wait_after(*attempts);
                warn!(
                    sink = name,
                    alert = alert.id,
                    problem,
                    "delivery failed; it will be retried"
                );
                let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
                let due_ms = self.clock.now_ms().saturating_add(wait_ms);
                self.state.postpone(name, *seq, due_ms, &problem)?;
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
    Empty,
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
    fn wait_doubles_up_to_the_longest() {
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
