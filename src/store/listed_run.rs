//! A run in the list of this machine's runs, and when it may have made calls.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use dragnet_model::{RunId, TimeWindow};

/// The longest time for which a process makes calls for a sweep.
pub(super) const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(24);

/// A run that ended this long before a window is not listed in a run over that window.
const WINDOW_MARGIN: SignedDuration = SignedDuration::from_hours(24);

/// By how much the clock of this machine may differ from the times that CloudTrail records.
///
/// Source: IAM user guide, "AWS Signature Version 4 for API requests": in most cases a request must
/// reach AWS within five minutes of the time stamp in the request. Some services accept more.
pub(super) const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(15);

/// A line of the list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedRun {
    pub id: RunId,
    pub path: PathBuf,
    /// When a process last began to make calls for it: at its start, or when it was resumed.
    pub last_start: Timestamp,
}

impl ListedRun {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut columns = line.split('\t');
        let id: RunId = columns.next()?.parse().ok()?;
        let path = PathBuf::from(columns.next()?);
        let last_start = columns
            .next()
            .and_then(|at| at.parse().ok())
            .unwrap_or_else(|| id.started());
        Some(Self {
            id,
            path,
            last_start,
        })
    }

    pub(super) fn to_line(&self) -> String {
        format!(
            "{}\t{}\t{}\n",
            self.id,
            self.path.display(),
            self.last_start
        )
    }

    /// Whether the run may have made calls inside a window.
    pub(super) fn may_have_called_in(&self, window: TimeWindow) -> bool {
        window.from().duration_since(self.last_start) <= LONGEST_RUN + WINDOW_MARGIN
            && self.id.started().duration_since(window.to()) <= CLOCK_DIFFERENCE
    }

    /// Whether the run may have made a call at `at`, if a process makes calls for it no longer than
    /// `longest_run`.
    pub(super) fn may_have_called_at(&self, at: Timestamp, longest_run: SignedDuration) -> bool {
        at.duration_since(self.last_start) <= longest_run + CLOCK_DIFFERENCE
            && self.id.started().duration_since(at) <= CLOCK_DIFFERENCE
    }
}
