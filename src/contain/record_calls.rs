//! Records the calls of some work in the journal while it is done.

use std::future::Future;
use std::pin::pin;

use tokio::sync::mpsc;

use super::journal::Journal;
use super::journal_error::JournalError;
use super::recorded_call::RecordedCall;
use dragnet_model::ApiCall;

/// The starts of the names of operations that change nothing.
const READING: [&str; 5] = ["Assume", "Generate", "Get", "List", "Simulate"];

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
