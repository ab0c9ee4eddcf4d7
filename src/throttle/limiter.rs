//! The rate limiter of one quota key: a constant rate (by the crate governor), lowered while AWS
//! throttles.

use std::num::NonZeroU32;
use std::ops::Add;
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::QuotaKey;
use dragnet_model::SlowedRate;

/// A burst has as many calls as the rate allows in this time, but two at least. Timers round to a
/// millisecond, so with smaller bursts a rate of hundreds per second would never be reached.
const BURST_TIME: Duration = Duration::from_millis(2);
const MIN_BURST: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// A throttled call halves the rate, down to this share of it, so that a call is still sent every
/// few seconds.
const MIN_SHARE: f64 = 1.0 / 64.0;
/// For this time after the rate was lowered, further throttled calls are ignored: they were already
/// in flight.
const SETTLE_TIME: Duration = Duration::from_secs(1);
/// After this time without a throttled call, the rate rises by one step.
const STEP_INTERVAL: Duration = Duration::from_secs(5);
const STEP_FACTOR: f64 = 1.5;

/// For how long a quota may be throttled without a single successful call. After this time, its
/// calls fail.
pub const THROTTLED_LIMIT: Duration = Duration::from_mins(15);
/// How often a call is sent after that, to notice when AWS stops throttling.
const PROBE_INTERVAL: Duration = Duration::from_mins(1);

/// Limits the calls of one quota key to its rate, and to a lower rate for a while after AWS
/// throttled a call.
#[derive(Debug)]
pub struct Limiter {
    rate: f64,
    steady: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Elapsed>>,
    adaptive: Mutex<AdaptiveRate>,
}

/// The adaptive part (AIMD). The governor limiter is never replaced, because a new one would allow
/// a new burst.
#[derive(Debug)]
struct AdaptiveRate {
    /// The share of the rate that is used, up to 1.
    share: f64,
    /// The lowest share so far.
    lowest: f64,
    /// When the share last changed.
    changed: Instant,
    /// No call is sent before this time.
    not_before: Instant,
    /// When the last permit was taken.
    last_permit: Instant,
    /// When calls were first and last throttled, since the last successful call.
    throttled: Option<(Instant, Instant)>,
    /// The number of permits that were taken, each for one call.
    calls: u64,
    throttled_calls: u64,
    /// Whether the share has risen at least once.
    has_risen: bool,
}

/// How often AWS throttled the calls of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttling {
    /// The number of calls.
    pub calls: u64,
    /// The number of calls that were throttled.
    pub throttled: u64,
    /// Whether the rate probably falls further: it fell a moment ago and has never risen.
    pub is_falling: bool,
    /// How long no call is sent any more, because AWS throttled one.
    pub pause: Duration,
}

impl Limiter {
    /// Creates a limiter with a rate in calls per second, limited to between a thousandth and a
    /// million.
    pub fn new(rate: f64) -> Self {
        let rate = rate.clamp(1e-3, 1e6);
        let interval = Duration::from_secs_f64(1.0 / rate);
        let quota = Quota::with_period(interval)
            .unwrap_or(Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst(rate));
        let now = Instant::now();
        Self {
            rate,
            steady: RateLimiter::direct_with_clock(quota, TokioClock { origin: now }),
            adaptive: Mutex::new(AdaptiveRate {
                share: 1.0,
                lowest: 1.0,
                changed: now,
                not_before: now,
                last_permit: now,
                throttled: None,
                calls: 0,
                throttled_calls: 0,
                has_risen: false,
            }),
        }
    }

    /// The current rate in calls per second.
    pub fn rate(&self) -> f64 {
        self.rate * self.adaptive.lock().share
    }

    /// The rate in calls per second while AWS does not throttle.
    pub fn full_rate(&self) -> f64 {
        self.rate
    }

    /// Whether AWS ever throttled a call of this quota.
    pub fn was_slowed(&self) -> bool {
        self.adaptive.lock().lowest < 1.0
    }

    /// Returns how often calls were throttled so far.
    pub fn throttling(&self) -> Throttling {
        let adaptive = self.adaptive.lock();
        Throttling {
            calls: adaptive.calls,
            throttled: adaptive.throttled_calls,
            is_falling: adaptive.share < 1.0
                && !adaptive.has_risen
                && adaptive.changed.elapsed() < STEP_INTERVAL,
            pause: adaptive
                .not_before
                .saturating_duration_since(Instant::now()),
        }
    }

