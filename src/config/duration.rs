//! Durations in text form: `24h`, `2d1h20m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::{Deserialize, Serialize};

use super::text::written_as_text;

/// The text is not a valid duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: expected the form 45m, 24h or 2d1h20m")]
pub struct InvalidDuration(String);

/// Parses a duration longer than zero. Units are weeks, days (of 24 hours), hours, minutes, seconds
/// and milliseconds; ISO 8601 (`PT1H`) is accepted too.
///
/// # Errors
/// The text has another form, is zero or negative, or has months or years, which have no fixed
/// length.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    let span: Option<Span> = text.trim().parse().ok();
    let signed = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let duration = signed.and_then(|signed| Duration::try_from(signed).ok());
    duration
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| InvalidDuration(text.to_owned()))
}

/// A duration of the configuration file; longer than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConfiguredDuration(Duration);

impl ConfiguredDuration {
    pub(super) const fn new(duration: Duration) -> Self {
        Self(duration)
    }

    /// The duration.
    pub fn get(self) -> Duration {
        self.0
    }

    /// The duration in milliseconds.
    pub fn as_ms(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }
}

impl FromStr for ConfiguredDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_duration(text).map(Self)
    }
}

impl fmt::Display for ConfiguredDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:#}",
            SignedDuration::try_from(self.0).unwrap_or(SignedDuration::MAX)
        )
    }
}

written_as_text!(ConfiguredDuration, InvalidDuration);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displayed_duration_parses_to_itself() {
        for text in ["15m", "2d1h20m", "1s500ms"] {
            let duration: ConfiguredDuration = text.parse().unwrap();
            assert_eq!(
                duration.to_string().parse::<ConfiguredDuration>().unwrap(),
                duration
            );
        }
    }

    #[test]
    fn valid_and_invalid_forms() {
        let seconds = |text: &str| parse_duration(text).unwrap().as_secs();
        assert_eq!(seconds("24h"), 86_400);
        assert_eq!(seconds("2d1h20m"), 2 * 86_400 + 4_800);
        assert_eq!(seconds("1w"), 7 * 86_400);
        assert_eq!(seconds("90 s"), 90);
        for bad in [
            "",
            "24",
            "1mo",
            "1y",
            "-1h",
            "1h ago",
            "0s",
            "h",
            "99999999999999999999d",
        ] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
