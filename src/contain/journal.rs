//! Records what was intended, done and observed for each step. An intent is on disk before anything
//! is written to IAM.
//!
//! Each containment has one SQLite file in the state directory, so it survives the process. The
//! file is named after the short hash of the plan, so a plan is applied once, however often `apply`
//! is called. An append is one commit with `synchronous = FULL`. It takes milliseconds and a
//! network call follows it, so it runs directly on the async task.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use jiff::Timestamp;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::journal_error::{JournalError, file_error};
use super::journal_file::{FORMAT, create_journal};
use super::log_verification::LogVerification;
use super::record::{Containment, Event};
use super::recorded_call::{CREATE_CALLS, RecordedCall, insert_call, read_calls};
use super::seal::SealedPlan;
use super::states::State;
use dragnet_model::time::rfc3339_ms;

/// The directory of all journals: `contain` in the state directory.
#[derive(Clone, Debug)]
pub struct Journals {
    directory: PathBuf,
}

/// The journal of one containment, locked by this process.
#[derive(Debug)]
pub struct Journal {
    id: String,
    sealed: SealedPlan,
    connection: Mutex<Connection>,
    _lock: JournalLock,
}

/// Holds the lock of a journal until it is dropped, at the latest until the process ends.
#[derive(Debug)]
struct JournalLock(File);

impl Drop for JournalLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that is just being started has a copy of
        // it. If unlocking fails, the lock lasts until that copy is closed.
        _ = self.0.unlock();
    }
}

impl Journals {
    /// The journals in a directory, which is created with the first journal.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Opens the journal of a plan, and creates it the first time. `caller` is the ARN of the
    /// caller who applies the plan.
    ///
    /// # Errors
    /// The journal cannot be created or used.
    pub fn open_or_create(
        &self,
        sealed: &SealedPlan,
        caller: &str,
        now: Timestamp,
    ) -> Result<Journal, JournalError> {
        let directory = &self.directory;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(file_error(directory))?;
        let id = sealed.short_hash();
        let path = self.path(id);
        let lock = self.lock(id)?;
        if !path.is_file() {
            create_journal(&path, sealed, caller, now)?;
        }
        Journal::open(id, self.connect_to_append(id)?, lock)
    }

    /// Opens the journal of a containment to continue it.
    ///
    /// # Errors
    /// It does not exist, another process holds it, or it cannot be used.
    pub fn open(&self, id: &str) -> Result<Journal, JournalError> {
        let connection = self.connect_to_append(id)?;
        let lock = self.lock(id)?;
        Journal::open(id, connection, lock)
    }

    /// Reads a containment without locking its journal.
    ///
    /// # Errors
    /// It does not exist or cannot be read.
    pub fn read(&self, id: &str) -> Result<Containment, JournalError> {
        let connection = self.connect(id)?;
        read_containment(id, &read_plan(&connection)?, &connection)
    }

