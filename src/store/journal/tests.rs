//! Tests of the journal, and of reading what it wrote.

use std::path::Path;

use tokio::time::sleep;

use super::super::{
    CoverageRow, IntegrityFindings, KnownGroup, KnownLookup, KnownUnit, KnownUnits, Page, Pass,
    Place, RunEnding, RunReader, SightingRecord, UnitRow,
};
use super::*;
use dragnet_model::{
    Coverage, Engine, EventAttribute, EventLookup, Outcome, Reason, RunId, Status, StorageKind,
    Target,
};

fn record(time_ms: i64, event_id: &str) -> SightingRecord {
    SightingRecord {
        time_ms,
        event_account: "111111111111".to_owned(),
        event_region: "us-east-1".to_owned(),
        record_id: String::new(),
        event_id: event_id.to_owned(),
        log_stream: "stream".to_owned(),
        timestamp_ms: time_ms,
        ingestion_ms: time_ms,
        indicators: vec!["192.0.2.1".to_owned()],
        hunts: vec!["iam-access-key".to_owned()],
        matched_fields: vec!["message".to_owned(), "odd\n\";".to_owned()],
        is_trusted: false,
        message: format!("message of {event_id}, \u{e9}"),
    }
}

fn coverage_row(
    journal: &Journal,
    log_group: Option<&str>,
    outcome: Option<Outcome>,
) -> CoverageRow {
    CoverageRow {
        id: journal.new_coverage_id(),
        account: "111111111111".parse().unwrap(),
        account_name: "prod".to_owned(),
        region: Some("us-east-1".parse().unwrap()),
        place: log_group.map(Place::log_group),
        class: None,
        outcome,
        out_of_scope: false,
    }
}

fn unit_of(journal: &Journal, group: &CoverageRow) -> UnitRow {
    UnitRow {
        id: journal.new_unit_id(),
        coverage_id: group.id,
        pass: Pass::Search,
        engine: Some(Engine::Filter),
        lookup: None,
        from_ms: 0,
        to_ms: 100,
    }
}

fn page(unit: &UnitRow, records: Vec<SightingRecord>, next_token: Option<&str>) -> Page {
    Page {
        unit: unit.id,
        found: records.into_iter().collect(),
        counts: Vec::new(),
        next_token: next_token.map(str::to_owned),
        read_at_ms: 7,
        events: 10,
        bytes: 1_000,
        integrity_findings: IntegrityFindings::default(),
        objects: Vec::new(),
        flow_headers: Vec::new(),
    }
}

fn new_run_dir(parent: &Path) -> RunDir {
    let id = RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
    RunDir::create(parent, &id).unwrap()
}

fn ended(ending: RunEnding) -> RunFacts {
    let mut facts = RunFacts::default();
    facts.ended.set(&ending);
    facts
}

/// Writes the entries, and waits until all of them are on disk.
async fn write_and_end(journal: Journal, writer: Writer, entries: Vec<Entry>) {
    for entry in entries {
        journal.write(entry).await.unwrap();
    }
    drop(journal);
    writer.await.unwrap().unwrap();
}

