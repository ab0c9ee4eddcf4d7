//! What the search of files proves: that the records which they contain were searched, and nothing
//! about records that they do not contain. The coverage row of an account-Region says for which
//! hours there are records.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::store::{FileHour, RunReader, StoreError};
use dragnet_model::format::{count, plural};
use dragnet_model::{Coverage, LogKind, StorageKind, Target};

const HOUR_MS: i64 = 3_600_000;

/// The records of the files of a run, by account-Region.
#[derive(Debug)]
pub(in crate::sweep) struct FileProof(BTreeMap<Target, Vec<FileHour>>);

impl FileProof {
    /// Loads the hours of the records.
    pub(in crate::sweep) fn load(reader: &RunReader) -> Result<Self, StoreError> {
        let mut by_target: BTreeMap<Target, Vec<FileHour>> = BTreeMap::new();
        for hour in reader.file_hours()? {
            by_target.entry(hour.target.clone()).or_default().push(hour);
        }
        Ok(Self(by_target))
    }

    /// Completes the coverage row of an account-Region whose records are in files: which kinds of
    /// logs there are, and for which hours. Other rows stay as they are.
    pub(in crate::sweep) fn prove(&self, mut row: Coverage) -> Coverage {
        if row.source != Some(StorageKind::File) || row.file.is_some() {
            return row;
        }
        let hours = row
            .region
            .clone()
            .map(|region| Target {
                account: row.account,
                region,
            })
            .and_then(|target| self.0.get(&target));
        if let Some(hours) = hours {
            row.kinds = hours.iter().filter_map(|hour| hour.kind).collect();
            row.outcome.append_detail(&describe_hours(hours));
        }
        row
    }
}

/// Describes the records of an account-Region, kind by kind. An hour without a record is named as
/// that: the files may lack it, or nothing happened.
fn describe_hours(hours: &[FileHour]) -> String {
    let mut by_kind: BTreeMap<Option<LogKind>, Vec<&FileHour>> = BTreeMap::new();
    for hour in hours {
        by_kind.entry(hour.kind).or_default().push(hour);
    }
    let texts: Vec<String> = by_kind
        .iter()
        .map(|(kind, hours)| describe_kind(*kind, hours))
        .collect();
    texts.join("; ")
}

fn describe_kind(kind: Option<LogKind>, hours: &[&FileHour]) -> String {
    let name = kind.map_or("records of other kinds", LogKind::description);
    let records = count(hours.iter().map(|hour| hour.records).sum());
    let without_time = hours.iter().filter(|hour| hour.hour_ms.is_none());
    let without_time: u64 = without_time.map(|hour| hour.records).sum();
    let mut times: Vec<i64> = hours.iter().filter_map(|hour| hour.hour_ms).collect();
    times.sort_unstable();
    times.dedup();
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return format!("{records} {name} without a known time, searched as if inside the window");
    };
    let all = last.saturating_sub(*first) / HOUR_MS + 1;
    let all = u64::try_from(all).unwrap_or_default();
    let without = all.saturating_sub(times.len() as u64);
    let holes = if without == 0 {
        "a record in every hour".to_owned()
    } else {
        format!(
            "{} of {} without a record",
            plural(without, "hour"),
            count(all)
        )
    };
    let unknown = if without_time > 0 {
        let number = count(without_time);
        format!(", and {number} of them without a known time, searched as if inside the window")
    } else {
        String::new()
    };
    format!(
        "{records} {name} from {} to {}, {holes}{unknown}",
        hour_text(*first),
        hour_text(last.saturating_add(HOUR_MS))
    )
}

fn hour_text(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .map(|time| time.strftime("%Y-%m-%dT%H:00Z").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(kind: Option<LogKind>, hour: Option<i64>, records: u64) -> FileHour {
        FileHour {
            target: Target {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
            },
            kind,
            hour_ms: hour.map(|hour| hour * HOUR_MS),
            records,
        }
    }

    #[test]
    fn hours_without_a_record_are_counted() {
        let management = Some(LogKind::Management);
        let hours = [
            hour(management, Some(0), 1_200),
            hour(management, Some(1), 1),
            hour(management, None, 4),
            hour(Some(LogKind::Flow), Some(5), 2),
            hour(Some(LogKind::Flow), Some(9), 2),
            hour(None, None, 3),
        ];
        let text = describe_hours(&hours);
        assert_eq!(
            text,
            "3 records of other kinds without a known time, searched as if inside the window; \
             1,205 management events from 1970-01-01T00:00Z to 1970-01-01T02:00Z, a record in every hour, \
             and 4 of them without a known time, searched as if inside the window; \
             4 flow logs from 1970-01-01T05:00Z to 1970-01-01T10:00Z, 3 hours of 5 without a record"
        );
    }
}
