//! Sweeps one account: enters it, and sweeps each of its Regions that is in scope.

use std::sync::Arc;

use futures::TryFutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::info;

use super::access::Entered;
use super::context::SweepContext;
use super::member::Member;
use super::refusal::Refusal;
use super::region;
use super::region_context::RegionContext;
use super::region_scope::{RegionScope, selects_region};
use super::tasks::join_tasks;
use crate::aws::EnabledRegion;
use crate::store::JournalClosed;
use dragnet_model::{LogSource, Outcome, Reason, Status, Target};

/// Sweeps an account in scope. Log sources that it depends on in other account-Regions are sent to
/// `source_sender`.
pub(super) async fn sweep(
    shared: Arc<SweepContext>,
    member: Member,
    source_sender: mpsc::Sender<LogSource>,
) -> Result<(), JournalClosed> {
    let enter = shared
        .access
        .enter(&shared.aws, &member)
        .map_err(Refusal::into_outcome);
    let entered = shared.unless_interrupted(enter).await;
    shared.tally.account_entered();
    let account = member.account.id;
    match entered {
        Ok(entered) => {
            info!(%account, regions = entered.regions.len(), "entered");
            sweep_regions(&shared, member, entered, &source_sender).await?;
        }
        Err(outcome) => {
            info!(%account, reason = outcome.reason_text(), "not entered");
            if outcome.status == Status::Denied {
                shared.linked.add_denied(&member);
            }
            shared.record_outcome(&member, None, outcome).await?;
        }
    }
    info!(%account, "done");
    shared.tally.account_done();
    Ok(())
}

async fn sweep_regions(
    shared: &Arc<SweepContext>,
    member: Member,
    entered: Entered,
    source_sender: &mpsc::Sender<LogSource>,
) -> Result<(), JournalClosed> {
    let Entered { session, regions } = entered;
    for enabled in &regions {
        shared
            .selector_matches
            .mark_region(&member.account, &enabled.region);
    }
    record_disabled_regions(shared, &member, &regions).await?;
    let mut region_scope = RegionScope::new(&shared.settings.reach.scope, &member, regions);
    let has_regions = !region_scope.enabled.is_empty() || !region_scope.missing.is_empty();
    if let Some(part) = &shared.part {
        region_scope.keep_owned(member.account.id, part);
    }
    let scope = &shared.settings.reach.scope;
    for region in &region_scope.missing {
        // An accepted gap also accepts that the Region is enabled nowhere.
        let gap = scope.accepted(&member.account, Some(region), None, shared.started);
        if gap.is_some() {
            shared.selector_matches.mark_region(&member.account, region);
        }
        let outcome = Refusal::region_not_enabled().into_outcome();
        shared
            .record_outcome(&member, Some(region), outcome)
            .await?;
    }
    let part = shared.part.as_ref();
    if !has_regions && part.is_none_or(|part| part.has_main_part(member.account.id)) {
        let outcome = Outcome::with_reason(Status::Skipped, Reason::NoRegions, "");
        shared.record_outcome(&member, None, outcome).await?;
    }
    let member = Arc::new(member);
    let mut tasks = JoinSet::new();
    for enabled in region_scope.enabled {
        shared.tally.target_known(&member.account, &enabled.region);
        shared.linked.add_entered(&session, &enabled.region);
        let context = RegionContext {
            shared: Arc::clone(shared),
            member: Arc::clone(&member),
            session: Arc::clone(&session),
            region: enabled.region,
            is_linked: false,
        };
        tasks.spawn(region::sweep(context, source_sender.clone()));
    }
    join_tasks(tasks).await
}

/// Records the Regions in scope that an earlier run of this machine searched in the account, and that
/// are not enabled any more. Their logs still exist, but cannot be read. Regions that the scope names
/// have a row of their own.
///
/// Source: Account Management reference, "Enable or disable AWS Regions": disabling a Region deletes
/// nothing there, and it disappears from `DescribeRegions`.
async fn record_disabled_regions(
    shared: &SweepContext,
    member: &Member,
    enabled: &[EnabledRegion],
) -> Result<(), JournalClosed> {
    let organization = member.organization();
    let scope = &shared.settings.reach.scope;
    let before = shared
        .earlier
        .regions_of(member.account.id, organization.as_ref());
    for (region, run) in before {
        let is_enabled = enabled.iter().any(|enabled| enabled.region == region);
        let is_named = scope.named_regions().any(|named| *named == region);
        let target = Target {
            account: member.account.id,
            region: region.clone(),
        };
        let is_searched = is_enabled || is_named || !shared.owns(&target);
        if is_searched || !selects_region(scope, member, &region) {
            continue;
        }
        let detail = format!("enabled in run {run}");
        let outcome = Outcome::with_reason(Status::Unsearchable, Reason::RegionDisabled, detail);
        shared
            .record_outcome(member, Some(&region), outcome)
            .await?;
    }
    Ok(())
}
