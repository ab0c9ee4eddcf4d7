//! Times on the command line.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::parse_duration;

/// A time on the command line: a date and time, or a duration before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeArg {
    /// This time.
    At(Timestamp),
    /// This long before now.
    Ago(Duration),
}

/// The text is not a valid time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTimeArg {
    /// A date and time without an offset from UTC.
    #[error("the time has no offset from UTC: expected `{0}Z` for UTC, or `{0}+01:00`")]
    NoOffset(String),
    /// A date without a time.
    #[error("the date has no time: expected the form `{0}T00:00:00Z`")]
    NoTime(String),
    /// A small number, which is neither a time since 1970 nor a duration.
    #[error("`{0}` has no unit: did you mean `{0}h`?")]
    NoUnit(String),
    /// Any other form.
    #[error(
        "expected RFC 3339 (2026-03-01T12:00:00Z), an age (24h, 2d1h20m), or a Unix timestamp in seconds or milliseconds"
    )]
    Form,
}

impl TimeArg {
    /// Returns the time relative to `now`, but not before 1970, the epoch of CloudWatch Logs.
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        let time = match self {
            Self::At(at) => at,
            Self::Ago(duration) => now.checked_sub(duration).unwrap_or(Timestamp::UNIX_EPOCH),
        };
        time.max(Timestamp::UNIX_EPOCH)
    }
}

impl FromStr for TimeArg {
    type Err = InvalidTimeArg;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return parse_unix_timestamp(text).map(Self::At);
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        if let Ok(duration) = parse_duration(text) {
            return Ok(Self::Ago(duration));
        }
        let is_date = text.parse::<jiff::civil::Date>().is_ok();
        let is_date_time = is_date && text.contains(['T', 't', ' ']);
        Err(match (is_date, is_date_time) {
            (_, true) => InvalidTimeArg::NoOffset(text.to_owned()),
            (true, false) => InvalidTimeArg::NoTime(text.to_owned()),
            (false, false) => InvalidTimeArg::Form,
        })
    }
}

/// Parses a number as seconds up to the year 5138, or as milliseconds from 1973 on: the two ranges
/// of numbers do not overlap.
fn parse_unix_timestamp(digits: &str) -> Result<Timestamp, InvalidTimeArg> {
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    // In seconds, this is in 1973. No log is older, and a smaller number is usually a duration
    // without its unit, as in `--since 24`.
    const SECONDS_FROM: i64 = 100_000_000;
    let number: i64 = digits.parse().map_err(|_| InvalidTimeArg::Form)?;
    match number {
        ..SECONDS_FROM => Err(InvalidTimeArg::NoUnit(digits.to_owned())),
        SECONDS_FROM..MILLISECONDS_FROM => {
            Timestamp::from_second(number).map_err(|_| InvalidTimeArg::Form)
        }
        MILLISECONDS_FROM.. => {
            Timestamp::from_millisecond(number).map_err(|_| InvalidTimeArg::Form)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_parsed() {
        let now: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<TimeArg>().unwrap().resolve(now).to_string();
        assert_eq!(at("2026-03-01T12:00:00Z"), "2026-03-01T12:00:00Z");
        assert_eq!(at("2026-03-01T12:00:00+01:00"), "2026-03-01T11:00:00Z");
        assert_eq!(at("1d1h"), "2026-03-01T11:00:00Z");
        assert_eq!(at("1772366400"), "2026-03-01T12:00:00Z");
        assert_eq!(at("1772366400000"), "2026-03-01T12:00:00Z");
        assert_eq!(at("5000w"), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn common_mistakes_have_specific_errors() {
        let error = |text: &str| text.parse::<TimeArg>().unwrap_err();
        assert!(matches!(error("24"), InvalidTimeArg::NoUnit(_)));
        assert!(matches!(error("2026-03-01"), InvalidTimeArg::NoTime(_)));
        assert!(matches!(
            error("2026-03-01T12:00:00"),
            InvalidTimeArg::NoOffset(_)
        ));
        for bad in [
            "",
            "yesterday",
            "-1h",
            "99999999999999999999",
            "9999999999999999",
            "1y",
        ] {
            assert_eq!(error(bad), InvalidTimeArg::Form, "{bad}");
        }
    }
}
