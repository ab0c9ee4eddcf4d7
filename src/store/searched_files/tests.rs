//! Tests of what a resumed run knows about the files that it has read.

use std::path::Path;

use super::*;
use crate::store::{
    CoverageRow, Entry, FlowHeader, IntegrityFindings, Journal, Page, Pass, RunDir, RunFacts,
    SightingRecord, Sightings, Writer,
};
use dragnet_model::{Coverage, Outcome, RunId, Status};

const HOUR_MS: i64 = 3_600_000;

const STAMP: FileStamp = FileStamp {
    size: 7,
    modified_ns: 8,
};

fn target() -> Target {
    Target {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    }
}

fn row(journal: &Journal, place: Place, outcome: Option<Outcome>) -> CoverageRow {
    let Target { account, region } = target();
    CoverageRow {
        id: journal.new_coverage_id(),
        account,
        account_name: String::new(),
        region: Some(region),
        place: Some(place),
        class: None,
        outcome,
        out_of_scope: false,
    }
}

fn unit(journal: &Journal, coverage_id: CoverageId) -> UnitRow {
    UnitRow {
        id: journal.new_unit_id(),
        coverage_id,
        pass: Pass::Search,
        engine: None,
        lookup: None,
        from_ms: 0,
        to_ms: 0,
    }
}

fn page(unit: UnitId, next_token: Option<&str>, events: u64) -> Page {
    Page {
        unit,
        found: Sightings::default(),
        counts: Vec::new(),
        next_token: next_token.map(str::to_owned),
        read_at_ms: 0,
        events,
        bytes: 100 * events,
        integrity_findings: IntegrityFindings::default(),
        objects: Vec::new(),
        flow_headers: Vec::new(),
    }
}

fn damaged_outcome() -> Outcome {
    Outcome::with_reason(Status::Partial, Reason::FileDamaged, "cut-off: x")
}

fn header(first_record: u64, fields: &str) -> FlowHeader {
    FlowHeader {
        content: "/logs/a".to_owned(),
        first_record,
        fields: fields.to_owned(),
    }
}

fn file_row(path: &str) -> FileRow {
    FileRow {
        path: path.to_owned(),
        stamp: STAMP,
        records: 3,
        bytes: 300,
    }
}

/// Returns a file with three records and a problem.
fn read_file(journal: &Journal, unit: UnitRow) -> ReadFiles {
    let page = page(unit.id, None, 3);
    ReadFiles {
        files: vec![file_row("/logs/a")],
        findings: vec![FileFindings {
            unit,
            page,
            pages: 1,
        }],
        finished: Vec::new(),
        hours: vec![
            FileHour {
                target: target(),
                kind: Some(LogKind::Flow),
                hour_ms: Some(HOUR_MS),
                records: 2,
            },
            FileHour {
                target: target(),
                kind: None,
                hour_ms: None,
                records: 1,
            },
        ],
        headers: vec![header(2, "srcaddr"), header(4, "dstaddr"), header(6, "")],
        problems: vec![row(
            journal,
            Place::file("/logs/a"),
            Some(damaged_outcome()),
        )],
    }
}

fn new_run_dir(parent: &Path) -> RunDir {
    let id = RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
    RunDir::create(parent, &id).unwrap()
}

/// Writes the entries, and waits until all of them are on disk.
async fn write_and_end(journal: Journal, writer: Writer, entries: Vec<Entry>) {
    for entry in entries {
        journal.write(entry).await.unwrap();
    }
    drop(journal);
    writer.await.unwrap().unwrap();
}

