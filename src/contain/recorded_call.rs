//! The calls that changed something in AWS, with their request ids: CloudTrail records the same
//! ids, so the record of the incident can be compared with the logs.

use std::future::Future;
use std::pin::pin;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use tokio::sync::mpsc;

use super::journal::{Journal, JournalError};
use dragnet_model::ApiCall;

/// The table of the calls. Journals of older versions have none.
pub(super) const CREATE_CALLS: &str = "
CREATE TABLE IF NOT EXISTS call (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, account TEXT NOT NULL, operation TEXT NOT NULL, status TEXT NOT NULL,
    request_id TEXT NOT NULL
) STRICT;
";

/// The starts of the names of operations that change nothing.
const READING: [&str; 5] = ["Assume", "Generate", "Get", "List", "Simulate"];

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

/// Does the work, and meanwhile records in the journal which of its calls change something.
/// `calls` receives all its calls.
///
/// # Errors
/// The work fails, or the journal does.
pub(crate) async fn record_calls(
    journal: &Journal,
    mut calls: mpsc::Receiver<ApiCall>,
    work: impl Future<Output = Result<(), JournalError>>,
) -> Result<(), JournalError> {
    let mut work = pin!(work);
    let result = loop {
        tokio::select! {
            biased;
            Some(call) = calls.recv() => record(journal, &call)?,
            result = &mut work => break result,
        }
    };
    while let Ok(call) = calls.try_recv() {
        record(journal, &call)?;
    }
    result
}

fn record(journal: &Journal, call: &ApiCall) -> Result<(), JournalError> {
    if READING.iter().any(|verb| call.operation.starts_with(verb)) {
        return Ok(());
    }
    journal.record_call(&RecordedCall {
        at: format!("{:.3}", call.time),
        account: call.account.map_or_else(String::new, |id| id.to_string()),
        operation: call.operation.to_string(),
        status: call.status.clone(),
        request_id: call.request_id.clone(),
    })
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
