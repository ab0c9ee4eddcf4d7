//! Starts the scan of a log group. If the sweep is only planned, adds it to the plan sheet instead.

use std::sync::Arc;

use tracing::info;

use super::delivered::Delivered;
use super::group_sources::{complete_since, group_sources};
use super::imported_period::{depends_on_imports, outcome_with_imports};
use super::scan::{Queue, ScanSpec, start_passes};
use super::scan_plan::{PendingGroup, ScanPlan};
use crate::store::{CoverageId, JournalClosed, KnownUnits};
use crate::sweep::coverage_rows::unread_row;
use crate::sweep::delivery_trust::DeliveryTrust;
use crate::sweep::liveness::add_trail_group;
use crate::sweep::plan_sheet::{PlannedGroup, PlannedTrailGroup};
use crate::sweep::region_context::RegionContext;
use crate::sweep::region_scope::is_in_scope;
use dragnet_model::{Engine, ImportTask, LogGroup, LogGroupArn, LogGroupClass, Outcome};

/// Returns a new queue for the work units of an account-Region.
pub(super) fn create_queue(context: &RegionContext) -> Arc<Queue> {
    let shared = &context.shared;
    let queue = Queue::new(shared.aws.event_quota(&context.session, &context.region));
    let work = Arc::downgrade(&queue);
    shared.tally.add_work(&context.display_name(), work);
    queue
}

/// Starts the scan of a log group, from where its known units ended, or records why it is not
/// scanned.
pub(super) async fn start_scan(
    context: &RegionContext,
    pending: PendingGroup,
    queue: &Arc<Queue>,
) -> Result<(), JournalClosed> {
    context.shared.tally.log_group_known();
    note_trail_group(context, &pending.group, &pending.delivered);
    let coverage_id = pending.coverage_id;
    let plan = match ScanPlan::new(context, &pending, queue) {
        Ok(plan) => Ok(plan_with_imports(context, &pending.group, plan).await),
        skipped => skipped,
    };
    match plan {
        Err(outcome) => skip_group(context, &pending.group, coverage_id, outcome).await,
        Ok(plan) if context.shared.is_plan() => {
            add_to_plan(context, &pending, &plan, queue);
            let outcome = plan.if_masked.unwrap_or(plan.outcome);
            skip_group(context, &pending.group, coverage_id, outcome).await
        }
        Ok(plan) => {
            let (spec, units) = create_spec(context, pending, plan);
            start_passes(spec, units, queue).await
        }
    }
}

/// Completes the plan with what the imports of the account-Region say about the log group.
async fn plan_with_imports(
    context: &RegionContext,
    group: &LogGroup,
    mut plan: ScanPlan,
) -> ScanPlan {
    let shared = &context.shared;
    let window = shared.settings.window;
    // A plan makes no further calls.
    if !depends_on_imports(group, window) || context.is_linked || shared.is_plan() {
        return plan;
    }
    let tasks = shared
        .imports
        .of_region(context.target(), list_imports(context))
        .await;
    plan.outcome = outcome_with_imports(plan.outcome, group, window, &tasks);
    plan
}

