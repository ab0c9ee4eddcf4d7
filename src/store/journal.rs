//! The one writer of `run.db`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::{Connection, Transaction, params};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::entry::{Entry, Page, PlaceId, PlaceRow, UnitId};
use super::{RunDir, StoreError, chunk, schema};
use crate::model::{AccountId, ApiCall, DeniedBy, LogGroupClass, Outcome, Reason, Region};
use crate::time::rfc3339_ms;

/// Entries that may wait for the disk. A page may hold 1 MB, so this bounds memory; when it is full,
/// searching waits.
const WAITING: usize = 256;
/// Entries of one commit at most: a commit costs one fsync, however many they are.
const BATCH: usize = 128;

/// A handle to write with; cheap to clone. The writer ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: mpsc::Sender<Entry>,
    next_id: Arc<AtomicI64>,
}

/// The writer has stopped; what stopped it is its task's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run's journal takes no more entries")]
pub struct JournalClosed;

impl Journal {
    /// Makes a new `run.db` in `dir` and starts its writer. The task's result tells whether all that
    /// was written is on disk.
    ///
    /// # Errors
    /// The database cannot be made.
    pub fn create(dir: &RunDir) -> Result<(Self, JoinHandle<Result<(), StoreError>>), StoreError> {
        let connection = schema::create(&dir.database())?;
        let (entries, waiting) = mpsc::channel(WAITING);
        let writer = tokio::spawn(write_all(connection, waiting));
        Ok((Self { entries, next_id: Arc::new(AtomicI64::new(1)) }, writer))
    }

    /// Writes an entry, waiting while too many wait for the disk.
    ///
    /// # Errors
    /// The writer has stopped: the disk is full, say.
    pub async fn write(&self, entry: Entry) -> Result<(), JournalClosed> {
        self.entries.send(entry).await.map_err(|_| JournalClosed)
    }

    /// A key for a new place.
    pub fn new_place(&self) -> PlaceId {
        PlaceId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// A key for a new unit.
    pub fn new_unit(&self) -> UnitId {
        UnitId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }
}

async fn write_all(mut connection: Connection, mut waiting: mpsc::Receiver<Entry>) -> Result<(), StoreError> {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        // One blocking task a batch: a parked one would freeze a test's paused time.
        let committed = tokio::task::spawn_blocking(move || {
            commit(&mut connection, &batch)?;
            batch.clear();
            Ok::<_, StoreError>((connection, batch))
        });
        (connection, batch) = committed.await.map_err(|error| StoreError::Damaged(error.to_string()))??;
    }
    Ok(())
}

fn commit(connection: &mut Connection, batch: &[Entry]) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    for entry in batch {
        match entry {
            Entry::Fact { key, value } => {
                let mut insert =
                    transaction.prepare_cached("INSERT OR REPLACE INTO fact (key, value) VALUES (?1, ?2)")?;
                insert.execute(params![key, value])?;
            }
            Entry::Account(account) => {
                let mut insert = transaction
                    .prepare_cached("INSERT OR REPLACE INTO account (id, name, standing) VALUES (?1, ?2, ?3)")?;
                insert.execute(params![account.id.to_string(), account.name, account.standing.as_str()])?;
            }
            Entry::Place(place) => insert_place(&transaction, place)?,
            Entry::Unit(unit) => {
                let mut insert = transaction
                    .prepare_cached("INSERT INTO unit (id, place, from_ms, to_ms) VALUES (?1, ?2, ?3, ?4)")?;
                insert.execute(params![unit.id.0, unit.place.0, unit.from_ms, unit.to_ms])?;
            }
            Entry::Page(page) => insert_page(&transaction, page)?,
            Entry::Ended { place, outcome } => end_place(&transaction, *place, outcome)?,
            Entry::Call(call) => insert_call(&transaction, call)?,
        }
    }
    Ok(transaction.commit()?)
}

fn insert_place(transaction: &Transaction<'_>, place: &PlaceRow) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO place (id, account, account_name, region, log_group, class, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '')",
    )?;
    insert.execute(params![
        place.id.0,
        place.account.to_string(),
        place.account_name,
        place.region.as_ref().map(Region::as_str),
        place.log_group,
        place.class.as_ref().map(LogGroupClass::to_string),
    ])?;
    place.outcome.as_ref().map_or(Ok(()), |outcome| end_place(transaction, place.id, outcome))
}

fn end_place(transaction: &Transaction<'_>, place: PlaceId, outcome: &Outcome) -> Result<(), StoreError> {
    let mut update = transaction
        .prepare_cached("UPDATE place SET status = ?2, reason = ?3, detail = ?4, denied_by = ?5 WHERE id = ?1")?;
    update.execute(params![
        place.0,
        outcome.status.as_str(),
        outcome.reason.map(Reason::as_str),
        outcome.detail,
        outcome.denied_by.map(DeniedBy::as_str),
    ])?;
    Ok(())
}

