//! What was intended, done and seen, step by step: on disk before anything is written to IAM.
//!
//! One SQLite file a containment, in the state directory, so that it lasts. Its name is the plan's short
//! hash: a plan is applied once, however often `apply` is called. An append is one commit with
//! synchronous=FULL; that takes milliseconds, and what follows it is a call over the network, so it is made
//! where it stands.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::record::{Containment, Event};
use super::seal::{InvalidPlan, SealedPlan};
use super::states::{IllegalTransition, State};
use crate::time::rfc3339_ms;

/// Raised whenever a table changes its meaning.
const FORMAT: &str = "1";

const CREATE: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- Only ever appended: the last row of a step is where it is. `document`: what an intent was to put.
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY, step INTEGER NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, document TEXT,
    detail TEXT NOT NULL
) STRICT;
";

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is no containment of this id.
    #[error("there is no containment `{0}`; `dragnet contain list` shows those that there are")]
    Unknown(String),
    /// Another process works on it.
    #[error("another dragnet is at work on containment {0}")]
    Busy(String),
    /// The file system refused.
    #[error("cannot use {path}")]
    File {
        /// What.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// SQLite refused: a full disk, a damaged file.
    #[error("the containment's journal failed")]
    Database(#[from] rusqlite::Error),
    /// A row makes no sense, or the journal was written by another version.
    #[error("the containment's journal is damaged: {0}")]
    Damaged(String),
    /// The plan in it makes no sense.
    #[error("the plan in the containment's journal cannot be used")]
    Plan(#[from] InvalidPlan),
    /// A step cannot go that way: a mistake in this program.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
}

/// Where containments are kept: `contain` in the state directory.
#[derive(Clone, Debug)]
pub struct Journals {
    directory: PathBuf,
}

/// The journal of one containment, held by this process alone.
#[derive(Debug)]
pub struct Journal {
    id: String,
    sealed: SealedPlan,
    connection: Mutex<Connection>,
    /// Locked until it is closed, which the end of the process does too.
    _lock: File,
}

impl Journals {
    /// The journals in a directory, which is made when the first is.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Opens the journal of a plan, which is made if this is the first time; `by` is who applies it.
    ///
    /// # Errors
    /// It cannot be made or used.
    pub fn begin(
        &self,
        sealed: &SealedPlan,
        by: &str,
        now: Timestamp,
    ) -> Result<Journal, JournalError> {
        let directory = &self.directory;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(file_error(directory))?;
        let path = self.path(sealed.short_hash());
        let lock = self.lock(sealed.short_hash())?;
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(file_error(&path))?;
        let mut connection = Connection::open(&path)?;
        connection.execute_batch(CREATE)?;
        let transaction = connection.transaction()?;
        for (key, value) in [
            ("format", FORMAT),
            ("plan", &sealed.to_text()?),
            ("begun", &rfc3339_ms(now)),
            ("by", by),
        ] {
            transaction.execute(
                "INSERT OR IGNORE INTO fact (key, value) VALUES (?1, ?2)",
                [key, value],
            )?;
        }
        transaction.commit()?;
        drop((connection, lock));
        self.open(sealed.short_hash())
    }

    /// Opens the journal of a containment, to go on with it.
    ///
    /// # Errors
    /// There is none, another process holds it, or it cannot be used.
    pub fn open(&self, id: &str) -> Result<Journal, JournalError> {
        let connection = self.connect(id)?;
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        let lock = self.lock(id)?;
        let sealed = plan(&connection)?;
        Ok(Journal {
            id: id.to_owned(),
            sealed,
            connection: Mutex::new(connection),
            _lock: lock,
        })
    }

    /// A containment as it stands, without holding its journal.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn read(&self, id: &str) -> Result<Containment, JournalError> {
        let connection = self.connect(id)?;
        containment(id, &plan(&connection)?, &connection)
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

    fn lock(&self, id: &str) -> Result<File, JournalError> {
        let path = self.directory.join(format!("{id}.lock"));
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(file_error(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(JournalError::Busy(id.to_owned())),
            Err(TryLockError::Error(source)) => Err(JournalError::File { path, source }),
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.db"))
    }
}

impl Journal {
    /// The containment's id: the plan's short hash.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The plan.
    pub fn sealed(&self) -> &SealedPlan {
        &self.sealed
    }

    /// Writes down where a step is now. It is on disk when this returns.
    ///
    /// # Errors
    /// The step cannot go there from where it is, or the disk refuses.
    pub fn record(
        &self,
        step: u32,
        state: State,
        at: Timestamp,
        document: Option<&str>,
        detail: &str,
    ) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let last: Option<String> = transaction
            .query_row(
                "SELECT state FROM event WHERE step = ?1 ORDER BY seq DESC LIMIT 1",
                [step],
                |row| row.get(0),
            )
            .optional()?;
        let last = last.as_deref().map_or(Ok(State::Planned), |word| {
            State::from_word(word).ok_or_else(|| unknown(word))
        })?;
        last.to(state)?;
        let row = params![step, state.as_str(), at.to_string(), document, detail];
        transaction.execute(
            "INSERT INTO event (step, state, at, document, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
            row,
        )?;
        Ok(transaction.commit()?)
    }

    /// Writes down that undoing has begun: from then on the plan is not applied any more.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn begin_undo(&self, by: &str, now: Timestamp) -> Result<(), JournalError> {
        let value = format!("{} by {by}", rfc3339_ms(now));
        self.connection().execute(
            "INSERT OR IGNORE INTO fact (key, value) VALUES ('undo_begun', ?1)",
            [value],
        )?;
        Ok(())
    }

    /// The containment as it stands.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn containment(&self) -> Result<Containment, JournalError> {
        containment(&self.id, &self.sealed, &self.connection())
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic cut off is rolled back: what a poisoned lock guards is whole.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn fact(connection: &Connection, key: &str) -> Result<Option<String>, JournalError> {
    Ok(connection
        .query_row("SELECT value FROM fact WHERE key = ?1", [key], |row| {
            row.get(0)
        })
        .optional()?)
}

fn plan(connection: &Connection) -> Result<SealedPlan, JournalError> {
    match fact(connection, "format")?.as_deref() {
        Some(FORMAT) => {}
        other => {
            return Err(JournalError::Damaged(format!(
                "its format is {}",
                other.unwrap_or("not told")
            )));
        }
    }
    let text = fact(connection, "plan")?
        .ok_or_else(|| JournalError::Damaged("it has no plan".to_owned()))?;
    Ok(SealedPlan::parse(&text)?)
}

fn containment(
    id: &str,
    sealed: &SealedPlan,
    connection: &Connection,
) -> Result<Containment, JournalError> {
    let mut select =
        connection.prepare("SELECT step, state, at, document, detail FROM event ORDER BY seq")?;
    let mut rows = select.query([])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let (word, at): (String, String) = (row.get(1)?, row.get(2)?);
        events.push(Event {
            step: row.get(0)?,
            state: State::from_word(&word).ok_or_else(|| unknown(&word))?,
            at: at.parse().map_err(|_| unknown(&at))?,
            document: row.get(3)?,
            detail: row.get(4)?,
        });
    }
    let told = |key: &str| {
        fact(connection, key)?.ok_or_else(|| JournalError::Damaged(format!("it has no `{key}`")))
    };
    Ok(Containment {
        id: id.to_owned(),
        plan_sha256: sealed.hash().to_owned(),
        by: told("by")?,
        begun: told("begun")?,
        undo_begun: fact(connection, "undo_begun")?,
        plan: sealed.plan().clone(),
        events,
    })
}

fn unknown(word: &str) -> JournalError {
    JournalError::Damaged(format!("`{word}` is not known"))
}

fn file_error(path: &Path) -> impl Fn(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::File {
        path: path.clone(),
        source,
    }
}
