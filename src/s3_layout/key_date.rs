//! The folders of a day or hour.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// How the folders of a date are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateForm {
    /// `2026/03/02/`
    Plain,
    /// `2026/3/2/`, which AWS Config writes. Such folders are not in the order of their dates.
    ///
    /// Source: keys of AWS Config in the tests of log shippers (`…/Config/us-east-1/2020/1/9/…`).
    Unpadded,
    /// `year=2026/month=03/day=02/`
    Hive,
}

/// The folders of a day, and perhaps of an hour in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyDate {
    /// How it is written.
    pub form: DateForm,
    /// The day in UTC.
    pub day: Date,
    /// The hour, if there is a folder for it.
    ///
    /// Source: EC2 API, `DestinationOptionsRequest`, `PerHourPartition`.
    pub hour: Option<i8>,
}

impl DateForm {
    /// What precedes the numbers in the names of the folders.
    fn names(self) -> [&'static str; 4] {
        match self {
            Self::Plain | Self::Unpadded => [""; 4],
            Self::Hive => ["year=", "month=", "day=", "hour="],
        }
    }

    /// Reads a number of `digits` digits.
    fn parse_number<T: std::str::FromStr>(self, text: &str, digits: usize) -> Option<T> {
        let is_well_formed = text.bytes().all(|byte| byte.is_ascii_digit())
            && match self {
                Self::Unpadded => !text.starts_with('0'),
                Self::Plain | Self::Hive => text.len() == digits,
            };
        is_well_formed.then(|| text.parse().ok()).flatten()
    }
}

impl KeyDate {
    /// The folders of a day.
    pub(super) fn from_day(form: DateForm, day: Date) -> Self {
        Self {
            form,
            day,
            hour: None,
        }
    }

    /// Reads the folders at the start of the rest of a key, and returns what follows them.
    pub(super) fn split(rest: &str, form: DateForm) -> Option<(Self, &str)> {
        let [year_name, month_name, day_name, hour_name] = form.names();
        let (year, rest) = rest.strip_prefix(year_name)?.split_once('/')?;
        let (month, rest) = rest.strip_prefix(month_name)?.split_once('/')?;
        let (day, rest) = rest.strip_prefix(day_name)?.split_once('/')?;
        let year = form.parse_number(year, 4)?;
        let month = form.parse_number(month, 2)?;
        let day = form.parse_number(day, 2)?;
        let date = Self::from_day(form, Date::new(year, month, day).ok()?);
        let hour = rest
            .strip_prefix(hour_name)
            .and_then(|rest| rest.split_once('/'))
            .filter(|_| form != DateForm::Unpadded);
        let Some((hour, after_hour)) = hour else {
            return Some((date, rest));
        };
        let hour: i8 = form.parse_number(hour, 2)?;
        let with_hour = Self {
            hour: Some(hour),
            ..date
        };
        (0..24).contains(&hour).then_some((with_hour, after_hour))
    }

    /// Whether an object of this folder can have this time in its name. With `is_exact`, both have
    /// the same day. Else the folder can be that of the delivery, shortly after midnight.
    pub(super) fn agrees_with(self, time: Timestamp, is_exact: bool) -> bool {
        let named = day_of(time);
        named == self.day || (!is_exact && next_day(named) == Some(self.day))
    }
}

/// The day of a time in UTC.
pub(super) fn day_of(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// The next day; `None` at the end of the calendar.
pub(super) fn next_day(day: Date) -> Option<Date> {
    day.tomorrow().ok()
}

impl fmt::Display for KeyDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year_name, month_name, day_name, hour_name] = self.form.names();
        let year = self.day.year();
        let month = self.day.month();
        let day = self.day.day();
        if self.form == DateForm::Unpadded {
            write!(f, "{year}/{month}/{day}/")?;
        } else {
            write!(
                f,
                "{year_name}{year:04}/{month_name}{month:02}/{day_name}{day:02}/"
            )?;
        }
        match self.hour {
            Some(hour) => write!(f, "{hour_name}{hour:02}/"),
            None => Ok(()),
        }
    }
}
