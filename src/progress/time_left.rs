//! The estimated time that is left of a sweep, and how far it is.
//!
//! Every account-Region is read at its own pace, and all are read concurrently. So the one that
//! needs the most time decides: the pages that it has left, at its pace. The pace is what was
//! observed recently; if AWS throttles, it is what the rate limiter will settle at. Account-Regions
//! that still wait to be read are assumed to take the average time, as many at once as now.
//!
//! The first estimates are not shown while they change quickly, while a rate still falls, or while
//! most of what is left is a mere guess: a wrong estimate is worse than none.
//!
//! Nothing here reads a clock.

mod paces;

use std::collections::VecDeque;
use std::time::Duration;

use self::paces::{Paces, weight};
use crate::sweep::{SweepProgress, TallySnapshot, WorkProgress};

/// The first estimates are not shown, because they are about a few calls.
const WARM_UP_SECONDS: f64 = 5.0;
/// The first estimate is shown once it changed by at most [`STEADY_FACTOR`] within this time, or
/// this share of the time so far.
const STEADY_SECONDS: f64 = 3.0;
const STEADY_SHARE: f64 = 0.2;
const STEADY_FACTOR: f64 = 1.3;
/// After this time, an estimate is shown although it still changes.
const MAX_UNSTEADY_SECONDS: f64 = 9.0;
/// After this time, an estimate is shown although a rate still falls.
const MAX_FALLING_SECONDS: f64 = 30.0;
/// With more guessed pages than this share of those that are left, nothing is shown.
const MAX_GUESSED_SHARE: f64 = 0.25;
/// An estimate follows a change within this share of the time so far, or of the time left.
const SMOOTHING_SHARE: f64 = 0.125;
const SMOOTHING_SHARE_LEFT: f64 = 0.5;
const MIN_SMOOTHING_SECONDS: f64 = 1.0;
/// The progress never falls below this share of an earlier one.
const MIN_KEPT_PROGRESS: f64 = 0.8;
/// With at most this many account-Regions left, the slowest one is named.
const FEW_TARGETS: u64 = 3;

/// The estimated time that is left.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The time that is left.
    pub left: Duration,
    /// The share of the time that has passed, from 0 to 1. It never falls by more than a fifth.
    pub progress: f64,
    /// The account-Region that the sweep waits for, if it waits for one. The name of the account is
    /// untrusted text.
    pub waiting_for: Option<String>,
}

/// Estimates the time that is left.
#[derive(Debug, Default)]
pub struct Estimator {
    /// When the last update was made, in seconds since the start.
    last: f64,
    /// The smoothed duration of the whole sweep in seconds; zero while nothing is shown.
    total: f64,
    /// The measured durations of the last seconds, each with the time of its measurement.
    measured: VecDeque<(f64, f64)>,
    /// Whether an estimate was shown.
    is_steady: bool,
    /// The greatest progress so far.
    furthest: f64,
    paces: Paces,
}

impl Estimator {
    /// Returns the estimate at a moment, given the time since the start. `None` while too little is
    /// known.
    pub fn update(&mut self, elapsed: Duration, progress: &SweepProgress) -> Option<Estimate> {
        let now = elapsed.as_secs_f64();
        let since = now - self.last;
        self.last = now;
        self.paces.update(since, &progress.work);
        let left = self.seconds_left(now, progress)?;
        self.record_measured(now, now + left);
        if now < WARM_UP_SECONDS || !self.is_known(now, progress) {
            self.total = 0.0;
            return None;
        }
        self.is_steady = true;
        self.follow(now, since, left);
        let share = (now / self.total).min(1.0);
        self.furthest = self.furthest.max(share);
        Some(Estimate {
            left: Duration::try_from_secs_f64(self.total - now).unwrap_or_default(),
            progress: share,
            waiting_for: self.waiting_for(progress),
        })
    }

    /// Changes the estimated duration towards a measured one.
    fn follow(&mut self, now: f64, since: f64, left: f64) {
        let measured = now + left;
        let time = (now * SMOOTHING_SHARE)
            .min(left * SMOOTHING_SHARE_LEFT)
            .max(MIN_SMOOTHING_SECONDS);
        self.total = if self.total > 0.0 {
            self.total + (measured - self.total) * weight(since, time)
        } else {
            measured
        };
        self.total = self.total.max(now);
        if self.furthest > 0.0 {
            self.total = self.total.min(now / (self.furthest * MIN_KEPT_PROGRESS));
        }
    }

    fn record_measured(&mut self, now: f64, measured: f64) {
        self.measured.push_back((now, measured));
        let time = (now * STEADY_SHARE).max(STEADY_SECONDS);
        while self
            .measured
            .front()
            .is_some_and(|(at, _)| *at < now - time)
        {
            self.measured.pop_front();
        }
    }

