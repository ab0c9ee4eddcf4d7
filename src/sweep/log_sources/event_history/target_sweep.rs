//! Searches the event history of account-Regions: on request at once, else at the end of the sweep,
//! where nothing else covers the management events.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::history_plan::{HistoryPlan, HistorySearch, expected_outcome};
use super::history_reader::HistoryReader;
use crate::store::{CoverageId, JournalClosed};
use crate::sweep::context::SweepContext;
use crate::sweep::coverage_rows::unread_history;
use crate::sweep::deferred_targets::DeferredTarget;
use crate::sweep::region_context::RegionContext;
use crate::sweep::tasks::join_tasks;
use crate::sweep::uncovered::uncovered_targets;
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{
    EVENT_HISTORY, LogGroupArn, LogKind, Outcome, Status, StorageKind, TimeWindow,
};

/// Searches the event history of an account-Region if the user asks for it. If it may be needed, the
/// account-Region waits for [`sweep_uncovered`].
pub(in crate::sweep) async fn sweep_or_defer(context: &RegionContext) -> Result<(), JournalClosed> {
    let shared = &context.shared;
    if shared.settings.sources.names(StorageKind::History) {
        // Boxed: thousands of account-Regions wait here.
        return Box::pin(sweep_history(context)).await;
    }
    if may_be_needed(shared) {
        shared.deferred.add(DeferredTarget {
            member: Arc::clone(&context.member),
            session: Arc::clone(&context.session),
            region: context.region.clone(),
        });
    }
    Ok(())
}

/// Searches the event history of the account-Regions that wait, if no other log source covers them.
/// An event history of which an earlier part of the run read something is read to its end.
pub(in crate::sweep) async fn sweep_uncovered(
    shared: &Arc<SweepContext>,
) -> Result<(), JournalClosed> {
    let deferred = shared.deferred.take();
    if deferred.is_empty() {
        return Ok(());
    }
    let uncovered = uncovered_targets(shared);
    let mut tasks = JoinSet::new();
    for DeferredTarget {
        member,
        session,
        region,
    } in deferred
    {
        let context = RegionContext {
            shared: Arc::clone(shared),
            member,
            session,
            region,
            is_linked: false,
        };
        let target = context.target();
        if uncovered.contains(&target) || shared.has_known_history(&target) {
            tasks.spawn(async move { sweep_history(&context).await });
        }
    }
    join_tasks(tasks).await
}

/// Returns whether an account-Region that nothing else covers would be a gap, and the event history
/// could close it.
pub(super) fn may_be_needed(shared: &SweepContext) -> bool {
    let settings = &shared.settings;
    let search_set = &shared.search_set;
    settings.sources.allows(StorageKind::History)
        && settings.required.contains(LogKind::Management)
        && settings.reach.scope.requires_sources()
        && !search_set.has_filter_pattern()
        && !search_set.is_passthrough_only()
}

/// Searches the event history of an account-Region, from where an earlier part of the run ended. If
/// the sweep is only planned, adds it to the plan sheet.
async fn sweep_history(context: &RegionContext) -> Result<(), JournalClosed> {
    let shared = &context.shared;
    let known = shared.known_history(&context.target());
    if known.as_ref().is_some_and(|known| known.finished.is_some()) {
        return Ok(());
    }
    let coverage_id = match &known {
        Some(known) => known.coverage_id,
        None => {
            shared
                .record_event_history(&context.member.account, &context.region)
                .await?
        }
    };
    // Its watermark in a watch is that of a log group with this name.
    let log = LogGroupArn::new(context.target(), EVENT_HISTORY);
    let time_filter = shared.windows.filter_for(&log);
    let window = time_filter.whole_window().unwrap_or(shared.settings.window);
    let plan = match plan_history(context, &time_filter, window) {
        Ok(plan) => plan,
        Err(outcome) => return skip_history(context, coverage_id, outcome).await,
    };
    if shared.is_plan() {
        let quota = shared.aws.history_quota(&context.session, &context.region);
        let rate = quota.rate();
        shared.update_plan(|sheet| {
            let name = &context.member.account.name;
            sheet.add_history(context.target(), name, plan.fewest_calls(), rate);
        });
        return skip_history(context, coverage_id, plan.outcome).await;
    }
    if plan.reads.is_empty() {
        return skip_history(context, coverage_id, outcome_without_seconds(plan.outcome)).await;
    }
    let reader = HistoryReader::new(context, time_filter);
    let result = match known.map(|known| known.lookups) {
        Some(lookups) if !lookups.is_empty() => reader.resume(coverage_id, lookups).await?,
        Some(_) | None => reader.read_all(coverage_id, plan.reads).await?,
    };
    let outcome = match result {
        Ok(()) => outcome_at_end(context, window),
        Err(failure) => failure,
    };
    shared.finish_row(coverage_id, outcome).await
}

/// Returns the outcome if the window has no full second, so that no event can be in it.
fn outcome_without_seconds(mut outcome: Outcome) -> Outcome {
    outcome.append_detail(
        "nothing was read: events have times in full seconds, and the window has none",
    );
    outcome
}

/// Returns the outcome after everything was read. That may take hours, in which the history deletes
/// its oldest events.
fn outcome_at_end(context: &RegionContext, window: TimeWindow) -> Outcome {
    let shared = &context.shared;
    expected_outcome(&shared.search_set, window, shared.clock.now()).unwrap_or_else(|deleted| {
        Outcome {
            status: Status::Partial,
            ..deleted
        }
    })
}

fn plan_history(
    context: &RegionContext,
    time_filter: &TimeFilter,
    window: TimeWindow,
) -> Result<HistoryPlan, Outcome> {
    let shared = &context.shared;
    let target = context.target();
    let search = HistorySearch {
        search_set: &shared.search_set,
        checks_integrity: shared.settings.check_trail_integrity,
        round: shared.round_lookups().map(|round| (round, &target)),
    };
    HistoryPlan::new(&search, time_filter, window, shared.clock.now())
}

/// Records the outcome of an event history that is not read.
async fn skip_history(
    context: &RegionContext,
    coverage_id: CoverageId,
    outcome: Outcome,
) -> Result<(), JournalClosed> {
    let shared = &context.shared;
    shared.update_plan(|sheet| {
        let account = &context.member.account;
        sheet.add_gap(unread_history(account, &context.region, &outcome));
    });
    shared.finish_row(coverage_id, outcome).await
}
