//! How fast it goes, and how long it may still take.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::sweep::TallySnapshot;

/// Rates are measured over the last so many seconds.
const SPAN: Duration = Duration::from_secs(10);

/// The latest counts, and those of the last seconds to compare them with.
#[derive(Debug)]
pub(super) struct Pace {
    started: Instant,
    now: Instant,
    latest: TallySnapshot,
    recent: VecDeque<(Instant, TallySnapshot)>,
}

impl Pace {
    pub fn starting(now: Instant) -> Self {
        let latest = TallySnapshot::default();
        Self { started: now, now, latest, recent: VecDeque::from([(now, latest)]) }
    }

    pub fn see(&mut self, now: Instant, latest: TallySnapshot) {
        self.now = now;
        self.latest = latest;
        self.recent.push_back((now, latest));
        while self.recent.len() > 2 && self.recent.front().is_some_and(|(at, _)| now.duration_since(*at) > SPAN) {
            self.recent.pop_front();
        }
    }

    pub fn latest(&self) -> &TallySnapshot {
        &self.latest
    }

    pub fn elapsed(&self) -> Duration {
        self.now.duration_since(self.started)
    }

    /// Calls a second, lately.
    pub fn calls_per_second(&self) -> f64 {
        self.per_second(|snapshot| snapshot.calls)
    }

    /// How long until the log groups known so far are done, at the rate of late; `None` while nothing
    /// can be told: accounts are still being entered, or no group has ended lately.
    pub fn time_left(&self) -> Option<Duration> {
        let latest = &self.latest;
        let rate = self.per_second(|snapshot| snapshot.log_groups_done);
        if rate <= 0.0 || latest.targets_known == 0 {
            return None;
        }
        let left = latest.log_groups_known.saturating_sub(latest.log_groups_done) as f64;
        Some(Duration::from_secs_f64((left / rate).min(1e7)))
    }

    fn per_second(&self, of: impl Fn(&TallySnapshot) -> u64) -> f64 {
        let Some((at, before)) = self.recent.front() else { return 0.0 };
        let seconds = self.now.duration_since(*at).as_secs_f64();
        if seconds > 0.0 { of(&self.latest).saturating_sub(of(before)) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rates_are_of_the_last_seconds() {
        let start = Instant::now();
        let mut pace = Pace::starting(start);
        assert_eq!(pace.time_left(), None);
        for second in 1..=60 {
            let done = u64::saturating_sub(second, 30);
            let snapshot = TallySnapshot {
                calls: second * 5,
                targets_known: 1,
                log_groups_known: 100,
                log_groups_done: done,
                ..TallySnapshot::default()
            };
            pace.see(start + Duration::from_secs(second), snapshot);
        }
        assert_eq!(pace.calls_per_second(), 5.0);
        assert_eq!(pace.time_left(), Some(Duration::from_secs(70)));
    }
}
