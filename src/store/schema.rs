//! The tables of `run.db`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::LazyLock;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::StoreError;
use super::checksums::{Checksums, TrackedDatabase};
use super::row::damaged;
use super::run_dir::file_error;

/// The format version, which is increased whenever the meaning of a table changes.
pub(super) const FORMAT: u32 = 8;

/// With 16 KiB pages, 1.6 times as many rows per second were measured as with 4 KiB pages, in fewer
/// bytes.
const SET_UP: &str = "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL;";

/// These settings are not stored in the file, so they are applied each time the file is opened. The
/// last two are for files from an untrusted source: functions in their schema are not called, and
/// the cells of their pages are checked.
///
/// Source: SQLite, "Defense Against The Dark Arts", "Untrusted SQLite Database Files".
const CONNECTION_SETTINGS: &str =
    "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";

const CREATE: &str = "
CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The accounts in scope, and those that the scope names but leaves out.
CREATE TABLE account (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, standing TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row of the coverage: an account, an account-Region, or a place in it where records are stored. `source` is the
-- kind of place (`logs`, `history`, `s3`, `file`), `location` where it is: the name of the log group, the bucket and the prefix of
-- the keys, `files on disk` or the path of a file, or empty if the account-Region has only one place of the kind. Both are NULL for an account or account-Region. No status: not ended yet.
-- `round`: 0, or the round of `--follow` that read it.
CREATE TABLE place (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, account_name TEXT NOT NULL, region TEXT,
    source TEXT, location TEXT, class TEXT, status TEXT, reason TEXT, detail TEXT NOT NULL, denied_by TEXT, elsewhere INTEGER NOT NULL,
    round INTEGER NOT NULL
) STRICT;

-- A work unit: a time range of a place that is read page by page; `token` is that of the next page. `engine` is that
-- of a log group, and NULL for a place that can be read in one way only. `lookup`: the attribute by which the event
-- history is read, or NULL for all events.
CREATE TABLE unit (
    id INTEGER PRIMARY KEY, place INTEGER NOT NULL REFERENCES place, pass TEXT NOT NULL, engine TEXT, lookup TEXT,
    from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
    token TEXT, token_ms INTEGER, pages INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0, sightings INTEGER NOT NULL DEFAULT 0, read_to_end INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE chunk (id INTEGER PRIMARY KEY, messages BLOB NOT NULL) STRICT;

-- `indicators`, `hunts` and `matched_fields` are JSON arrays. `trusted`: a trail delivered it, or it is from
-- the event history.
CREATE TABLE sighting (
    time_ms INTEGER NOT NULL, event_account TEXT NOT NULL, event_region TEXT NOT NULL, record_id TEXT NOT NULL,
    unit INTEGER NOT NULL REFERENCES unit, event_id TEXT NOT NULL, log_stream TEXT NOT NULL,
    timestamp_ms INTEGER NOT NULL, ingestion_ms INTEGER NOT NULL,
    trusted INTEGER NOT NULL,
    indicators TEXT NOT NULL, hunts TEXT NOT NULL, matched_fields TEXT NOT NULL,
    chunk INTEGER NOT NULL REFERENCES chunk, offset INTEGER NOT NULL, length INTEGER NOT NULL
) STRICT;

-- The partial count of a hunt for the events of one page in one event account and Region: zstd of JSON. Rows are
-- only appended, and can be merged in any order.
CREATE TABLE hunt_count (
    unit INTEGER NOT NULL REFERENCES unit, hunt TEXT NOT NULL, event_account TEXT NOT NULL,
    event_region TEXT NOT NULL, kind TEXT NOT NULL, partial BLOB NOT NULL
) STRICT;

-- The log sources of each account-Region, and what is known about each log source: JSON.
CREATE TABLE cell (
    account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (account, region, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE recorder (via TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Calls that tamper with records; copies of a record are one row.
CREATE TABLE tampering (
    time_ms INTEGER NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, event_name TEXT NOT NULL,
    principal_arn TEXT NOT NULL, source_ip TEXT NOT NULL, error_code TEXT NOT NULL, record_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    PRIMARY KEY (time_ms, account, region, event_name, principal_arn, source_ip, error_code, record_id, resource)
) STRICT, WITHOUT ROWID;

-- The number of records of an account-Region in a place by hour, where all of the place was read.
CREATE TABLE hour (
    unit INTEGER NOT NULL REFERENCES unit, account TEXT NOT NULL, region TEXT NOT NULL, hour_ms INTEGER NOT NULL,
    records INTEGER NOT NULL, PRIMARY KEY (unit, account, region, hour_ms)
) STRICT, WITHOUT ROWID;

-- The files on disk that were read to their end, as they were then. A resumed run reads all others.
CREATE TABLE file (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, records INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The number of records in these files. `kind` is empty if it is not known, `hour_ms` the smallest integer for records
-- without a time.
CREATE TABLE file_hour (
    account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, hour_ms INTEGER NOT NULL,
    records INTEGER NOT NULL, PRIMARY KEY (account, region, kind, hour_ms)
) STRICT, WITHOUT ROWID;

-- The names of the fields of flow logs in files and objects, for the sightings from this record on. `content` is the
-- path of the file, and the path in it if it is an archive, or the bucket and the key; `fields` is empty if the
-- sightings are no lines of a flow log.
CREATE TABLE flow_header (
    content TEXT NOT NULL, first_record INTEGER NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (content, first_record)
) STRICT, WITHOUT ROWID;

-- The number of objects in S3 by work unit: of those that were read, with an empty reason, and of those that could not be,
-- or not completely.
CREATE TABLE object_count (
    unit INTEGER NOT NULL REFERENCES unit, reason TEXT NOT NULL, objects INTEGER NOT NULL, first_key TEXT NOT NULL,
    detail TEXT NOT NULL, PRIMARY KEY (unit, reason)
) STRICT, WITHOUT ROWID;

-- Rows of passthrough queries: zstd of JSON.
CREATE TABLE written_rows (
    unit INTEGER NOT NULL REFERENCES unit, hunt TEXT NOT NULL, rows BLOB NOT NULL
) STRICT;

-- Insights queries that have ended, with their cost.
CREATE TABLE insights_query (
    account TEXT NOT NULL, region TEXT NOT NULL, log_groups INTEGER NOT NULL, bytes INTEGER NOT NULL, usd REAL NOT NULL
) STRICT;

CREATE TABLE call (
    time TEXT NOT NULL, account TEXT, region TEXT NOT NULL, operation TEXT NOT NULL, status TEXT NOT NULL,
    request_id TEXT NOT NULL, attempt INTEGER NOT NULL, milliseconds INTEGER NOT NULL
) STRICT;

-- The checksums of all other tables.
CREATE TABLE checksum (table_name TEXT PRIMARY KEY, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// Created at the merge: an index that exists earlier would halve the rate at which rows are
/// appended.
const MERGE_INDEXES: &str = "
CREATE INDEX IF NOT EXISTS sighting_order ON sighting (time_ms, event_account, event_region, record_id);
CREATE INDEX IF NOT EXISTS hunt_count_order ON hunt_count (hunt, event_account, event_region);
CREATE INDEX IF NOT EXISTS place_account ON place (account);
CREATE INDEX IF NOT EXISTS call_request ON call (request_id);
";

const UNIT_INDEX: &str = "CREATE INDEX IF NOT EXISTS unit_place ON unit (place);";

/// Creates a new database at `path` that only its owner can read. The tables and `facts` are
/// written in one transaction.
pub(super) fn create(path: &Path, facts: &[(&str, String)]) -> Result<TrackedDatabase, StoreError> {
    // SQLite accepts an empty file as a new database, and creates its side files with the same
    // mode.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(file_error("create", path))?;
    let mut connection = Connection::open(path)?;
    connection.execute_batch(SET_UP)?;
    connection.execute_batch(CONNECTION_SETTINGS)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(CREATE)?;
    let checksums = Checksums::track_new(&transaction)?;
    for (key, value) in facts
        .iter()
        .map(|(key, value)| (*key, value))
        .chain([("format", &FORMAT.to_string())])
    {
        transaction.execute(
            "INSERT INTO fact (key, value) VALUES (?1, ?2)",
            [key, value],
        )?;
    }
    checksums.store(&transaction)?;
    transaction.commit()?;
    Ok(TrackedDatabase::new(connection, checksums))
}

/// Opens an existing database, and checks its format and its schema, but not its checksums.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch(CONNECTION_SETTINGS)?;
    let objects = read_objects(&connection)?;
    if objects.is_empty() {
        return Err(StoreError::NeverStarted);
    }
    let found = read_format(&connection, &objects)?;
    if found.as_deref() != Some(FORMAT.to_string().as_str()) {
        return Err(StoreError::Format {
            found: found.unwrap_or_else(|| "unknown".to_owned()),
            expected: FORMAT,
        });
    }
    check_objects(&objects)?;
    Ok(connection)
}

/// The tables and indexes of a database by name, each with its type and statement.
type Objects = BTreeMap<String, (String, Option<String>)>;

/// What a complete database contains.
static EXPECTED_OBJECTS: LazyLock<Result<Objects, String>> =
    LazyLock::new(|| create_objects().map_err(|error| error.to_string()));

fn create_objects() -> Result<Objects, rusqlite::Error> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(CREATE)?;
    connection.execute_batch(UNIT_INDEX)?;
    connection.execute_batch(MERGE_INDEXES)?;
    read_objects(&connection)
}

fn read_objects(connection: &Connection) -> Result<Objects, rusqlite::Error> {
    let mut select = connection.prepare("SELECT name, type, sql FROM sqlite_schema")?;
    let objects = select
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
        .collect::<Result<_, _>>()?;
    Ok(objects)
}

fn expected_objects() -> Result<&'static Objects, StoreError> {
    match &*EXPECTED_OBJECTS {
        Ok(objects) => Ok(objects),
        Err(error) => Err(damaged(error)),
    }
}

/// Reads the format. A table of facts that no version wrote is not read: it may be a view with an
/// endless query.
fn read_format(connection: &Connection, objects: &Objects) -> Result<Option<String>, StoreError> {
    if objects.get("fact") != expected_objects()?.get("fact") {
        return Ok(None);
    }
    let select = "SELECT value FROM fact WHERE key = 'format'";
    Ok(connection
        .query_row(select, [], |row| row.get(0))
        .optional()?)
}

/// Checks that there is every table, and nothing that this version does not create: no trigger, no
/// view, no other column.
fn check_objects(found: &Objects) -> Result<(), StoreError> {
    let expected = expected_objects()?;
    for (name, object) in found {
        if expected.get(name) != Some(object) {
            return Err(StoreError::Damaged(format!(
                "its schema contains `{name}`, which this format does not"
            )));
        }
    }
    let missing = expected
        .iter()
        .find(|(name, (kind, _))| kind == "table" && !found.contains_key(*name));
    match missing {
        Some((name, _)) => Err(StoreError::Damaged(format!("table `{name}` is missing"))),
        None => Ok(()),
    }
}

/// Creates the indexes for the merge; if they exist, this costs almost nothing.
pub(super) fn index_for_merge(connection: &Connection) -> Result<(), StoreError> {
    index_units(connection)?;
    Ok(connection.execute_batch(MERGE_INDEXES)?)
}

/// Creates the index of work units by coverage row.
pub(super) fn index_units(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute_batch(UNIT_INDEX)?)
}
