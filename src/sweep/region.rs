//! One target: list its log groups, and read each of them that is in scope.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::directory::Member;
use super::outcome::of_error;
use super::plan::{Decision, decide};
use super::reading::{self, Reading};
use super::run::{Shared, all_of, result_of};
use crate::aws::Session;
use crate::model::{LogGroup, Outcome, Reason, Region, Status};
use crate::store::JournalClosed;

/// Log groups of one target that are read side by side. Enough to use up a quota of 25 calls a second
/// with answers that take over a second; each holds one page of 1 MB at most.
const GROUPS_AT_ONCE: usize = 32;

/// Sweeps a Region of an account.
pub(super) async fn sweep(
    shared: Arc<Shared>,
    member: Arc<Member>,
    session: Arc<Session>,
    region: Region,
) -> Result<(), JournalClosed> {
    let mut reading = JoinSet::new();
    let mut in_scope = 0_u64;
    let mut tokens = BTreeSet::new();
    let mut token = None;
    let ended = loop {
        let page =
            async { shared.aws.log_groups(&session, &region, token.take()).await.map_err(|error| of_error(&error)) };
        let (groups, next_token) = match shared.unless_interrupted(page).await {
            Ok(page) => page,
            Err(outcome) => break Some(outcome),
        };
        for group in groups.into_iter().filter(|group| shared.settings.reach.scope.has_log_group(&group.name)) {
            in_scope += 1;
            while reading.len() >= GROUPS_AT_ONCE
                && let Some(ended) = reading.join_next().await
            {
                result_of(ended)?;
            }
            begin(&shared, &member, &session, &region, group, &mut reading).await?;
        }
        match next_token {
            None => break None,
            Some(next) if !tokens.insert(next.clone()) => {
                break Some(Outcome::because(Status::Failed, Reason::RepeatedToken, "DescribeLogGroups"));
            }
            next => token = next,
        }
    };
    let ended = match ended {
        None if in_scope == 0 => Some(Outcome::because(Status::Skipped, Reason::NoLogGroups, "")),
        // The groups that were listed have rows of their own; this one stands for those that were not.
        Some(mut failed) if in_scope > 0 => {
            failed.detail = format!("{}; log groups after the first {in_scope} are not known", failed.detail);
            Some(failed)
        }
        other => other,
    };
    if let Some(outcome) = ended {
        shared.place(&member, Some(&region), None, Some(outcome)).await?;
    }
    all_of(reading).await?;
    shared.tally.target_done();
    Ok(())
}

async fn begin(
    shared: &Arc<Shared>,
    member: &Member,
    session: &Arc<Session>,
    region: &Region,
    group: LogGroup,
    reading: &mut JoinSet<Result<(), JournalClosed>>,
) -> Result<(), JournalClosed> {
    shared.tally.log_group_known();
    match decide(&group, shared.settings.window, shared.clock.now()) {
        Decision::Leave(outcome) => {
            shared.place(member, Some(region), Some(&group), Some(outcome)).await?;
            shared.tally.log_group_done();
        }
        Decision::Read { narrow, outcome } => {
            let place = shared.place(member, Some(region), Some(&group), None).await?;
            reading.spawn(reading::read(Reading {
                shared: Arc::clone(shared),
                session: Arc::clone(session),
                account: member.account.id,
                region: region.clone(),
                log_group: group.name,
                place,
                narrow,
                outcome,
            }));
        }
    }
    Ok(())
}
