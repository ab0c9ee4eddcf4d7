//! `hours.csv`: the number of records per hour, for log groups that were read completely. Also
//! finds unusual hour gaps: hours without records, where as many records as there are otherwise
//! would leave hardly any.

use std::io::Write;

use jiff::Timestamp;

use super::{CsvFile, ReportError};
use crate::store::HourRow;
use dragnet_model::time::format_ms;
use dragnet_model::{LogGroupArn, Target, TimeWindow};

const COLUMNS: [&str; 5] = [
    "event_account_id",
    "event_region",
    "log_group_arn",
    "hour",
    "records",
];
const HOUR_MS: i64 = 3_600_000;

/// How many hour gaps are kept: the longest. `hours.csv` contains all hours.
const MOST_KEPT: usize = 5;

/// Consecutive hours without a record, after an hour that has records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourGap {
    /// The account-Region of the records.
    pub target: Target,
    /// The first millisecond, since the Unix epoch.
    pub from_ms: i64,
    /// The number of whole hours.
    pub hours: i64,
}

/// The chance of an hour gap, if records came evenly, below which it is reported: with it, one in
/// a thousand runs reports a gap that means nothing.
const UNUSUAL: f64 = 0.001;

/// The records of one account-Region in one log group.
#[derive(Clone, Debug)]
struct Series {
    target: Target,
    /// `None` for the event history and for objects in S3.
    log_group: Option<LogGroupArn>,
    /// The bucket and the prefix of the keys of objects in S3.
    bucket_prefix: Option<String>,
    first_ms: i64,
    last_ms: i64,
    records: u64,
    /// The start and length of each gap, in milliseconds and hours.
    gaps: Vec<(i64, i64)>,
}

impl Series {
    fn add_gap_until(&mut self, next_ms: i64) {
        let from_ms = self.last_ms.saturating_add(HOUR_MS);
        let hours = next_ms.saturating_sub(from_ms) / HOUR_MS;
        if hours > 0 {
            self.gaps.push((from_ms, hours));
        }
    }

    /// Returns the gaps that are unusual: so long that a series with as many records hardly ever
    /// has one, and at least twice as long as all other gaps but one, so that nights and weekends
    /// are not reported.
    fn unusual_gaps(&self, end_ms: i64) -> Vec<HourGap> {
        let all_hours = end_ms.saturating_sub(self.first_ms).max(HOUR_MS) / HOUR_MS;
        let records_per_hour = self.records as f64 / all_hours as f64;
        let is_unusual = |hours: i64| {
            let chance = (-records_per_hour * hours as f64).exp();
            let similar = self
                .gaps
                .iter()
                .filter(|(_, other)| other.saturating_mul(2) > hours)
                .count();
            chance * (all_hours as f64) < UNUSUAL && similar <= 2
        };
        self.gaps
            .iter()
            .filter(|(_, hours)| is_unusual(*hours))
            .map(|(from_ms, hours)| HourGap {
                target: self.target.clone(),
                from_ms: *from_ms,
                hours: *hours,
            })
            .collect()
    }
}

/// Finds the longest hour gaps while the hours are read.
#[derive(Clone, Debug)]
pub struct HourGapTally {
    /// The end of the last whole hour of the window, in milliseconds since the Unix epoch.
    end_ms: i64,
    series: Option<Series>,
    longest: Vec<HourGap>,
}

impl HourGapTally {
    /// Creates a tally for a window whose records were delivered up to `complete_until`. An hour
    /// that is only partly in it does not count.
    pub fn new(window: TimeWindow, complete_until: Timestamp) -> Self {
        let end_ms = window.to_ms().min(complete_until.as_millisecond());
        Self {
            end_ms: end_ms.div_euclid(HOUR_MS).saturating_mul(HOUR_MS),
            series: None,
            longest: Vec::new(),
        }
    }

    /// Adds the next hour. The rows must be sorted by account-Region, log group and hour.
    pub fn add(&mut self, row: &HourRow) {
        let HourRow {
            log_group,
            bucket_prefix,
            hour,
        } = row;
        let same = self.series.as_mut().filter(|series| {
            series.target == hour.target
                && series.log_group == *log_group
                && series.bucket_prefix == *bucket_prefix
        });
        if let Some(series) = same {
            series.add_gap_until(hour.hour_ms);
            series.last_ms = hour.hour_ms;
            series.records = series.records.saturating_add(hour.records);
            return;
        }
        self.finish();
        self.series = Some(Series {
            target: hour.target.clone(),
            log_group: log_group.clone(),
            bucket_prefix: bucket_prefix.clone(),
            first_ms: hour.hour_ms,
            last_ms: hour.hour_ms,
            records: hour.records,
            gaps: Vec::new(),
        });
    }

