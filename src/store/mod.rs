//! The storage of a run: one SQLite file. While a run is active, one writer task owns the file;
//! reports are views of it and can be made again.
//!
//! Sightings are narrow rows, and their messages are stored in zstd chunks of some 64 KiB. Rows are
//! only appended. The index that sorts them, and makes copies neighbours, is created when the run
//! is merged.

mod checkpoint;
mod checksums;
mod commit;
mod count;
mod earlier_findings;
mod earlier_runs;
mod entry;
mod evidence;
mod fact;
mod history_sizes;
mod ids;
mod journal;
mod listed_run;
mod lock;
mod manifest;
mod merged_facts;
mod merged_repeats;
mod merged_shards;
mod merged_slices;
mod object_counts;
mod packed;
mod passthrough_rows;
mod reader;
mod round_gaps;
mod row;
mod row_observer;
mod run_dir;
mod run_facts;
mod run_list;
mod run_registry;
mod schema;
mod searched_files;
mod secret_file;
mod sightings;
mod snapshot;
mod trail_deliveries;

pub use checkpoint::{
    Checkpoint, KnownGroup, KnownHistory, KnownLookup, KnownObjects, KnownSpan, KnownUnit,
    KnownUnits, TRANSFORMED_MARK, TRUNCATED_EVENTS,
};
pub use count::StoredCount;
pub use earlier_findings::{EarlierFindings, EarlierRecord};
pub use earlier_runs::EarlierRuns;
pub use entry::{
    CountRow, CoverageRow, Entry, FileFindings, FileHour, FileRow, FileStamp, FlowHeader,
    InsightsQuery, IntegrityFindings, Page, Pass, PassthroughRow, PassthroughRows, Place,
    ReadFiles, ScopeMembership, ScopedAccount, UnitRow,
};
pub use evidence::{CoverageOutcomes, DeletedLogGroup, HourRow};
pub use fact::{Fact, FactError, Json, Text};
pub use history_sizes::HistorySize;
pub use ids::{CoverageId, UnitId};
pub use journal::{Journal, JournalClosed, Writer};
pub use lock::{RunLock, WatchLock};
pub use manifest::{
    ChangedRun, DatabaseCheck, MANIFEST, Manifest, ManifestFile, check_database, manifest_entry,
    refuse_changed_database,
};
pub use merged_shards::{MissingParts, MissingShard, ShardDatabase, merge_shards};
pub use merged_slices::{PlaceSlice, SlicedPlace};
pub use object_counts::ObjectCount;
pub use passthrough_rows::StoredRows;
pub use reader::{CallCounts, InsightsTotal, RunReader};
pub use round_gaps::RoundGap;
pub use row_observer::{NewSighting, UseNewSighting};
pub use run_dir::RunDir;
pub use run_facts::{RunEnding, RunFacts, StoredWindowBasis};
pub use run_list::list_runs;
pub use run_registry::RunRegistry;
pub use searched_files::{FileTotal, KnownFiles};
pub use secret_file::{SecretFileError, read_secret_file};
pub use sightings::{SightingRecord, SightingRows, Sightings, StoredRow};
pub use snapshot::{check_snapshot, write_snapshot};
pub use trail_deliveries::TrailDeliveries;

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
    #[error("the run database failed")]
    Database(#[from] rusqlite::Error),
    /// The database was written by another version.
    #[error(
        "found run format {found}, expected format {expected}; use the version of Dragnet that wrote the run"
    )]
    Format {
        /// The format of the file.
        found: String,
        /// The format that this version writes.
        expected: u32,
    },
    /// Another process is writing to the run.
    #[error(
        "run {} is in use by another dragnet{}; wait until it ends",
        run.display(),
        in_parentheses(owner)
    )]
    Locked {
        /// The directory of the run.
        run: PathBuf,
        /// The other process, as it identifies itself in the lock file: `process 123`.
        owner: String,
    },
    /// Another process is watching with the same state directory.
    #[error(
        "state directory {} is in use by another dragnet{}; stop it first",
        directory.display(),
        in_parentheses(owner)
    )]
    Watched {
        /// The state directory.
        directory: PathBuf,
        /// The other process, as it identifies itself in the lock file: `process 123`.
        owner: String,
    },
    /// The run ended before anything was written.
    #[error("the run ended before it made any request; start a new run")]
    NeverStarted,
    /// The database of a finished run is not the one that its manifest lists.
    #[error(
        "run {} was changed after it ended: {problem}; restore the original from a copy, or use the changed run with \
         `dragnet report --changed-run`, which records it in manifest.json",
        run.display()
    )]
    ChangedRun {
        /// The directory of the run.
        run: PathBuf,
        /// What was found, and what was expected.
        problem: String,
    },
    /// The manifest is not one.
    #[error(
        "manifest.json is damaged: {0}; restore it from a copy, or move it out of the run's directory"
    )]
    Manifest(String),
    /// A row is invalid: the file is damaged or was changed.
    #[error("the run database is damaged: {0}")]
    Damaged(String),
}

fn in_parentheses(owner: &str) -> String {
    if owner.is_empty() {
        String::new()
    } else {
        format!(" ({owner})")
    }
}
