//! Why a journal cannot be used.

use std::path::{Path, PathBuf};

use super::seal::InvalidPlan;
use super::states::IllegalTransition;

/// Errors of a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// No containment has this id.
    #[error("no containment `{0}`: run `dragnet contain list` to list all")]
    Unknown(String),
    /// Another process holds the journal.
    #[error("another dragnet process uses containment {0}: wait until it has ended")]
    Busy(String),
    /// A file or directory cannot be used.
    #[error("cannot use {path}")]
    File {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// SQLite failed, for example because the disk is full or the file is damaged.
    #[error("failed to read or write the journal of the containment")]
    Database(#[from] rusqlite::Error),
    /// A row is invalid, or the journal has another format.
    #[error("the journal of the containment is damaged: {0}")]
    Damaged(String),
    /// The plan in the journal is invalid.
    #[error("the plan in the journal of the containment is invalid")]
    Plan(#[from] InvalidPlan),
    /// The state of a step cannot change like this: a bug in Dragnet.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
}

/// Returns the conversion of an error with this file or directory.
pub(super) fn file_error(path: &Path) -> impl Fn(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::File {
        path: path.clone(),
        source,
    }
}
