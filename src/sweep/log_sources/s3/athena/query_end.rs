//! How a query of Athena ended, and what follows. Pure.

use jiff::Timestamp;

use crate::aws::{AthenaExecution, AthenaState};

/// How a query ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum QueryEnd {
    /// It named these objects.
    Named {
        paths: Vec<String>,
        submitted: Timestamp,
    },
    /// Athena could not run it to its end. Over fewer days, it may.
    Failed(String),
    /// No query will succeed.
    Refused(String),
    /// The sweep was cancelled.
    Interrupted,
}

/// Words in the reasons of failures that fewer days do not change. AWS documents no list of reasons; these are
/// names of errors of Trino and of the user guide, "Troubleshooting in Athena".
const HOPELESS: [&str; 11] = [
    "access denied",
    "accessdenied",
    "permission",
    "not authorized",
    "syntax_error",
    "table_not_found",
    "schema_not_found",
    "column_not_found",
    "constraint_violation",
    "does not exist",
    "type_mismatch",
];

/// Returns how a query ended that has no rows to read; `None` if it has, or if it has not ended.
pub(super) fn end_without_rows(execution: &AthenaExecution) -> Option<QueryEnd> {
    let reason = reason_text(&execution.reason);
    match execution.state {
        AthenaState::Running | AthenaState::Succeeded => None,
        AthenaState::Failed if is_hopeless(&execution.reason) => Some(QueryEnd::Refused(reason)),
        AthenaState::Failed => Some(QueryEnd::Failed(reason)),
        // The workgroup stops a query that scans too much.
        AthenaState::Cancelled if is_about_bytes(&execution.reason) => {
            Some(QueryEnd::Failed(reason))
        }
        AthenaState::Cancelled => Some(QueryEnd::Refused(format!(
            "the query was stopped: {reason}"
        ))),
    }
}

fn reason_text(reason: &str) -> String {
    if reason.is_empty() {
        "no reason was given".to_owned()
    } else {
        reason.to_owned()
    }
}

fn is_hopeless(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    HOPELESS.iter().any(|word| reason.contains(word))
}

fn is_about_bytes(reason: &str) -> bool {
    reason.to_ascii_lowercase().contains("bytes scanned")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(state: AthenaState, reason: &str) -> Option<QueryEnd> {
        end_without_rows(&AthenaExecution {
            state,
            reason: reason.to_owned(),
            bytes_scanned: 0,
            submitted: None,
        })
    }

    #[test]
    fn only_what_fewer_days_may_change_is_tried_again() {
        assert_eq!(end(AthenaState::Succeeded, ""), None);
        let failed = |state, reason| matches!(end(state, reason), Some(QueryEnd::Failed(_)));
        assert!(failed(AthenaState::Failed, "Query timeout"));
        assert!(failed(
            AthenaState::Failed,
            "Query exhausted resources at this scale factor"
        ));
        assert!(failed(
            AthenaState::Cancelled,
            "Query cancelled! : Bytes scanned limit was exceeded"
        ));
        let refused = |state, reason| matches!(end(state, reason), Some(QueryEnd::Refused(_)));
        assert!(refused(
            AthenaState::Failed,
            "Permission denied on S3 path: s3://b/"
        ));
        assert!(refused(AthenaState::Failed, "TABLE_NOT_FOUND: line 1:8"));
        assert!(refused(
            AthenaState::Cancelled,
            "Query was cancelled by the user"
        ));
    }
}
