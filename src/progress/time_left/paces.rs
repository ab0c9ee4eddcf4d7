//! How many pages per second each account-Region reads.
//!
//! While AWS throttles calls again and again, the rate of a quota swings, and the recent pace says
//! little about the next minutes. But the rate limiter swings around a rate that follows from how
//! many calls are throttled: a throttled call halves the rate, and it takes some seconds without
//! one to rise again. So the pace is mostly that rate.

use std::collections::HashMap;
use std::sync::Arc;

use crate::sweep::WorkProgress;

/// A pace follows a change within this time.
const PACE_SECONDS: f64 = 8.0;
/// The same while AWS throttles.
const THROTTLED_PACE_SECONDS: f64 = 30.0;
/// A throttled quota recovers, so a pace is at least this share of its rate.
const MIN_QUOTA_SHARE: f64 = 0.02;
/// How long the rate limiter takes to double a rate: it rises by half every five seconds.
const DOUBLING_SECONDS: f64 = 8.55;
/// The calls that are lost after a throttled one: a pause, and the wait for a call that succeeds
/// once the rate may rise.
const LOST_CALLS: f64 = 2.0;
/// The lowest share of a rate that the rate limiter uses.
const MIN_RATE_SHARE: f64 = 1.0 / 64.0;
/// What is assumed at first: AWS throttles one of this many calls.
const CALLS_PER_THROTTLE: f64 = 5.0;
/// The number of throttled calls with which they decide half of the pace.
const THROTTLES_TO_TRUST: f64 = 2.0;
/// The most that throttled calls decide of the pace.
const MAX_THROTTLED_WEIGHT: f64 = 0.9;

/// The recent paces of all account-Regions.
#[derive(Debug, Default)]
pub(super) struct Paces(HashMap<Arc<str>, Pace>);

/// The recent pace of an account-Region.
#[derive(Clone, Copy, Debug)]
struct Pace {
    pages_read: f64,
    /// Whether it had pages to read at the last update.
    had_work: bool,
    pages_per_second: f64,
}

impl Paces {
    /// Updates the paces, `since` seconds after the last time. Forgets what is not read any more.
    pub(super) fn update(&mut self, since: f64, work: &[WorkProgress]) {
        let mut before = std::mem::take(&mut self.0);
        for work in work {
            let mut pace = before.remove(&work.name).unwrap_or(Pace {
                pages_read: 0.0,
                had_work: true,
                pages_per_second: work.rate,
            });
            let pages = work.pages_read - pace.pages_read;
            // What has nothing to read waits for something else, and is not slow.
            if since > 0.0 && (pace.had_work || pages > 0.0) {
                let time = if work.throttling.throttled == 0 {
                    PACE_SECONDS
                } else {
                    THROTTLED_PACE_SECONDS
                };
                let change = pages / since - pace.pages_per_second;
                pace.pages_per_second += change * weight(since, time);
            }
            pace.pages_read = work.pages_read;
            pace.had_work = work.pages_left > 0.0;
            self.0.insert(Arc::clone(&work.name), pace);
        }
    }

    /// Returns how long an account-Region still takes, in seconds.
    pub(super) fn seconds_left(&self, work: &WorkProgress) -> f64 {
        if work.pages_left <= 0.0 {
            return 0.0;
        }
        // What is left cannot be read before the pause after a throttled call ends.
        let pause = work.throttling.pause.as_secs_f64();
        let at_pace = (work.pages_left / self.pages_per_second(work)).max(pause);
        let response_time = work.response_time.as_secs_f64();
        at_pace.max(work.longest_unit * response_time) + response_time
    }

    fn pages_per_second(&self, work: &WorkProgress) -> f64 {
        let observed = self
            .0
            .get(&work.name)
            .map_or(work.rate, |pace| pace.pages_per_second);
        let least = work.full_rate * MIN_QUOTA_SHARE;
        if work.throttling.throttled == 0 {
            return observed.max(least).min(work.full_rate);
        }
        let observed = observed.min(work.rate).max(least);
        let throttled = work.throttling.throttled as f64;
        let weight = MAX_THROTTLED_WEIGHT * throttled / (throttled + THROTTLES_TO_TRUST);
        observed.powf(1.0 - weight) * throttled_pace(work).powf(weight)
    }
}

/// Returns the pages per second at the rate around which the rate limiter swings.
fn throttled_pace(work: &WorkProgress) -> f64 {
    let calls = work.throttling.calls as f64;
    let throttled = work.throttling.throttled as f64;
    let calls_per_throttle = (calls + CALLS_PER_THROTTLE) / (throttled + 1.0);
    let rate = (calls_per_throttle - LOST_CALLS) / DOUBLING_SECONDS;
    let least = work.full_rate * MIN_RATE_SHARE;
    let pages_per_call = (work.pages_read + 1.0) / (calls + 1.0);
    rate.max(least).min(work.full_rate) * pages_per_call.min(1.0)
}

/// Returns how much a new value counts that was measured `since` seconds after the last one, if a
/// change is to be followed within `time`.
pub(super) fn weight(since: f64, time: f64) -> f64 {
    1.0 - (-since / time).exp()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::throttle::Throttling;

    fn throttled(calls: u64, throttled: u64, full_rate: f64) -> WorkProgress {
        WorkProgress {
            name: "prod us-east-1".into(),
            age: Duration::ZERO,
            pages_read: (calls - throttled) as f64,
            pages_left: 100.0,
            pages_guessed: 0.0,
            longest_unit: 0.0,
            rate: full_rate / 4.0,
            full_rate,
            throttling: Throttling {
                calls,
                throttled,
                is_falling: false,
                pause: Duration::ZERO,
            },
            response_time: Duration::ZERO,
        }
    }

    #[test]
    fn share_of_throttled_calls_sets_the_pace() {
        let every_fifth = throttled_pace(&throttled(100, 20, 20.0));
        assert!((0.2..0.35).contains(&every_fifth), "{every_fifth}");
        // AWS allows some five calls per second, and one is throttled every nine seconds.
        let above_quota = throttled_pace(&throttled(4_500, 100, 20.0));
        assert!((4.0..6.0).contains(&above_quota), "{above_quota}");
        assert_eq!(throttled_pace(&throttled(1_000, 1, 10.0)).round(), 10.0);
        let all = throttled_pace(&throttled(100, 99, 20.0));
        assert!(all > 0.0 && all < 0.05, "{all}");
    }

    #[test]
    fn pause_is_waited_for() {
        let mut work = throttled(10, 5, 10.0);
        work.pages_left = 0.1;
        let paces = Paces::default();
        assert!(paces.seconds_left(&work) < 4.0);
        work.throttling.pause = Duration::from_secs(9);
        assert!(paces.seconds_left(&work) >= 9.0);
    }

    #[test]
    fn observed_pace_counts_until_calls_are_throttled() {
        let mut paces = Paces::default();
        for second in 1..60_u32 {
            let mut work = throttled(0, 0, 20.0);
            work.pages_read = f64::from(second);
            paces.update(1.0, &[work]);
        }
        let left = paces.seconds_left(&throttled(0, 0, 20.0));
        assert!((90.0..110.0).contains(&left), "{left}");
        let left = paces.seconds_left(&throttled(100, 40, 20.0));
        assert!(left > 300.0, "{left}");
    }
}
