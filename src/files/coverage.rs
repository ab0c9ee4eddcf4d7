//! Which account-Regions, kinds of logs and hours the records are of.

use std::collections::BTreeMap;

use dragnet_model::{AccountId, LogKind, Region};

/// What a number of records have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoverageCell {
    /// The account, if it is known.
    pub account: Option<AccountId>,
    /// The Region, if it is known.
    pub region: Option<Region>,
    /// The kind of log; `None` if it is not known, or none of the four.
    pub kind: Option<LogKind>,
    /// The hour, in hours since the Unix epoch; `None` if the records have no time.
    pub hour: Option<i64>,
}

/// The number of records of each cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageTally(BTreeMap<CoverageCell, u64>);

impl CoverageTally {
    /// Counts records.
    pub fn add(&mut self, cell: CoverageCell, records: u64) {
        *self.0.entry(cell).or_default() += records;
    }

    /// Adds what another tally counted.
    pub fn merge(&mut self, other: &Self) {
        for (cell, records) in &other.0 {
            self.add(cell.clone(), *records);
        }
    }

    /// The cells in order, with their number of records.
    pub fn cells(&self) -> impl Iterator<Item = (&CoverageCell, u64)> {
        self.0.iter().map(|(cell, records)| (cell, *records))
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of all records.
    pub fn records(&self) -> u64 {
        self.0.values().sum()
    }
}

const MS_PER_HOUR: i64 = 3_600_000;

/// Returns the hour of a time in milliseconds since the Unix epoch.
pub(super) fn hour_of_ms(ms: i64) -> i64 {
    ms.div_euclid(MS_PER_HOUR)
}

/// Returns a time in milliseconds since the Unix epoch, if its whole hour is in the range of
/// timestamps. A record may claim any number.
pub(super) fn checked_ms(ms: i64) -> Option<i64> {
    let hour_ms = hour_of_ms(ms).checked_mul(MS_PER_HOUR)?;
    let is_valid = |ms| jiff::Timestamp::from_millisecond(ms).is_ok();
    let end_ms = hour_ms.checked_add(MS_PER_HOUR)?;
    (is_valid(hour_ms) && is_valid(end_ms)).then_some(ms)
}

/// Returns the hour of a time such as `2026-11-27T10:15:00Z`, from its first 13 bytes.
pub(super) fn hour_of_text(text: &[u8]) -> Option<i64> {
    let (prefix, _) = text.split_first_chunk::<13>()?;
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T' | b' ',
        h0,
        h1,
    ] = prefix
    else {
        return None;
    };
    let year = number(&[*y0, *y1, *y2, *y3])?;
    let month = number(&[*m0, *m1])?;
    let day = number(&[*d0, *d1])?;
    let hour = number(&[*h0, *h1]).filter(|hour| *hour < 24)?;
    Some(hour_of_day(year, month, day)? + hour)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// Returns the first hour of a day. `None` if there is no such day.
pub(super) fn hour_of_day(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = i16::try_from(year).ok()?;
    let month = i8::try_from(month).ok()?;
    let day = i8::try_from(day).ok()?;
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_second().div_euclid(3_600))
}

/// Returns an hour as `2026-11-27T10`.
pub(super) fn hours_to_text(hours: i64) -> String {
    let time = jiff::Timestamp::from_second(hours.saturating_mul(3_600));
    time.map(|time| time.strftime("%Y-%m-%dT%H").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hour_is_read_from_the_text() {
        for (text, hour) in [
            ("1970-01-01T01:59:59Z", Some(1)),
            ("2026-11-27T10", Some(498_826)),
            ("2026-11-27 10:00:00.000", Some(498_826)),
            ("2026-11-27T1", None),
            ("2026-13-27T10:00:00Z", None),
            ("2026-02-30T10:00:00Z", None),
            ("2026-11-27T24:00:00Z", None),
            ("2026/11/27T10:00:00Z", None),
            ("+026-11-27T10:00:00Z", None),
        ] {
            assert_eq!(hour_of_text(text.as_bytes()), hour, "{text}");
        }
        assert_eq!(hours_to_text(498_826), "2026-11-27T10");
        assert_eq!(hour_of_ms(-1), -1);
    }

    #[test]
    fn times_out_of_range_are_none() {
        assert_eq!(checked_ms(-1), Some(-1));
        let first = jiff::Timestamp::MIN.as_millisecond();
        let last = jiff::Timestamp::MAX.as_millisecond();
        for ms in [i64::MIN, first, last, i64::MAX] {
            assert_eq!(checked_ms(ms), None, "{ms}");
        }
    }

    #[test]
    fn tallies_merge() {
        let cell = |hour| CoverageCell {
            account: None,
            region: None,
            kind: Some(LogKind::App),
            hour: Some(hour),
        };
        let mut tally = CoverageTally::default();
        assert!(tally.is_empty());
        tally.add(cell(2), 1);
        let mut other = CoverageTally::default();
        other.add(cell(1), 5);
        other.add(cell(2), 3);
        tally.merge(&other);
        let counts: Vec<u64> = tally.cells().map(|(_, records)| records).collect();
        assert_eq!(counts, [5, 4]);
        assert_eq!(tally.records(), 9);
    }
}
