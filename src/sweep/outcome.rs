//! Converts AWS errors to outcomes of coverage rows.

use super::refusal::Refusal;
use crate::aws::{CallError, Endless};
use dragnet_model::{Outcome, Reason, Status};

/// Returns the outcome after a call failed and was not retried any more.
pub(super) fn from_call_error(error: &CallError) -> Outcome {
    Refusal::from_call_error(error).into_outcome()
}

/// Returns the outcome if the pages of `operation` repeat without end.
pub(super) fn from_endless_pages(status: Status, operation: &str, endless: Endless) -> Outcome {
    Outcome::with_reason(
        status,
        Reason::EndlessPages,
        format!("{operation}: {endless}"),
    )
}

/// Returns the outcome of what an interrupted sweep did not finish.
pub(super) fn interrupted() -> Outcome {
    Outcome::with_reason(Status::Failed, Reason::Interrupted, "")
}