fn read_coverage(reader: &RunReader) -> Vec<Coverage> {
    reader
        .coverage(|rows| rows.collect::<Result<Vec<_>, StoreError>>())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn entries_read_back_in_the_order_of_the_reports() {
    let temp = tempfile::tempdir().unwrap();
    let dir = new_run_dir(temp.path());
    let (journal, writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let group = coverage_row(&journal, Some("/b"), None);
    let unit = unit_of(&journal, &group);
    let never_ended = coverage_row(&journal, Some("/a"), None);
    let first = page(&unit, vec![record(30, "e3"), record(10, "e1")], Some("t"));
    let many = (100..300).map(|n| record(20, &format!("e{n}"))).collect();
    let last = page(&unit, many, None);
    let entries = vec![
        Entry::Facts(Box::new(ended(RunEnding::Swept))),
        Entry::CoverageRow(group.clone()),
        Entry::CoverageRow(never_ended),
        Entry::Units(vec![unit]),
        Entry::Page(first),
        Entry::Page(last),
        Entry::Ended {
            coverage_id: group.id,
            outcome: Outcome::searched(),
        },
    ];
    write_and_end(journal, writer, entries).await;

    let reader = RunReader::open(&dir).unwrap();
    assert!(reader.facts().unwrap().was_swept());
    let rows = reader
        .sightings(|rows| rows.collect::<Result<Vec<_>, _>>())
        .unwrap();
    assert_eq!(rows.len(), 202);
    assert_eq!(rows.first().unwrap().found, record(10, "e1"));
    assert_eq!(rows.last().unwrap().found, record(30, "e3"));
    let coverage = read_coverage(&reader);
    assert_eq!(coverage[0].outcome.reason, Some(Reason::Interrupted));
    assert_eq!(coverage[1].outcome.status, Status::Searched);
    assert_eq!(
        (coverage[1].pages, coverage[1].events, coverage[1].sightings),
        (2, 20, 202)
    );
    reader.close().unwrap();
}

#[tokio::test(start_paused = true)]
async fn entries_within_the_gather_time_are_one_commit() {
    let (entries, mut waiting) = mpsc::channel(CHANNEL_CAPACITY);
    let writing = tokio::spawn(async move {
        for wait in [0, 10, 10, 10, 100] {
            sleep(Duration::from_millis(wait)).await;
            entries.send(Entry::Facts(Box::default())).await.unwrap();
        }
    });
    let start = Instant::now();
    let mut batch = Vec::new();
    let mut batches = Vec::new();
    while gather(&mut waiting, &mut batch).await {
        batches.push((batch.len(), start.elapsed().as_millis()));
        batch.clear();
    }
    assert_eq!(
        batches,
        [(3, 25), (1, 55), (1, 130)],
        "the last one does not wait"
    );
    writing.await.unwrap();
}

/// A run that was interrupted while it searched `/a`.
struct InterruptedRun {
    dir: RunDir,
    /// The log group `/a`, of which one page was read.
    group: CoverageRow,
    unit: UnitRow,
    /// The log group `/b`, which was searched.
    done: CoverageRow,
}

impl InterruptedRun {
    async fn write(parent: &Path) -> Self {
        let dir = new_run_dir(parent);
        let facts = ended(RunEnding::Interrupted);
        let (journal, writer) = Journal::create(&dir, &facts).unwrap();
        let group = coverage_row(&journal, Some("/a"), None);
        let unit = unit_of(&journal, &group);
        let done = coverage_row(&journal, Some("/b"), Some(Outcome::searched()));
        let region = coverage_row(&journal, None, Some(Outcome::denied("no")));
        let entries = vec![
            Entry::CoverageRow(group.clone()),
            Entry::Units(vec![unit.clone()]),
            Entry::Page(page(&unit, vec![record(1, "e1")], Some("t"))),
            Entry::CoverageRow(done.clone()),
            Entry::CoverageRow(region),
        ];
        write_and_end(journal, writer, entries).await;
        Self {
            dir,
            group,
            unit,
            done,
        }
    }

    /// What the checkpoint knows about `/a`.
    fn known_group(&self) -> KnownGroup {
        let unit = KnownUnit {
            id: self.unit.id,
            pass: self.unit.pass,
            engine: Engine::Filter,
            from_ms: 0,
            to_ms: 100,
            has_started: true,
            next_token: Some("t".to_owned()),
            token_ms: 7,
        };
        KnownGroup {
            coverage_id: self.group.id,
            finished: None,
            units: KnownUnits {
                units: vec![unit],
                has_truncated_events: false,
                found_transformed: false,
            },
        }
    }
}

#[tokio::test(start_paused = true)]
async fn resumed_run_continues_from_its_checkpoint() {
    let temp = tempfile::tempdir().unwrap();
    let run = InterruptedRun::write(temp.path()).await;

    let (journal, writer, mut checkpoint) = Journal::resume(&run.dir).unwrap();
    let known = checkpoint.take(&Target {
        account: run.group.account,
        region: run.group.region.clone().unwrap(),
    });
    assert_eq!(known["/a"], run.known_group());
    assert!(
        known["/b"].finished == Some(Outcome::searched()) && known.len() == 2,
        "the row of the Region is deleted"
    );
    assert!(journal.new_coverage_id() > run.done.id, "ids are unique");
    let remark = Entry::Remark {
        coverage_id: run.done.id,
        text: "gone".to_owned(),
    };
    let entries = vec![Entry::Restarted(run.unit.id), remark.clone(), remark];
    write_and_end(journal, writer, entries).await;

    let reader = RunReader::open(&run.dir).unwrap();
    let sightings = reader.sightings(|rows| Ok::<_, StoreError>(rows.count()));
    assert_eq!(sightings.unwrap(), 0);
    let coverage = read_coverage(&reader);
    assert_eq!((coverage[0].pages, coverage[0].sightings), (0, 0));
    assert_eq!(coverage[1].outcome.reason_text(), "gone");
    assert_eq!(reader.facts().unwrap().ended.text(), None);
}

#[tokio::test(start_paused = true)]
async fn event_history_has_rows_and_a_checkpoint_of_its_own() {
    let temp = tempfile::tempdir().unwrap();
    let dir = new_run_dir(temp.path());
    let facts = ended(RunEnding::Interrupted);
    let (journal, writer) = Journal::create(&dir, &facts).unwrap();
    let history = CoverageRow {
        place: Some(Place::event_history()),
        ..coverage_row(&journal, None, None)
    };
    let lookup = EventLookup {
        attribute: EventAttribute::EventName,
        value: "StopLogging".to_owned(),
    };
    let unit = UnitRow {
        engine: None,
        lookup: Some(lookup.clone()),
        ..unit_of(&journal, &history)
    };
    let entries = vec![
        Entry::CoverageRow(history.clone()),
        Entry::Units(vec![unit.clone()]),
        Entry::Page(page(&unit, vec![record(1, "e1")], Some("t"))),
    ];
    write_and_end(journal, writer, entries).await;

    let (journal, writer, mut checkpoint) = Journal::resume(&dir).unwrap();
    let target = Target {
        account: history.account,
        region: history.region.clone().unwrap(),
    };
    assert!(checkpoint.take(&target).is_empty(), "it is no log group");
    let known = checkpoint.take_history(&target).unwrap();
    assert_eq!(known.coverage_id, history.id);
    assert_eq!(
        known.lookups,
        [KnownLookup {
            id: unit.id,
            pass: Pass::Search,
            lookup: Some(lookup),
            from_ms: 0,
            to_ms: 100,
            has_started: true,
            next_token: Some("t".to_owned()),
        }]
    );
    write_and_end(journal, writer, Vec::new()).await;

    let reader = RunReader::open(&dir).unwrap();
    let coverage = read_coverage(&reader);
    assert_eq!(coverage[0].source, Some(StorageKind::History));
    assert_eq!((&coverage[0].log_group, coverage[0].pages), (&None, 1));
    let rows = reader
        .sightings(|rows| rows.collect::<Result<Vec<_>, _>>())
        .unwrap();
    assert_eq!(rows[0].source, StorageKind::History);
    reader.close().unwrap();
}

#[tokio::test(start_paused = true)]
async fn new_sightings_are_passed_on_when_they_are_on_disk() {
    let temp = tempfile::tempdir().unwrap();
    let dir = new_run_dir(temp.path());
    let (journal, writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let passed = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let receiver = Arc::clone(&passed);
    journal.observe_sightings(Box::new(move |new| {
        receiver.lock().push(new.row.found.event_id);
    }));
    let group = coverage_row(&journal, Some("/a"), None);
    let unit = unit_of(&journal, &group);
    let first = page(&unit, vec![record(20, "e2"), record(10, "e1")], Some("t"));
    let again = page(&unit, vec![record(10, "e1"), record(30, "e3")], None);
    let restarted = Entry::Restarted(unit.id);
    let entries = [
        vec![Entry::CoverageRow(group), Entry::Units(vec![unit])],
        vec![Entry::Page(first)],
        // The numbers of the deleted rows are used again.
        vec![restarted, Entry::Page(again)],
    ];
    for batch in entries {
        for entry in batch {
            journal.write(entry).await.unwrap();
        }
        sleep(GATHER_TIME * 4).await;
    }
    drop(journal);
    writer.await.unwrap().unwrap();
    assert_eq!(*passed.lock(), ["e2", "e1", "e1", "e3"]);
}

#[tokio::test(start_paused = true)]
async fn round_has_its_own_checkpoint_and_leaves_the_coverage_alone() {
    let temp = tempfile::tempdir().unwrap();
    let dir = new_run_dir(temp.path());
    let (journal, writer) = Journal::create(&dir, &RunFacts::default()).unwrap();
    let denied = Outcome::with_reason(Status::Denied, Reason::Interrupted, "first");
    let account = coverage_row(&journal, None, Some(denied));
    let group = coverage_row(&journal, Some("/trail"), Some(Outcome::searched()));
    let unit = unit_of(&journal, &group);
    let entries = vec![
        Entry::CoverageRow(account),
        Entry::CoverageRow(group),
        Entry::Units(vec![unit.clone()]),
        Entry::Page(page(&unit, vec![record(10, "e1")], None)),
        Entry::Facts(Box::new(ended(RunEnding::Swept))),
    ];
    write_and_end(journal, writer, entries).await;
    let before = read_coverage(&RunReader::open(&dir).unwrap());

    let mut facts = RunFacts::default();
    facts.follow_round.set(&1);
    let (journal, writer) = Journal::start_round(&dir, &facts).unwrap();
    let failed = Outcome::with_reason(Status::Failed, Reason::Interrupted, "round");
    let group = coverage_row(&journal, Some("/trail"), Some(failed));
    let unit = unit_of(&journal, &group);
    let mut other = RunFacts::default();
    other.practice.set(&true);
    let entries = vec![
        Entry::CoverageRow(group),
        Entry::Units(vec![unit.clone()]),
        Entry::Page(page(&unit, vec![record(20, "e2")], Some("t"))),
        Entry::Facts(Box::new(other)),
        Entry::Facts(Box::new(ended(RunEnding::Interrupted))),
    ];
    write_and_end(journal, writer, entries).await;

    let reader = RunReader::open(&dir).unwrap();
    assert_eq!(read_coverage(&reader), before);
    let rows = reader
        .sightings(|rows| rows.collect::<Result<Vec<_>, _>>())
        .unwrap();
    assert_eq!(rows.len(), 2, "sightings of all rounds");
    let facts = reader.facts().unwrap();
    assert_eq!(facts.practice.get_if_stored().unwrap(), None);
    assert_eq!(facts.round_to_resume().unwrap(), 1);
    let gaps = reader.round_gaps().unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].round, gaps[0].outcome.status), (1, Status::Failed));
    reader.close().unwrap();

    let target = Target {
        account: "111111111111".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    };
    let (journal, writer, mut checkpoint) = Journal::resume(&dir).unwrap();
    let known = checkpoint.take(&target);
    assert_eq!(known["/trail"].finished, None, "that of the round");
    let end = vec![Entry::Facts(Box::new(ended(RunEnding::Swept)))];
    write_and_end(journal, writer, end).await;
    // A run that ended starts again with the first search.
    let (_journal, _writer, mut checkpoint) = Journal::resume(&dir).unwrap();
    let known = checkpoint.take(&target);
    assert_eq!(known["/trail"].finished, Some(Outcome::searched()));
}
