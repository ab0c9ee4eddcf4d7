//! What the search of an event history proves: whether all management events of the account-Region
//! were searched. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::CoverageOutcomes;
use crate::sweep::evidence::GroupEnd;
use crate::sweep::judgement_basis::JudgementBasis;
use dragnet_model::{Coverage, LogKind, SourceStatus, StorageKind, Target};

/// Completes the coverage row of an event history. Other rows stay as they are.
pub(in crate::sweep) fn prove(mut row: Coverage, basis: &JudgementBasis) -> Coverage {
    if row.source != Some(StorageKind::History) {
        return row;
    }
    row.kinds = BTreeSet::from([LogKind::Management]);
    row.outcome = basis.delivered_outcome(&row.outcome);
    row
}

/// Returns how the search of the event histories ended, by account-Region.
pub(in crate::sweep) fn ends_of_histories(
    outcomes: &CoverageOutcomes,
    basis: &JudgementBasis,
) -> BTreeMap<Target, GroupEnd> {
    outcomes
        .histories()
        .iter()
        .map(|(target, outcome)| {
            let outcome = basis.delivered_outcome(outcome);
            let end = GroupEnd::from_outcome(&outcome, SourceStatus::Searched);
            (target.clone(), end)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scope;
    use dragnet_model::{Outcome, Reason, SourceSelection, TimeWindow, WindowEnd};

    fn basis(window_end: WindowEnd) -> JudgementBasis {
        JudgementBasis {
            scope: Scope::default(),
            sources: SourceSelection::default(),
            window: TimeWindow::try_from([0, 3_600_000]).unwrap(),
            window_end,
            started: jiff::Timestamp::from_millisecond(3_600_000).unwrap(),
            checked_trail_integrity: false,
        }
    }

    fn proven(source: Option<StorageKind>, window_end: WindowEnd) -> Coverage {
        let account = "111111111111".parse().unwrap();
        let row = Coverage {
            source,
            ..Coverage::unread(account, String::new(), Outcome::searched())
        };
        prove(row, &basis(window_end))
    }

    #[test]
    fn history_proves_management_events_that_were_delivered() {
        let history = proven(Some(StorageKind::History), WindowEnd::Now);
        assert_eq!(history.kinds, BTreeSet::from([LogKind::Management]));
        assert!(history.outcome.is_covered());
        let late = proven(Some(StorageKind::History), WindowEnd::Given);
        assert_eq!(late.outcome.reason, Some(Reason::NotDeliveredYet));
        assert!(proven(None, WindowEnd::Given).kinds.is_empty());
    }
}
