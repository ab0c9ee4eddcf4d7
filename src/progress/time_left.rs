//! The estimated time that is left of a sweep, and how far it is.
//!
//! Every account-Region is read at its own pace, and all are read concurrently. So the one that
//! needs the most time decides: the pages that it has left, at its recent pace. At first, the pace
//! is that of its quota, and the pages follow from the stored bytes, corrected by how wrong the
//! estimates of the latest finished log groups were. Account-Regions that still wait to be read are
//! assumed to take the average time, as many at once as now.
//!
//! A search for something rare tells nothing about how far a single long log group is: a page
//! without a match has no time. Then the estimate is no better than the stored bytes.
//!
//! Nothing here reads a clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::sweep::{SweepProgress, TallySnapshot, WorkProgress};

/// The first estimates are not shown, because they are about a few calls.
const WARM_UP_SECONDS: f64 = 5.0;
/// A pace follows a change within this time.
const PACE_SECONDS: f64 = 8.0;
/// A throttled quota recovers, so a pace is at least this share of its rate.
const MIN_QUOTA_SHARE: f64 = 0.02;
/// An estimate follows a change within this share of the time so far.
const SMOOTHING_SHARE: f64 = 0.125;
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
    /// The smoothed duration of the whole sweep in seconds.
    total: f64,
    /// The greatest progress so far.
    furthest: f64,
    paces: HashMap<Arc<str>, Pace>,
}

/// The recent pace of an account-Region.
#[derive(Clone, Copy, Debug)]
struct Pace {
    pages_read: f64,
    /// Whether it had pages to read at the last update.
    had_work: bool,
    pages_per_second: f64,
}

impl Estimator {
    /// Returns the estimate at a moment, given the time since the start. `None` while too little is
    /// known.
    pub fn update(&mut self, elapsed: Duration, progress: &SweepProgress) -> Option<Estimate> {
        let now = elapsed.as_secs_f64();
        let since = now - self.last;
        self.last = now;
        self.update_paces(since, &progress.work);
        let measured = now + self.seconds_left(now, progress)?;
        self.total = if self.total > 0.0 {
            self.total + (measured - self.total) * weight(since, smoothing_seconds(now))
        } else {
            measured
        };
        self.total = self.total.max(now);
        if now < WARM_UP_SECONDS {
            return None;
        }
        if self.furthest > 0.0 {
            self.total = self.total.min(now / (self.furthest * MIN_KEPT_PROGRESS));
        }
        let share = (now / self.total).min(1.0);
        self.furthest = self.furthest.max(share);
        Some(Estimate {
            left: Duration::try_from_secs_f64(self.total - now).unwrap_or_default(),
            progress: share,
            waiting_for: self.waiting_for(progress),
        })
    }

    fn update_paces(&mut self, since: f64, work: &[WorkProgress]) {
        let mut before = std::mem::take(&mut self.paces);
        for work in work {
            let mut pace = before.remove(&work.name).unwrap_or(Pace {
                pages_read: 0.0,
                had_work: true,
                pages_per_second: work.rate,
            });
            let pages = work.pages_read - pace.pages_read;
            // What has nothing to read waits for something else, and is not slow.
            if since > 0.0 && (pace.had_work || pages > 0.0) {
                let change = pages / since - pace.pages_per_second;
                pace.pages_per_second += change * weight(since, PACE_SECONDS);
            }
            pace.pages_read = work.pages_read;
            pace.had_work = work.pages_started + work.pages_unstarted > 0.0;
            self.paces.insert(Arc::clone(&work.name), pace);
        }
    }

    fn seconds_left(&self, now: f64, progress: &SweepProgress) -> Option<f64> {
        let SweepProgress { counts, work, .. } = progress;
        let ratio = progress.finished_pages.ratio();
        let seconds: Vec<f64> = work
            .iter()
            .map(|work| self.work_seconds(work, ratio))
            .collect();
        let slowest = seconds.iter().copied().fold(0.0, f64::max);
        let started = work.len() as f64;
        let unfinished = unfinished_targets(counts)?;
        let waiting = (unfinished - started).max(0.0);
        if started == 0.0 {
            // What is waiting does not say how long it takes.
            return (waiting == 0.0).then_some(0.0);
        }
        let ages: f64 = work.iter().map(|work| work.age.as_secs_f64()).sum();
        let average = (ages + seconds.iter().sum::<f64>()) / started;
        let left = slowest + average * waiting / started;
        if left == 0.0 {
            // Nothing is known but that it goes on: it is assumed to be half done.
            return Some(now);
        }
        Some(left)
    }

    /// Returns how long an account-Region still takes, in seconds. `ratio` is that of
    /// [`FinishedPages`](crate::sweep::FinishedPages).
    fn work_seconds(&self, work: &WorkProgress, ratio: f64) -> f64 {
        let pages = pages_left(work, ratio);
        if pages == 0.0 {
            return 0.0;
        }
        let observed = self
            .paces
            .get(&work.name)
            .map_or(work.rate, |pace| pace.pages_per_second);
        let least = work.full_rate * MIN_QUOTA_SHARE;
        let pace = observed.max(least).min(work.full_rate);
        pages / pace + work.response_time.as_secs_f64()
    }

    /// Names the slowest account-Region if AWS throttles it, or if few others are left.
    fn waiting_for(&self, progress: &SweepProgress) -> Option<String> {
        let SweepProgress { counts, work, .. } = progress;
        let ratio = progress.finished_pages.ratio();
        let slowest = work.iter().max_by(|one, other| {
            self.work_seconds(one, ratio)
                .total_cmp(&self.work_seconds(other, ratio))
        })?;
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

fn smoothing_seconds(now: f64) -> f64 {
    (now * SMOOTHING_SHARE).max(MIN_SMOOTHING_SECONDS)
}

/// Returns how much a new value counts that was measured `since` seconds after the last one, if a
/// change is to be followed within `time`.
fn weight(since: f64, time: f64) -> f64 {
    1.0 - (-since / time).exp()
}

fn pages_left(work: &WorkProgress, ratio: f64) -> f64 {
    work.pages_started + work.pages_unstarted * ratio
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

    fn work(name: &str, age: f64, pages_read: f64, pages_started: f64) -> WorkProgress {
        WorkProgress {
            name: name.into(),
            age: Duration::from_secs_f64(age),
            pages_read,
            pages_started,
            pages_unstarted: 0.0,
            rate: 5.0,
            full_rate: 5.0,
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
            ..SweepProgress::default()
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
    fn estimates_of_stored_bytes_are_corrected() {
        let mut estimator = Estimator::default();
        let mut at = |second: u32, read_per_expected: f64| {
            let mut prod = work("prod", f64::from(second), f64::from(second), 0.0);
            prod.pages_unstarted = 10.0;
            let mut progress = progress(1, 0, [prod]);
            progress.finished_pages.expected = 1_000.0;
            progress.finished_pages.read = 1_000.0 * read_per_expected;
            let elapsed = Duration::from_secs(second.into());
            estimator.update(elapsed, &progress)
        };
        for second in 1..40 {
            at(second, 1.0);
        }
        let few = at(40, 1.0).unwrap().left;
        for second in 41..80 {
            at(second, 10.0);
        }
        let many = at(80, 10.0).unwrap().left;
        assert!(many > few * 2, "{few:?} {many:?}");
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
