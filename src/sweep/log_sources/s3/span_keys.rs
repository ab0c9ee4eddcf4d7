//! Which keys of a folder are read. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::aws::ListQuery;
use crate::s3_layout::{KeyRange, LogPlace};
use crate::sweep::delivery_lag::{LATE_ACCESS_LOGS, LATE_OBJECTS};
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::TimeWindow;

const DAY_MS: i64 = 86_400_000;

/// Returns the windows for each of which a list is needed.
pub(super) fn windows_of(time_filter: &TimeFilter) -> Vec<TimeWindow> {
    match time_filter {
        TimeFilter::EventTime(window) => vec![*window],
        TimeFilter::LogTime(windows) => windows.clone(),
    }
}

/// Cuts a window into parts of this many days. Only the first and the last part can be shorter: all cuts
/// are at midnight UTC, where the keys change to another folder.
pub(super) fn cut_into_days(window: TimeWindow, days: i64) -> Vec<TimeWindow> {
    let length = days.max(1).saturating_mul(DAY_MS);
    let midnight = window.from_ms().div_euclid(DAY_MS).saturating_mul(DAY_MS);
    let mut parts = Vec::new();
    let mut from = window.from_ms();
    let mut cut = midnight.saturating_add(length);
    while cut < window.to_ms() {
        parts.extend(TimeWindow::try_from([from, cut]));
        from = cut;
        cut = cut.saturating_add(length);
    }
    parts.extend(TimeWindow::try_from([from, window.to_ms()]));
    parts
}

/// Returns how many whole days of a window precede a time, at least one.
pub(super) fn days_until(window: TimeWindow, time: Timestamp) -> i64 {
    let length = time.as_millisecond().saturating_sub(window.from_ms());
    length.div_euclid(DAY_MS).max(1)
}

/// The keys of a folder that are read for a window.
#[derive(Clone, Debug)]
pub(super) struct SpanKeys {
    range: KeyRange,
    /// The window of the times in the names, if log time decides. Each object then belongs to one
    /// window, like an event in a log group.
    window: Option<TimeWindow>,
}

impl SpanKeys {
    /// `window` is one of the time filter, or a part of it from [`cut_into_days`].
    pub(super) fn new(place: &LogPlace, time_filter: &TimeFilter, window: TimeWindow) -> Self {
        match time_filter {
            TimeFilter::EventTime(all) => {
                let first = (window.from() > all.from()).then_some(window.from());
                let end = (window.to() < all.to()).then_some(window.to());
                let late = match place {
                    LogPlace::Folder(_) => LATE_OBJECTS,
                    LogPlace::AccessLogs(_) => LATE_ACCESS_LOGS,
                };
                let range = place.key_range(*all, late);
                Self {
                    range: place.part_of_range(range, first, end),
                    window: None,
                }
            }
            TimeFilter::LogTime(_) => Self {
                range: place.key_range(window, SignedDuration::ZERO),
                window: Some(window),
            },
        }
    }

    /// Returns the list of the keys. It begins after `last_key`, if an earlier part of the run read
    /// that. It also has other keys of the same days, so that unknown ones are noticed.
    pub(super) fn to_query(&self, last_key: Option<String>) -> ListQuery {
        let range = self.range.clone();
        ListQuery {
            prefix: range.prefix,
            delimiter: None,
            start_after: last_key.or(range.start_after),
            end_before: range.end_before,
        }
    }

    /// Whether an object with this time in its name is read.
    pub(super) fn contains(&self, time: Timestamp) -> bool {
        let is_in_window = |window: TimeWindow| window.contains_ms(time.as_millisecond());
        self.range.contains(time) && self.window.is_none_or(is_in_window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3_layout::{LogFolder, LogRoot, ObjectKind};

    fn contains(time_filter: &TimeFilter, window: TimeWindow) -> [bool; 4] {
        let folder = LogFolder::new(
            LogRoot::new("", None),
            "111111111111".parse().unwrap(),
            ObjectKind::CloudTrail,
            "us-east-1".parse().unwrap(),
        );
        let keys = SpanKeys::new(&folder.into(), time_filter, window);
        [
            "2026-03-02T09:59:00Z",
            "2026-03-02T10:00:00Z",
            "2026-03-02T11:30:00Z",
            "2026-03-02T12:30:00Z",
        ]
        .map(|time| keys.contains(time.parse().unwrap()))
    }

    #[test]
    fn windows_are_cut_at_midnight() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let cuts = |from: &str, to: &str, days| {
            let window = TimeWindow::new(time(from), time(to)).unwrap();
            let parts = cut_into_days(window, days);
            assert_eq!(parts[0].from(), window.from());
            assert_eq!(parts[parts.len() - 1].to(), window.to());
            let meet = |pair: &[TimeWindow]| pair[0].to() == pair[1].from();
            assert!(parts.windows(2).all(meet), "{parts:?}");
            let starts = parts[1..].iter().map(|part| part.from().to_string());
            starts.collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        assert_eq!(
            cuts("2026-03-01T10:00:00Z", "2026-03-01T20:00:00Z", 1),
            none
        );
        assert_eq!(
            cuts("2026-03-01T10:00:00Z", "2026-03-02T00:00:00Z", 1),
            none
        );
        let whole_days = cuts("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z", 1);
        assert_eq!(whole_days, ["2026-03-02T00:00:00Z"]);
        let parts = cuts("2026-02-27T23:59:59Z", "2026-03-02T00:00:01Z", 2);
        assert_eq!(parts, ["2026-03-01T00:00:00Z"]);
        let before_epoch = cuts("1969-12-31T23:00:00Z", "1970-01-01T01:00:00Z", 0);
        assert_eq!(before_epoch, ["1970-01-01T00:00:00Z"]);
    }

    #[test]
    fn late_objects_are_read_unless_log_time_decides() {
        let window = TimeWindow::new(
            "2026-03-02T10:00:30Z".parse().unwrap(),
            "2026-03-02T11:00:00Z".parse().unwrap(),
        )
        .unwrap();
        let by_event = contains(&TimeFilter::EventTime(window), window);
        assert_eq!(by_event, [false, true, true, false]);
        let by_log = contains(&TimeFilter::LogTime(vec![window]), window);
        assert_eq!(by_log, [false, false, false, false]);
    }
}
