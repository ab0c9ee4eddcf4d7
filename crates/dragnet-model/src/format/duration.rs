//! Durations.
//!
//! The libraries that were compared leave out parts that are zero (`jiff`'s friendly format and
//! `humantime` write `2m` for `2m 0s`), show all units, or one only (`indicatif`'s `HumanDuration`).

use std::time::Duration;

use super::count;

/// Formats a duration with its two largest units: `2h 5m`, `48s`.
pub fn duration(seconds: u64) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, _) => format!("{}h {minutes}m", count(hours)),
    }
}

/// Formats a duration as minutes and seconds, or as hours and minutes, of which the second has two
/// digits, as a clock has: `0m09s`, `1h05m`.
pub fn clock_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let hours = seconds / 3_600;
    let minutes = seconds / 60 % 60;
    if hours > 0 {
        format!("{hours}h{minutes:02}m")
    } else {
        format!("{minutes}m{:02}s", seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        assert_eq!(duration(0), "0s");
        assert_eq!(duration(48), "48s");
        assert_eq!(duration(120), "2m 0s");
        assert_eq!(duration(7_530), "2h 5m");
        assert_eq!(duration(3_600_000), "1,000h 0m");
    }

    #[test]
    fn durations_of_a_clock_have_two_digits() {
        let format = |seconds| clock_duration(Duration::from_secs(seconds));
        assert_eq!(format(9), "0m09s");
        assert_eq!(format(3_599), "59m59s");
        assert_eq!(format(3_900), "1h05m");
    }
}
