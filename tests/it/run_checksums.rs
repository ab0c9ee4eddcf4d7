//! Computes the checksums of a run's database, independently of the store: for tests that change a
//! run as a person would who knows the format.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

/// Changes the database of a run so that Dragnet accepts it: its checksums are true again, and no
/// manifest lists another database. Returns the number of rows that the statement changed.
pub(crate) fn change_run(directory: &Path, sql: &str) -> usize {
    let database = open_database(directory);
    let changed = database.execute(sql, []).unwrap();
    accept_changes(directory, &database);
    changed
}

pub(crate) fn open_database(directory: &Path) -> Connection {
    Connection::open(directory.join("run.db")).unwrap()
}

/// Makes the checksums true, and removes the manifest.
pub(crate) fn accept_changes(directory: &Path, database: &Connection) {
    for (table, has_row_id) in tables(database) {
        let sum = checksum(database, &table, has_row_id);
        let update = "UPDATE checksum SET sum = ?1 WHERE table_name = ?2";
        database.execute(update, (sum, &table)).unwrap();
    }
    _ = std::fs::remove_file(directory.join("manifest.json"));
}

/// Returns the tables that have a checksum, and whether they have row ids.
pub(crate) fn tables(database: &Connection) -> Vec<(String, bool)> {
    let mut select = database
        .prepare(
            "SELECT name, instr(sql, 'WITHOUT ROWID') = 0 FROM sqlite_schema
             WHERE type = 'table' AND name <> 'checksum' ORDER BY name",
        )
        .unwrap();
    select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// The sum of the first eight bytes of the SHA-256 of each row.
fn checksum(database: &Connection, table: &str, has_row_id: bool) -> i64 {
    let columns = if has_row_id { "rowid, *" } else { "*" };
    let mut select = database
        .prepare(&format!("SELECT {columns} FROM {table}"))
        .unwrap();
    let width = select.column_count();
    let mut rows = select.query([]).unwrap();
    let mut sum = 0_i64;
    while let Some(row) = rows.next().unwrap() {
        let mut bytes = table.as_bytes().to_vec();
        for column in 0..width {
            append_value(&mut bytes, row.get_ref(column).unwrap());
        }
        let hash = Sha256::digest(&bytes);
        let first: [u8; 8] = hash.as_slice()[..8].try_into().unwrap();
        sum = sum.wrapping_add(i64::from_le_bytes(first));
    }
    sum
}

fn append_value(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    let (kind, content) = match value {
        ValueRef::Null => (0, Vec::new()),
        ValueRef::Integer(number) => (1, number.to_le_bytes().to_vec()),
        ValueRef::Real(number) => (2, number.to_le_bytes().to_vec()),
        ValueRef::Text(text) => (3, with_length(text)),
        ValueRef::Blob(blob) => (4, with_length(blob)),
    };
    bytes.push(kind);
    bytes.extend(content);
}

fn with_length(content: &[u8]) -> Vec<u8> {
    let length = u64::try_from(content.len()).unwrap().to_le_bytes();
    [&length, content].concat()
}
