//! The readers of log sources: one for each kind of place where records are kept.

use super::deliveries::Deliveries;
use super::event_history::target_sweep::sweep_or_defer;
use super::log_groups::target_sweep::sweep_log_groups;
use crate::store::JournalClosed;
use crate::sweep::region_context::RegionContext;
use dragnet_model::{Outcome, Reason, Status, StorageKind};

/// What reads one kind of log source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sweep) enum SourceReader {
    /// CloudWatch log groups, with two engines.
    LogGroups,
    /// Objects in S3. A bucket has those of many account-Regions, so they are all read at the end:
    /// [`sweep_buckets`](super::sweep_buckets).
    Objects,
    /// CloudTrail's event history. Unless the user asks for it, it waits until all log groups and
    /// objects are searched: [`sweep_uncovered`](super::sweep_uncovered).
    EventHistory,
}

impl SourceReader {
    /// All readers, in the order in which they search an account-Region.
    pub(in crate::sweep) const ALL: [Self; 3] =
        [Self::LogGroups, Self::Objects, Self::EventHistory];

    /// Discovers what an account-Region in scope keeps, plans the work units, and scans them or, if
    /// the sweep is only planned, adds them to the plan sheet. Returns the outcome of the
    /// account-Region if the coverage rows that this wrote do not describe it completely.
    pub(in crate::sweep) async fn sweep_region(
        self,
        context: &RegionContext,
        deliveries: &Deliveries,
    ) -> Result<Option<Outcome>, JournalClosed> {
        let sources = &context.shared.settings.sources;
        match self {
            Self::LogGroups if !sources.allows(StorageKind::Logs) => Ok(Some(
                Outcome::with_reason(Status::Skipped, Reason::SourceNotSelected, "log groups"),
            )),
            Self::LogGroups => sweep_log_groups(context, &deliveries.log_groups).await,
            // What the trails and flow logs of the account-Region deliver was recorded before
            // (`SearchedSources`), which is all that `sweep_buckets` needs.
            Self::Objects => Ok(None),
            Self::EventHistory => sweep_or_defer(context).await.map(|()| None),
        }
    }
}
