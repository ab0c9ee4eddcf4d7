//! Errors of the `contain` commands.

use std::io;

use jiff::Timestamp;

use crate::contain::{InvalidPlan, JournalError, RefusedPlan, TooManyTargets};

/// An error that ends a `contain` command.
#[derive(Debug, thiserror::Error)]
pub enum ContainError {
    /// The file of the plan cannot be read.
    #[error("failed to read the plan {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The plan cannot be used.
    #[error("cannot use the plan {path}")]
    Plan {
        /// The file.
        path: String,
        /// The problem.
        source: InvalidPlan,
    },
    /// The plan cannot be written.
    #[error("failed to write the plan to {path}")]
    Unwritable {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The record of the incident cannot be written.
    #[error("failed to write the record of the containment to {path}")]
    UnwritableRecord {
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
    NoPrincipal(String),
    /// The plan has expired.
    #[error(
        "the plan expired at {0:.0}, so the state that it recorded may be stale: make a new plan"
    )]
    Expired(Timestamp),
    /// The plan was not confirmed.
    #[error(
        "not confirmed: {0}; pass the short hash of the plan, as printed by `dragnet contain plan`, with --confirm"
    )]
    NotConfirmed(&'static str),
    /// The containment was undone, or is being undone.
    #[error("containment {0} was undone, or is being undone: make a new plan")]
    Undone(String),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
