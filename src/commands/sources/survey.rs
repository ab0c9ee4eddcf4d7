//! Queries every account and Region in scope for its log sources, then the owners of these log
//! sources, then the log groups to which they deliver.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::aws::{Aws, Session};
use crate::cli::settings::{Reach, SourcesSettings};
use crate::commands::CommandError;
use crate::model::{
    AccountId, LogGroupArn, LogSource, Operation, Outcome, SourceLookup, SourceState, SourceStatus,
    Target,
};
use crate::store::ScopeMembership;
use crate::sweep::{
    Access, Directory, Entered, GroupEnd, Member, Members, Refusal, RegionScope, Sources, ask,
    ask_owner, member_to_enter, sources,
};

/// The result of the survey.
pub(super) struct Surveyed {
    /// The log sources.
    pub sources: Sources,
    /// The number of accounts in scope.
    pub accounts: u64,
    /// What could not be queried, with the reason.
    pub gaps: Vec<String>,
}

/// Surveys the scope of the settings at the time `now`.
pub(super) async fn survey(
    aws: Aws,
    asked: &SourcesSettings,
    now: Timestamp,
) -> Result<Surveyed, CommandError> {
    let caller = aws
        .authenticate()
        .await
        .map_err(|error| CommandError::Caller(Box::new(error)))?;
    let reach = asked.reach.clone();
    let access = Access::new(
        &aws,
        &caller,
        &reach.identity,
        "dragnet-sources".to_owned(),
        &Operation::SOURCES,
    );
    let survey = Arc::new(Survey { aws, access, reach });
    let mut known = survey.ask_everyone().await?;
    known.gaps.sort();
    survey.ask_owners(&mut known).await;
    let ends = survey.look_for_groups(&mut known, asked, now).await;
    let recorders: Vec<LogSource> = known.recorders.into_values().collect();
    let end_of = |group: &LogGroupArn| {
        ends.get(group)
            .cloned()
            .unwrap_or_else(|| GroupEnd::new(SourceStatus::Failed, "it was not looked for"))
    };
    let sources = sources(&known.cells, &recorders, asked.window, end_of);
    Ok(Surveyed {
        sources,
        accounts: known.accounts,
        gaps: known.gaps,
    })
}

struct Survey {
    aws: Aws,
    access: Access,
    reach: Reach,
}

/// The results so far.
#[derive(Default)]
struct Known {
    accounts: u64,
    members: Members,
    sessions: BTreeMap<AccountId, Result<Arc<Session>, Outcome>>,
    cells: Vec<SourceLookup>,
    recorders: BTreeMap<String, LogSource>,
    gaps: Vec<String>,
}

impl Known {
    /// Many accounts see an organization trail, but only its owner can return its state, so a known
    /// state is never replaced.
    fn learn(&mut self, recorder: LogSource) {
        let known = self
            .recorders
            .entry(recorder.via.clone())
            .or_insert_with(|| recorder.clone());
        if known.told == SourceState::Unknown {
            *known = recorder;
        }
    }
}

/// The results of one account in scope.
struct Answered {
    account: AccountId,
    session: Result<Arc<Session>, Outcome>,
    cells: Vec<SourceLookup>,
    recorders: Vec<LogSource>,
}

impl Survey {
    async fn ask_everyone(self: &Arc<Self>) -> Result<Known, CommandError> {
        let mut directory = Directory::new(&self.aws, &self.access, &self.reach);
        let mut known = Known::default();
        let mut accounts = JoinSet::new();
        while let Some(member) = directory.next().await? {
            if member.standing == ScopeMembership::InScope {
                known.accounts += 1;
                accounts.spawn(Arc::clone(self).ask_account(member.clone()));
            }
            known.members.insert(member.account.id, member);
        }
        for answered in accounts.join_all().await {
            if let Err(outcome) = &answered.session {
                known.gaps.push(format!(
                    "account {}: {}",
                    answered.account,
                    outcome.reason_text()
                ));
            }
            known.sessions.insert(answered.account, answered.session);
            known.cells.extend(answered.cells);
            answered
                .recorders
                .into_iter()
                .for_each(|recorder| known.learn(recorder));
        }
        known
            .cells
            .sort_by(|one, other| (&one.target, one.kind).cmp(&(&other.target, other.kind)));
        Ok(known)
    }

