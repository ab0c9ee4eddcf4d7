//! What the digests of one folder say about its objects. Pure.

use jiff::Timestamp;

use super::digest_hours::LATE_DIGESTS;
use super::object_tally::ObjectTally;
use crate::digests::{
    DigestCheck, DigestSummary, ExpectedSha256, IntegrityKind, IntegrityProblem, LogFileCounts,
};
use crate::store::ObjectCount;
use crate::sweep::delivery_lag::shift_time;
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{Reason, TimeWindow};

/// The objects for which these are the reasons could not be compared.
const NOT_COMPARED: [Reason; 5] = [
    Reason::KeyDenied,
    Reason::ObjectDenied,
    Reason::ObjectArchived,
    Reason::ObjectGone,
    Reason::ObjectUnreadable,
];

/// The digests of a folder, compared with the list of its objects.
#[derive(Debug)]
pub(super) struct FolderIntegrity {
    check: DigestCheck,
    /// The hours of the window for which no digest is valid, at its start and its end.
    uncovered: Vec<(Timestamp, Timestamp)>,
}

impl FolderIntegrity {
    /// Compares the hours of valid digests with a window. `started` is the time of the list: later
    /// digests may not have been delivered.
    pub(super) fn new(check: DigestCheck, window: TimeWindow, started: Timestamp) -> Self {
        let covered = check.summary(LogFileCounts::default());
        let to = window.to().min(shift_time(started, -LATE_DIGESTS));
        let uncovered = uncovered(covered, window.from(), to);
        Self { check, uncovered }
    }

    /// Returns the hash that a digest lists for an object.
    pub(super) fn expected(&self, key: &str) -> Option<ExpectedSha256> {
        self.check.expected(key.rsplit('/').next()?)
    }

    /// Returns the result in numbers; `None` if no digest is valid. `objects` are the objects that were
    /// read, and those that could not be.
    pub(super) fn summary(&self, objects: &ObjectTally) -> Option<DigestSummary> {
        let mut summary = self.check.summary(LogFileCounts {
            modified: objects.number(&[Reason::FileModified]),
            unchecked: objects.number(&NOT_COMPARED),
        })?;
        summary.digest_problems += self.uncovered.len() as u64;
        Some(summary)
    }

    /// Adds the objects that are missing, and the digests that prove nothing, to the objects of a
    /// folder.
    pub(super) fn add_problems(&self, objects: &mut ObjectTally) {
        let problems = self.check.problems();
        let is_missing =
            |problem: &&IntegrityProblem| problem.kind == IntegrityKind::MissingLogFile;
        if let Some(first) = problems.iter().find(is_missing) {
            let summary = self.check.summary(LogFileCounts::default());
            objects.add(&ObjectCount {
                reason: Some(Reason::ObjectDeleted),
                // Not all of them are named.
                objects: summary.map_or(1, |summary| summary.missing),
                first_key: first.address.clone(),
                detail: first.detail.clone(),
            });
        }
        for problem in problems.iter().filter(|problem| !is_missing(problem)) {
            objects.add_problem(Reason::FileUnconfirmed, &problem.address, &problem.detail);
        }
    }

    /// Describes the hours at the start and the end of the window for which no digest is valid.
    pub(super) fn describe_uncovered(&self) -> Option<String> {
        let hours: Vec<String> = self
            .uncovered
            .iter()
            .map(|(from, to)| format!("{} to {}", rfc3339_ms(*from), rfc3339_ms(*to)))
            .collect();
        (!hours.is_empty()).then(|| {
            format!(
                "no valid digest covers {}: logging or validation was off, or digests were removed",
                hours.join(" and ")
            )
        })
    }
}

