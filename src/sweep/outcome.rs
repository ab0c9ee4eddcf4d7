//! From an AWS error to a row of the coverage.

use super::refusal::Refusal;
use crate::aws::{CallError, Endless};
use crate::model::{Outcome, Reason, Status};

/// How a place ends whose call failed for good.
pub(super) fn of_error(error: &CallError) -> Outcome {
    Refusal::from_call_error(error).into_outcome()
}

/// How a place ends where the pages of an `operation` do not.
pub(super) fn of_endless(status: Status, operation: &str, endless: Endless) -> Outcome {
    Outcome::because(
        status,
        Reason::EndlessPages,
        format!("{operation}: {endless}"),
    )
}

/// How a place ends that an interrupted sweep did not get to the end of.
pub(super) fn interrupted() -> Outcome {
    Outcome::because(Status::Failed, Reason::Interrupted, "")
}
