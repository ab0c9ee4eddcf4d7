//! Tests of the checksums with every kind of statement of the store.

use std::path::Path;

use super::super::schema;
use super::*;

fn new_database(directory: &Path) -> TrackedDatabase {
    let facts = [("a", "1".to_owned()), ("b", "2".to_owned())];
    schema::create(&directory.join("run.db"), &facts).unwrap()
}

/// Changes that use every kind of statement of the store.
const CHANGES: [&str; 9] = [
    "INSERT OR REPLACE INTO fact VALUES ('a', 'replaced')",
    "INSERT INTO call VALUES ('t', NULL, 'r', 'o', 's', 'i', 1, 2)",
    "INSERT INTO insights_query VALUES ('a', 'r', 1, 2, 0)",
    "INSERT INTO chunk (messages) VALUES (x'00ff')",
    "INSERT INTO place VALUES (1, 'a', 'n', NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, 0, 0)",
    "UPDATE place SET status = 'searched', detail = 'd' WHERE id = 1",
    "INSERT INTO tampering VALUES (1, 'a', 'r', 'e', 'p', 's', 'c', 'i', 'x')",
    "INSERT OR IGNORE INTO tampering VALUES (1, 'a', 'r', 'e', 'p', 's', 'c', 'i', 'x')",
    "DELETE FROM fact WHERE key = 'b'",
];

#[test]
fn every_change_keeps_the_checksums_true() {
    let temp = tempfile::tempdir().unwrap();
    let mut database = new_database(temp.path());
    verify_all(database.connection()).unwrap();
    for sql in CHANGES {
        database
            .change(|transaction| Ok(transaction.execute_batch(sql)?))
            .unwrap();
        verify_all(database.connection()).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    // An hour is counted in the same row again.
    for records in [2, 3] {
        let sql = format!(
            "INSERT INTO unit (id, place, pass, engine, from_ms, to_ms)
             VALUES ({records}, 1, 'p', 'e', 0, 1);
             INSERT INTO hour VALUES (2, 'a', 'r', 0, {records})
             ON CONFLICT DO UPDATE SET records = records + excluded.records"
        );
        database
            .change(|transaction| Ok(transaction.execute_batch(&sql)?))
            .unwrap();
        verify_all(database.connection()).unwrap();
    }
}

#[test]
fn failed_change_changes_neither_rows_nor_checksums() {
    let temp = tempfile::tempdir().unwrap();
    let mut database = new_database(temp.path());
    let failed = database.change(|transaction| {
        transaction.execute_batch("DELETE FROM fact")?;
        Err(StoreError::Damaged("on purpose".to_owned()))
    });
    assert!(failed.is_err());
    database.change(|_| Ok(())).unwrap();
    verify_all(database.connection()).unwrap();
}

#[test]
fn change_by_anyone_else_is_damage() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("run.db");
    let mut database = new_database(temp.path());
    for sql in CHANGES {
        database
            .change(|transaction| Ok(transaction.execute_batch(sql)?))
            .unwrap();
    }
    drop(database);
    for (sql, undo) in [
        (
            "UPDATE place SET detail = 'x'",
            "UPDATE place SET detail = 'd'",
        ),
        ("UPDATE chunk SET id = 7", "UPDATE chunk SET id = 1"),
        ("UPDATE call SET rowid = 7", "UPDATE call SET rowid = 1"),
        (
            "UPDATE checksum SET sum = sum + 1 WHERE table_name = 'unit'",
            "UPDATE checksum SET sum = sum - 1 WHERE table_name = 'unit'",
        ),
    ] {
        let other = Connection::open(&path).unwrap();
        assert!(other.execute(sql, []).unwrap() > 0, "{sql}");
        let error = verify_all(&other).unwrap_err().to_string();
        assert!(
            error.contains("does not match its checksum"),
            "{sql}: {error}"
        );
        other.execute(undo, []).unwrap();
        verify_all(&other).unwrap();
    }
    let database = TrackedDatabase::open(schema::open(&path).unwrap());
    assert!(database.is_ok());
}