fn uncovered(
    covered: Option<DigestSummary>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    if to <= from {
        // No digest can have been delivered yet.
        return Vec::new();
    }
    let Some(covered) = covered else {
        return vec![(from, to)];
    };
    if covered.to <= from || covered.from >= to {
        return vec![(from, to)];
    }
    let parts = [(from, covered.from), (covered.to, to)];
    let parts = parts.into_iter().filter(|(start, end)| start < end);
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digests::{Digest, ObjectTableBuilder};

    const HOUR: i64 = 3_600;
    /// 2026-11-27T00:00:00Z.
    const DAY: i64 = 1_795_737_600;

    fn time(hour: i64) -> Timestamp {
        Timestamp::from_second(DAY + hour * HOUR).unwrap()
    }

    fn log_name(hour: i64) -> String {
        format!("111111111111_CloudTrail_us-east-1_20261127T{hour:02}30Z_a.json.gz")
    }

    /// The digests from one hour to another one, each with a log file. They have no digest before.
    fn check(hours: std::ops::Range<i64>, present: &[i64]) -> DigestCheck {
        let mut names = ObjectTableBuilder::default();
        for hour in present {
            names.add(&log_name(*hour));
        }
        let mut check = DigestCheck::for_bucket(names.build_complete());
        let name = |end: i64| {
            format!(
                "111111111111_CloudTrail-Digest_us-east-1_main_us-east-1_20261127T{end:02}0000Z.json.gz"
            )
        };
        let first = hours.start;
        for hour in hours {
            let previous = if hour == first {
                "null".to_owned()
            } else {
                format!("\"{}\"", name(hour))
            };
            let end = hour + 1;
            let json = format!(
                r#"{{"digestStartTime":"2026-11-27T{hour:02}:00:00Z","digestEndTime":"2026-11-27T{end:02}:00:00Z","digestS3Bucket":"b","digestS3Object":"{}","previousDigestS3Object":{previous},"previousDigestHashValue":"{}","previousDigestHashAlgorithm":"SHA-256","logFiles":[{{"s3Bucket":"b","s3Object":"{}","hashValue":"{}","hashAlgorithm":"SHA-256"}}]}}"#,
                name(end),
                "00".repeat(32),
                log_name(hour),
                "01".repeat(32),
            );
            let digest = Digest::parse(&json).unwrap();
            check.add_signed_digest(&digest, [0; 32], "00", 0);
        }
        check
    }

    fn integrity(check: DigestCheck, from: i64, to: i64) -> FolderIntegrity {
        let window = TimeWindow::new(time(from), time(to)).unwrap();
        FolderIntegrity::new(check, window, time(20))
    }

    #[test]
    fn hours_without_a_digest_at_the_ends_are_named() {
        let all = [2, 3, 4, 5];
        let whole = integrity(check(2..6, &all), 3, 5);
        assert_eq!(whole.describe_uncovered(), None);
        let text = |from, to| {
            let integrity = integrity(check(2..6, &all), from, to);
            integrity.describe_uncovered().unwrap_or_default()
        };
        assert!(text(1, 5).starts_with(
            "no valid digest covers 2026-11-27T01:00:00.000Z to 2026-11-27T02:00:00.000Z: "
        ));
        assert!(text(1, 9).contains("T02:00:00.000Z and 2026-11-27T06:00:00.000Z to "));
        assert!(text(8, 9).contains(" covers 2026-11-27T08:00:00.000Z to "));
        assert_eq!(text(4, 6), "");
        let none = integrity(
            DigestCheck::for_bucket(ObjectTableBuilder::default().build_complete()),
            1,
            2,
        );
        assert!(none.describe_uncovered().is_some());
        assert_eq!(none.summary(&ObjectTally::default()), None);
    }

    #[test]
    fn digests_that_may_come_later_are_not_missed() {
        let late = integrity(check(12..18, &[]), 12, 20);
        assert_eq!(late.describe_uncovered(), None);
        let earlier = integrity(check(12..17, &[]), 12, 20);
        assert!(earlier.describe_uncovered().is_some());
    }

    #[test]
    fn objects_that_no_longer_exist_are_counted() {
        let integrity = integrity(check(2..6, &[2, 5]), 3, 5);
        let mut objects = ObjectTally::default();
        objects.add_problem(Reason::FileModified, "k", "");
        objects.add_problem(Reason::ObjectArchived, "l", "");
        integrity.add_problems(&mut objects);
        assert_eq!(objects.number(&[Reason::ObjectDeleted]), 2);
        assert_eq!(objects.number(&[Reason::FileUnconfirmed]), 0);
        let summary = integrity.summary(&objects).unwrap();
        let numbers = (summary.log_files, summary.missing, summary.modified);
        assert_eq!(numbers, (4, 2, 1));
        assert_eq!((summary.unchecked, summary.digest_problems), (1, 0));
        assert!(integrity.expected(&format!("a/{}", log_name(2))).is_some());
        assert!(integrity.expected(&format!("a/{}", log_name(3))).is_none());
    }

    #[test]
    fn deletion_of_everything_is_no_empty_copy() {
        let integrity = integrity(check(2..6, &[]), 3, 5);
        let mut objects = ObjectTally::default();
        integrity.add_problems(&mut objects);
        assert_eq!(objects.number(&[Reason::ObjectDeleted]), 4);
    }
}
