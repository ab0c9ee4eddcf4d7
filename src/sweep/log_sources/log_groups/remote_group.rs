//! Scans a log group out of scope that keeps records of account-Regions in scope, or the part of a log
//! group that the plan of a sweep in shards gave to this shard.

use std::sync::Arc;

use super::delivered::Delivered;
use super::postpone::start_or_postpone;
use super::scan_plan::PendingGroup;
use super::start_scan::create_queue;
use crate::aws::Session;
use crate::config::SourcesRule;
use crate::store::{CoverageId, JournalClosed, KnownUnits};
use crate::sweep::context::SweepContext;
use crate::sweep::coverage_rows::unread_row;
use crate::sweep::host::Host;
use crate::sweep::liveness::add_trail_group;
use crate::sweep::member::Member;
use crate::sweep::refusal::outcome_of_call_error;
use crate::sweep::region_context::RegionContext;
use crate::sweep::region_scope::is_in_scope;
use dragnet_model::{Account, LogGroup, LogGroupArn, LogGroupClass, Outcome, Reason, Status};

/// Scans a log group out of scope, or a part of one of another shard, unless an earlier part of the run finished it.
pub(in crate::sweep) async fn scan_remote_group(
    shared: Arc<SweepContext>,
    host: Arc<Host>,
    arn: LogGroupArn,
    delivered: Delivered,
) -> Result<(), JournalClosed> {
    shared.selector_matches.mark_selected_log_group();
    let known = shared.known_group(&arn);
    if let Some(outcome) = known.as_ref().and_then(|known| known.finished.as_ref()) {
        shared.searched.add_group_outcome(&arn, outcome);
        if let Ok((_, session)) = host.enter(&shared).await {
            add_trail_group(&shared, arn, &session);
        }
        return Ok(());
    }
    let region = &arn.target.region;
    let (member, session, group) = match find_group(&shared, &host, &arn).await {
        Ok(found) => found,
        Err(outcome) => {
            let coverage_id = known.map(|known| known.coverage_id);
            return record_failure(&shared, &host.account(), &arn, coverage_id, outcome).await;
        }
    };
    let (coverage_id, units) = if let Some(known) = known {
        (known.coverage_id, known.units)
    } else {
        let scope = &shared.settings.reach.scope;
        let out_of_scope = !is_in_scope(scope, &member, region);
        let row = shared.record_log_group(&member.account, region, &group, out_of_scope);
        (row.await?, KnownUnits::default())
    };
    let context = RegionContext {
        shared,
        member,
        session,
        region: region.clone(),
        is_linked: false,
    };
    let queue = create_queue(&context);
    let pending = PendingGroup {
        group,
        delivered,
        coverage_id,
        units,
    };
    start_or_postpone(&context, pending, &queue).await?;
    queue.set_listing(false);
    queue.read_all().await
}

/// Records that a log group out of scope cannot be scanned. `coverage_id` is its row of the
/// coverage, if an earlier part of the run wrote one.
async fn record_failure(
    shared: &SweepContext,
    account: &Account,
    arn: &LogGroupArn,
    coverage_id: Option<CoverageId>,
    outcome: Outcome,
) -> Result<(), JournalClosed> {
    let region = &arn.target.region;
    let group = unseen_group(arn);
    shared.searched.add_group_outcome(arn, &outcome);
    shared.update_plan(|sheet| {
        sheet.add_gap(unread_row(account, Some(region), Some(&group), &outcome));
    });
    // If log sources are not required, the failure appears only in `sources.csv`, not in the
    // coverage.
    let is_required = shared.settings.reach.scope.sources == SourcesRule::Require;
    if !is_required && shared.slice_of(arn).is_none() {
        return Ok(());
    }
    let coverage_id = match coverage_id {
        Some(coverage_id) => coverage_id,
        None => {
            shared
                .record_log_group(account, region, &group, true)
                .await?
        }
    };
    shared.finish_row(coverage_id, outcome).await
}

/// Enters the account of a log group and looks the log group up.
async fn find_group(
    shared: &SweepContext,
    host: &Host,
    arn: &LogGroupArn,
) -> Result<(Arc<Member>, Arc<Session>, LogGroup), Outcome> {
    let (member, session) = host.enter(shared).await?;
    let looked_up = async {
        let group = shared
            .aws
            .log_group(&session, arn)
            .await
            .map_err(|error| outcome_of_call_error(&error))?;
        group.ok_or_else(|| {
            Outcome::with_reason(
                Status::Failed,
                Reason::GroupGone,
                "a log source delivers to this log group, but it does not exist",
            )
        })
    };
    let group = shared.unless_interrupted(looked_up).await?;
    Ok((member, session, group))
}

/// Returns a log group of which only the ARN is known.
fn unseen_group(arn: &LogGroupArn) -> LogGroup {
    LogGroup {
        name: arn.name.clone(),
        class: LogGroupClass::Standard,
        stored_bytes: 0,
        retention_days: None,
        created: None,
        masked: false,
        masked_before: false,
        retention_policy: None,
        kms_key: None,
    }
}
