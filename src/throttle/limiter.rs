//! The limiter of one key: a steady rate (governor), and a pause of its own after a throttle.

use std::num::NonZeroU32;
use std::ops::Add;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// Two calls may go out at once: timers round to a millisecond, so with a burst of one a rate of
/// hundreds a second would never be reached.
const BURST: NonZeroU32 = NonZeroU32::new(2).unwrap();
/// The first pause after a throttle, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(20)];

/// Lets calls of one key out at its rate, and holds them back for a while after AWS throttled one.
#[derive(Debug)]
pub struct Limiter {
    steady: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<At>>,
    pause: Mutex<Pause>,
}

/// Kept apart from the steady limiter, which stays as it is: made anew, it would grant a fresh burst.
#[derive(Debug)]
struct Pause {
    until: Instant,
    next: Duration,
}

impl Limiter {
    /// A limiter of `rate` calls a second, between a thousandth and a million.
    pub fn new(rate: f64) -> Self {
        let between = Duration::from_secs_f64(1.0 / rate.clamp(1e-3, 1e6));
        let quota = Quota::with_period(between).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(BURST);
        let pause = Pause { until: Instant::now(), next: PAUSES[0] };
        Self { steady: RateLimiter::direct_with_clock(quota, TokioClock::start()), pause: Mutex::new(pause) }
    }

    /// Takes a permit for one call now.
    ///
    /// # Errors
    /// No permit now; how long to wait before asking again.
    pub fn take(&self) -> Result<(), Duration> {
        let paused = self.pause().until.saturating_duration_since(Instant::now());
        if !paused.is_zero() {
            return Err(paused);
        }
        self.steady.check().map_err(|not_until| not_until.wait_time_from(self.steady.clock().now()))
    }

    /// AWS throttled a call: hold back for a while, twice as long each time in a row. `jitter`, from 0
    /// to 1, spreads the waits of several processes.
    pub fn throttled(&self, jitter: f64) {
        let mut pause = self.pause();
        let now = Instant::now();
        // Calls already under way when the first was throttled tell nothing new.
        if now >= pause.until {
            pause.until = now + pause.next.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
            pause.next = (pause.next * 2).min(PAUSES[1]);
        }
    }

    /// AWS answered a call: the next pause is a short one again.
    pub fn answered(&self) {
        self.pause().next = PAUSES[0];
    }

    fn pause(&self) -> std::sync::MutexGuard<'_, Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tokio's clock for governor, so that limiters stand still when a test pauses time.
#[derive(Clone, Debug)]
struct TokioClock {
    origin: Instant,
}

impl TokioClock {
    fn start() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Clock for TokioClock {
    type Instant = At;

    fn now(&self) -> At {
        At(self.origin.elapsed())
    }
}

/// Time since the clock's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At(Duration);

impl Add<Nanos> for At {
    type Output = At;

    fn add(self, by: Nanos) -> At {
        At(self.0.saturating_add(by.into()))
    }
}

impl Reference for At {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, by: Nanos) -> Self {
        At(self.0.saturating_sub(by.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn permits_within(limiter: &Limiter, span: Duration) -> u32 {
        let end = Instant::now() + span;
        let mut permits = 0;
        loop {
            let wait = match limiter.take() {
                Ok(()) => {
                    permits += 1;
                    continue;
                }
                Err(wait) => wait,
            };
            if Instant::now() + wait >= end {
                return permits;
            }
            tokio::time::sleep(wait).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_kept_and_used_up() {
        for (rate, expected) in [(4.0, 40), (10.0, 100), (480.0, 4_800)] {
            let permits = permits_within(&Limiter::new(rate), Duration::from_secs(10)).await;
            assert!((expected..=expected + 2).contains(&permits), "{permits} permits at {rate} a second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_holds_back_and_an_answer_forgives() {
        let limiter = Limiter::new(10.0);
        limiter.throttled(1.0);
        assert_eq!(limiter.take(), Err(PAUSES[0]));
        limiter.throttled(1.0);
        assert_eq!(limiter.take(), Err(PAUSES[0]), "a second throttle of the same pause changes nothing");
        tokio::time::sleep(PAUSES[0]).await;
        limiter.throttled(1.0);
        assert_eq!(limiter.take(), Err(PAUSES[0] * 2));
        tokio::time::sleep(PAUSES[0] * 2).await;
        assert_eq!(limiter.take(), Ok(()));
        limiter.answered();
        limiter.throttled(1.0);
        assert_eq!(limiter.take(), Err(PAUSES[0]));
    }
}
