//! The single writer of `run.db`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::checksums::TrackedDatabase;
use super::entry::{CoverageId, Entry, UnitId};
use super::{Checkpoint, RunDir, StoreError, checkpoint, commit, schema};

/// The number of entries that may wait for the disk. The sightings of a page may be some 300 KB
/// when they are compressed, so this bounds memory; when the channel is full, scanning waits
/// (backpressure).
const CHANNEL_CAPACITY: usize = 256;
/// The maximum number of entries in a commit, and how long the first of them waits for others: a
/// commit costs one fsync, whatever its size. If the process is killed, what was not committed is
/// requested again on resume.
const MAX_BATCH: usize = 256;
const GATHER_TIME: Duration = Duration::from_millis(25);

/// A handle to write with; cheap to clone. The writer ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: mpsc::Sender<Entry>,
    next_id: Arc<AtomicI64>,
}

/// The writer task. Its result says whether all entries are on disk.
pub type Writer = JoinHandle<Result<(), StoreError>>;

/// The writer has stopped; its task's result has the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal of the run has stopped")]
pub struct JournalClosed;

impl Journal {
    /// Creates a new `run.db` in `dir` that contains `facts` from the start, and starts its writer.
    ///
    /// # Errors
    /// The database cannot be created.
    pub fn create(dir: &RunDir, facts: &[(&str, String)]) -> Result<(Self, Writer), StoreError> {
        Ok(Self::start(schema::create(&dir.database(), facts)?, 1))
    }

    /// A journal that discards all entries, for commands without a run.
    pub fn discarding() -> Self {
        let (entries, mut waiting) = mpsc::channel(CHANNEL_CAPACITY);
        tokio::spawn(async move { while waiting.recv().await.is_some() {} });
        Self {
            entries,
            next_id: Arc::new(AtomicI64::new(1)),
        }
    }

    /// Opens the `run.db` of an interrupted run, and starts its writer. Accounts and Regions are
    /// queried again on resume, so the coverage rows without a log group are deleted.
    ///
    /// # Errors
    /// The database cannot be opened, has another format, or is damaged.
    pub fn resume(dir: &RunDir) -> Result<(Self, Writer, Checkpoint), StoreError> {
        let mut database = TrackedDatabase::open(schema::open(&dir.database())?)?;
        schema::index_units(database.connection())?;
        database.change(|transaction| {
            Ok(transaction.execute_batch(
                "DELETE FROM place WHERE log_group IS NULL;
                 DELETE FROM fact WHERE key IN ('ended', 'finished');",
            )?)
        })?;
        let next_id = checkpoint::next_id(database.connection())?;
        let checkpoint = Checkpoint::load(database.connection())?;
        let (journal, writer) = Self::start(database, next_id);
        Ok((journal, writer, checkpoint))
    }

    fn start(database: TrackedDatabase, next_id: i64) -> (Self, Writer) {
        let (entries, waiting) = mpsc::channel(CHANNEL_CAPACITY);
        let writer = tokio::spawn(write_all(database, waiting));
        (
            Self {
                entries,
                next_id: Arc::new(AtomicI64::new(next_id)),
            },
            writer,
        )
    }

    /// Writes an entry; waits while the channel is full.
    ///
    /// # Errors
    /// The writer has stopped, for example because the disk is full.
    pub fn write(&self, entry: Entry) -> impl Future<Output = Result<(), JournalClosed>> + Send {
        // On the heap, because thousands of tasks write entries, and each would reserve space for
        // one here.
        let entry = Box::new(entry);
        async {
            self.entries
                .reserve()
                .await
                .map_err(|_| JournalClosed)?
                .send(*entry);
            Ok(())
        }
    }

    /// Returns the id of a new coverage row.
    pub fn new_coverage_id(&self) -> CoverageId {
        CoverageId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the id of a new work unit.
    pub fn new_unit_id(&self) -> UnitId {
        UnitId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }
}

async fn write_all(
    mut database: TrackedDatabase,
    mut waiting: mpsc::Receiver<Entry>,
) -> Result<(), StoreError> {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while gather(&mut waiting, &mut batch).await {
        // One blocking task per batch: a permanent one would stop the paused time of a test.
        let committed = tokio::task::spawn_blocking(move || {
            commit::commit_batch(&mut database, &batch)?;
            batch.clear();
            Ok::<_, StoreError>((database, batch))
        });
        (database, batch) = committed
            .await
            .map_err(|error| StoreError::Damaged(error.to_string()))??;
    }
    Ok(())
}

/// Collects the entries of the next commit; returns whether there are any. It does not wait after
/// the last handle is dropped.
async fn gather(waiting: &mut mpsc::Receiver<Entry>, batch: &mut Vec<Entry>) -> bool {
    let mut received = waiting.recv_many(batch, MAX_BATCH).await;
    let until = Instant::now() + GATHER_TIME;
    while received > 0 && batch.len() < MAX_BATCH {
        received = timeout_at(until, waiting.recv_many(batch, MAX_BATCH - batch.len()))
            .await
            .unwrap_or_default();
    }
    !batch.is_empty()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::time::sleep;

    use super::super::{
        CoverageRow, IntegrityFindings, KnownGroup, KnownUnit, KnownUnits, Page, Pass, RunReader,
        SightingRecord, UnitRow,
    };
    use super::*;
    use dragnet_model::{Coverage, Engine, Outcome, Reason, RunId, Status, Target};

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
            log_group: log_group.map(str::to_owned),
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
            engine: Engine::Filter,
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

    fn read_coverage(reader: &RunReader) -> Vec<Coverage> {
        reader
            .coverage(|rows| rows.collect::<Result<Vec<_>, StoreError>>())
            .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn entries_read_back_in_the_order_of_the_reports() {
        let temp = tempfile::tempdir().unwrap();
        let dir = new_run_dir(temp.path());
        let (journal, writer) = Journal::create(&dir, &[]).unwrap();
        let group = coverage_row(&journal, Some("/b"), None);
        let unit = unit_of(&journal, &group);
        let never_ended = coverage_row(&journal, Some("/a"), None);
        let first = page(&unit, vec![record(30, "e3"), record(10, "e1")], Some("t"));
        let many = (100..300).map(|n| record(20, &format!("e{n}"))).collect();
        let last = page(&unit, many, None);
        let entries = vec![
            Entry::Fact {
                key: "window",
                value: "w".to_owned(),
            },
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
                entries
                    .send(Entry::Fact {
                        key: "a",
                        value: String::new(),
                    })
                    .await
                    .unwrap();
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
            let facts = [("ended", "interrupted".to_owned())];
            let (journal, writer) = Journal::create(&dir, &facts).unwrap();
            let group = coverage_row(&journal, Some("/a"), None);
            let unit = unit_of(&journal, &group);
            let done = coverage_row(&journal, Some("/b"), Some(Outcome::searched()));
            let region = coverage_row(&journal, None, Some(Outcome::denied("no")));
            let entries = vec![
                Entry::CoverageRow(group.clone()),
                Entry::Units(vec![unit]),
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
                engine: self.unit.engine,
                from_ms: 0,
                to_ms: 100,
                has_started: true,
                next_token: Some("t".to_owned()),
                token_ms: 7,
            };
            KnownGroup {
                coverage_id: self.group.id,
                is_finished: false,
                units: KnownUnits(vec![unit]),
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
            known["/b"].is_finished && known.len() == 2,
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
        assert!(!reader.facts().unwrap().contains_key("ended"));
    }
}
