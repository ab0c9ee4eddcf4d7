//! How long records take to arrive: how much longer than the window logs are read, and up to which
//! time records are certain to be there.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use dragnet_model::TimeWindow;

/// How much longer than the end of the window logs are read. CloudTrail delivers after 5 minutes on
/// average and up to 15, and the log time may be that of the delivery; this is eight times as much.
///
/// Source: CloudTrail user guide, "How CloudTrail works".
pub const LATE_ARRIVAL: Duration = Duration::from_hours(2);

/// How long it takes until a record is in its log group. CloudTrail delivers after 5 minutes on
/// average, which is not guaranteed. A flow log collects for up to 10 minutes, and publishes within
/// some 5 more.
///
/// Source: CloudTrail user guide, "How CloudTrail works"; VPC user guide, "Flow log records"
/// (aggregation interval).
pub(super) const DELIVERY_LAG: SignedDuration = SignedDuration::from_mins(15);

/// How much later than the window objects with its records are read. CloudTrail delivers after 5
/// minutes on average, which is not guaranteed; in a sample of 2,900 records, 10 minutes were the
/// most.
///
/// Source: CloudTrail user guide, "How CloudTrail works".
pub const LATE_OBJECTS: SignedDuration = SignedDuration::from_hours(1);

/// How much later than the window access logs of S3 with its requests are read. Most are delivered within a
/// few hours, and none is certain to be.
///
/// Source: S3 user guide, "Logging requests with server access logging", "Best-effort server log delivery".
pub(super) const LATE_ACCESS_LOGS: SignedDuration = SignedDuration::from_hours(24);

/// Returns the time up to which the records of a window are in their log groups, for a run that
/// started at `started`: never after the end of the window, and never before its start.
pub fn complete_until(window: TimeWindow, started: Timestamp) -> Timestamp {
    shift_time(started, -DELIVERY_LAG)
        .min(window.to())
        .max(window.from())
}

/// Returns `at`, later by `by`, or earlier if that is negative.
pub(super) fn shift_time(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamp(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn records_are_complete_until_the_delivery_lag() {
        let window =
            |from: &str, to: &str| TimeWindow::new(timestamp(from), timestamp(to)).unwrap();
        let noon = timestamp("2026-03-02T12:00:00Z");
        for (from, to, expected) in [
            (
                "2026-03-01T00:00:00Z",
                "2026-03-02T12:00:00Z",
                "2026-03-02T11:45:00Z",
            ),
            (
                "2026-03-01T00:00:00Z",
                "2026-03-02T11:00:00Z",
                "2026-03-02T11:00:00Z",
            ),
            (
                "2026-03-02T11:50:00Z",
                "2026-03-02T12:00:00Z",
                "2026-03-02T11:50:00Z",
            ),
        ] {
            assert_eq!(complete_until(window(from, to), noon), timestamp(expected));
        }
    }
}
