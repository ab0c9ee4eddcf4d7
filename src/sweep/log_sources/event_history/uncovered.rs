//! Determines which account-Regions no other log source covers, after all of them were searched.

use std::collections::{BTreeMap, BTreeSet};

use crate::sweep::context::SweepContext;
use crate::sweep::evidence::sources;
use crate::sweep::judgement_basis::JudgementBasis;
use crate::sweep::log_sources::source_proofs::end_of_delivery;
use dragnet_model::{LogSource, Target, WindowEnd};

/// Returns the account-Regions whose management events are not certain to be in the log groups that
/// were searched, or that would be searched if the sweep is only planned.
pub(super) fn uncovered_targets(shared: &SweepContext) -> BTreeSet<Target> {
    let settings = &shared.settings;
    let basis = JudgementBasis {
        scope: settings.reach.scope.clone(),
        sources: settings.sources.clone(),
        window: settings.window,
        // What is not delivered to the log group yet is not in the event history either.
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
            &BTreeMap::new(),
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