    /// Returns whether enough is known for an estimate.
    fn is_known(&self, now: f64, progress: &SweepProgress) -> bool {
        let work = &progress.work;
        let is_guess = self
            .slowest(work)
            .is_some_and(|work| work.pages_guessed > work.pages_left * MAX_GUESSED_SHARE);
        if is_guess {
            return false;
        }
        if self.is_steady {
            return true;
        }
        let is_falling = work.iter().any(|work| work.throttling.is_falling);
        if is_falling && now < MAX_FALLING_SECONDS {
            return false;
        }
        let measured = self.measured.iter().map(|(_, measured)| *measured);
        let least = measured.clone().fold(f64::INFINITY, f64::min);
        let most = measured.fold(0.0, f64::max);
        most <= least * STEADY_FACTOR || now >= MAX_UNSTEADY_SECONDS
    }

    fn seconds_left(&self, now: f64, progress: &SweepProgress) -> Option<f64> {
        let SweepProgress {
            counts,
            work,
            seconds_after,
        } = progress;
        let seconds: Vec<f64> = work
            .iter()
            .map(|work| self.paces.seconds_left(work))
            .collect();
        let slowest = seconds.iter().copied().fold(0.0, f64::max);
        let started = work.len() as f64;
        let unfinished = unfinished_targets(counts)?;
        let waiting = (unfinished - started).max(0.0);
        if started == 0.0 {
            // What is waiting does not say how long it takes.
            return (waiting == 0.0).then_some(*seconds_after);
        }
        let ages: f64 = work.iter().map(|work| work.age.as_secs_f64()).sum();
        let average = (ages + seconds.iter().sum::<f64>()) / started;
        let left = slowest + average * waiting / started;
        if left == 0.0 {
            // Nothing is known but that it goes on: it is assumed to be half done.
            return Some(now);
        }
        Some(left + seconds_after)
    }

    /// Returns the account-Region that takes the longest time.
    fn slowest<'w>(&self, work: &'w [WorkProgress]) -> Option<&'w WorkProgress> {
        work.iter().max_by(|one, other| {
            let seconds = self.paces.seconds_left(one);
            seconds.total_cmp(&self.paces.seconds_left(other))
        })
    }

    /// Names the slowest account-Region if AWS throttles it, or if few others are left.
    fn waiting_for(&self, progress: &SweepProgress) -> Option<String> {
        let SweepProgress { counts, work, .. } = progress;
        let slowest = self.slowest(work)?;
        let unfinished = counts.targets_known.saturating_sub(counts.targets_done);
        if slowest.rate < slowest.full_rate {
            Some(format!("{} (throttled)", slowest.name))
        } else if unfinished <= FEW_TARGETS {
            Some(slowest.name.to_string())
        } else {
            None
        }
    }
}

