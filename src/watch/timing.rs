//! Decides when a schedule is activated. It does no I/O.

use std::time::Duration;

use jiff::Timestamp;

use super::state::Identity;
use crate::settings::ScheduleSettings;

/// Missed activations are counted up to this number.
const MAX_COUNTED: usize = 10_000;

/// A future activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// When the schedule is due.
    pub due: Timestamp,
    /// When it starts: later by its jitter, or because the watch did not run.
    pub at: Timestamp,
}

/// The activation that is due at `now`. `last` is the due time of the last activation; a schedule
/// without one is due at once.
pub(super) fn due_activation(
    schedule: &ScheduleSettings,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Option<Activation> {
    let due = match last {
        None => Some(schedule.timetable.last(now, &schedule.zone).unwrap_or(now)),
        Some(last) => schedule
            .timetable
            .last(now, &schedule.zone)
            .filter(|due| *due > last),
    };
    due.map(|due| Activation {
        due,
        at: add_jitter(schedule, due).max(now),
    })
}

/// The first activation after `after`, if there is one.
pub fn next_activation(schedule: &ScheduleSettings, after: Timestamp) -> Option<Activation> {
    let due = schedule.timetable.next(after, &schedule.zone)?;
    Some(Activation {
        due,
        at: add_jitter(schedule, due),
    })
}

/// How often a schedule was due after `after` and until `now`.
pub(super) fn count_missed(schedule: &ScheduleSettings, after: Timestamp, now: Timestamp) -> u64 {
    let mut at = after;
    let due = std::iter::from_fn(|| {
        at = schedule.timetable.next(at, &schedule.zone)?;
        (at <= now).then_some(at)
    });
    due.take(MAX_COUNTED).count() as u64
}

/// Adds the jitter. It depends only on the schedule and the time, so it is the same for every
/// caller.
fn add_jitter(schedule: &ScheduleSettings, due: Timestamp) -> Timestamp {
    let jitter_ms = schedule.jitter.map_or(0, |jitter| {
        u64::try_from(jitter.as_millis()).unwrap_or(u64::MAX)
    });
    let share = Identity::from_parts([schedule.name.as_str(), &due.to_string()]).number();
    let share = share.checked_rem(jitter_ms).unwrap_or_default();
    due.checked_add(Duration::from_millis(share)).unwrap_or(due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::schedule;

    fn timestamp(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn missed_activations_are_due_once() {
        let schedule = schedule("cron = '*/15 * * * *'");
        let due_at = |last: Option<&str>, now: &str| {
            due_activation(&schedule, last.map(timestamp), timestamp(now)).map(|next| next.due)
        };
        let now = "2026-03-01T12:07:00Z";
        assert_eq!(
            due_at(None, now),
            Some(timestamp("2026-03-01T12:00:00Z")),
            "never activated before"
        );
        assert_eq!(due_at(Some("2026-03-01T12:00:00Z"), now), None);
        assert_eq!(
            due_at(Some("2026-02-01T12:00:00Z"), now),
            Some(timestamp("2026-03-01T12:00:00Z")),
            "after an outage"
        );
        assert_eq!(
            next_activation(&schedule, timestamp(now)).unwrap().at,
            timestamp("2026-03-01T12:15:00Z")
        );
        assert_eq!(
            count_missed(
                &schedule,
                timestamp("2026-03-01T12:00:00Z"),
                timestamp("2026-03-01T12:45:00Z")
            ),
            3
        );
    }

    #[test]
    fn jitter_is_spread_and_deterministic() {
        let mut schedule = schedule("cron = '@hourly'");
        schedule.jitter = Some(Duration::from_mins(5));
        let mut shares = std::collections::BTreeSet::new();
        let mut after = timestamp("2026-03-01T00:00:00Z");
        for _ in 0..24 {
            let activation = next_activation(&schedule, after).unwrap();
            assert_eq!(next_activation(&schedule, after), Some(activation));
            let share = activation.at.duration_since(activation.due);
            assert!(!share.is_negative() && share.as_secs() < 300);
            shares.insert(share);
            after = activation.due;
        }
        assert!(shares.len() > 20, "{shares:?}");
    }
}
