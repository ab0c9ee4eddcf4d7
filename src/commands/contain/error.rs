//! Errors of the `contain` commands.

use std::io;

use jiff::Timestamp;

use crate::contain::{InvalidPlan, JournalError, RefusedPlan, TooManyTargets};

/// An error that ends a `contain` command.
#[derive(Debug, thiserror::Error)]
pub enum ContainError {
    /// The file of the plan cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The plan cannot be used.
    #[error("{path} cannot be applied")]
    Plan {
        /// The file.
        path: String,
        /// The problem.
        source: InvalidPlan,
    },
    /// The plan cannot be written.
    #[error("the plan cannot be written to {path}")]
    Unwritable {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The plan has too many targets.
    #[error(transparent)]
    TooManyTargets(#[from] TooManyTargets),
    /// The plan has steps that Dragnet never makes, or does not fit this configuration.
    #[error(transparent)]
    Refused(#[from] RefusedPlan),
    /// Another plan with the same short hash was applied.
    #[error("another plan with the short hash {0} was already applied: make a new plan")]
    OtherPlan(String),
    /// No principal was found that could be contained.
    #[error("found no principal to contain: {0}")]
    Nobody(String),
    /// The plan has expired.
    #[error("the plan expired at {0:.0}, so the state that it saw may be stale: make a new plan")]
    Expired(Timestamp),
    /// The plan was not confirmed.
    #[error(
        "not confirmed: --confirm takes the plan's short hash, which `contain plan` printed: {0}"
    )]
    NotConfirmed(&'static str),
    /// The containment was undone, or is being undone.
    #[error("containment {0} was undone, or is being undone: make a new plan")]
    Undone(String),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
