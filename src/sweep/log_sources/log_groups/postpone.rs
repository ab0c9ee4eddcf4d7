//! Postpones log groups of trails that would take long to read: the bucket of the trails may have
//! the same records for less time or money.

use std::sync::Arc;
use std::time::Duration;

use super::group_sources::{group_sources, is_read};
use super::scan::Queue;
use super::scan_plan::{PendingGroup, estimate_size, is_sliced};
use super::size_estimate::{expected_bytes, pages_of};
use super::start_scan::{create_queue, skip_group, start_scan};
use crate::store::{JournalClosed, KnownUnits};
use crate::sweep::context::SweepContext;
use crate::sweep::postponed_groups::PostponedGroup;
use crate::sweep::region_context::RegionContext;
use crate::sweep::source_choice::{FAST_ENOUGH, ReadMethod, ReadSource};
use dragnet_model::Outcome;

/// Starts the scan of a log group, or postpones it.
pub(super) async fn start_or_postpone(
    context: &RegionContext,
    pending: PendingGroup,
    queue: &Arc<Queue>,
) -> Result<(), JournalClosed> {
    if !may_be_replaced(context, &pending, queue) {
        return start_scan(context, pending, queue).await;
    }
    context.shared.postponed.add(PostponedGroup {
        member: Arc::clone(&context.member),
        session: Arc::clone(&context.session),
        region: context.region.clone(),
        group: pending.group,
        delivered: pending.delivered,
        coverage_id: pending.coverage_id,
    });
    Ok(())
}

/// Whether a bucket could have all records of a log group, and reading the log group takes so long
/// that it is worth to look. What an earlier part of the run began to read is read to its end.
fn may_be_replaced(context: &RegionContext, pending: &PendingGroup, queue: &Queue) -> bool {
    let PendingGroup {
        group,
        delivered,
        units,
        ..
    } = pending;
    let shared = &context.shared;
    if !shared.chooses_sources()
        || !delivered.has_only_trails()
        || is_sliced(context, group)
        || *units != KnownUnits::default()
        || !is_read(shared, group)
    {
        return false;
    }
    let bytes = expected_bytes(group, shared.settings.window, shared.clock.now());
    estimate_size(context, bytes, queue).engines.filter_time > FAST_ENOUGH
}

/// Scans a log group that was postponed.
pub(in crate::sweep) async fn read_postponed(
    shared: &Arc<SweepContext>,
    postponed: PostponedGroup,
) -> Result<(), JournalClosed> {
    let (context, pending) = resume_context(shared, postponed);
    let queue = create_queue(&context);
    start_scan(&context, pending, &queue).await?;
    queue.set_listing(false);
    queue.read_all().await
}

/// Records that a log group that was postponed is not read.
pub(in crate::sweep) async fn skip_postponed(
    shared: &Arc<SweepContext>,
    postponed: PostponedGroup,
    outcome: Outcome,
) -> Result<(), JournalClosed> {
    let (context, pending) = resume_context(shared, postponed);
    shared.tally.log_group_known();
    skip_group(&context, &pending.group, pending.coverage_id, outcome).await
}

fn resume_context(
    shared: &Arc<SweepContext>,
    postponed: PostponedGroup,
) -> (RegionContext, PendingGroup) {
    let PostponedGroup {
        member,
        session,
        region,
        group,
        delivered,
        coverage_id,
    } = postponed;
    let context = RegionContext {
        shared: Arc::clone(shared),
        member,
        session,
        region,
        is_linked: false,
    };
    let pending = PendingGroup {
        group,
        delivered,
        coverage_id,
        units: KnownUnits::default(),
    };
    (context, pending)
}

/// Returns how a log group that was postponed can be read.
pub(in crate::sweep) fn sources_of_postponed(
    shared: &SweepContext,
    postponed: &PostponedGroup,
) -> Vec<ReadSource> {
    let PostponedGroup {
        session,
        region,
        group,
        ..
    } = postponed;
    let bytes = expected_bytes(group, shared.settings.window, shared.clock.now());
    let rate = shared.aws.event_quota(session, region).rate();
    let time = Duration::try_from_secs_f64(pages_of(bytes) / rate).unwrap_or(Duration::MAX);
    group_sources(region, group, bytes, time)
        .into_iter()
        .filter(|source| {
            // Insights does not request unmasked values.
            let is_masked = group.masked && shared.settings.engines.unmask;
            !is_masked || source.method == ReadMethod::Filter
        })
        .collect()
}
