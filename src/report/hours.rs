//! `hours.csv`: the number of records per hour, for log groups that were read completely. Also
//! finds hour gaps: hours without records although others have some.

use std::io::Write;

use super::{ReportError, time, write_defused};
use crate::model::{LogGroupArn, Target, TimeWindow};
use crate::store::HourRow;

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

/// Finds the longest hour gaps while the hours are read.
#[derive(Clone, Debug)]
pub struct HourGapTally {
    /// The end of the last whole hour of the window, in milliseconds since the Unix epoch.
    end_ms: i64,
    last: Option<(Target, LogGroupArn, i64)>,
    longest: Vec<HourGap>,
}

impl HourGapTally {
    /// Creates a tally for a window. An hour that is only partly in the window does not count.
    pub fn new(window: TimeWindow) -> Self {
        Self {
            end_ms: window.to_ms().div_euclid(HOUR_MS).saturating_mul(HOUR_MS),
            last: None,
            longest: Vec::new(),
        }
    }

    /// Adds the next hour. The rows must be sorted by account-Region, log group and hour.
    pub fn add(&mut self, row: &HourRow) {
        let is_same_group = self.last.as_ref().is_some_and(|(target, group, _)| {
            *target == row.hour.target && *group == row.log_group
        });
        if is_same_group {
            self.add_gap_until(row.hour.hour_ms);
        } else {
            self.finish();
        }
        self.last = Some((
            row.hour.target.clone(),
            row.log_group.clone(),
            row.hour.hour_ms,
        ));
    }

    /// Returns the longest hour gaps, the longest first.
    pub fn longest(mut self) -> Vec<HourGap> {
        self.finish();
        self.longest
    }

    fn finish(&mut self) {
        self.add_gap_until(self.end_ms);
        self.last = None;
    }

    fn add_gap_until(&mut self, next_ms: i64) {
        let Some((target, _, last_ms)) = &self.last else {
            return;
        };
        let from_ms = last_ms.saturating_add(HOUR_MS);
        let hours = next_ms.saturating_sub(from_ms) / HOUR_MS;
        if hours > 0 {
            self.longest.push(HourGap {
                target: target.clone(),
                from_ms,
                hours,
            });
            self.longest
                .sort_by(|one, other| (other.hours, &one.target).cmp(&(one.hours, &other.target)));
            self.longest.truncate(MOST_KEPT);
        }
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
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for row in rows {
        let HourRow { log_group, hour } = row.map_err(ReportError::Rows)?;
        let cells: [String; COLUMNS.len()] = [
            hour.target.account.to_string(),
            hour.target.region.to_string(),
            log_group.to_string(),
            time(hour.hour_ms),
            hour.records.to_string(),
        ];
        write_defused(&mut csv, &cells)?;
    }
    Ok(csv.flush()?)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::model::HourOfRecords;
    use crate::report::testing::{MARCH, target, written};

    #[test]
    fn hours_without_records_are_gaps() {
        let row = |account: &str, hour: i64| HourRow {
            log_group: LogGroupArn::new(target("999999999999", "us-east-1"), "/trail"),
            hour: HourOfRecords {
                target: target(account, "us-east-1"),
                hour_ms: MARCH + hour * HOUR_MS,
                records: 7,
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
        let mut tally = HourGapTally::new(TimeWindow::new(timestamp(-1), timestamp(10)).unwrap());
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
            "222222222222,us-east-1,arn:aws:logs:us-east-1:999999999999:log-group:/trail,2026-03-01T21:00:00.000Z,7\n"
        ));
    }
}