/// Lists the imports of an account-Region. The list is optional: without the permission, the name and the
/// class of a log group decide.
async fn list_imports(context: &RegionContext) -> Vec<ImportTask> {
    let shared = &context.shared;
    let listed = shared.aws.import_tasks(&context.session, &context.region);
    match shared.run_until_cancelled(listed).await {
        Some(Ok(tasks)) => tasks,
        Some(Err(error)) => {
            let target = context.target();
            info!(%target, %error, "imports of event data stores are not known");
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Notes how a log group can be read, for the liveness check, if trails deliver to it.
fn note_trail_group(context: &RegionContext, group: &LogGroup, delivered: &Delivered) {
    if delivered.trails.is_empty() || group.class == LogGroupClass::InfrequentAccess {
        return;
    }
    let arn = LogGroupArn::new(context.target(), &group.name);
    add_trail_group(&context.shared, arn, &context.session);
}

fn create_spec(
    context: &RegionContext,
    pending: PendingGroup,
    plan: ScanPlan,
) -> (ScanSpec, KnownUnits) {
    let PendingGroup {
        group,
        delivered,
        coverage_id,
        units,
    } = pending;
    let scope = &context.shared.settings.reach.scope;
    let trust = DeliveryTrust {
        is_in_scope: is_in_scope(scope, &context.member, &context.region),
        trails: delivered.trails,
        records_of: None,
    };
    let spec = ScanSpec {
        shared: Arc::clone(&context.shared),
        session: Arc::clone(&context.session),
        target: context.target(),
        coverage_id,
        is_linked: context.is_linked,
        trust,
        time_filter: plan.time_filter,
        slice: plan.slice,
        engine: plan.engine,
        allow_handover: plan.allow_handover,
        class: group.class,
        kms_key: group.kms_key,
        narrow: plan.narrow,
        if_masked: plan.if_masked,
        if_too_new: plan.if_too_new,
        flow_logs: delivered.flow_logs,
        expected_pages: plan.estimate.pages,
        insights_usd: plan.estimate.engines.insights_usd,
        outcome: plan.outcome,
        name: group.name,
    };
    (spec, units)
}

/// Adds a log group to the plan of the sweep.
fn add_to_plan(context: &RegionContext, pending: &PendingGroup, plan: &ScanPlan, queue: &Queue) {
    let search_set = &context.shared.search_set;
    let estimate = &plan.estimate;
    let planned = PlannedGroup {
        engine: plan.engine,
        bytes: estimate.bytes,
        pages: estimate.pages,
        rate: queue.rate(),
        usd: estimate.engines.insights_usd,
    };
    if plan.engine == Engine::Filter {
        // The groups that follow have to wait for this one, which counts in their estimates.
        queue.add_expected_pages(estimate.pages);
    }
    context.shared.update_plan(|sheet| {
        if pending.delivered.has_only_trails() {
            sheet.add_trail_group(plan_trail_group(context, pending, plan));
        }
        let name = &context.member.account.name;
        if !search_set.is_passthrough_only() {
            sheet.add_group(context.target(), name, &planned);
        }
        let planned = PlannedGroup {
            engine: Engine::Insights,
            ..planned
        };
        for _ in search_set.passthrough_queries() {
            sheet.add_group(context.target(), name, &planned);
        }
    });
}

/// Returns what the plan keeps of a log group of trails, to compare it with other sources.
fn plan_trail_group(
    context: &RegionContext,
    pending: &PendingGroup,
    plan: &ScanPlan,
) -> PlannedTrailGroup {
    let group = &pending.group;
    let estimate = &plan.estimate;
    let filter_time = estimate.engines.filter_time;
    PlannedTrailGroup {
        arn: LogGroupArn::new(context.target(), &group.name),
        engine: plan.engine,
        sources: group_sources(&context.region, group, estimate.bytes, filter_time),
        complete_since_ms: complete_since(&context.shared, group),
        sliceable: may_slice(context, group, plan).then_some((estimate.pages, estimate.bytes)),
    }
}

/// Whether shards may divide a log group by time. A query counts all of its events.
fn may_slice(context: &RegionContext, group: &LogGroup, plan: &ScanPlan) -> bool {
    plan.engine == Engine::Filter
        && group.class == LogGroupClass::Standard
        && context.shared.search_set.passthrough_queries().is_empty()
}

/// Records the outcome of a log group that is not scanned.
pub(super) async fn skip_group(
    context: &RegionContext,
    group: &LogGroup,
    coverage_id: CoverageId,
    outcome: Outcome,
) -> Result<(), JournalClosed> {
    let shared = &context.shared;
    shared.update_plan(|sheet| {
        sheet.add_gap(unread_row(
            &context.member.account,
            Some(&context.region),
            Some(group),
            &outcome,
        ));
    });
    let arn = LogGroupArn::new(context.target(), &group.name);
    shared.searched.add_group_outcome(&arn, &outcome);
    shared.finish_row(coverage_id, outcome).await?;
    shared.tally.log_group_done();
    Ok(())
}
