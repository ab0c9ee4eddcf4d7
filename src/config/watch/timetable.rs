//! The times at which a schedule is due: a cron expression and a time zone.

use std::fmt;
use std::str::FromStr;

use croner::Cron;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::config::text::written_as_text;

/// A cron expression of five fields, or six with seconds first. `@hourly` and similar are supported
/// too.
///
/// Source: the `croner` crate: POSIX and Vixie cron, with `L`, `#` and `W`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timetable(Cron);

/// The text is not a valid cron expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a cron expression ({problem}): expected five fields, as in `*/15 * * * *`"
)]
pub struct InvalidTimetable {
    text: String,
    problem: String,
}

impl Timetable {
    /// Returns the first time after `after` at which the schedule is due, or `None` if there is
    /// none. A time in the hour that a clock change skips is due right after it. A time in the hour
    /// that a clock change repeats is due once, unless the expression repeats within the hour.
    pub fn next(&self, after: Timestamp, zone: &TimeZoneName) -> Option<Timestamp> {
        let next = self
            .0
            .find_next_occurrence(&after.to_zoned(zone.zone()), false);
        next.ok().map(|next| next.timestamp())
    }

    /// Returns the last time at or before `now` at which the schedule was due, or `None` if there
    /// is none.
    pub fn last(&self, now: Timestamp, zone: &TimeZoneName) -> Option<Timestamp> {
        let last = self
            .0
            .find_previous_occurrence(&now.to_zoned(zone.zone()), true);
        last.ok().map(|last| last.timestamp())
    }
}

impl FromStr for Timetable {
    type Err = InvalidTimetable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem: String| InvalidTimetable {
            text: text.to_owned(),
            problem,
        };
        text.parse()
            .map(Self)
            .map_err(|error: croner::errors::CronError| invalid(error.to_string()))
    }
}

impl fmt::Display for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.as_str())
    }
}

written_as_text!(Timetable, InvalidTimetable);

/// A time zone of the IANA database: `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZoneName(TimeZone);

/// The time zone database does not contain this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{0}`: expected a name of the IANA database, such as Europe/Berlin")]
pub struct UnknownTimeZone(String);

impl TimeZoneName {
    /// Returns the time zone.
    pub fn zone(&self) -> TimeZone {
        self.0.clone()
    }
}

impl Default for TimeZoneName {
    /// Returns UTC, which exists on every host.
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl FromStr for TimeZoneName {
    type Err = UnknownTimeZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "UTC" {
            return Ok(Self::default());
        }
        TimeZone::get(text)
            .map(Self)
            .map_err(|_| UnknownTimeZone(text.to_owned()))
    }
}

impl fmt::Display for TimeZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.iana_name().unwrap_or("UTC"))
    }
}

written_as_text!(TimeZoneName, UnknownTimeZone);

#[cfg(test)]
mod tests {
    use super::*;

    fn due(cron: &str, zone: &str, after: &str, times: usize) -> Vec<String> {
        let (timetable, zone): (Timetable, TimeZoneName) =
            (cron.parse().unwrap(), zone.parse().unwrap());
        let mut at: Timestamp = after.parse().unwrap();
        std::iter::repeat_with(|| {
            at = timetable.next(at, &zone).unwrap();
            at.to_string()
        })
        .take(times)
        .collect()
    }

    #[test]
    fn every_quarter_of_an_hour() {
        let all = due("*/15 * * * *", "UTC", "2026-03-01T12:00:00Z", 2);
        assert_eq!(all, ["2026-03-01T12:15:00Z", "2026-03-01T12:30:00Z"]);
        let (timetable, zone): (Timetable, _) =
            ("*/15 * * * *".parse().unwrap(), TimeZoneName::default());
        let last = |now: &str| {
            timetable
                .last(now.parse().unwrap(), &zone)
                .unwrap()
                .to_string()
        };
        assert_eq!(last("2026-03-01T12:15:00Z"), "2026-03-01T12:15:00Z");
        assert_eq!(last("2026-03-01T12:14:59Z"), "2026-03-01T12:00:00Z");
    }

    #[test]
    fn clock_changes_skip_and_repeat_no_day() {
        // In 2026, the clocks change from 2 to 3 on 29 March, and from 3 to 2 on 25 October.
        let spring = due("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        assert_eq!(
            spring,
            [
                "2026-03-28T01:30:00Z",
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z"
            ]
        );
        let autumn = due("30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 3);
        assert_eq!(
            autumn,
            [
                "2026-10-24T00:30:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z"
            ]
        );
        let quarters = due("*/15 * * * *", "Europe/Berlin", "2026-10-24T23:59:00Z", 13);
        assert_eq!(
            quarters.last().unwrap(),
            "2026-10-25T03:00:00Z",
            "every quarter, the hour that comes twice too"
        );
    }

    #[test]
    fn invalid_expressions_and_zones_are_rejected() {
        for bad in ["", "* * *", "61 * * * *", "every day", "* * * * * * * *"] {
            assert!(bad.parse::<Timetable>().is_err(), "{bad}");
        }
        assert!("Mars/Olympus".parse::<TimeZoneName>().is_err());
        assert_eq!(
            "Europe/Berlin".parse::<TimeZoneName>().unwrap().to_string(),
            "Europe/Berlin"
        );
        assert_eq!(TimeZoneName::default().to_string(), "UTC");
    }
}
