//! The storage of a run: one SQLite file. While a run is active, one writer task owns the file;
//! reports are views of it and can be made again.
//!
//! Sightings are narrow rows, and their messages are stored in zstd chunks of some 64 KiB. Rows are
//! only appended. The index that sorts them, and makes copies neighbours, is created when the run
//! is merged.

mod checkpoint;
mod commit;
mod count;
mod entry;
mod evidence;
mod journal;
mod lock;
mod packed;
mod reader;
mod run_dir;
mod schema;
mod sightings;
mod written;

pub use checkpoint::{Checkpoint, KnownGroup, KnownUnit, KnownUnits};
pub use count::StoredCount;
pub use entry::{
    CountRow, CoverageId, CoverageRow, Entry, InsightsQuery, IntegrityFindings, Page, Pass,
    PassthroughRows, ScopeMembership, ScopedAccount, SightingRecord, UnitId, UnitRow,
};
pub use evidence::{CoverageOutcomes, HourRow};
pub use journal::{Journal, JournalClosed, Writer};
pub use lock::{RunLock, WatchLock};
pub use reader::{CallCounts, InsightsTotal, RunReader};
pub use run_dir::RunDir;
pub use sightings::{SightingRows, Sightings, StoredRow};
pub use written::{PassthroughRow, StoredRows};

use std::path::PathBuf;

/// An error of the files of a run.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file operation failed.
    #[error("cannot {action} {path}")]
    File {
        /// The operation: `create`, `write` …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// SQLite failed: a full disk, a damaged file …
    #[error("the run's database failed")]
    Database(#[from] rusqlite::Error),
    /// The database was written by another version.
    #[error(
        "the run was written in format {found}, this dragnet reads format {expected}: use the version that wrote it"
    )]
    Format {
        /// The format of the file.
        found: String,
        /// The format that this version writes.
        expected: u32,
    },
    /// Another process is writing to the run.
    #[error("another dragnet{} is at work on {}: a run has one writer at a time", parenthesised(owner), run.display())]
    Locked {
        /// The directory of the run.
        run: PathBuf,
        /// The other process, as it identifies itself in the lock file: `process 123`.
        owner: String,
    },
    /// Another process is watching with the same state directory.
    #[error("another dragnet{} keeps watch with {}: one at a time", parenthesised(owner), directory.display())]
    Watched {
        /// The state directory.
        directory: PathBuf,
        /// The other process, as it identifies itself in the lock file: `process 123`.
        owner: String,
    },
    /// The run ended before anything was written.
    #[error("nothing was asked in this run before it ended: make a new one")]
    NeverBegan,
    /// A row is invalid: the file is damaged or was changed.
    #[error("the run's database is damaged: {0}")]
    Damaged(String),
}

fn parenthesised(owner: &str) -> String {
    if owner.is_empty() {
        String::new()
    } else {
        format!(" ({owner})")
    }
}
