//! A run is one SQLite file. One writer task owns it while the run goes on; reports are views of it,
//! so they can be made again.
//!
//! Sightings are narrow rows; their messages lie in zstd chunks of some 64 KiB. Rows are only ever
//! appended; the index that sorts them, and lays copies side by side, is made when the run is merged.

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

/// What can go wrong with a run's files.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot {action} {path}")]
    File {
        /// What was being done: `create`, `write` …
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// SQLite refused: a full disk, a damaged file …
    #[error("the run's database failed")]
    Database(#[from] rusqlite::Error),
    /// The database was written by another version.
    #[error(
        "the run was written in format {found}, this dragnet reads format {expected}: use the version that wrote it"
    )]
    Format {
        /// The file's format.
        found: String,
        /// The format that this version writes.
        expected: u32,
    },
    /// Another process is at work on the run.
    #[error("another dragnet{} is at work on {}: a run has one writer at a time", parenthesised(owner), run.display())]
    Locked {
        /// The run's directory.
        run: PathBuf,
        /// What the other left of itself: `process 123`.
        owner: String,
    },
    /// Another process keeps watch over the same state.
    #[error("another dragnet{} keeps watch with {}: one at a time", parenthesised(owner), directory.display())]
    Watched {
        /// The state directory.
        directory: PathBuf,
        /// What the other left of itself: `process 123`.
        owner: String,
    },
    /// The run was ended before anything was written down.
    #[error("nothing was asked in this run before it ended: make a new one")]
    NeverBegan,
    /// A row does not make sense: the file is damaged or has been changed.
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
