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
use super::region_scope::RegionScope;
use super::tasks::join_tasks;
use crate::store::JournalClosed;
use dragnet_model::{LogSource, Outcome, Reason, Status};

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
    let region_scope = RegionScope::new(&shared.settings.reach.scope, &member, regions);
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
    if region_scope.enabled.is_empty() && region_scope.missing.is_empty() {
        let outcome = Outcome::with_reason(Status::Skipped, Reason::NoRegions, "");
        shared.record_outcome(&member, None, outcome).await?;
    }
    let member = Arc::new(member);
    let mut tasks = JoinSet::new();
    for enabled in region_scope.enabled {
        shared.tally.target_known(&member.account, &enabled.region);
        let context = RegionContext {
            shared: Arc::clone(shared),
            member: Arc::clone(&member),
            session: Arc::clone(&session),
            region: enabled.region,
        };
        tasks.spawn(region::sweep(context, source_sender.clone()));
    }
    join_tasks(tasks).await
}
