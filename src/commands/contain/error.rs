//! What a command of `contain` could not do.

use std::io;

use jiff::Timestamp;

use crate::contain::{InvalidPlan, JournalError, RefusedPlan, TooManyTargets};

/// Anything that ends a command of `contain` without a result.
#[derive(Debug, thiserror::Error)]
pub enum ContainError {
    /// The plan's file cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// The plan cannot be used.
    #[error("{path} cannot be applied")]
    Plan {
        /// The file.
        path: String,
        /// What is wrong.
        source: InvalidPlan,
    },
    /// The plan cannot be written.
    #[error("the plan cannot be written to {path}")]
    Unwritable {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// The plan is too large.
    #[error(transparent)]
    TooManyTargets(#[from] TooManyTargets),
    /// The plan's steps are not all ones that Dragnet makes, or it is not this configuration's.
    #[error(transparent)]
    Refused(#[from] RefusedPlan),
    /// Another plan of the same short hash was applied.
    #[error("another plan of the short hash {0} has been applied already: make the plan anew")]
    OtherPlan(String),
    /// Nobody was found.
    #[error("nobody to contain was found: {0}")]
    Nobody(String),
    /// The plan lived too long.
    #[error("the plan expired at {0:.0}: what it saw may be so no more; make it anew")]
    Expired(Timestamp),
    /// The plan was not confirmed.
    #[error(
        "not confirmed: --confirm takes the plan's short hash, which `contain plan` printed: {0}"
    )]
    NotConfirmed(&'static str),
    /// The containment is being undone, or was.
    #[error("containment {0} was undone, or is being undone: make a new plan")]
    Undone(String),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