    /// Returns the longest hour gaps, the longest first.
    pub fn longest(mut self) -> Vec<HourGap> {
        self.finish();
        self.longest
    }

    fn finish(&mut self) {
        let Some(mut series) = self.series.take() else {
            return;
        };
        series.add_gap_until(self.end_ms);
        self.longest.extend(series.unusual_gaps(self.end_ms));
        self.longest
            .sort_by(|one, other| (other.hours, &one.target).cmp(&(one.hours, &other.target)));
        self.longest.truncate(MOST_KEPT);
    }
}

/// Writes `hours.csv`. The rows must be sorted by account-Region, log group and hour.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_hours<E: std::error::Error + 'static>(
    rows: impl IntoIterator<Item = Result<HourRow, E>>,
    out: impl Write,
) -> Result<(), ReportError<E>> {
    let mut csv = CsvFile::new(out, &COLUMNS)?;
    for row in rows {
        let HourRow {
            log_group, hour, ..
        } = row.map_err(ReportError::Rows)?;
        let cells: [String; COLUMNS.len()] = [
            hour.target.account.to_string(),
            hour.target.region.to_string(),
            log_group
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            format_ms(hour.hour_ms),
            hour.records.to_string(),
        ];
        csv.write_row(&cells)?;
    }
    Ok(csv.finish()?)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::report::testing::{MARCH, target, written};
    use dragnet_model::HourOfRecords;

    /// Returns the length of the reported gaps of an account with this many records in each hour.
    fn gaps_of(records_by_hour: impl IntoIterator<Item = (i64, u64)>) -> Vec<i64> {
        let timestamp = |hours: i64| Timestamp::from_millisecond(MARCH + hours * HOUR_MS).unwrap();
        let window = TimeWindow::new(timestamp(0), timestamp(720)).unwrap();
        let mut tally = HourGapTally::new(window, timestamp(719));
        for (hour, records) in records_by_hour {
            tally.add(&HourRow {
                log_group: Some(LogGroupArn::new(
                    target("999999999999", "us-east-1"),
                    "/trail",
                )),
                bucket_prefix: None,
                hour: HourOfRecords {
                    target: target("111111111111", "us-east-1"),
                    hour_ms: MARCH + hour * HOUR_MS,
                    records,
                },
            });
        }
        tally.longest().iter().map(|gap| gap.hours).collect()
    }

    #[test]
    fn only_unusual_gaps_are_reported() {
        let rare = (0..720).step_by(2).map(|hour| (hour, 1));
        assert!(gaps_of(rare).is_empty(), "ten records a day");
        let nights = (0..720)
            .filter(|hour| hour % 24 < 12)
            .map(|hour| (hour, 50));
        assert!(gaps_of(nights).is_empty(), "nobody works at night");
        let stopped = (0..720)
            .filter(|hour| !(100..130).contains(hour))
            .map(|hour| (hour, 50));
        assert_eq!(gaps_of(stopped), [30]);
        let silent_at_the_end = (0..600).map(|hour| (hour, 50));
        assert_eq!(gaps_of(silent_at_the_end), [119]);
    }

    #[test]
    fn hours_without_records_are_gaps() {
        let row = |account: &str, hour: i64| HourRow {
            log_group: Some(LogGroupArn::new(
                target("999999999999", "us-east-1"),
                "/trail",
            )),
            bucket_prefix: None,
            hour: HourOfRecords {
                target: target(account, "us-east-1"),
                hour_ms: MARCH + hour * HOUR_MS,
                records: 70,
            },
        };
        let rows = [
            row("111111111111", 0),
            row("111111111111", 1),
            row("111111111111", 5),
            row("222222222222", 9),
        ];
        let timestamp =
            |hours: i64| jiff::Timestamp::from_millisecond(MARCH + hours * HOUR_MS + 1).unwrap();
        let window = TimeWindow::new(timestamp(-1), timestamp(10)).unwrap();
        let mut tally = HourGapTally::new(window, timestamp(20));
        for row in &rows {
            tally.add(row);
        }
        let found: Vec<_> = tally
            .longest()
            .into_iter()
            .map(|gap| ((gap.from_ms - MARCH) / HOUR_MS, gap.hours))
            .collect();
        assert_eq!(
            found,
            [(6, 4), (2, 3)],
            "the second account has records until the end"
        );
        let csv = written(|out| write_hours(rows.map(Ok::<_, Infallible>), out));
        assert!(csv.ends_with(
            "222222222222,us-east-1,arn:aws:logs:us-east-1:999999999999:log-group:/trail,2026-03-01T21:00:00.000Z,70\n"
        ));
    }
}
