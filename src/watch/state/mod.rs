//! The state of a watch: one SQLite file, `watch.db`, in the state directory.
//!
//! An activation is concluded in one transaction: its watermarks, deduplication records, and the
//! alerts in the outbox. Whenever the process ends, an event is either before the watermark and in
//! the outbox, or it is read again. A write takes milliseconds and is surrounded by network calls,
//! so it runs directly on the async task.

mod account_coverage;
mod activations;
mod dedup;
mod outbox;
mod own_calls;
mod watermarks;

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, Transaction};

pub use account_coverage::AccountCoverage;
pub use activations::{ActivationEnd, ActivationRecord, Totals};
pub(super) use dedup::Identity;
pub use outbox::{SinkRecord, Waiting};

pub(super) use account_coverage::write_account_coverage;
pub(super) use activations::write_activation;
pub(super) use dedup::{allow_after_suppression, insert_if_new, is_known, prune};
pub(super) use outbox::put_alerts;
pub(super) use own_calls::is_own_call;
pub(super) use watermarks::write_watermarks;

use crate::store::{StoreError, WatchLock};

/// Version of the tables. Increase it when their meaning changes.
const FORMAT: &str = "1";

const CREATE: &str = "
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The last activation of each schedule, and the totals of all activations.
CREATE TABLE IF NOT EXISTS schedule (
    name TEXT PRIMARY KEY, due_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
    status TEXT NOT NULL, problem TEXT NOT NULL, run TEXT NOT NULL, uncovered INTEGER NOT NULL,
    totals TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Scope nodes as in `watermark.rs`; missing parts are empty. `met_ms`: the last activation that covered the node.
CREATE TABLE IF NOT EXISTS watermark (
    schedule TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL,
    until_ms INTEGER NOT NULL, ahead_from_ms INTEGER, ahead_to_ms INTEGER, met_ms INTEGER NOT NULL,
    PRIMARY KEY (schedule, account, region, log_group)
) STRICT, WITHOUT ROWID;

-- Deduplication: findings and subjects that raised an alert, and when.
CREATE TABLE IF NOT EXISTS told (
    schedule TEXT NOT NULL, identity BLOB NOT NULL, told_ms INTEGER NOT NULL, PRIMARY KEY (schedule, identity)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subject (
    schedule TEXT NOT NULL, subject BLOB NOT NULL, told_ms INTEGER NOT NULL, PRIMARY KEY (schedule, subject)
) STRICT, WITHOUT ROWID;

-- Whether each account is covered, and since when.
CREATE TABLE IF NOT EXISTS standing (
    schedule TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, is_covered INTEGER NOT NULL,
    reason TEXT NOT NULL, since_ms INTEGER NOT NULL, PRIMARY KEY (schedule, account)
) STRICT, WITHOUT ROWID;

-- The history of alerts, and the outbox: rows of `delivery` that are not settled.
CREATE TABLE IF NOT EXISTS alert (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS delivery (
    sink TEXT NOT NULL, alert INTEGER NOT NULL REFERENCES alert, attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL,
    problem TEXT NOT NULL, settled TEXT, PRIMARY KEY (sink, alert)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unsettled ON delivery (sink, alert) WHERE settled IS NULL;

-- Request ids of calls that belong to no run.
CREATE TABLE IF NOT EXISTS own_call (request_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Bytes read by day (UTC).
CREATE TABLE IF NOT EXISTS scanned (day TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// Errors of the state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The directory has no state yet.
    #[error(
        "no watch state in {}; start `dragnet watch run` or `dragnet watch once` to create it",
        .0.display()
    )]
    NotCreated(PathBuf),
    /// A file or directory cannot be used.
    #[error("cannot access {}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// SQLite failed, for example because the disk is full or the file is damaged.
    #[error("the watch database failed")]
    Database(#[from] rusqlite::Error),
    /// A row is invalid, or the database has another format.
    #[error("the watch database is damaged: {0}")]
    Damaged(String),
    /// Another process holds the lock, or the files of a run failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The state of a watch. Clones share it.
#[derive(Clone, Debug)]
pub struct State {
    connection: Arc<Mutex<Connection>>,
    /// Held by a process that writes, not by one that only reads.
    _lock: Option<Arc<WatchLock>>,
}

impl State {
    /// Opens the state in a directory to write to it, and creates both if they do not exist.
    ///
    /// # Errors
    /// Another process holds it, it cannot be created or used, or it has another format.
    pub fn open(directory: &Path) -> Result<Self, StateError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(file_error(directory))?;
        let lock = WatchLock::acquire(directory)?;
        let path = directory.join("watch.db");
        // SQLite creates its additional files with the same mode.
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(file_error(&path))?;
        let connection = Connection::open(&path)?;
        connection.execute_batch(CREATE)?;
        connection.execute(
            "INSERT OR IGNORE INTO fact (key, value) VALUES ('format', ?1)",
            [FORMAT],
        )?;
        Self::from_connection(connection, Some(lock))
    }

    /// Opens an existing state to read it, while another process may write to it.
    ///
    /// # Errors
    /// It does not exist or cannot be read.
    pub fn open_read_only(directory: &Path) -> Result<Self, StateError> {
        let path = directory.join("watch.db");
        if !path.is_file() {
            return Err(StateError::NotCreated(directory.to_owned()));
        }
        Self::from_connection(
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?,
            None,
        )
    }

    fn from_connection(
        connection: Connection,
        lock: Option<WatchLock>,
    ) -> Result<Self, StateError> {
        // These settings are not stored in the file.
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;")?;
        let format: String =
            connection.query_row("SELECT value FROM fact WHERE key = 'format'", [], |row| {
                row.get(0)
            })?;
        if format != FORMAT {
            return Err(StateError::Damaged(format!(
                "found format {format}, expected format {FORMAT}; use the version of Dragnet that wrote it"
            )));
        }
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            _lock: lock.map(Arc::new),
        })
    }

    /// Runs several changes in one transaction.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction()?;
        let changed = change(&transaction)?;
        transaction.commit()?;
        Ok(changed)
    }
}

pub(super) fn file_error(path: &Path) -> impl Fn(io::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::File {
        path: path.clone(),
        source,
    }
}

fn damaged(error: impl std::fmt::Display) -> StateError {
    StateError::Damaged(error.to_string())
}