    /// The ids of all containments, sorted.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, JournalError> {
        let entries = match std::fs::read_dir(&self.directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(file_error(&self.directory))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(file_error(&self.directory))?.file_name();
            ids.extend(
                name.to_str()
                    .and_then(|name| name.strip_suffix(".db"))
                    .map(str::to_owned),
            );
        }
        ids.sort();
        Ok(ids)
    }

    fn connect(&self, id: &str) -> Result<Connection, JournalError> {
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let path = self.path(id);
        if !is_id || !path.is_file() {
            return Err(JournalError::Unknown(id.to_owned()));
        }
        Ok(Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE,
        )?)
    }

    /// Connects so that an append is on disk when it returns.
    fn connect_to_append(&self, id: &str) -> Result<Connection, JournalError> {
        let connection = self.connect(id)?;
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        Ok(connection)
    }

    fn lock(&self, id: &str) -> Result<JournalLock, JournalError> {
        let path = self.directory.join(format!("{id}.lock"));
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(file_error(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(JournalLock(file)),
            Err(TryLockError::WouldBlock) => Err(JournalError::Busy(id.to_owned())),
            Err(TryLockError::Error(source)) => Err(JournalError::File { path, source }),
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.db"))
    }
}

impl Journal {
    /// Opens a journal whose lock is held.
    fn open(id: &str, connection: Connection, lock: JournalLock) -> Result<Self, JournalError> {
        connection.execute_batch(CREATE_CALLS)?;
        let sealed = read_plan(&connection)?;
        Ok(Self {
            id: id.to_owned(),
            sealed,
            connection: Mutex::new(connection),
            _lock: lock,
        })
    }

    /// The id of the containment: the short hash of the plan.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The sealed plan.
    pub fn sealed(&self) -> &SealedPlan {
        &self.sealed
    }

    /// Records the new state of a step. It is on disk when this returns.
    ///
    /// # Errors
    /// The transition is illegal, or the write fails.
    pub fn record(
        &self,
        step: u32,
        state: State,
        at: Timestamp,
        document: Option<&str>,
        detail: &str,
    ) -> Result<(), JournalError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction()?;
        let last: Option<String> = transaction
            .query_row(
                "SELECT state FROM event WHERE step = ?1 ORDER BY seq DESC LIMIT 1",
                [step],
                |row| row.get(0),
            )
            .optional()?;
        let last = last.as_deref().map_or(Ok(State::Planned), |word| {
            State::from_word(word).ok_or_else(|| unknown_value(word))
        })?;
        last.transition_to(state)?;
        let row = params![step, state.as_str(), at.to_string(), document, detail];
        transaction.execute(
            "INSERT INTO event (step, state, at, document, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
            row,
        )?;
        Ok(transaction.commit()?)
    }

    /// Records that undo has started. From then on the plan cannot be applied any more.
    ///
    /// # Errors
    /// The write fails.
    pub fn start_undo(&self, caller: &str, now: Timestamp) -> Result<(), JournalError> {
        let value = format!("{} by {caller}", rfc3339_ms(now));
        self.connection.lock().execute(
            "INSERT OR IGNORE INTO fact (key, value) VALUES ('undo_begun', ?1)",
            [value],
        )?;
        Ok(())
    }

    /// Records a call that changed something, or was to.
    ///
    /// # Errors
    /// The write fails.
    pub(super) fn record_call(&self, call: &RecordedCall) -> Result<(), JournalError> {
        Ok(insert_call(&self.connection.lock(), call)?)
    }

    /// Records the result of a verification from logs, which replaces that of an earlier one.
    ///
    /// # Errors
    /// The write fails.
    pub fn record_log_verification(
        &self,
        verification: &LogVerification,
    ) -> Result<(), JournalError> {
        let json = serde_json::to_string(verification)
            .map_err(|error| JournalError::Damaged(error.to_string()))?;
        self.connection.lock().execute(
            "INSERT OR REPLACE INTO fact (key, value) VALUES ('log_verification', ?1)",
            [json],
        )?;
        Ok(())
    }

    /// Reads the current state of the containment.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn containment(&self) -> Result<Containment, JournalError> {
        read_containment(&self.id, &self.sealed, &self.connection.lock())
    }
}

fn read_fact(connection: &Connection, key: &str) -> Result<Option<String>, JournalError> {
    Ok(connection
        .query_row("SELECT value FROM fact WHERE key = ?1", [key], |row| {
            row.get(0)
        })
        .optional()?)
}

fn read_plan(connection: &Connection) -> Result<SealedPlan, JournalError> {
    match read_fact(connection, "format")?.as_deref() {
        Some(FORMAT) => {}
        other => {
            return Err(JournalError::Damaged(format!(
                "its format is {}, expected {FORMAT}",
                other.unwrap_or("missing")
            )));
        }
    }
    let text = read_fact(connection, "plan")?
        .ok_or_else(|| JournalError::Damaged("it has no plan".to_owned()))?;
    Ok(SealedPlan::parse(&text)?)
}

fn read_containment(
    id: &str,
    sealed: &SealedPlan,
    connection: &Connection,
) -> Result<Containment, JournalError> {
    let mut select =
        connection.prepare("SELECT step, state, at, document, detail FROM event ORDER BY seq")?;
    let mut rows = select.query([])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let word: String = row.get(1)?;
        let at: String = row.get(2)?;
        events.push(Event {
            step: row.get(0)?,
            state: State::from_word(&word).ok_or_else(|| unknown_value(&word))?,
            at: at.parse().map_err(|_| unknown_value(&at))?,
            document: row.get(3)?,
            detail: row.get(4)?,
        });
    }
    let required_fact = |key: &str| {
        read_fact(connection, key)?
            .ok_or_else(|| JournalError::Damaged(format!("it has no `{key}`")))
    };
    let log_verification = read_fact(connection, "log_verification")?
        .map(|json| serde_json::from_str(&json))
        .transpose()
        .map_err(|error| JournalError::Damaged(format!("`log_verification`: {error}")))?;
    Ok(Containment {
        id: id.to_owned(),
        plan_sha256: sealed.hash().to_owned(),
        applied_by: required_fact("by")?,
        applied_at: required_fact("begun")?,
        undo_started: read_fact(connection, "undo_begun")?,
        log_verification,
        calls: read_calls(connection)?,
        plan: sealed.plan().clone(),
        events,
    })
}

fn unknown_value(word: &str) -> JournalError {
    JournalError::Damaged(format!("unknown value `{word}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_ends_although_a_starting_child_process_has_a_copy_of_its_file() {
        let temp = tempfile::tempdir().unwrap();
        let journals = Journals::new(temp.path().to_owned());
        let lock = journals.lock("id").unwrap();
        let copy = lock.0.try_clone().unwrap();
        assert!(matches!(journals.lock("id"), Err(JournalError::Busy(_))));
        drop(lock);
        assert!(journals.lock("id").is_ok());
        drop(copy);
    }
}
