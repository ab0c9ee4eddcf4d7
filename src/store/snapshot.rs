//! A copy of `run.db` while its writer is at work: the checkpoint that another machine continues.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::StoreError;
use super::checksums::verify_all;
use super::run_dir::RunDir;
use super::schema;

/// Copies all pages at once. With a positive number, each commit of the writer in between would let
/// the copy start anew. The journal is a WAL, so the writer does not wait.
///
/// Source: SQLite, "Using the SQLite Online Backup API".
const PAGES_AT_ONCE: i32 = i32::MAX;

/// Writes a copy of the database of a run to a new file: everything that is committed, in one
/// consistent state, in which row ids are the same.
///
/// # Errors
/// The database cannot be read, or the file cannot be written.
pub fn write_snapshot(dir: &RunDir, to: &Path) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let source = Connection::open_with_flags(dir.database(), flags)?;
    let mut copy = Connection::open(to)?;
    let backup = Backup::new(&source, &mut copy)?;
    backup.run_to_completion(PAGES_AT_ONCE, Duration::ZERO, None)?;
    Ok(())
}

/// Checks a database that came from elsewhere: its format, its schema, and the checksums of its
/// tables. It is then ready to be merged or resumed.
///
/// # Errors
/// It is no database of a run, or is damaged.
pub fn check_snapshot(path: &Path) -> Result<(), StoreError> {
    let connection = schema::open(path)?;
    verify_all(&connection)?;
    schema::index_units(&connection)
}
