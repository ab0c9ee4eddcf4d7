//! Periods of time as the query language writes them: `5m`, `1h`, `1mo`.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use strum::VariantArray;

/// A positive number of a unit of time, for `bin`, `datefloor` and `dateceil`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    count: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
enum Unit {
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Quarters,
    Years,
}

/// A unit's length: fixed, or in calendar months.
enum Length {
    Milliseconds(i64),
    Months(i64),
}

impl Unit {
    /// The spellings of the unit; the first one is used for output.
    ///
    /// Source: CloudWatch Logs user guide, "stats" (the words and abbreviations of `bin`).
    fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Milliseconds => &["ms", "msec", "millisecond"],
            Self::Seconds => &["s", "sec", "second"],
            Self::Minutes => &["m", "min", "minute"],
            Self::Hours => &["h", "hr", "hour"],
            Self::Days => &["d", "day"],
            Self::Weeks => &["w", "week"],
            Self::Months => &["mo", "mon", "month"],
            Self::Quarters => &["q", "qtr", "quarter"],
            Self::Years => &["y", "yr", "year"],
        }
    }

    /// The unit with this spelling. A word of more than one letter may be in the plural: `hrs`. The
    /// guide says so of the abbreviations, and uses the plural of the words.
    fn from_word(word: &str) -> Option<Self> {
        let singular = word.strip_suffix('s').filter(|word| word.len() > 1);
        Self::VARIANTS.iter().copied().find(|unit| {
            let spellings = unit.spellings();
            spellings.contains(&word) || singular.is_some_and(|word| spellings.contains(&word))
        })
    }

    fn length(self) -> Length {
        match self {
            Self::Milliseconds => Length::Milliseconds(1),
            Self::Seconds => Length::Milliseconds(1_000),
            Self::Minutes => Length::Milliseconds(60_000),
            Self::Hours => Length::Milliseconds(3_600_000),
            Self::Days => Length::Milliseconds(86_400_000),
            Self::Weeks => Length::Milliseconds(7 * 86_400_000),
            Self::Months => Length::Months(1),
            Self::Quarters => Length::Months(3),
            Self::Years => Length::Months(12),
        }
    }
}

impl Period {
    /// The period of `count` units; `None` if the unit is unknown or the count is 0.
    pub fn new(count: u32, unit: &str) -> Option<Self> {
        let unit = Unit::from_word(unit)?;
        (count > 0).then_some(Self { count, unit })
    }

    /// The start of the period that contains `ms`, both in milliseconds since the Unix epoch, UTC.
    /// Periods are counted from the epoch, those of months and longer from the year 0.
    pub fn floor(self, ms: i64) -> Option<i64> {
        match self.unit.length() {
            Length::Milliseconds(length) => {
                let length = length.checked_mul(i64::from(self.count))?;
                ms.checked_sub(ms.rem_euclid(length))
            }
            Length::Months(length) => {
                let length = length * i64::from(self.count);
                let month = month_of(ms)?;
                first_of_month(month - month.rem_euclid(length))
            }
        }
    }

    /// The start of the first period that begins at or after `ms`.
    pub fn ceil(self, ms: i64) -> Option<i64> {
        let floor = self.floor(ms)?;
        if floor == ms {
            return Some(ms);
        }
        match self.unit.length() {
            Length::Milliseconds(length) => {
                floor.checked_add(length.checked_mul(i64::from(self.count))?)
            }
            Length::Months(length) => {
                first_of_month(month_of(floor)? + length * i64::from(self.count))
            }
        }
    }
}

/// The number of months since the year 0.
fn month_of(ms: i64) -> Option<i64> {
    let date = Timestamp::from_millisecond(ms)
        .ok()?
        .to_zoned(TimeZone::UTC)
        .date();
    Some(i64::from(date.year()) * 12 + i64::from(date.month()) - 1)
}

fn first_of_month(month: i64) -> Option<i64> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    let first = Date::new(year, month, 1)
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()?;
    Some(first.timestamp().as_millisecond())
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spelling = self.unit.spellings().first().unwrap_or(&"");
        write!(f, "{}{spelling}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: &str) -> i64 {
        time.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn time_is_rounded_to_the_period() {
        let time = ms("2026-05-14T13:18:31.250Z");
        for (count, unit, floor, ceil) in [
            (1, "s", "2026-05-14T13:18:31Z", "2026-05-14T13:18:32Z"),
            (5, "m", "2026-05-14T13:15:00Z", "2026-05-14T13:20:00Z"),
            (1, "h", "2026-05-14T13:00:00Z", "2026-05-14T14:00:00Z"),
            (1, "d", "2026-05-14T00:00:00Z", "2026-05-15T00:00:00Z"),
            (1, "mo", "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"),
            (1, "q", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z"),
            (1, "y", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let period = Period::new(count, unit).unwrap();
            assert_eq!(period.floor(time), Some(ms(floor)), "{period}");
            assert_eq!(period.ceil(time), Some(ms(ceil)), "{period}");
            assert_eq!(period.ceil(ms(floor)), Some(ms(floor)), "{period}");
        }
    }

    #[test]
    fn units_are_letters_abbreviations_or_words() {
        for (spellings, short) in [
            ("ms msec msecs millisecond milliseconds", "ms"),
            ("s sec secs second seconds", "s"),
            ("m min mins minute minutes", "m"),
            ("h hr hrs hour hours", "h"),
            ("d day days", "d"),
            ("w week weeks", "w"),
            ("mo mon mos mons month months", "mo"),
            ("q qtr qtrs quarter quarters", "q"),
            ("y yr yrs year years", "y"),
        ] {
            for word in spellings.split(' ') {
                assert_eq!(Period::new(2, word), Period::new(2, short), "{word}");
            }
        }
        for unknown in ["hs", "ss", "hourss", "fortnight", "", "S"] {
            assert_eq!(Period::new(1, unknown), None, "{unknown}");
        }
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let years = Period::new(u32::MAX, "y").unwrap();
        for time in [i64::MIN, -1, 0, i64::MAX] {
            for period in [
                years,
                Period::new(u32::MAX, "w").unwrap(),
                Period::new(1, "ms").unwrap(),
            ] {
                let _ = (period.floor(time), period.ceil(time));
            }
        }
        assert_eq!(Period::new(0, "m"), None);
        assert_eq!(Period::new(1, "parsec"), None);
        assert_eq!(Period::new(5, "m").unwrap().floor(-1), Some(-300_000));
    }
}
