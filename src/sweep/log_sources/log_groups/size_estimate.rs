//! Estimates how much of a log group is in the searched time. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::sweep::delivery_lag::shift_time;
use dragnet_model::{LogGroup, TimeWindow};

/// Source: CloudWatch Logs API, `FilterLogEvents`: a page holds at most 1 MB.
const PAGE_BYTES: f64 = 1_048_576.0;

/// Returns how many pages of 1 MB the log group's events in the window probably fill. This decides
/// only the order of work and the engine.
pub(super) fn expected_pages(group: &LogGroup, window: TimeWindow, now: Timestamp) -> f64 {
    pages_of(expected_bytes(group, window, now))
}

/// Returns how many pages this many bytes probably fill.
pub(super) fn pages_of(bytes: f64) -> f64 {
    1.0 + bytes / PAGE_BYTES
}

/// Returns how many of the log group's bytes are probably in the window, assuming that they are
/// spread evenly over the time that the group retains.
pub(super) fn expected_bytes(group: &LogGroup, window: TimeWindow, now: Timestamp) -> f64 {
    let is_new = group.created.is_some_and(|created| created > window.from());
    if is_new && group.may_be_imported() {
        // An import has events from before its creation.
        return group.stored_bytes as f64;
    }
    let kept_since = group
        .retention_days
        .map(|days| shift_time(now, SignedDuration::from_hours(-24 * i64::from(days))));
    let since = [group.created, kept_since]
        .into_iter()
        .flatten()
        .max()
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
    let in_window = seconds(window.from().max(since), window.to().min(now)).max(0.0);
    // A log group younger than an hour is treated as one hour old, so that the divisor is never
    // close to zero.
    let share = (in_window / seconds(since, now).max(3_600.0)).min(1.0);
    share * group.stored_bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::LogGroupClass;

    fn timestamp(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn expected_pages_are_share_of_window() {
        let group = |days: i64, retention_days| LogGroup {
            name: "/app".to_owned(),
            class: LogGroupClass::Standard,
            stored_bytes: 10 << 20,
            retention_days,
            created: Some(shift_time(
                timestamp("2026-03-11T00:00:00Z"),
                SignedDuration::from_hours(-24 * days),
            )),
            masked: false,
            masked_before: false,
            retention_policy: None,
            kms_key: None,
        };
        let window = TimeWindow::new(
            timestamp("2026-03-09T00:00:00Z"),
            timestamp("2026-03-10T00:00:00Z"),
        )
        .unwrap();
        let pages = |days, retention| {
            expected_pages(
                &group(days, retention),
                window,
                timestamp("2026-03-11T00:00:00Z"),
            )
            .round()
        };
        assert_eq!(
            [pages(10, None), pages(1_000, Some(5)), pages(2, None)],
            [2.0, 3.0, 6.0]
        );
        assert_eq!(
            [pages(0, None), pages(-1, None)],
            [1.0, 1.0],
            "created after the window"
        );
    }
}
