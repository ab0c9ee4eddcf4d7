//! The single writer of `run.db`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::checksums::TrackedDatabase;
use super::entry::Entry;
use super::ids::{CoverageId, UnitId};
use super::row_observer::{RowObserver, UseNewSighting};
use super::{Checkpoint, RunDir, RunFacts, StoreError, checkpoint, commit, schema, searched_files};

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
    observer: RowObserver,
    /// Whether a round of following writes it. The first search of the run has recorded the
    /// accounts, the log sources and the facts of the whole run.
    is_round: bool,
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
    pub fn create(dir: &RunDir, facts: &RunFacts) -> Result<(Self, Writer), StoreError> {
        let database = schema::create(&dir.database(), &facts.texts())?;
        Ok(Self::start(database, 1, false))
    }

    /// Opens the `run.db` of a run whose last search ended, and starts the writer of its next round
    /// of following. `facts` describe the round; they are on disk when this returns.
    ///
    /// # Errors
    /// The database cannot be opened, has another format, or is damaged.
    pub fn start_round(dir: &RunDir, facts: &RunFacts) -> Result<(Self, Writer), StoreError> {
        let mut database = TrackedDatabase::open(schema::open(&dir.database())?)?;
        database.change(|transaction| {
            for key in RunFacts::end_keys() {
                transaction.execute("DELETE FROM fact WHERE key = ?1", [key])?;
            }
            commit::insert_facts(transaction, facts)
        })?;
        let next_id = checkpoint::next_id(database.connection())?;
        Ok(Self::start(database, next_id, true))
    }

    /// Opens the `run.db` of a run whose last search ended, and writes facts.
    ///
    /// # Errors
    /// The database cannot be opened, has another format, or is damaged.
    pub fn write_facts(dir: &RunDir, facts: &RunFacts) -> Result<(), StoreError> {
        let mut database = TrackedDatabase::open(schema::open(&dir.database())?)?;
        database.change(|transaction| commit::insert_facts(transaction, facts))
    }

    /// A journal that discards all entries, for commands without a run.
    pub fn discarding() -> Self {
        let (entries, mut waiting) = mpsc::channel(CHANNEL_CAPACITY);
        tokio::spawn(async move { while waiting.recv().await.is_some() {} });
        Self {
            entries,
            next_id: Arc::new(AtomicI64::new(1)),
            observer: RowObserver::default(),
            is_round: false,
        }
    }

    /// Opens the `run.db` of an interrupted run, and starts its writer. Accounts and Regions are
    /// queried again on resume, so the coverage rows without a place are deleted.
    ///
    /// # Errors
    /// The database cannot be opened, has another format, or is damaged.
    pub fn resume(dir: &RunDir) -> Result<(Self, Writer, Checkpoint), StoreError> {
        let mut database = TrackedDatabase::open(schema::open(&dir.database())?)?;
        schema::index_units(database.connection())?;
        let mut round = 0;
        database.change(|transaction| {
            round = commit::prepare_round_to_resume(transaction)?;
            transaction.execute(
                "DELETE FROM place WHERE source IS NULL AND round = ?1",
                [round],
            )?;
            let units = searched_files::unfinished_units(transaction)?;
            for unit in &units {
                commit::restart(transaction, *unit)?;
            }
            searched_files::remove_unfinished(transaction, &units)?;
            for key in RunFacts::end_keys() {
                transaction.execute("DELETE FROM fact WHERE key = ?1", [key])?;
            }
            Ok(())
        })?;
        let next_id = checkpoint::next_id(database.connection())?;
        let checkpoint = Checkpoint::load(database.connection())?;
        let (journal, writer) = Self::start(database, next_id, round > 0);
        Ok((journal, writer, checkpoint))
    }

    fn start(database: TrackedDatabase, next_id: i64, is_round: bool) -> (Self, Writer) {
        let (entries, waiting) = mpsc::channel(CHANNEL_CAPACITY);
        let observer = RowObserver::default();
        let writer = tokio::spawn(write_all(database, waiting, observer.clone()));
        (
            Self {
                entries,
                next_id: Arc::new(AtomicI64::new(next_id)),
                observer,
                is_round,
            },
            writer,
        )
    }

    /// Passes every sighting that is written from now on to `use_sighting`, when it is on disk.
    pub fn observe_sightings(&self, use_sighting: UseNewSighting) {
        self.observer.set(use_sighting);
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
            if self.is_round && !is_of_round(&entry) {
                return Ok(());
            }
            self.entries
                .reserve()
                .await
                .map_err(|_| JournalClosed)?
                .send(*entry);
            Ok(())
        }
    }

    /// Writes an entry from a thread that may block; waits while the channel is full.
    ///
    /// # Errors
    /// The writer has stopped, for example because the disk is full.
    pub fn write_blocking(&self, entry: Entry) -> Result<(), JournalClosed> {
        self.entries.blocking_send(entry).map_err(|_| JournalClosed)
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

/// Whether a round of following writes an entry. It reads only a part of the organization, so what
/// it says about accounts, log sources and the whole run must not replace what the first search
/// recorded, except how the run ended.
fn is_of_round(entry: &Entry) -> bool {
    match entry {
        Entry::Account(_) | Entry::SourceLookup(_) | Entry::LogSource(_) => false,
        Entry::Facts(facts) => facts.ended.text().is_some(),
        _ => true,
    }
}

async fn write_all(
    mut database: TrackedDatabase,
    mut waiting: mpsc::Receiver<Entry>,
    observer: RowObserver,
) -> Result<(), StoreError> {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while gather(&mut waiting, &mut batch).await {
        // One blocking task per batch: a permanent one would stop the paused time of a test.
        let observer = observer.clone();
        let committed = tokio::task::spawn_blocking(move || {
            observer.prepare(database.connection())?;
            commit::commit_batch(&mut database, &batch)?;
            observer.pass_new(database.connection())?;
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
mod tests;
