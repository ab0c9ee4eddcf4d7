//! Determines which account-Regions the log sources that were searched so far do not cover.

use std::collections::BTreeSet;

use super::context::SweepContext;
use super::evidence::{OtherEnds, sources};
use super::judgement_basis::JudgementBasis;
use super::log_sources::source_proofs::{end_of_delivery, other_ends};
use dragnet_model::{LogSource, Target, WindowEnd};

/// Returns the account-Regions whose management events are not certain to be in what was searched,
/// or would be searched if the sweep is only planned.
pub(super) fn uncovered_targets(shared: &SweepContext) -> BTreeSet<Target> {
    uncovered(shared, |ends| ends)
}

/// Returns the same if only log groups were searched.
pub(super) fn uncovered_by_log_groups(shared: &SweepContext) -> BTreeSet<Target> {
    uncovered(shared, |_| OtherEnds::default())
}

/// Judges the log sources. `select` returns what of the search of other storage than log groups
/// counts.
fn uncovered(
    shared: &SweepContext,
    select: impl FnOnce(OtherEnds) -> OtherEnds,
) -> BTreeSet<Target> {
    let settings = &shared.settings;
    let basis = JudgementBasis {
        scope: settings.reach.scope.clone(),
        sources: settings.sources.clone(),
        window: settings.window,
        // What is not delivered to a log group yet is neither in a bucket nor in the event history.
        window_end: WindowEnd::Now,
        started: shared.started,
        checked_trail_integrity: false,
    };
    let sources = shared.searched.read(|found| {
        let trails: Vec<LogSource> = found.trails.values().cloned().collect();
        sources(
            &found.lookups,
            &trails,
            settings.window,
            &select(other_ends(&found.outcomes, &basis)),
            |group| end_of_delivery(&found.outcomes, &basis, group),
        )
    });
    sources
        .cloudtrail
        .into_iter()
        .filter(|(_, status)| !status.is_covered())
        .map(|(target, _)| target)
        .collect()
}
