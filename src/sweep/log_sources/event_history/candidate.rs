//! The event histories of account-Regions as a source to compare with others.

use std::collections::BTreeSet;

use super::history_plan::{HistoryPlan, HistorySearch, kept_since};
use super::target_sweep::may_be_needed;
use crate::sweep::context::SweepContext;
use crate::sweep::source_choice::{Candidate, ReadMethod, ReadSource, ReadTime, RecordRanges};
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{LogKind, Target};

/// Returns the event histories of account-Regions, if they may be read. How many events they have is
/// not known before, so only the fewest calls are.
pub(in crate::sweep::log_sources) fn history_candidate(
    shared: &SweepContext,
    targets: &BTreeSet<Target>,
) -> Option<Candidate> {
    if !may_be_needed(shared) {
        return None;
    }
    let settings = &shared.settings;
    let window = settings.window;
    let now = shared.clock.now();
    let search = HistorySearch {
        search_set: &shared.search_set,
        checks_integrity: settings.check_trail_integrity,
        round: None,
    };
    let plan = HistoryPlan::new(&search, &TimeFilter::EventTime(window), window, now).ok()?;
    let since_ms = kept_since(now).as_millisecond().max(window.from_ms());
    let mut records = RecordRanges::default();
    for target in targets {
        records.add(target, LogKind::Management, (since_ms, window.to_ms()));
    }
    Some(Candidate {
        source: ReadSource {
            method: ReadMethod::History,
            location: String::new(),
            calls: Some(plan.fewest_calls() as f64 * targets.len() as f64),
            time: ReadTime::Unknown,
            usd: Some(0.0),
        },
        records,
    })
}
