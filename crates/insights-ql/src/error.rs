//! The errors of the query parser.

use std::fmt;

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// Whether Insights may still be able to run the query.
    pub kind: QueryErrorKind,
    /// The position, in characters from 0.
    pub position: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column in that line, in characters from 1.
    pub column: usize,
    /// What is wrong at that position.
    pub message: String,
}

/// The kind of a query error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryErrorKind {
    /// The query does not follow the grammar.
    Malformed,
    /// Insights may run the query, but it cannot be evaluated locally.
    InsightsOnly,
    /// The query has a command or function that is not in AWS's documentation. It is misspelt, or
    /// Insights has learnt it since.
    Unknown,
}

impl QueryError {
    /// An error at a byte offset of the query; an offset past the end means the end.
    pub(super) fn new(query: &str, offset: usize, kind: QueryErrorKind, message: String) -> Self {
        let before = query.get(..offset).unwrap_or(query);
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            kind,
            position: before.chars().count(),
            line: before.matches('\n').count() + 1,
            column: last_line.chars().count() + 1,
            message,
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )
    }
}

impl std::error::Error for QueryError {}

/// An error that the grammar raises about text that it could parse.
#[derive(Debug)]
pub(super) struct SemanticError {
    pub(super) kind: QueryErrorKind,
    pub(super) message: String,
}

impl SemanticError {
    pub(super) fn malformed(message: String) -> Self {
        Self {
            kind: QueryErrorKind::Malformed,
            message,
        }
    }

    pub(super) fn unknown(what: &str) -> Self {
        Self {
            kind: QueryErrorKind::Unknown,
            message: format!("unknown {what}"),
        }
    }

    pub(super) fn insights_only(what: &str) -> Self {
        Self {
            kind: QueryErrorKind::InsightsOnly,
            message: format!(
                "{what} cannot be evaluated locally; only CloudWatch Logs Insights supports it"
            ),
        }
    }
}

impl fmt::Display for SemanticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SemanticError {}
