//! One account: enter it, and sweep each of its Regions that is in scope.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::access::Entered;
use super::directory::Member;
use super::region;
use super::run::{Shared, all_of};
use crate::model::{Outcome, Reason, Region, Status};
use crate::store::JournalClosed;

/// Sweeps an account that is in scope.
pub(super) async fn sweep(shared: Arc<Shared>, member: Member) -> Result<(), JournalClosed> {
    let entered = shared.unless_interrupted(shared.access.enter(&shared.aws, &member)).await;
    match entered {
        Ok(entered) => sweep_regions(&shared, member, entered).await?,
        Err(outcome) => _ = shared.place(&member, None, None, Some(outcome)).await?,
    }
    shared.tally.account_done();
    Ok(())
}

async fn sweep_regions(shared: &Arc<Shared>, member: Member, entered: Entered) -> Result<(), JournalClosed> {
    let Entered { session, regions } = entered;
    let enabled: Vec<Region> = regions.into_iter().map(|enabled| enabled.region).collect();
    let wanted = wanted(shared, &member, &enabled);
    for region in wanted.missing {
        let outcome = Outcome::because(Status::Skipped, Reason::RegionNotEnabled, "");
        shared.place(&member, Some(&region), None, Some(outcome)).await?;
    }
    if wanted.regions.is_empty() {
        let outcome = Outcome::because(Status::Skipped, Reason::NoRegions, "");
        shared.place(&member, None, None, Some(outcome)).await?;
    }
    let member = Arc::new(member);
    let mut tasks = JoinSet::new();
    for region in wanted.regions {
        shared.tally.target_known();
        tasks.spawn(region::sweep(Arc::clone(shared), Arc::clone(&member), Arc::clone(&session), region));
    }
    all_of(tasks).await
}

/// The Regions of an account that are in scope.
struct Wanted {
    /// Those that it has enabled.
    regions: Vec<Region>,
    /// Those that were asked for by name but are not enabled.
    missing: BTreeSet<Region>,
}

fn wanted(shared: &Shared, member: &Member, enabled: &[Region]) -> Wanted {
    let scope = &shared.settings.reach.scope;
    let own: &[Region] = member.configured.as_ref().map_or(&[], |account| &account.regions);
    let in_scope = |region: &Region| scope.has_region(region) && (own.is_empty() || own.contains(region));
    let asked_for = scope.named_regions().chain(own).filter(|region| in_scope(region));
    Wanted {
        regions: enabled.iter().filter(|region| in_scope(region)).cloned().collect(),
        missing: asked_for.filter(|region| !enabled.contains(region)).cloned().collect(),
    }
}