/// Returns how many account-Regions are not done, including those of accounts that are not entered.
/// `None` before the first account is entered.
fn unfinished_targets(counts: &TallySnapshot) -> Option<f64> {
    let entered = counts.accounts_entered.min(counts.accounts_known) as f64;
    let all = counts.targets_known as f64 * counts.accounts_known as f64 / entered;
    (entered > 0.0).then_some(all - counts.targets_done as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::Throttling;

    fn work(name: &str, age: f64, pages_read: f64, pages_left: f64) -> WorkProgress {
        WorkProgress {
            name: name.into(),
            age: Duration::from_secs_f64(age),
            pages_read,
            pages_left,
            pages_guessed: 0.0,
            longest_unit: 0.0,
            rate: 5.0,
            full_rate: 5.0,
            throttling: Throttling::default(),
            response_time: Duration::ZERO,
        }
    }

    fn progress(
        targets_known: u64,
        targets_done: u64,
        work: impl Into<Vec<WorkProgress>>,
    ) -> SweepProgress {
        SweepProgress {
            counts: TallySnapshot {
                accounts_known: 1,
                accounts_entered: 1,
                targets_known,
                targets_done,
                ..TallySnapshot::default()
            },
            work: work.into(),
            seconds_after: 0.0,
        }
    }

    /// Runs the estimator once a second over a sweep of `total` seconds, and checks every estimate
    /// after the first tenth.
    fn check(total: u32, sample: impl Fn(u32) -> SweepProgress) {
        let mut estimator = Estimator::default();
        let mut furthest: f64 = 0.0;
        let mut checked = 0;
        for second in 1..total {
            let now = f64::from(second);
            let elapsed = Duration::from_secs_f64(now);
            let Some(estimate) = estimator.update(elapsed, &sample(second)) else {
                continue;
            };
            assert!(
                estimate.progress >= furthest * 0.799,
                "at {now}: {estimate:?}"
            );
            furthest = furthest.max(estimate.progress);
            let left = f64::from(total) - now;
            if now >= f64::from(total) / 10.0 {
                let estimated = estimate.left.as_secs_f64();
                let ratio = estimated / left;
                let is_close = (estimated - left).abs() <= 2.0;
                assert!(
                    is_close || (1.0 / 1.5..=1.5).contains(&ratio),
                    "at {now}: {estimated} instead of {left}"
                );
                checked += 1;
            }
        }
        assert!(checked >= total / 2, "{checked}");
    }

    #[test]
    fn slow_responses_set_the_pace() {
        // One page a second, although the quota allows five.
        check(200, |second| {
            let now = f64::from(second);
            progress(1, 0, [work("prod", now, now, 200.0 - now)])
        });
    }

    #[test]
    fn throttled_quota_sets_the_pace() {
        check(200, |second| {
            let now = f64::from(second);
            let mut slow = work("prod", now, now / 2.0, 100.0 - now / 2.0);
            // The rate swings, but the pace does not.
            slow.rate = match second % 4 {
                0 => 0.25,
                1 => 0.5,
                2 => 2.0,
                _ => 1.0,
            };
            progress(2, 0, [work("dev", now, 100.0, 0.0), slow])
        });
    }

    #[test]
    fn account_regions_that_wait_are_extrapolated() {
        // Ten account-Regions at once, each for ten seconds.
        check(200, |second| {
            let age = f64::from(second % 10);
            let scans: Vec<WorkProgress> = (0..10)
                .map(|scan| {
                    work(
                        &format!("{}", second / 10 * 10 + scan),
                        age,
                        age * 5.0,
                        50.0 - age * 5.0,
                    )
                })
                .collect();
            progress(200, u64::from(second / 10 * 10), scans)
        });
    }

    #[test]
    fn longest_unit_is_read_page_after_page() {
        // The quota allows five pages a second, but one unit has all that are left.
        check(200, |second| {
            let now = f64::from(second);
            let left = 200.0 - now;
            let mut prod = work("prod", now, now * 5.0, left);
            prod.longest_unit = left;
            prod.response_time = Duration::from_secs(1);
            progress(1, 0, [prod])
        });
    }

    #[test]
    fn guess_is_not_shown() {
        let mut estimator = Estimator::default();
        let mut at = |second: u32, guessed: f64| {
            let now = f64::from(second);
            let mut prod = work("prod", now, now, 100.0);
            prod.pages_guessed = guessed;
            estimator.update(Duration::from_secs(second.into()), &progress(1, 0, [prod]))
        };
        assert!((1..40).all(|second| at(second, 90.0).is_none()));
        assert!(at(40, 10.0).is_some());
    }

    #[test]
    fn first_estimate_is_shown_once_it_is_steady() {
        let shown_after = |growth: f64, is_falling: bool| {
            let mut estimator = Estimator::default();
            (1..60_u32).find(|second| {
                let now = f64::from(*second);
                let mut prod = work("prod", now, now, 100.0 + growth.powf(now));
                prod.throttling.is_falling = is_falling;
                let elapsed = Duration::from_secs((*second).into());
                estimator.update(elapsed, &progress(1, 0, [prod])).is_some()
            })
        };
        assert!((5..=9).contains(&shown_after(1.0, false).unwrap()));
        assert_eq!(shown_after(5.0, false), Some(9));
        assert_eq!(shown_after(1.0, true), Some(30));
    }

    #[test]
    fn progress_does_not_fall_when_more_work_is_found() {
        let mut estimator = Estimator::default();
        let mut at = |second: u32, left: f64| {
            let now = f64::from(second);
            let elapsed = Duration::from_secs(second.into());
            estimator.update(elapsed, &progress(1, 0, [work("prod", now, now, left)]))
        };
        for second in 1..=20 {
            at(second, f64::from(40 - second));
        }
        let before = at(21, 19.0).unwrap().progress;
        let after = at(22, 10_000.0).unwrap().progress;
        assert!(
            before > 0.3 && after < before && after >= before * 0.799,
            "{before} {after}"
        );
    }

    #[test]
    fn slowest_account_region_is_named() {
        let fast = work("dev eu-west-1", 9.0, 20.0, 1.0);
        let mut slow = work("prod us-east-1", 9.0, 20.0, 50.0);
        let estimator = Estimator::default();
        let named = |scans: &[WorkProgress], left: u64| {
            estimator.waiting_for(&progress(40, 40 - left, scans))
        };
        assert_eq!(named(&[], 5), None);
        assert_eq!(named(&[fast.clone(), slow.clone()], 5), None);
        assert_eq!(
            named(&[fast.clone(), slow.clone()], 2).unwrap(),
            "prod us-east-1"
        );
        slow.rate = 1.0;
        assert_eq!(
            named(&[fast, slow], 5).unwrap(),
            "prod us-east-1 (throttled)"
        );
    }
}
