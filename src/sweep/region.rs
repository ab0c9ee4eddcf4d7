//! One target: list its log groups, read each of them that is in scope, and look again at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::directory::Member;
use super::outcome::of_error;
use super::plan::{Decision, decide};
use super::reading::{self, Reading};
use super::run::{Shared, all_of, result_of};
use crate::aws::Session;
use crate::model::{LogGroup, Outcome, Reason, Region, Status, Target};
use crate::store::{Entry, JournalClosed, KnownGroup, KnownUnit, PlaceId};

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
    let target = Target { account: member.account.id, region: region.clone() };
    let groups = shared.known_groups(&target).into_iter().map(|(name, known)| (name, Met::before(known))).collect();
    let mut target = TargetSweep { shared, member, session, region, groups, reading: JoinSet::new() };
    let ended = match target.list().await? {
        Ok(()) => target.look_again().await?,
        Err(outcome) => Some(outcome),
    };
    if let Some(outcome) = ended {
        target.shared.place(&target.member, Some(&target.region), None, Some(outcome)).await?;
    }
    let TargetSweep { shared, reading, .. } = target;
    all_of(reading).await?;
    shared.tally.target_done();
    Ok(())
}

struct TargetSweep {
    shared: Arc<Shared>,
    member: Arc<Member>,
    session: Arc<Session>,
    region: Region,
    /// The log groups in scope that were met so far, by name.
    groups: BTreeMap<String, Met>,
    reading: JoinSet<Result<(), JournalClosed>>,
}

/// A log group that was met.
struct Met {
    place: PlaceId,
    /// What is left to do of it.
    left: Left,
    /// Whether the last list had it.
    is_listed: bool,
}

enum Left {
    /// Nothing: it was finished, or is being read.
    Nothing,
    /// An earlier part of the run left it unfinished.
    Reading(Option<KnownUnit>),
}

impl Met {
    /// Met in an earlier part of the run.
    fn before(known: KnownGroup) -> Self {
        let left = if known.is_finished { Left::Nothing } else { Left::Reading(known.unit) };
        Self { place: known.place, left, is_listed: false }
    }
}

impl TargetSweep {
    /// Lists the log groups, and begins to read those that nobody has begun with. The inner error is how
    /// the target ends instead.
    async fn list(&mut self) -> Result<Result<(), Outcome>, JournalClosed> {
        self.groups.values_mut().for_each(|met| met.is_listed = false);
        let shared = Arc::clone(&self.shared);
        let mut tokens = BTreeSet::new();
        let mut token = None;
        loop {
            let page = async {
                let page = shared.aws.log_groups(&self.session, &self.region, token.take()).await;
                page.map_err(|error| of_error(&error))
            };
            let (groups, next_token) = match shared.unless_interrupted(page).await {
                Ok(page) => page,
                Err(outcome) => return Ok(Err(self.unlisted(outcome))),
            };
            for group in groups.into_iter().filter(|group| shared.settings.reach.scope.has_log_group(&group.name)) {
                self.meet(group).await?;
            }
            match next_token {
                None => return Ok(Ok(())),
                Some(next) if !tokens.insert(next.clone()) => {
                    let repeated = Outcome::because(Status::Failed, Reason::RepeatedToken, "DescribeLogGroups");
                    return Ok(Err(self.unlisted(repeated)));
                }
                next => token = next,
            }
        }
    }

    /// The groups that were listed have rows of their own; the target's stands for those that were not.
    fn unlisted(&self, mut outcome: Outcome) -> Outcome {
        let listed = self.groups.values().filter(|met| met.is_listed).count();
        if listed > 0 {
            outcome.remark(&format!("log groups after the first {listed} are not known"));
        }
        outcome
    }

    async fn meet(&mut self, group: LogGroup) -> Result<(), JournalClosed> {
        let left = match self.groups.get_mut(&group.name) {
            None => None,
            Some(met) => {
                met.is_listed = true;
                match std::mem::replace(&mut met.left, Left::Nothing) {
                    Left::Nothing => return Ok(()),
                    Left::Reading(unit) => Some((met.place, unit)),
                }
            }
        };
        while self.reading.len() >= GROUPS_AT_ONCE
            && let Some(ended) = self.reading.join_next().await
        {
            result_of(ended)?;
        }
        self.begin(group, left).await
    }

    /// Begins with a log group, or goes on with it where it was left.
    async fn begin(
        &mut self,
        group: LogGroup,
        left: Option<(PlaceId, Option<KnownUnit>)>,
    ) -> Result<(), JournalClosed> {
        let shared = &self.shared;
        shared.tally.log_group_known();
        let (place, unit) = match left {
            Some(left) => left,
            None => (shared.place(&self.member, Some(&self.region), Some(&group), None).await?, None),
        };
        self.groups.insert(group.name.clone(), Met { place, left: Left::Nothing, is_listed: true });
        match decide(&group, shared.settings.window, shared.started, shared.clock.now()) {
            Decision::Leave(outcome) => {
                shared.end(place, outcome).await?;
                shared.tally.log_group_done();
            }
            Decision::Read { narrow, outcome } => {
                self.reading.spawn(reading::read(Reading {
                    shared: Arc::clone(shared),
                    session: Arc::clone(&self.session),
                    account: self.member.account.id,
                    region: self.region.clone(),
                    log_group: group.name,
                    place,
                    unit,
                    narrow,
                    outcome,
                }));
            }
        }
        Ok(())
    }

    /// Lists once more when all is read: a group that appeared meanwhile is read too, and one that went
    /// is said. The answer is how the target itself ends, if its groups do not say all.
    async fn look_again(&mut self) -> Result<Option<Outcome>, JournalClosed> {
        all_of(std::mem::take(&mut self.reading)).await?;
        if let Err(mut outcome) = self.list().await? {
            outcome.remark("groups that came or went during the run are not known");
            return Ok(Some(outcome));
        }
        for met in self.groups.values().filter(|met| !met.is_listed) {
            match met.left {
                Left::Nothing => {
                    let text = "disappeared during the run".to_owned();
                    self.shared.journal.write(Entry::Remark { place: met.place, text }).await?;
                }
                Left::Reading(_) => {
                    let gone = "it was not there any more when the run went on";
                    let outcome = Outcome::because(Status::Failed, Reason::GroupGone, gone);
                    self.shared.end(met.place, outcome).await?;
                }
            }
        }
        let is_empty = self.groups.is_empty();
        Ok(is_empty.then(|| Outcome::because(Status::Skipped, Reason::NoLogGroups, "")))
    }
}
