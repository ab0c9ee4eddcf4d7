//! Times as text.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Returns a time in seconds since the Unix epoch as `2026-11-27T10:04:04Z`.
pub(super) fn time_text(seconds: i64) -> String {
    format_time(seconds, "%Y-%m-%dT%H:%M:%SZ")
}

/// Returns a time in seconds since the Unix epoch as a format of `strftime` says; empty if it is out
/// of range.
pub(super) fn format_time(seconds: i64, format: &str) -> String {
    Timestamp::from_second(seconds)
        .map(|time| time.strftime(format).to_string())
        .unwrap_or_default()
}

/// Returns the seconds since the Unix epoch of a time in the name of an object: `20261127T100404Z`,
/// or without seconds `20261127T1005Z`.
pub(super) fn parse_name_time(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    if date.len() != 8 || !matches!(time.len(), 4 | 6) {
        return None;
    }
    let year: i16 = parse_digits(date.get(..4)?)?;
    let month = parse_digits(date.get(4..6)?)?;
    let day = parse_digits(date.get(6..)?)?;
    let hour = parse_digits(time.get(..2)?)?;
    let minute = parse_digits(time.get(2..4)?)?;
    let second = match time.get(4..)? {
        "" => 0,
        digits => parse_digits(digits)?,
    };
    let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let zoned = time.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

fn parse_digits<T: std::str::FromStr>(digits: &str) -> Option<T> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_names_are_read() {
        for (text, expected) in [
            ("20261127T100404Z", Some("2026-11-27T10:04:04Z")),
            ("20261127T1005Z", Some("2026-11-27T10:05:00Z")),
            ("20280229T0000Z", Some("2028-02-29T00:00:00Z")),
            ("20260229T0000Z", None),
            ("20261127T2405Z", None),
            ("20261127T10:5Z", None),
            ("20261127T+105Z", None),
            ("20261127T100Z", None),
            ("20261127 1005Z", None),
            ("2026112éT1005Z", None),
            ("", None),
        ] {
            let found = parse_name_time(text).map(time_text);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
