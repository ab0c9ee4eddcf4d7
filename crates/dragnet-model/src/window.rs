//! The time window of a sweep.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::time::rfc3339_ms;

/// A time range in whole milliseconds that is never empty. The start is inclusive, the end
/// exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[i64; 2]", into = "[i64; 2]")]
pub struct TimeWindow {
    from_ms: i64,
    to_ms: i64,
}

/// How the end of a window was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowEnd {
    /// The time at which the sweep started: whatever has been delivered by then is searched.
    #[default]
    Now,
    /// A time that the user gave: everything before it has to be searched.
    Given,
}

/// The end of the window is not after its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time window is empty: it starts at {} and ends at {}", rfc3339_ms(*from), rfc3339_ms(*to))]
pub struct EmptyWindow {
    from: Timestamp,
    to: Timestamp,
}

impl TimeWindow {
    /// Creates the window `[from, to)`. Fractions of a millisecond are truncated.
    ///
    /// # Errors
    /// `to` is not at least a millisecond after `from`.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, EmptyWindow> {
        let window = Self {
            from_ms: from.as_millisecond(),
            to_ms: to.as_millisecond(),
        };
        if window.from_ms < window.to_ms {
            Ok(window)
        } else {
            Err(EmptyWindow { from, to })
        }
    }

    /// The start, inclusive.
    pub fn from(self) -> Timestamp {
        timestamp(self.from_ms)
    }

    /// The end, exclusive.
    pub fn to(self) -> Timestamp {
        timestamp(self.to_ms)
    }

    /// The start in milliseconds since the Unix epoch, inclusive.
    pub fn from_ms(self) -> i64 {
        self.from_ms
    }

    /// The end in milliseconds since the Unix epoch, exclusive. AWS calls with an inclusive end
    /// need one less.
    pub fn to_ms(self) -> i64 {
        self.to_ms
    }

    /// Whether a time, in milliseconds since the Unix epoch, is inside the window.
    pub fn contains_ms(self, ms: i64) -> bool {
        (self.from_ms..self.to_ms).contains(&ms)
    }
}

impl From<TimeWindow> for [i64; 2] {
    fn from(window: TimeWindow) -> Self {
        [window.from_ms, window.to_ms]
    }
}

impl TryFrom<[i64; 2]> for TimeWindow {
    type Error = EmptyWindow;

    fn try_from([from_ms, to_ms]: [i64; 2]) -> Result<Self, Self::Error> {
        Self::new(timestamp(from_ms), timestamp(to_ms))
    }
}

fn timestamp(ms: i64) -> Timestamp {
    // Both ends of a window come from a `Timestamp`. A stored number out of its range gives an
    // empty window, which is rejected.
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to {}",
            rfc3339_ms(self.from()),
            rfc3339_ms(self.to())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_includes_start_and_excludes_end() {
        let time = |ms| Timestamp::from_millisecond(ms).unwrap();
        let window = TimeWindow::new(time(1_000), time(2_000)).unwrap();
        assert!(window.contains_ms(1_000) && window.contains_ms(1_999));
        assert!(!window.contains_ms(999) && !window.contains_ms(2_000));
        assert!(TimeWindow::new(time(5), time(5)).is_err());
        assert!(TimeWindow::new(time(6), time(5)).is_err());
    }
}
