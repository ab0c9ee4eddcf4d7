//! Creates the file of a journal. It gets its name when it is complete, so that a process that is
//! killed meanwhile leaves no journal without a plan, which nothing could read or continue.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use super::journal_error::{JournalError, file_error};
use super::recorded_call::CREATE_CALLS;
use super::seal::SealedPlan;
use dragnet_model::time::rfc3339_ms;

/// Version of the tables. Increase it when their meaning changes.
pub(super) const FORMAT: &str = "1";

const CREATE: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- Rows are only appended; the last row of a step has its current state. `document`: the policy that an intent writes.
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY, step INTEGER NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, document TEXT,
    detail TEXT NOT NULL
) STRICT;
";

/// Creates the journal of a plan at `path`, which does not exist. `caller` is the ARN of the caller
/// who applies the plan. The caller of this function holds the lock of the journal.
///
/// # Errors
/// The file cannot be created or written.
pub(super) fn create_journal(
    path: &Path,
    sealed: &SealedPlan,
    caller: &str,
    now: Timestamp,
) -> Result<(), JournalError> {
    let unfinished = path.with_extension("new");
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(file_error(&unfinished))?;
    let mut connection = Connection::open(&unfinished)?;
    connection.execute_batch(CREATE)?;
    connection.execute_batch(CREATE_CALLS)?;
    let transaction = connection.transaction()?;
    for (key, value) in [
        ("format", FORMAT),
        ("plan", &sealed.to_text()?),
        ("begun", &rfc3339_ms(now)),
        ("by", caller),
    ] {
        // A process that was killed may have left another value.
        transaction.execute(
            "INSERT OR REPLACE INTO fact (key, value) VALUES (?1, ?2)",
            [key, value],
        )?;
    }
    transaction.commit()?;
    // Moves everything from the write-ahead log into the file and removes the log.
    connection.close().map_err(|(_, error)| error)?;
    std::fs::rename(&unfinished, path).map_err(file_error(path))?;
    let directory = path.parent().unwrap_or(path);
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(file_error(directory))
}

#[cfg(test)]
mod tests {
    use super::super::journal::Journals;
    use super::*;

    /// Creates the journal after a process was killed at the point that `leave` makes.
    fn create_after(leave: fn(&Path)) {
        let plan = include_str!("../../tests/it/contain/plan-1bd0458.json");
        let sealed = SealedPlan::parse(plan).unwrap();
        let id = sealed.short_hash();
        let temp = tempfile::tempdir().unwrap();
        let journals = Journals::new(temp.path().to_owned());
        leave(&temp.path().join(format!("{id}.new")));
        assert_eq!(journals.ids().unwrap(), Vec::<String>::new());
        assert!(matches!(journals.read(id), Err(JournalError::Unknown(_))));

        let caller = "arn:aws:iam::111111111111:user/alice";
        let now = sealed.plan().created;
        drop(journals.open_or_create(&sealed, caller, now).unwrap());
        assert_eq!(journals.ids().unwrap(), [id]);
        let containment = journals.read(id).unwrap();
        assert_eq!(containment.applied_by, caller);
        assert_eq!(containment.plan_sha256, sealed.hash());
        // The first caller stays the one who applied it.
        let other = "arn:aws:iam::111111111111:user/bob";
        drop(journals.open_or_create(&sealed, other, now).unwrap());
        assert_eq!(journals.read(id).unwrap().applied_by, caller);
    }

    #[test]
    fn journal_is_created_after_any_interruption() {
        create_after(|_| {});
        create_after(|unfinished| std::fs::write(unfinished, "").unwrap());
        create_after(|unfinished| {
            let connection = Connection::open(unfinished).unwrap();
            connection.execute_batch(CREATE).unwrap();
            let row = "INSERT INTO fact (key, value) VALUES ('by', 'another'), ('plan', '{}')";
            connection.execute_batch(row).unwrap();
        });
    }
}
