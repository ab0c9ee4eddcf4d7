//! The latest counts of a sweep, its speed, and the estimated time that is left.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::time_left::{Estimate, Estimator};
use crate::sweep::{SweepProgress, TallySnapshot};

/// Rates are measured over this time.
const RATE_INTERVAL: Duration = Duration::from_secs(10);

/// The latest counts, and those of the last seconds for comparison.
#[derive(Debug)]
pub(super) struct Pace {
    started: Instant,
    now: Instant,
    latest: TallySnapshot,
    recent: VecDeque<(Instant, TallySnapshot)>,
    estimator: Estimator,
    estimate: Option<Estimate>,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        let latest = TallySnapshot::default();
        Self {
            started: now,
            now,
            latest,
            recent: VecDeque::from([(now, latest)]),
            estimator: Estimator::default(),
            estimate: None,
        }
    }

    pub(super) fn update(&mut self, now: Instant, progress: &SweepProgress) {
        self.now = now;
        self.latest = progress.counts;
        let elapsed = self.elapsed();
        self.estimate = self.estimator.update(elapsed, progress);
        self.recent.push_back((now, self.latest));
        while self.recent.len() > 2
            && self
                .recent
                .front()
                .is_some_and(|(at, _)| now.duration_since(*at) > RATE_INTERVAL)
        {
            self.recent.pop_front();
        }
    }

    pub(super) fn latest(&self) -> &TallySnapshot {
        &self.latest
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now.duration_since(self.started)
    }

    /// The current number of calls per second.
    pub(super) fn calls_per_second(&self) -> f64 {
        self.per_second(|snapshot| snapshot.calls)
    }

    /// The estimated time that is left; `None` while it is unknown.
    pub(super) fn estimate(&self) -> Option<&Estimate> {
        self.estimate.as_ref()
    }

    fn per_second(&self, value: impl Fn(&TallySnapshot) -> u64) -> f64 {
        let Some((at, before)) = self.recent.front() else {
            return 0.0;
        };
        let seconds = self.now.duration_since(*at).as_secs_f64();
        if seconds > 0.0 {
            value(&self.latest).saturating_sub(value(before)) as f64 / seconds
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rate_covers_last_ten_seconds() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for second in 1..=60 {
            let calls = if second <= 30 {
                second
            } else {
                30 + (second - 30) * 5
            };
            pace.update(
                start + Duration::from_secs(second),
                &SweepProgress {
                    counts: TallySnapshot {
                        calls,
                        ..TallySnapshot::default()
                    },
                    ..SweepProgress::default()
                },
            );
        }
        assert_eq!(pace.calls_per_second(), 5.0);
    }
}
