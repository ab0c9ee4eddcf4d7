//! The calls that changed something in AWS, with their request ids: CloudTrail records the same
//! ids, so the record of the incident can be compared with the logs.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

/// The table of the calls. Journals of older versions have none.
pub(super) const CREATE_CALLS: &str = "
CREATE TABLE IF NOT EXISTS call (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, account TEXT NOT NULL, operation TEXT NOT NULL, status TEXT NOT NULL,
    request_id TEXT NOT NULL
) STRICT;
";

/// An attempt to change something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedCall {
    /// When the request was sent.
    pub at: String,
    /// The account.
    pub account: String,
    /// The operation.
    pub operation: String,
    /// `ok`, the error code of AWS, or the kind of failure.
    pub status: String,
    /// AWS's request id; empty without a response.
    pub request_id: String,
}

pub(super) fn insert_call(connection: &Connection, call: &RecordedCall) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO call (at, account, operation, status, request_id) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            call.at,
            call.account,
            call.operation,
            call.status,
            call.request_id
        ],
    )?;
    Ok(())
}

pub(super) fn read_calls(connection: &Connection) -> rusqlite::Result<Vec<RecordedCall>> {
    let table: Option<String> = connection
        .query_row(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'call'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    let mut select = connection
        .prepare("SELECT at, account, operation, status, request_id FROM call ORDER BY seq")?;
    let calls = select.query_map([], |row| {
        Ok(RecordedCall {
            at: row.get(0)?,
            account: row.get(1)?,
            operation: row.get(2)?,
            status: row.get(3)?,
            request_id: row.get(4)?,
        })
    })?;
    calls.collect()
}
