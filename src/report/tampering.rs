//! `tampering.csv`, and counts of the tampering calls: an account whose trail an attacker stopped
//! must not look like a quiet one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::{AccountNames, CsvFile, ReportError};
use dragnet_model::format::{count, plural};
use dragnet_model::time::format_ms;
use dragnet_model::{Severity, TamperingCall};

const COLUMNS: [&str; 11] = [
    "event_time",
    "event_account_id",
    "event_region",
    "account_name",
    "event_name",
    "principal_arn",
    "source_ip",
    "error_code",
    "record_id",
    "resource",
    "severity",
];

/// How many calls the terminal shows. `tampering.csv` contains all.
const MOST_SHOWN: usize = 10;

/// Counts tampering calls. Those of low severity occur in every organization, so they are counted
/// separately.
#[derive(Clone, Debug, Default)]
pub struct TamperingTally {
    by_name: BTreeMap<String, u64>,
    low: u64,
    shown: Vec<(Severity, TamperingCall)>,
}

impl TamperingTally {
    /// Counts the next call.
    pub fn add(&mut self, call: &TamperingCall, severity: Severity) {
        if severity <= Severity::Low {
            self.low += 1;
            return;
        }
        let name = call.details.event_name.to_string();
        *self.by_name.entry(name).or_default() += 1;
        let place = self.shown.partition_point(|(other, _)| *other >= severity);
        if place < MOST_SHOWN {
            self.shown.insert(place, (severity, call.clone()));
            self.shown.truncate(MOST_SHOWN);
        }
    }

    /// Returns the number of calls that are not of low severity.
    pub fn total(&self) -> u64 {
        self.by_name.values().sum()
    }

    /// Returns the number of calls of low severity.
    pub fn low(&self) -> u64 {
        self.low
    }

    /// Returns the number of calls by event name, without those of low severity.
    pub fn by_name(&self) -> &BTreeMap<String, u64> {
        &self.by_name
    }

    /// Returns the first few calls, the most severe ones first, then by time.
    pub fn shown(&self) -> &[(Severity, TamperingCall)] {
        &self.shown
    }
}

/// Returns `10 calls tampered with logging: 3 DeleteTrail, 7 StopLogging.`, or `None` if there are
/// none.
pub(super) fn tampering_sentence(by_name: &BTreeMap<String, u64>) -> Option<String> {
    let total: u64 = by_name.values().sum();
    let names: Vec<String> = by_name
        .iter()
        .map(|(name, number)| format!("{} {name}", count(*number)))
        .collect();
    (total > 0).then(|| {
        format!(
            "{} tampered with logging: {}.",
            plural(total, "call"),
            names.join(", ")
        )
    })
}

/// Writes `tampering.csv`. The rows must be sorted by time. `log_buckets` are the buckets to which a
/// log source is known to deliver.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_tampering<E: std::error::Error + 'static>(
    rows: impl IntoIterator<Item = Result<TamperingCall, E>>,
    names: &AccountNames,
    log_buckets: &BTreeSet<String>,
    out: impl Write,
) -> Result<(), ReportError<E>> {
    let mut csv = CsvFile::new(out, &COLUMNS)?;
    for row in rows {
        let row = row.map_err(ReportError::Rows)?;
        let severity = row.severity(log_buckets);
        let TamperingCall {
            details: call,
            resource,
        } = row;
        let cells: [&str; COLUMNS.len()] = [
            &format_ms(call.time_ms),
            &call.account,
            &call.region,
            names.get(&*call.account).map_or("", String::as_str),
            &call.event_name,
            &call.identity.arn,
            &call.source_ip,
            &call.error_code,
            &call.record_id,
            &resource,
            severity.as_str(),
        ];
        csv.write_row(&cells)?;
    }
    Ok(csv.finish()?)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::report::testing::{MARCH, written};
    use dragnet_model::{EventDetails, UserIdentity};

    #[test]
    fn csv_names_who_tampered() {
        let details = EventDetails {
            time_ms: MARCH,
            account: "111111111111".into(),
            region: "us-east-1".into(),
            event_name: "StopLogging".into(),
            identity: UserIdentity {
                arn: "arn:aws:iam::111111111111:user/mallory".into(),
                ..UserIdentity::default()
            },
            source_ip: "=192.0.2.1".into(),
            error_code: "AccessDenied".into(),
            record_id: "e".into(),
            ..EventDetails::default()
        };
        let call = TamperingCall {
            details,
            resource: "=trail".to_owned(),
        };
        let mut tally = TamperingTally::default();
        assert_eq!(tampering_sentence(tally.by_name()), None);
        (0..12).for_each(|_| tally.add(&call, Severity::Medium));
        tally.add(&call, Severity::Low);
        assert_eq!((tally.total(), tally.low()), (12, 1));
        tally.add(&call, Severity::Critical);
        assert_eq!(tally.shown().len(), MOST_SHOWN);
        assert_eq!(tally.shown()[0].0, Severity::Critical);
        assert_eq!(
            tampering_sentence(tally.by_name()).unwrap(),
            "13 calls tampered with logging: 13 StopLogging."
        );
        let names = AccountNames::from([("111111111111".to_owned(), "prod".to_owned())]);
        insta::assert_snapshot!(written(|out| write_tampering([Ok::<_, Infallible>(call)], &names, &BTreeSet::new(), out)), @r"
        event_time,event_account_id,event_region,account_name,event_name,principal_arn,source_ip,error_code,record_id,resource,severity
        2026-03-01T12:00:00.000Z,111111111111,us-east-1,prod,StopLogging,arn:aws:iam::111111111111:user/mallory,'=192.0.2.1,AccessDenied,e,'=trail,critical
        ");
    }
}
