//! Which events of a log group a sweep looks at.

use std::fmt;
use std::sync::Arc;

use super::plan::LATE_ARRIVAL;
use crate::model::{LogGroupArn, TimeWindow};

/// When each log group is looked at.
#[derive(Clone, Debug)]
pub enum WindowBasis {
    /// Whatever happened in this window, as whoever asks about it means it. Logs are read for longer, since
    /// they arrive late.
    ParsedEventDetails(TimeWindow),
    /// Whatever is stored in windows of the group's own, as whoever comes again and again needs it: nothing
    /// is read twice, and nobody can claim to have been stored at another time.
    LogTime(Arc<dyn GroupWindows>),
}

/// The windows of each log group.
pub trait GroupWindows: fmt::Debug + Send + Sync {
    /// One or more windows, which do not overlap, in order of time.
    fn of(&self, group: &LogGroupArn) -> Vec<TimeWindow>;
}

/// What of one log group is looked at.
#[derive(Clone, Debug)]
pub(super) enum TimeFilter {
    ParsedEventDetails(TimeWindow),
    LogTime(Vec<TimeWindow>),
}

impl WindowBasis {
    pub(super) fn filter_for(&self, group: &LogGroupArn) -> TimeFilter {
        match self {
            Self::ParsedEventDetails(window) => TimeFilter::ParsedEventDetails(*window),
            Self::LogTime(windows) => TimeFilter::LogTime(windows.of(group)),
        }
    }
}

impl TimeFilter {
    /// The window that is asked about, from the first moment to the last. `None`: there is nothing to look at.
    pub fn whole_window(&self) -> Option<TimeWindow> {
        match self {
            Self::ParsedEventDetails(window) => Some(*window),
            Self::LogTime(windows) => {
                let (first, last) = windows.first().zip(windows.last())?;
                TimeWindow::try_from([first.from_ms(), last.to_ms()]).ok()
            }
        }
    }

    /// The stretches of stored time that are read, as their first milliseconds and the first after them.
    pub fn log_time_ranges(&self) -> Vec<(i64, i64)> {
        match self {
            Self::ParsedEventDetails(window) => vec![(
                window.from_ms(),
                window.to_ms().saturating_add(late_arrival_ms()),
            )],
            Self::LogTime(windows) => windows
                .iter()
                .map(|window| (window.from_ms(), window.to_ms()))
                .collect(),
        }
    }

    /// Whether an event counts that says it happened at `told_ms`, and is stored at `stored_ms`.
    ///
    /// Where the time of happening counts, that is what the event says, where it can be true; a line that claims
    /// a time at which it could not have been stored so late, or so early, may be forged to be left out: there
    /// the time at which it is stored counts too.
    pub fn contains(&self, told_ms: i64, stored_ms: i64) -> bool {
        match self {
            Self::ParsedEventDetails(window) => {
                let believable =
                    (0..=late_arrival_ms()).contains(&stored_ms.saturating_sub(told_ms));
                window.contains_ms(told_ms) || (!believable && window.contains_ms(stored_ms))
            }
            Self::LogTime(windows) => windows.iter().any(|window| window.contains_ms(stored_ms)),
        }
    }
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
    fn who_comes_again_looks_at_what_is_stored() {
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
    fn who_asks_once_looks_at_what_happened() {
        let hour = 3_600_000;
        let time_filter = TimeFilter::ParsedEventDetails(window(hour, 2 * hour));
        assert_eq!(
            time_filter.log_time_ranges(),
            [(hour, 4 * hour)],
            "logs are late"
        );
        assert!(
            time_filter.contains(hour, 3 * hour) && !time_filter.contains(2 * hour, 2 * hour),
            "its own time counts"
        );
        assert!(
            time_filter.contains(-hour, 2 * hour - 1) && !time_filter.contains(-hour, 2 * hour),
            "a claim that cannot be true"
        );
    }
}
