//! The only clock of the program. All other code gets the time from it or as a parameter.
//!
//! No code outside this file may read the wall clock (a clippy lint bans it). So a test can run a
//! month of schedules on paused tokio time, and the practice range can run at the date of its
//! scenario.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::Instant;

/// A source of the current time: the wall clock, or a clock that starts at a given time and then
/// advances with tokio's time, which tests can pause.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Wall,
    Anchored { start: Timestamp, origin: Instant },
}

impl Clock {
    /// The wall clock of the host.
    pub fn wall() -> Self {
        Self(Kind::Wall)
    }

    /// A clock that shows `start` now and advances with tokio's time.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Kind::Anchored {
            start,
            origin: Instant::now(),
        })
    }

    /// The current time in UTC. A wall clock outside the range of `jiff` reads as the Unix epoch.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Wall => wall_now(),
            Kind::Anchored { start, origin } => start
                .saturating_add(origin.elapsed())
                .unwrap_or(Timestamp::MAX),
        }
    }

    /// The current time in milliseconds since the Unix epoch, the unit of CloudWatch Logs.
    pub fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Returns how long it is from now until `at`; zero if that has passed.
    pub fn until(&self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the only function that reads the wall clock"
)]
fn wall_now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Formats a time as RFC 3339 in UTC with milliseconds, the form of every time in a report:
/// `2026-03-01T12:00:00.000Z`.
pub fn rfc3339_ms(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Stands for the time of an event whose time is not known. It is out of range for a time, and sorts
/// before all of them.
pub const UNKNOWN_TIME_MS: i64 = i64::MIN;

/// Formats a time, given in milliseconds since the Unix epoch, as [`rfc3339_ms`] does. A number
/// that is out of range for a time stays a number, because an event may claim any time. The text of
/// [`UNKNOWN_TIME_MS`] is empty.
pub fn format_ms(milliseconds: i64) -> String {
    if milliseconds == UNKNOWN_TIME_MS {
        return String::new();
    }
    Timestamp::from_millisecond(milliseconds).map_or_else(|_| milliseconds.to_string(), rfc3339_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_out_of_range_for_a_time_stays_a_number() {
        assert_eq!(format_ms(1_772_366_400_000), "2026-03-01T12:00:00.000Z");
        assert_eq!(format_ms(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn unknown_time_has_no_text() {
        assert_eq!(format_ms(UNKNOWN_TIME_MS), "");
    }

    #[tokio::test(start_paused = true)]
    async fn anchored_clock_advances_with_tokio_time() {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(rfc3339_ms(clock.now()), "2026-03-01T12:00:01.500Z");
        assert_eq!(clock.until(start), Duration::ZERO);
        assert_eq!(
            clock.until("2026-03-01T12:00:03Z".parse().unwrap()),
            Duration::from_millis(1_500)
        );
    }
}