fn insert_page(transaction: &Transaction<'_>, page: &Page) -> Result<(), StoreError> {
    for run in chunk::runs(&page.found) {
        let packed = chunk::pack(run)?;
        transaction.prepare_cached("INSERT INTO chunk (messages) VALUES (?1)")?.execute([packed])?;
        let chunk = transaction.last_insert_rowid();
        let mut insert = transaction.prepare_cached(
            "INSERT INTO sighting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
        let mut offset = 0;
        for found in run {
            insert.execute(params![
                found.time_ms,
                found.event_account,
                found.event_region,
                found.record_id,
                page.unit.0,
                found.event_id,
                found.log_stream,
                found.timestamp_ms,
                found.ingestion_ms,
                json_list(&found.indicators)?,
                json_list(&found.matched_fields)?,
                chunk,
                whole(offset),
                whole(found.message.len()),
            ])?;
            offset += found.message.len();
        }
    }
    let mut update = transaction.prepare_cached(
        "UPDATE unit SET token = ?2, token_ms = ?3, pages = pages + 1, events = events + ?4, bytes = bytes + ?5,
         sightings = sightings + ?6, read_to_end = ?7 WHERE id = ?1",
    )?;
    update.execute(params![
        page.unit.0,
        page.next_token,
        page.read_at_ms,
        whole(page.events),
        whole(page.bytes),
        whole(page.found.len()),
        page.next_token.is_none(),
    ])?;
    Ok(())
}

fn insert_call(transaction: &Transaction<'_>, call: &ApiCall) -> Result<(), StoreError> {
    let mut insert = transaction.prepare_cached("INSERT INTO call VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    insert.execute(params![
        rfc3339_ms(call.time),
        call.account.as_ref().map(AccountId::to_string),
        call.region.as_str(),
        call.operation,
        call.status,
        call.request_id,
        call.attempt,
        whole(call.milliseconds),
    ])?;
    Ok(())
}

fn json_list(texts: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(texts).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// A count as SQLite keeps it.
fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{Found, RunReader, UnitRow};
    use super::*;
    use crate::model::{RunId, Status};

    fn found(time_ms: i64, event_id: &str) -> Found {
        Found {
            time_ms,
            event_account: "111111111111".to_owned(),
            event_region: "us-east-1".to_owned(),
            record_id: String::new(),
            event_id: event_id.to_owned(),
            log_stream: "stream".to_owned(),
            timestamp_ms: time_ms,
            ingestion_ms: time_ms,
            indicators: vec!["192.0.2.1".to_owned()],
            matched_fields: vec!["message".to_owned(), "odd\n\";".to_owned()],
            message: format!("message of {event_id}, \u{e9}"),
        }
    }

    fn place(journal: &Journal, log_group: Option<&str>, outcome: Option<Outcome>) -> PlaceRow {
        PlaceRow {
            id: journal.new_place(),
            account: "111111111111".parse().unwrap(),
            account_name: "prod".to_owned(),
            region: Some("us-east-1".parse().unwrap()),
            log_group: log_group.map(str::to_owned),
            class: None,
            outcome,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_reads_back_in_the_order_of_the_reports() {
        let temp = tempfile::tempdir().unwrap();
        let id = RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let dir = RunDir::create(temp.path(), &id).unwrap();
        let (journal, writer) = Journal::create(&dir).unwrap();
        let group = place(&journal, Some("/b"), None);
        let unit = UnitRow { id: journal.new_unit(), place: group.id, from_ms: 0, to_ms: 100 };
        let never_ended = place(&journal, Some("/a"), None);
        let page = |found, next_token: Option<&str>| {
            let next_token = next_token.map(str::to_owned);
            Entry::Page(Page { unit: unit.id, found, next_token, read_at_ms: 0, events: 10, bytes: 1_000 })
        };
        for entry in [
            Entry::Fact { key: "window", value: "w".to_owned() },
            Entry::Place(group.clone()),
            Entry::Place(never_ended),
            Entry::Unit(unit),
            page(vec![found(30, "e3"), found(10, "e1")], Some("t")),
            page((100..300).map(|n| found(20, &format!("e{n}"))).collect(), None),
            Entry::Ended { place: group.id, outcome: Outcome::searched() },
        ] {
            journal.write(entry).await.unwrap();
        }
        drop(journal);
        writer.await.unwrap().unwrap();

        let reader = RunReader::open(&dir).unwrap();
        let rows = reader.sightings(|rows| rows.collect::<Result<Vec<_>, _>>()).unwrap();
        assert_eq!(rows.len(), 202);
        assert_eq!(rows.first().unwrap().found, found(10, "e1"));
        assert_eq!(rows.last().unwrap().found, found(30, "e3"));
        let coverage = reader.coverage(|rows| rows.collect::<Result<Vec<_>, _>>()).unwrap();
        assert_eq!(coverage[0].outcome.reason, Some(Reason::Interrupted));
        assert_eq!(coverage[1].outcome.status, Status::Searched);
        assert_eq!((coverage[1].pages, coverage[1].events, coverage[1].sightings), (2, 20, 202));
        reader.close().unwrap();
    }
}