    /// Whether the limiter behaves exactly as a new one would.
    pub fn is_pristine(&self) -> bool {
        let adaptive = self.adaptive.lock();
        adaptive.lowest >= 1.0
            && adaptive.last_permit.elapsed() >= self.interval(1.0) * burst(self.rate).get()
    }

    /// Reports how far the rate was lowered; `key` is the quota key of this limiter.
    pub fn slowed_rate(&self, key: &QuotaKey) -> SlowedRate {
        let AdaptiveRate { share, lowest, .. } = *self.adaptive.lock();
        SlowedRate {
            operation: key.operation.to_owned(),
            account: key.account,
            bucket: key.bucket.as_deref().map(str::to_owned),
            region: key.region.clone(),
            allowed: self.rate,
            slowest: self.rate * lowest,
            last: self.rate * share,
        }
    }

    /// Takes a permit for one call.
    ///
    /// # Errors
    /// No permit is available now; the error is how long to wait before trying again.
    pub fn try_acquire(&self) -> Result<(), Duration> {
        let mut adaptive = self.adaptive.lock();
        let now = Instant::now();
        let wait = adaptive.not_before.saturating_duration_since(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.steady
            .check()
            .map_err(|not_until| not_until.wait_time_from(self.steady.clock().now()))?;
        adaptive.last_permit = now;
        adaptive.calls += 1;
        if adaptive.share < 1.0 {
            adaptive.not_before = now + self.interval(adaptive.share);
        }
        Ok(())
    }

    /// Records a throttled call: halves the rate and pauses for a moment. `jitter`, from 0 to 1,
    /// spreads the pauses of several processes. Returns the new rate, unless it is unchanged.
    pub fn on_throttle(&self, jitter: f64) -> Option<f64> {
        let mut adaptive = self.adaptive.lock();
        let now = Instant::now();
        let (first, _) = adaptive.throttled.unwrap_or((now, now));
        adaptive.throttled = Some((first, now));
        adaptive.throttled_calls += 1;
        if adaptive.share < 1.0 && now.duration_since(adaptive.changed) < SETTLE_TIME {
            return None;
        }
        adaptive.share = (adaptive.share / 2.0).max(MIN_SHARE);
        adaptive.lowest = adaptive.lowest.min(adaptive.share);
        adaptive.changed = now;
        adaptive.not_before = now
            + self
                .interval(adaptive.share)
                .mul_f64(1.0 + jitter.clamp(0.0, 1.0));
        Some(self.rate * adaptive.share)
    }

    /// Records a call that was not throttled, and raises the rate by one step if enough time has
    /// passed. Returns the new rate, if it changed.
    pub fn on_success(&self) -> Option<f64> {
        let mut adaptive = self.adaptive.lock();
        adaptive.throttled = None;
        // The usual case, which does not need to read the clock.
        if adaptive.share >= 1.0 {
            return None;
        }
        let now = Instant::now();
        if now.duration_since(adaptive.changed) < STEP_INTERVAL {
            return None;
        }
        adaptive.share = (adaptive.share * STEP_FACTOR).min(1.0);
        adaptive.changed = now;
        adaptive.has_risen = true;
        Some(self.rate * adaptive.share)
    }

    /// Whether calls were throttled for [`THROTTLED_LIMIT`] without a single success.
    pub(crate) fn is_blocked(&self) -> bool {
        self.adaptive
            .lock()
            .throttled
            .is_some_and(|(first, _)| first.elapsed() >= THROTTLED_LIMIT)
    }

    /// Whether a call should fail without being sent: the limiter is blocked, and AWS throttled a
    /// call less than [`PROBE_INTERVAL`] ago.
    pub(crate) fn is_closed(&self) -> bool {
        self.adaptive.lock().throttled.is_some_and(|(first, last)| {
            first.elapsed() >= THROTTLED_LIMIT && last.elapsed() < PROBE_INTERVAL
        })
    }

    fn interval(&self, share: f64) -> Duration {
        Duration::from_secs_f64(1.0 / (self.rate * share))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive and at most a million"
)]
fn burst(rate: f64) -> NonZeroU32 {
    NonZeroU32::new((rate * BURST_TIME.as_secs_f64()) as u32)
        .unwrap_or(MIN_BURST)
        .max(MIN_BURST)
}

/// Tokio's clock for governor, so that limiters stop when a test pauses time.
#[derive(Clone, Debug)]
struct TokioClock {
    origin: Instant,
}

impl Clock for TokioClock {
    type Instant = Elapsed;

