//! Tests of what several files are merged to.

use super::*;
use crate::store::{IntegrityFindings, Journal, Pass, Sightings};
use dragnet_model::{LogKind, Target};

const HOUR_MS: i64 = 3_600_000;

fn target() -> Target {
    Target {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    }
}

/// Returns a file with three records in an hour, whose part has a work unit of its own.
fn read_file(journal: &Journal, coverage_id: CoverageId, hour: i64) -> ReadFile {
    let hour_ms = hour * HOUR_MS;
    let unit = UnitRow {
        id: journal.new_unit_id(),
        coverage_id,
        pass: Pass::Search,
        engine: None,
        lookup: None,
        from_ms: hour_ms,
        to_ms: hour_ms + HOUR_MS,
    };
    let count = CountRow {
        hunt: "iam-access-key".to_owned(),
        event_account: "111111111111".to_owned(),
        event_region: "us-east-1".to_owned(),
        kind: "cloudtrail".to_owned(),
        partial: Partial::default(),
    };
    let records = HourOfRecords {
        target: target(),
        hour_ms,
        records: 3,
    };
    let page = Page {
        unit: unit.id,
        found: Sightings::default(),
        counts: vec![count],
        next_token: None,
        read_at_ms: hour,
        events: 3,
        bytes: 100,
        integrity_findings: IntegrityFindings {
            tampering: Vec::new(),
            hours: vec![records],
        },
        objects: Vec::new(),
        flow_headers: Vec::new(),
    };
    ReadFile {
        path: format!("/logs/{hour}"),
        stamp: FileStamp {
            size: 50,
            modified_ns: 0,
        },
        records: 3,
        bytes: 100,
        parts: vec![FilePart { unit, page }],
        hours: vec![FileHour {
            target: target(),
            kind: Some(LogKind::Management),
            hour_ms: Some(hour_ms),
            records: 3,
        }],
        headers: Vec::new(),
        problems: Vec::new(),
    }
}

#[tokio::test]
async fn files_of_an_account_region_share_a_work_unit() {
    let journal = Journal::discarding();
    let [one, other] = [journal.new_coverage_id(), journal.new_coverage_id()];
    let mut batch = FileBatch::default();
    let first = read_file(&journal, one, 7);
    let shared = first.parts[0].unit.id;
    batch.add(first);
    let second = read_file(&journal, one, 5);
    let second_unit = second.parts[0].unit.id;
    batch.add(second);
    batch.add(read_file(&journal, one, 7));
    batch.add(read_file(&journal, other, 7));
    let read = batch.take().unwrap();

    assert_eq!(read.files.len(), 4);
    assert_eq!(read.findings.len(), 2, "one for each account-Region");
    let findings = &read.findings[0];
    assert_eq!(findings.unit.id, shared);
    assert_eq!(findings.page.unit, shared);
    assert_eq!(findings.unit.from_ms, 5 * HOUR_MS);
    assert_eq!(findings.unit.to_ms, 8 * HOUR_MS);
    assert_eq!(findings.pages, 3);
    assert_eq!(findings.page.events, 9);
    assert_eq!(findings.page.bytes, 300);
    assert_eq!(findings.page.counts.len(), 1, "equal counts are merged");
    let record_hours = &findings.page.integrity_findings.hours;
    let record_hours: Vec<(i64, u64)> = record_hours
        .iter()
        .map(|hour| (hour.hour_ms, hour.records))
        .collect();
    assert_eq!(record_hours, [(5 * HOUR_MS, 3), (7 * HOUR_MS, 6)]);
    let hours: Vec<(Option<i64>, u64)> = read
        .hours
        .iter()
        .map(|hour| (hour.hour_ms, hour.records))
        .collect();
    assert_eq!(
        hours,
        [(Some(5 * HOUR_MS), 3), (Some(7 * HOUR_MS), 9)],
        "of all account-Regions, which are equal here"
    );
    assert_eq!(read.finished.len(), 2);
    assert_eq!(read.finished[0].id, second_unit);

    assert!(batch.take().is_none(), "the batch is empty again");
    batch.add(read_file(&journal, one, 1));
    let next = batch.take().unwrap();
    assert_eq!(next.findings[0].unit.id, shared, "also in later batches");
    assert_eq!(next.findings[0].page.events, 3);
}

#[tokio::test(start_paused = true)]
async fn batch_is_bounded_in_files_bytes_and_time() {
    let journal = Journal::discarding();
    let id = journal.new_coverage_id();
    let mut batch = FileBatch::default();
    for _ in 1..MOST_FILES {
        batch.add(read_file(&journal, id, 1));
        assert!(!batch.is_full());
    }
    batch.add(read_file(&journal, id, 1));
    assert!(batch.is_full());
    batch.take().unwrap();
    assert!(!batch.is_full());

    let mut long = read_file(&journal, id, 1);
    long.path = "x".repeat(MOST_BYTES);
    batch.add(long);
    assert!(batch.is_full());
    batch.take().unwrap();

    batch.add(read_file(&journal, id, 1));
    tokio::time::advance(LONGEST_WAIT / 2).await;
    assert!(!batch.is_full());
    tokio::time::advance(LONGEST_WAIT / 2).await;
    assert!(batch.is_full());
}
