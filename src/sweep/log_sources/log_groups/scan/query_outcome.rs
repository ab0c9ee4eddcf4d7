//! How an Insights query ended.

use crate::aws::CallError;
use dragnet_model::{Outcome, Reason, Status};

/// How a query ended.
pub(super) enum QueryOutcome {
    /// All its rows were written to the journal.
    Complete,
    /// It has more rows than the limit, or ran for too long.
    LimitExceeded(LimitExceeded),
    /// AWS refused it.
    Refused(CallError),
    /// AWS could not execute it, or its results are inconsistent.
    Failed,
    /// The sweep is being cancelled.
    Cancelled,
}

impl QueryOutcome {
    /// Returns the outcome of a query that has more rows than the limit. `seen` is the earliest and
    /// the latest log time among the events that were received, if there were any.
    pub(super) fn too_many_rows(seen: Option<(i64, i64)>) -> Self {
        Self::LimitExceeded(LimitExceeded {
            outcome: Outcome::with_reason(Status::Partial, Reason::OverRowLimit, ""),
            seen,
            is_timeout: false,
        })
    }

    /// Returns the outcome of a query that ran for too long.
    pub(super) fn timed_out() -> Self {
        let detail = "the query exceeded the time limit of Insights";
        Self::LimitExceeded(LimitExceeded {
            outcome: Outcome::with_reason(Status::Failed, Reason::Error, detail),
            seen: None,
            is_timeout: true,
        })
    }

    /// Returns whether the query may still be running: Dragnet does not wait for a query after a
    /// cancellation, nor for one that runs for too long.
    pub(super) fn may_be_running(&self) -> bool {
        match self {
            Self::Cancelled => true,
            Self::LimitExceeded(limit) => limit.is_timeout,
            Self::Complete | Self::Refused(_) | Self::Failed => false,
        }
    }
}

/// The kind of rows that a query returns.
#[derive(Clone, Copy)]
pub(super) enum RowKind<'q> {
    /// Events. `completes_units` says that the last of them completes their work units.
    Events { completes_units: bool },
    /// Rows of the passthrough query with this name, which are stored as they are.
    Passthrough(&'q str),
}

/// Why one query cannot return everything.
pub(super) struct LimitExceeded {
    /// The outcome of the log groups if the query cannot be split any further.
    pub outcome: Outcome,
    /// The earliest and the latest log time among the events that were received, if there were any.
    pub seen: Option<(i64, i64)>,
    /// Whether the query ran for too long; otherwise it has too many rows.
    pub is_timeout: bool,
}
