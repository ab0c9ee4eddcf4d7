//! Reads a log group that was found outside of the account-Regions that are searched.

use super::delivered::Delivered;
use super::scan_plan::PendingGroup;
use super::start_scan::{create_queue, start_scan};
use crate::store::{CoverageId, JournalClosed, KnownUnits};
use crate::sweep::region_context::RegionContext;
use dragnet_model::{LogGroup, LogGroupArn};

/// Reads a log group, unless an earlier part of the run finished it. Returns the id of its row of the
/// coverage. `out_of_scope` says whether its account-Region is out of scope.
pub(super) async fn read_found_group(
    context: RegionContext,
    arn: LogGroupArn,
    group: LogGroup,
    out_of_scope: bool,
) -> Result<CoverageId, JournalClosed> {
    let shared = &context.shared;
    let (coverage_id, units) = match shared.known_group(&arn) {
        Some(known) if known.finished.is_some() => return Ok(known.coverage_id),
        Some(known) => (known.coverage_id, known.units),
        None => (
            shared
                .record_log_group(
                    &context.member.account,
                    &context.region,
                    &group,
                    out_of_scope,
                )
                .await?,
            KnownUnits::default(),
        ),
    };
    let queue = create_queue(&context);
    let pending = PendingGroup {
        group,
        delivered: Delivered::default(),
        coverage_id,
        units,
    };
    start_scan(&context, pending, &queue).await?;
    queue.set_listing(false);
    queue.read_all().await?;
    Ok(coverage_id)
}
