//! The readers of log sources: one for each kind of place where records are kept.

use super::deliveries::Deliveries;
use super::log_groups::target_sweep::sweep_log_groups;
use crate::store::JournalClosed;
use crate::sweep::region_context::RegionContext;
use dragnet_model::Outcome;

/// What reads one kind of log source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sweep) enum SourceReader {
    /// CloudWatch log groups, with two engines.
    LogGroups,
}

impl SourceReader {
    /// All readers, in the order in which they search an account-Region.
    pub(in crate::sweep) const ALL: [Self; 1] = [Self::LogGroups];

    /// Discovers what an account-Region in scope keeps, plans the work units, and scans them or, if
    /// the sweep is only planned, adds them to the plan sheet. Returns the outcome of the
    /// account-Region if the coverage rows that this wrote do not describe it completely.
    pub(in crate::sweep) async fn sweep_region(
        self,
        context: &RegionContext,
        deliveries: &Deliveries,
    ) -> Result<Option<Outcome>, JournalClosed> {
        match self {
            Self::LogGroups => sweep_log_groups(context, &deliveries.log_groups).await,
        }
    }
}