    async fn ask_account(self: Arc<Self>, member: Member) -> Answered {
        let account = member.account.id;
        let mut cells = Vec::new();
        let mut recorders = Vec::new();
        let session = match self
            .access
            .enter(&self.aws, &member)
            .await
            .map_err(Refusal::into_outcome)
        {
            Err(outcome) => Err(outcome),
            Ok(Entered { session, regions }) => {
                let wanted = RegionScope::new(&self.reach.scope, &member, regions).enabled;
                let targets: Vec<Target> = wanted
                    .into_iter()
                    .map(|enabled| Target {
                        account,
                        region: enabled.region,
                    })
                    .collect();
                for answer in join_all(
                    targets
                        .iter()
                        .map(|target| ask(&self.aws, &session, target)),
                )
                .await
                {
                    cells.extend(answer.cells);
                    recorders.extend(answer.recorders);
                }
                Ok(session)
            }
        };
        Answered {
            account,
            session,
            cells,
            recorders,
        }
    }

    /// Queries the owners of log sources whose state is unknown because the owner is outside of the
    /// scope.
    async fn ask_owners(&self, known: &mut Known) {
        let unasked = known
            .recorders
            .values()
            .filter(|recorder| recorder.told == SourceState::Unknown);
        for recorder in unasked.cloned().collect::<Vec<_>>() {
            let told = match self.session(known, recorder.home.account).await {
                Ok(session) => ask_owner(&self.aws, &session, recorder).await,
                Err(outcome) => LogSource {
                    told: SourceState::Denied(outcome),
                    ..recorder
                },
            };
            known.learn(told);
        }
    }

    /// Determines what a sweep would do with each log group to which a log source delivers.
    async fn look_for_groups(
        &self,
        known: &mut Known,
        asked: &SourcesSettings,
        now: Timestamp,
    ) -> BTreeMap<LogGroupArn, GroupEnd> {
        let groups: BTreeSet<LogGroupArn> = known
            .recorders
            .values()
            .filter_map(LogSource::log_group)
            .cloned()
            .collect();
        let mut looked_for = Vec::new();
        for group in groups {
            let session = self.session(known, group.target.account).await;
            looked_for.push(async move {
                let end = match session {
                    Err(outcome) => GroupEnd::from_outcome(&outcome, SourceStatus::Failed),
                    Ok(_) if !self.reach.scope.has_log_group(&group.name) => {
                        GroupEnd::out_of_scope()
                    }
                    Ok(session) => match self.aws.log_group(&session, &group).await {
                        Err(error) => GroupEnd::from_outcome(
                            &Refusal::from_call_error(&error).into_outcome(),
                            SourceStatus::Failed,
                        ),
                        Ok(None) => GroupEnd::not_there(),
                        Ok(Some(found)) => GroupEnd::expected(&found, asked.window, now),
                    },
                };
                (group, end)
            });
        }
        join_all(looked_for).await.into_iter().collect()
    }

    /// Returns the session for an account, in scope or not.
    async fn session(
        &self,
        known: &mut Known,
        account: AccountId,
    ) -> Result<Arc<Session>, Outcome> {
        if let Some(session) = known.sessions.get(&account) {
            return session.clone();
        }
        let session = match member_to_enter(&known.members, &self.access, account) {
            Err(outcome) => Err(outcome),
            Ok(member) => {
                let entered = self.access.enter(&self.aws, &member).await;
                entered
                    .map(|entered| entered.session)
                    .map_err(Refusal::into_outcome)
            }
        };
        known.sessions.insert(account, session.clone());
        session
    }
}
