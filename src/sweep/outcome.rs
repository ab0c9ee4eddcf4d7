//! Outcomes of coverage rows that have the same reason wherever they happen.

use crate::aws::Endless;
use dragnet_model::{Outcome, Reason, Status};

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
