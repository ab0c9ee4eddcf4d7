//! The statements that name objects. Pure.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use crate::search::{quote_identifier, quote_text};
use dragnet_model::{AccountId, Region};

/// A statement with more accounts would be too long for Athena, together with the longest condition.
const MOST_ACCOUNTS: usize = 1_000;

/// Athena asks S3 for each partition, also if it is empty; it refuses more than a million.
///
/// Source: Amazon Athena user guide, "Considerations and limitations" of partition projection.
const MOST_PARTITIONS: usize = 200_000;

/// Days in UTC, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DayRange {
    pub first: Date,
    pub last: Date,
}

impl DayRange {
    pub(super) fn contains(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// The number of days, at least one.
    pub(super) fn days(self) -> i64 {
        let days = self
            .first
            .until(self.last)
            .map_or(0, |span| span.get_days());
        i64::from(days).max(0) + 1
    }

    /// Returns the first days, at most this many, and the rest.
    fn split_at(self, days: i64) -> (Self, Option<Self>) {
        let next = add_days(self.first, days);
        let before = add_days(self.first, days - 1);
        match (before, next) {
            (Some(last), Some(first)) if days > 0 && first <= self.last => {
                let rest = Self {
                    first,
                    last: self.last,
                };
                (Self { last, ..self }, Some(rest))
            }
            _ => (self, None),
        }
    }
}

fn add_days(day: Date, days: i64) -> Option<Date> {
    let span: Span = days.min(4_000_000).days();
    day.checked_add(span).ok()
}

/// The partitions of a table over which a statement runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatementScope {
    /// The name of the table.
    pub table: String,
    /// The path of the folder of the accounts, in the bucket of the table.
    pub root: String,
    pub accounts: BTreeSet<AccountId>,
    pub regions: BTreeSet<Region>,
    pub days: DayRange,
}

impl StatementScope {
    /// Returns the statement that names the objects with lines that meet the condition.
    pub(super) fn statement(&self, database: &str, condition: &str) -> String {
        let accounts = self.accounts.iter().map(ToString::to_string);
        let regions = self.regions.iter().map(ToString::to_string);
        format!(
            "SELECT DISTINCT \"$path\" FROM {}.{} WHERE account IN ({}) AND region IN ({}) AND day BETWEEN {} AND {} AND ({condition})",
            quote_identifier(database),
            quote_identifier(&self.table),
            list(accounts),
            list(regions),
            day_text(self.days.first),
            day_text(self.days.last),
        )
    }

    /// Cuts the scope into parts that Athena accepts.
    pub(super) fn cut(self) -> Vec<Self> {
        let accounts: Vec<AccountId> = self.accounts.iter().copied().collect();
        let mut parts = Vec::new();
        for accounts in accounts.chunks(MOST_ACCOUNTS) {
            let folders = accounts.len().saturating_mul(self.regions.len()).max(1);
            let days = i64::try_from(MOST_PARTITIONS / folders).unwrap_or(1).max(1);
            let mut rest = Some(self.days);
            while let Some(range) = rest {
                let (first, more) = range.split_at(days);
                parts.push(Self {
                    accounts: accounts.iter().copied().collect(),
                    days: first,
                    ..self.clone()
                });
                rest = more;
            }
        }
        parts
    }

    /// Returns two parts with half of the days each; `None` if there is only one day.
    pub(super) fn halves(&self) -> Option<[Self; 2]> {
        let (first, rest) = self.days.split_at(self.days.days() / 2);
        rest.map(|rest| {
            [first, rest].map(|days| Self {
                days,
                ..self.clone()
            })
        })
    }
}

fn list(texts: impl Iterator<Item = String>) -> String {
    let quoted: Vec<String> = texts.map(|text| quote_text(&text)).collect();
    quoted.join(", ")
}

/// A day as the column `day` has it.
fn day_text(day: Date) -> String {
    quote_text(&day.strftime("%Y/%m/%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(accounts: u64, first: &str, last: &str) -> StatementScope {
        let ids = (1..=accounts).map(|number| format!("{number:012}").parse().unwrap());
        StatementScope {
            table: "t".to_owned(),
            root: "AWSLogs/".to_owned(),
            accounts: ids.collect(),
            regions: BTreeSet::from(["eu-west-1".parse().unwrap(), "us-east-1".parse().unwrap()]),
            days: DayRange {
                first: first.parse().unwrap(),
                last: last.parse().unwrap(),
            },
        }
    }

    #[test]
    fn statement_names_its_partitions() {
        assert_eq!(
            scope(1, "2026-02-28", "2026-03-01").statement("d", "strpos(line, 'a') > 0"),
            "SELECT DISTINCT \"$path\" FROM \"d\".\"t\" WHERE account IN ('000000000001') \
             AND region IN ('eu-west-1', 'us-east-1') AND day BETWEEN '2026/02/28' AND '2026/03/01' \
             AND (strpos(line, 'a') > 0)"
        );
    }

    #[test]
    fn parts_have_every_partition_once() {
        let whole = scope(2_500, "2025-01-01", "2026-03-01");
        let all = 2_500 * whole.days.days();
        let parts = whole.clone().cut();
        assert!(parts.len() > 3);
        let mut partitions = 0;
        for part in &parts {
            let days = part.days.days();
            let accounts = i64::try_from(part.accounts.len()).unwrap();
            assert!(accounts <= 1_000 && accounts * 2 * days <= 200_000);
            partitions += accounts * days;
            assert!(part.statement("d", "").len() < 100_000);
        }
        assert_eq!(partitions, all);
    }

    #[test]
    fn halves_meet() {
        let [first, second] = scope(1, "2026-02-27", "2026-03-01").halves().unwrap();
        assert_eq!((first.days.days(), second.days.days()), (1, 2));
        assert_eq!(second.days.first.to_string(), "2026-02-28");
        assert_eq!(scope(1, "2026-03-01", "2026-03-01").halves(), None);
    }
}