#[tokio::test]
async fn unfinished_files_and_other_problems_are_found_again() {
    let temp = tempfile::tempdir().unwrap();
    let dir = new_run_dir(temp.path());
    let (journal, writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let all = row(&journal, Place::all_files(), None);
    let all_id = all.id;
    let file = read_file(&journal, unit(&journal, all_id));
    let unfinished = unit(&journal, all_id);
    let unfinished_page = page(unfinished.id, Some("not-the-end"), 0);
    let fifo = row(&journal, Place::file("/logs/fifo"), Some(damaged_outcome()));
    let entries = vec![
        Entry::CoverageRow(all),
        Entry::Files(Box::new(file)),
        Entry::Units(vec![unfinished]),
        Entry::Page(unfinished_page),
        Entry::CoverageRow(fifo),
        Entry::Ended {
            coverage_id: all_id,
            outcome: Outcome::searched(),
        },
    ];
    write_and_end(journal, writer, entries).await;

    let (journal, writer, mut checkpoint) = Journal::resume(&dir).unwrap();
    let known = checkpoint.take_files();
    assert_eq!(known.read, HashMap::from([("/logs/a".to_owned(), STAMP)]));
    assert_eq!(known.targets, BTreeMap::from([(target(), all_id)]));
    assert_eq!(known.hours, Some((HOUR_MS, HOUR_MS)));
    assert!(known.changed.is_empty());
    write_and_end(journal, writer, Vec::new()).await;

    let reader = RunReader::open(&dir).unwrap();
    let rows: Vec<Coverage> = reader
        .coverage(|rows| rows.collect::<Result<_, StoreError>>())
        .unwrap();
    let rows: Vec<(Option<&str>, Status, u64)> = rows
        .iter()
        .map(|row| (row.file.as_deref(), row.outcome.status, row.events))
        .collect();
    assert_eq!(
        rows,
        [
            (Some("/logs/a"), Status::Partial, 0),
            (None, Status::Failed, 3),
        ],
        "interrupted until all files are read"
    );
    let total = FileTotal {
        files: 1,
        records: 3,
        bytes: 300,
    };
    assert_eq!(reader.file_total().unwrap(), total);
    let hours: Vec<(Option<i64>, u64)> = reader
        .file_hours()
        .unwrap()
        .iter()
        .map(|hour| (hour.hour_ms, hour.records))
        .collect();
    assert_eq!(hours, [(None, 1), (Some(HOUR_MS), 2)]);
    let fields = |content, record| reader.flow_header(content, record).unwrap();
    let headers = [1, 2, 3, 4, 6].map(|record| fields("/logs/a", record));
    let headers = headers.each_ref().map(Option::as_deref);
    let expected = [
        None,
        Some("srcaddr"),
        Some("srcaddr"),
        Some("dstaddr"),
        None,
    ];
    assert_eq!(headers, expected, "each applies to what follows it");
    assert_eq!(fields("/logs/b", 3), None);
}

fn sighting(id: &str) -> SightingRecord {
    SightingRecord {
        time_ms: 0,
        event_account: "111111111111".to_owned(),
        event_region: "us-east-1".to_owned(),
        record_id: id.to_owned(),
        event_id: id.to_owned(),
        log_stream: String::new(),
        timestamp_ms: 0,
        ingestion_ms: 0,
        indicators: vec!["192.0.2.1".to_owned()],
        hunts: Vec::new(),
        matched_fields: Vec::new(),
        is_trusted: false,
        message: id.to_owned(),
    }
}

/// Returns the entries for the beginning of a file, with a sighting that has the name of the file.
fn begin_file(unit: &UnitRow, name: &str) -> [Entry; 2] {
    let mut page = page(unit.id, Some("not-the-end"), 0);
    page.found = std::iter::once(sighting(name)).collect();
    [Entry::Units(vec![unit.clone()]), Entry::Page(page)]
}

/// Returns the entry for the end of a file with records of an hour. `unit` has what was found at
/// its end, `own` what was found before.
fn end_file(unit: &UnitRow, own: &UnitRow, name: &str, hour: i64) -> Entry {
    let range = |unit: &UnitRow| UnitRow {
        from_ms: hour * HOUR_MS,
        to_ms: (hour + 1) * HOUR_MS,
        ..unit.clone()
    };
    let findings = FileFindings {
        unit: range(unit),
        page: page(unit.id, None, 3),
        pages: 1,
    };
    Entry::Files(Box::new(ReadFiles {
        files: vec![file_row(name)],
        findings: vec![findings],
        finished: vec![range(own)],
        ..ReadFiles::default()
    }))
}

/// The record ids of the sightings, and the coverage.
fn read_back(dir: &RunDir) -> (Vec<String>, Vec<Coverage>) {
    let reader = RunReader::open(dir).unwrap();
    let ids = reader
        .sightings(|rows| {
            rows.map(|row| row.map(|row| row.found.record_id))
                .collect::<Result<_, StoreError>>()
        })
        .unwrap();
    let coverage = reader
        .coverage(|rows| rows.collect::<Result<_, StoreError>>())
        .unwrap();
    (ids, coverage)
}

#[tokio::test]
async fn file_between_two_batches_is_found_once() {
    let temp = tempfile::tempdir().unwrap();
    let dir = new_run_dir(temp.path());
    let (journal, writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let all = row(&journal, Place::all_files(), None);
    let first = unit(&journal, all.id);
    let second = unit(&journal, all.id);
    let mut entries = vec![Entry::CoverageRow(all.clone())];
    entries.extend(begin_file(&first, "a"));
    entries.push(end_file(&first, &first, "a", 1));
    entries.extend(begin_file(&second, "b"));
    write_and_end(journal, writer, entries).await;

    let (journal, writer, mut checkpoint) = Journal::resume(&dir).unwrap();
    let known = checkpoint.take_files();
    let paths: Vec<&String> = known.read.keys().collect();
    assert_eq!(paths, ["a"]);
    let again = unit(&journal, all.id);
    let shared = unit(&journal, all.id);
    let mut entries = Vec::from(begin_file(&again, "b"));
    entries.push(end_file(&shared, &again, "b", 2));
    write_and_end(journal, writer, entries).await;

    let (journal, writer, mut checkpoint) = Journal::resume(&dir).unwrap();
    assert_eq!(checkpoint.take_files().read.len(), 2);
    write_and_end(journal, writer, Vec::new()).await;
    let (ids, coverage) = read_back(&dir);
    assert_eq!(ids, ["a", "b"]);
    let row = &coverage[0];
    assert_eq!([row.pages, row.events, row.sightings], [4, 6, 2]);
}

#[tokio::test]
async fn work_unit_is_extended_by_later_batches() {
    let temp = tempfile::tempdir().unwrap();
    let dir = new_run_dir(temp.path());
    let (journal, writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let all = row(&journal, Place::all_files(), None);
    let shared = unit(&journal, all.id);
    let [started, other] = [unit(&journal, all.id), unit(&journal, all.id)];
    let mut entries = vec![Entry::CoverageRow(all)];
    entries.extend(begin_file(&shared, "a"));
    entries.push(end_file(&shared, &shared, "a", 5));
    entries.extend(begin_file(&started, "b"));
    entries.push(end_file(&shared, &started, "b", 2));
    entries.push(end_file(&shared, &other, "c", 3));
    write_and_end(journal, writer, entries).await;

    let (ids, coverage) = read_back(&dir);
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(coverage.len(), 1);
    let row = &coverage[0];
    assert_eq!([row.pages, row.events, row.sightings], [5, 9, 2]);
    assert_eq!(row.from_ms, Some(2 * HOUR_MS));
    assert_eq!(row.to_ms, Some(6 * HOUR_MS));
}
