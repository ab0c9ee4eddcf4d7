//! Why a sweep could not be run at all.

use super::directory_error::DirectoryError;
use crate::aws::CallError;
use crate::search::{SearchSetError, quoted_pattern};
use crate::store::JournalClosed;

/// Why a sweep could not be run at all. Such a sweep reports no coverage.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The source credentials do not work.
    #[error("the source credentials were rejected")]
    Caller(#[source] Box<CallError>),
    /// The list of accounts is not available.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// No account is in scope, and these selectors match no account; most likely they are misspelt.
    #[error("no account matches {}; list the accounts with `dragnet list accounts`", .0.join(", "))]
    UnknownAccounts(Vec<String>),
    /// The log group patterns select no log group; most likely they are misspelt.
    #[error(
        "no log group in scope matches {}; list the log groups with `dragnet list log-groups`; coverage.csv of the run \
         has the account-Regions whose log groups could not be listed", .0.join(", ")
    )]
    UnmatchedLogGroups(Vec<String>),
    /// No active account is in scope.
    #[error("no active account is in scope; list the accounts with `dragnet list accounts`")]
    NothingInScope,
    /// There are too many indicators, or a hunt cannot run on the chosen engine.
    #[error(transparent)]
    SearchSet(#[from] SearchSetError),
    /// AWS rejected the filter pattern of the user. It would reject it for every log group.
    #[error(
        "AWS rejected the filter pattern `{pattern}`: {problem}{}",
        pattern_advice(pattern)
    )]
    FilterPattern {
        /// The pattern.
        pattern: String,
        /// AWS's message.
        problem: String,
    },
    /// The journal cannot be written, for example because the disk is full.
    #[error(transparent)]
    Journal(#[from] JournalClosed),
}

/// Returns what to type instead of a rejected pattern, in quotation marks for a shell.
fn pattern_advice(pattern: &str) -> String {
    quoted_pattern(pattern)
        .map(|quoted| quoted.replace('\'', r"'\''"))
        .map_or_else(
            || "; see \"Filter pattern syntax\" in the CloudWatch Logs user guide".to_owned(),
            |quoted| format!("; put it in quotation marks: --filter-pattern '{quoted}'"),
        )
}