    fn now(&self) -> Elapsed {
        Elapsed(self.origin.elapsed())
    }
}

/// The time since the origin of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Elapsed(Duration);

impl Add<Nanos> for Elapsed {
    type Output = Elapsed;

    fn add(self, by: Nanos) -> Elapsed {
        Elapsed(self.0.saturating_add(by.into()))
    }
}

impl Reference for Elapsed {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, by: Nanos) -> Self {
        Elapsed(self.0.saturating_sub(by.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn permits_within(limiter: &Limiter, span: Duration) -> u32 {
        let end = Instant::now() + span;
        let mut permits = 0;
        loop {
            let wait = match limiter.try_acquire() {
                Ok(()) => {
                    permits += 1;
                    continue;
                }
                Err(wait) => wait,
            };
            if Instant::now() + wait >= end {
                tokio::time::sleep_until(end).await;
                return permits;
            }
            tokio::time::sleep(wait).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rate_is_reached_and_not_exceeded() {
        for (rate, burst, expected) in [
            (4.0, 2, 40),
            (10.0, 2, 100),
            (480.0, 2, 4_800),
            (10_000.0, 20, 100_000),
        ] {
            let permits = permits_within(&Limiter::new(rate), Duration::from_secs(10)).await;
            assert!(
                (expected..=expected + burst).contains(&permits),
                "{permits} permits at {rate} a second"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn limiter_is_pristine_after_a_rest_unless_throttled() {
        let limiter = Limiter::new(2.0);
        assert_eq!(
            (limiter.try_acquire(), limiter.try_acquire()),
            (Ok(()), Ok(()))
        );
        tokio::time::sleep(Duration::from_millis(999)).await;
        assert!(!limiter.is_pristine());
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(
            limiter.is_pristine() && limiter.try_acquire().is_ok() && limiter.try_acquire().is_ok(),
            "the full burst is available"
        );
        limiter.on_throttle(0.0);
        tokio::time::sleep(STEP_INTERVAL * 100).await;
        assert!(!limiter.is_pristine(), "a throttled limiter is reported");
    }

    #[tokio::test(start_paused = true)]
    async fn throttle_halves_the_rate_once() {
        let limiter = Limiter::new(10.0);
        assert_eq!(
            [limiter.on_throttle(0.0), limiter.on_throttle(0.0)],
            [Some(5.0), None],
            "the second call was already in flight"
        );
        assert_eq!(limiter.rate(), 5.0);
        assert_eq!(limiter.try_acquire(), Err(Duration::from_millis(200)));
        let permits = permits_within(&limiter, Duration::from_secs(4)).await;
        assert!((19..=20).contains(&permits), "{permits}");
        limiter.on_throttle(0.0);
        assert_eq!(limiter.rate(), 2.5);
        for _ in 0..20 {
            tokio::time::sleep(SETTLE_TIME).await;
            limiter.on_throttle(0.0);
        }
        assert_eq!(limiter.rate(), 10.0 * MIN_SHARE, "it never stops");
    }

    #[tokio::test(start_paused = true)]
    async fn throttled_calls_are_counted() {
        let limiter = Limiter::new(8.0);
        assert_eq!(limiter.throttling(), Throttling::default());
        assert_eq!(limiter.try_acquire(), Ok(()));
        limiter.on_throttle(0.0);
        limiter.on_throttle(0.0);
        let falling = Throttling {
            calls: 1,
            throttled: 2,
            is_falling: true,
            // The time between two calls at half the rate.
            pause: Duration::from_millis(250),
        };
        assert_eq!(limiter.throttling(), falling);
        tokio::time::sleep(STEP_INTERVAL).await;
        assert!(!limiter.throttling().is_falling, "nothing was throttled");
        limiter.on_success();
        limiter.on_throttle(0.0);
        assert!(!limiter.throttling().is_falling, "the rate has risen once");
    }

    #[tokio::test(start_paused = true)]
    async fn rate_recovers_in_steps() {
        let limiter = Limiter::new(8.0);
        limiter.on_throttle(0.0);
        assert_eq!(limiter.on_success(), None, "not immediately");
        tokio::time::sleep(STEP_INTERVAL).await;
        assert_eq!(
            (limiter.on_success(), limiter.on_success()),
            (Some(6.0), None),
            "one step at a time"
        );
        tokio::time::sleep(STEP_INTERVAL).await;
        assert_eq!(
            (limiter.on_success(), limiter.rate()),
            (Some(8.0), 8.0),
            "and no further"
        );
        assert!(limiter.was_slowed(), "the throttling is remembered");
        assert_eq!(limiter.try_acquire(), Ok(()));
    }
}
