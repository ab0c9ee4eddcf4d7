//! From an AWS error to a row of the coverage.

use crate::aws::{CallError, ErrorClass};
use crate::model::{Outcome, Reason, Status};

/// How a place ends whose call failed for good.
pub(super) fn of_error(error: &CallError) -> Outcome {
    match error.class {
        ErrorClass::Denied => Outcome::denied(error.to_string()),
        ErrorClass::NotFound if error.operation == "FilterLogEvents" => {
            Outcome::because(Status::Failed, Reason::GroupGone, error.to_string())
        }
        ErrorClass::Throttled
        | ErrorClass::Transient
        | ErrorClass::Expired
        | ErrorClass::NotFound
        | ErrorClass::Refused => Outcome::because(Status::Failed, Reason::Error, error.to_string()),
    }
}

/// How a place ends that an interrupted sweep did not get to the end of.
pub(super) fn interrupted() -> Outcome {
    Outcome::because(Status::Failed, Reason::Interrupted, "")
}
