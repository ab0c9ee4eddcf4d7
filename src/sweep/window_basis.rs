//! Decides which events of a log group are searched, by event time or by log time.

use std::fmt;
use std::sync::Arc;

use super::delivery_lag::LATE_ARRIVAL;
use dragnet_model::time::UNKNOWN_TIME_MS;
use dragnet_model::{LogGroupArn, TimeWindow};

/// The time by which events are selected.
#[derive(Clone, Debug)]
pub enum WindowBasis {
    /// By event time, in one window. This is what a sweep uses. Logs are read for longer than the
    /// window, because events arrive late.
    EventTime(TimeWindow),
    /// By log time, in windows of each log group. This is what a watch uses: no event is read
    /// twice, and the log time cannot be forged.
    LogTime(Arc<dyn GroupWindows>),
}

/// Supplies the windows of each log group.
pub trait GroupWindows: fmt::Debug + Send + Sync {
    /// Returns one or more windows that do not overlap, in order of time.
    fn windows_for(&self, group: &LogGroupArn) -> Vec<TimeWindow>;
}

/// Selects the events of one log group by time.
#[derive(Clone, Debug)]
pub(super) enum TimeFilter {
    EventTime(TimeWindow),
    LogTime(Vec<TimeWindow>),
}

impl WindowBasis {
    pub(super) fn filter_for(&self, group: &LogGroupArn) -> TimeFilter {
        match self {
            Self::EventTime(window) => TimeFilter::EventTime(*window),
            Self::LogTime(windows) => TimeFilter::LogTime(windows.windows_for(group)),
        }
    }
}

impl TimeFilter {
    /// Returns the time from the start of the first window to the end of the last, or `None` if
    /// there is no window.
    pub(super) fn whole_window(&self) -> Option<TimeWindow> {
        match self {
            Self::EventTime(window) => Some(*window),
            Self::LogTime(windows) => {
                let (first, last) = windows.first().zip(windows.last())?;
                TimeWindow::try_from([first.from_ms(), last.to_ms()]).ok()
            }
        }
    }

    /// Returns the ranges of log time that are read, each as its first millisecond and the first
    /// one after it.
    pub(super) fn log_time_ranges(&self) -> Vec<(i64, i64)> {
        match self {
            Self::EventTime(window) => vec![log_time_range(*window)],
            Self::LogTime(windows) => windows
                .iter()
                .map(|window| (window.from_ms(), window.to_ms()))
                .collect(),
        }
    }

    /// Returns the ranges of event time that are searched, in the same form. They are those of log
    /// time where a record is stored with its event time.
    pub(super) fn event_time_ranges(&self) -> Vec<(i64, i64)> {
        let window_range = |window: &TimeWindow| (window.from_ms(), window.to_ms());
        match self {
            Self::EventTime(window) => vec![window_range(window)],
            Self::LogTime(windows) => windows.iter().map(window_range).collect(),
        }
    }

    /// Returns whether an event with the event time `event_ms` and the log time `log_ms` is
    /// searched.
    ///
    /// By event time, the claimed event time counts if it is plausible. A line whose event time is
    /// later than its log time, or earlier by more than [`LATE_ARRIVAL`], may be forged to stay out
    /// of the window, so its log time counts as well. An event without a log time may be of any time.
    pub(super) fn contains(&self, event_ms: i64, log_ms: i64) -> bool {
        if log_ms == UNKNOWN_TIME_MS {
            return true;
        }
        match self {
            Self::EventTime(window) => {
                let is_plausible =
                    (0..=late_arrival_ms()).contains(&log_ms.saturating_sub(event_ms));
                window.contains_ms(event_ms) || (!is_plausible && window.contains_ms(log_ms))
            }
            Self::LogTime(windows) => windows.iter().any(|window| window.contains_ms(log_ms)),
        }
    }
}

/// Returns the range of log time that is read for a window of event time, as its first millisecond and
/// the first one after it.
pub fn log_time_range(window: TimeWindow) -> (i64, i64) {
    let end = window.to_ms().saturating_add(late_arrival_ms());
    (window.from_ms(), end)
}

fn late_arrival_ms() -> i64 {
    i64::try_from(LATE_ARRIVAL.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from_ms: i64, to_ms: i64) -> TimeWindow {
        TimeWindow::try_from([from_ms, to_ms]).unwrap()
    }

    #[test]
    fn log_time_selects_by_log_time() {
        let time_filter = TimeFilter::LogTime(vec![window(100, 200), window(500, 600)]);
        assert_eq!(time_filter.whole_window(), Some(window(100, 600)));
        assert_eq!(time_filter.log_time_ranges(), [(100, 200), (500, 600)]);
        assert!(
            time_filter.contains(i64::MIN, 100)
                && time_filter.contains(0, 599)
                && !time_filter.contains(150, 200)
                && !time_filter.contains(550, 499)
        );
        assert_eq!(TimeFilter::LogTime(Vec::new()).whole_window(), None);
    }

    #[test]
    fn event_time_selects_by_event_time() {
        let hour = 3_600_000;
        let time_filter = TimeFilter::EventTime(window(hour, 2 * hour));
        assert_eq!(
            time_filter.log_time_ranges(),
            [(hour, 4 * hour)],
            "logs are late"
        );
        assert_eq!(time_filter.event_time_ranges(), [(hour, 2 * hour)]);
        assert!(
            time_filter.contains(hour, 3 * hour) && !time_filter.contains(2 * hour, 2 * hour),
            "the event time counts"
        );
        assert!(
            time_filter.contains(-hour, 2 * hour - 1) && !time_filter.contains(-hour, 2 * hour),
            "an implausible event time"
        );
        assert!(
            time_filter.contains(UNKNOWN_TIME_MS, UNKNOWN_TIME_MS),
            "it may be of any time"
        );
    }
}
