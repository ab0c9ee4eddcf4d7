//! Times in a scenario: absolute, or relative to the start of the range.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::Deserialize;

/// A time in a scenario: RFC 3339 (`2026-03-01T12:00:00Z`), or relative to `now` of the scenario:
/// `2h 5m ago`.
///
/// With relative times the story is also valid for a served range, which starts at the present
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum ScenarioTime {
    At(Timestamp),
    Offset(SignedDuration),
}

impl TryFrom<String> for ScenarioTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let offset = text
            .parse::<Span>()
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
        offset.map(Self::Offset).map_err(|_| {
            format!("`{text}` is not a time: expected RFC 3339 (2026-03-01T12:00:00Z) or a duration (2h 5m ago)")
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct AbsoluteTime(pub(super) Timestamp);

impl TryFrom<String> for AbsoluteTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let at = text.parse().map(Self);
        at.map_err(|_| format!("`{text}` is not a time: expected RFC 3339 (2026-03-01T12:00:00Z)"))
    }
}

impl ScenarioTime {
    /// The absolute time, for a range that starts at `now`.
    pub(super) fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Offset(offset) => now.saturating_add(offset).unwrap_or(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_and_relative_times_resolve() {
        let now: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let resolve = |text: &str| {
            ScenarioTime::try_from(text.to_owned())
                .unwrap()
                .resolve(now)
                .to_string()
        };
        assert_eq!(resolve("2026-03-01T12:00:00Z"), "2026-03-01T12:00:00Z");
        assert_eq!(resolve("2h 5m ago"), "2026-03-02T09:55:00Z");
        assert_eq!(resolve("1d ago"), "2026-03-01T12:00:00Z");
        assert!(ScenarioTime::try_from("yesterday".to_owned()).is_err());
    }
}
