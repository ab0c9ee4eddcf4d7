//! The settings of a run on which the judgement of its coverage depends.

use jiff::Timestamp;

use super::delivery_lag::{LATE_OBJECTS, complete_until, shift_time};
use crate::config::Scope;
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{Outcome, Reason, SourceSelection, Status, TimeWindow, WindowEnd};

/// The settings of a run on which the judgement of its coverage depends.
#[derive(Clone, Debug)]
pub struct JudgementBasis {
    /// The scope, with the accepted gaps.
    pub scope: Scope,
    /// Which kinds of log source were searched.
    pub sources: SourceSelection,
    /// The window.
    pub window: TimeWindow,
    /// How the end of the window was chosen.
    pub window_end: WindowEnd,
    /// When the run started.
    pub started: Timestamp,
    /// Whether the run searched for tampering calls.
    pub checked_trail_integrity: bool,
}

impl JudgementBasis {
    /// Returns the time up to which the records of the window had been delivered.
    pub fn complete_until(&self) -> Timestamp {
        complete_until(self.window, self.started)
    }

    /// Returns the time up to which the objects with the records of the window had been delivered.
    pub(super) fn objects_complete_until(&self) -> Timestamp {
        shift_time(self.started, -LATE_OBJECTS)
            .min(self.window.to())
            .max(self.window.from())
    }

    /// Returns the outcome of a place to which CloudTrail or a flow log delivers: if the user requires
    /// records that may not have been delivered yet, it is not complete.
    pub(super) fn delivered_outcome(&self, outcome: &Outcome) -> Outcome {
        let until = self.complete_until();
        let is_late = self.window_end == WindowEnd::Given && until < self.window.to();
        if !is_late || outcome.status != Status::Searched {
            return outcome.clone();
        }
        let detail = format!("records are complete up to {}", rfc3339_ms(until));
        Outcome::with_reason(Status::Partial, Reason::NotDeliveredYet, detail)
    }
}
