//! Why a successful response of AWS is not used: it lacks what AWS always writes.

use super::response_body::InvalidBody;

/// The error code of a response whose absent list may mean that there is nothing, although no such
/// response of AWS is known.
pub(crate) const UNPROVEN_EMPTY: &str = "UnprovenEmpty";

/// Why a response is incomplete.
#[derive(Debug, thiserror::Error)]
pub(super) enum IncompleteResponse {
    #[error("the response is an error ({0}) with HTTP status {1}; expected an error status")]
    Error(String, u16),
    #[error(transparent)]
    Body(#[from] InvalidBody),
    #[error("the response is <{found}>; expected <{expected}>")]
    Root { found: String, expected: String },
    #[error("the response lacks the required member {0}")]
    Absent(String),
    #[error("the response lacks the list {path}, which AWS writes even if it is empty ({proof})")]
    AbsentList { path: String, proof: &'static str },
    #[error(
        "the response has no {0}, and it is not known whether AWS leaves it out if it is empty"
    )]
    UnprovenEmpty(String),
    #[error("the member {path} of the response is not {expected}")]
    WrongType {
        path: String,
        expected: &'static str,
    },
    #[error("the response has {found} instead of {expected}")]
    Misspelt { found: String, expected: String },
    #[error("the response has the member {0} twice")]
    Twice(String),
    #[error("the response has {found} keys and common prefixes; expected {expected} (KeyCount)")]
    KeyCount { found: u64, expected: u64 },
    #[error(
        "IsTruncated is {is_truncated}, but only a truncated response has NextContinuationToken"
    )]
    NextPage { is_truncated: bool },
    #[error("the member {path} of the response is empty, although {reason}")]
    NeverEmpty { path: String, reason: &'static str },
    #[error(
        "the response lists no enabled Region, although every account has Regions that cannot be disabled"
    )]
    NoRegions,
}

impl IncompleteResponse {
    /// Whether AWS may spell an empty list in this way.
    pub(super) fn is_unproven_empty(&self) -> bool {
        matches!(self, Self::UnprovenEmpty(_))
    }
}
