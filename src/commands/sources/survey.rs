//! Queries every account and Region in scope for its log sources, then the owners of these log
//! sources, then the log groups to which they deliver.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::judge::Judge;
use crate::aws::{Aws, Session};
use crate::commands::CommandError;
use crate::report::AccountNames;
use crate::settings::Reach;
use crate::store::ScopeMembership;
use crate::sweep::{
    Access, Directory, Entered, GroupEnd, KnownTrails, ListedLevel, Member, Members, ObjectFolder,
    ObjectsEnd, OtherEnds, Refusal, RegionScope, SelectorMatches, Sources, expected_objects,
    find_bucket, look_up_log_sources, look_up_trail_state, member_to_enter, organization_session,
    reader_candidates,
};
use dragnet_model::{
    AccountId, BucketReads, LogGroupArn, LogSource, Operation, Outcome, SourceLookup, SourceState,
    SourceStatus, Target, TimeWindow,
};

pub(in crate::commands) struct SurveyResult {
    /// The log sources.
    pub sources: Sources,
    /// Whether reads of the buckets of the log sources were recorded.
    pub bucket_reads: Vec<BucketReads>,
    /// What other services deliver to these buckets.
    pub other_deliveries: Vec<String>,
    /// The number of accounts in scope.
    pub accounts: u64,
    /// The names of all accounts.
    pub names: AccountNames,
    /// What could not be queried, with the reason.
    pub gaps: Vec<String>,
    /// The selectors of accounts and Regions that match nothing.
    pub unmatched: Vec<String>,
    /// The account-Regions in scope that could be entered, with their sessions.
    pub entered: Vec<(Target, Arc<Session>)>,
    /// The session that may ask for the rules of the organization, if there is one.
    pub organization: Option<Arc<Session>>,
    /// The log groups of log sources, with sessions of their accounts.
    pub groups: Vec<(LogGroupArn, Arc<Session>)>,
}

/// Accounts that are entered already.
pub(in crate::commands) type EnteredAccounts = BTreeMap<AccountId, Entered>;

/// Surveys the scope of `reach` for a window, at the time `now`. Accounts that are `known` are not
/// entered again; their sessions may call [`Operation::SOURCES`].
pub(in crate::commands) async fn survey(
    aws: Aws,
    reach: &Reach,
    (window, now): (TimeWindow, Timestamp),
    known: EnteredAccounts,
) -> Result<SurveyResult, CommandError> {
    let survey = Arc::new(Survey::connect(aws, reach, known).await?);
    let mut progress = survey.query_accounts().await?;
    progress.gaps.sort();
    survey.query_owners(&mut progress).await;
    let group_ends = survey.check_groups(&mut progress, window, now).await;
    let entered = entered_targets(&progress);
    let groups = readable_groups(&progress, &group_ends);
    let log_sources: Vec<LogSource> = progress.log_sources.into_values().collect();
    let judge = Judge {
        lookups: &progress.lookups,
        log_sources: &log_sources,
        group_ends: &group_ends,
        window,
    };
    let mut ends = OtherEnds::default();
    let uncovered = judge.uncovered_folders(&progress.members);
    let mut sessions = BucketSessions::new();
    ends.objects = survey
        .check_objects(&mut sessions, &progress.members, uncovered, window)
        .await;
    ends.histories = judge
        .check_histories(&survey.aws, &entered, (&ends, now))
        .await;
    let sources = judge.sources(&ends);
    let known = KnownTrails {
        lookups: &progress.lookups,
        trails: &log_sources,
        window,
    };
    let (bucket_reads, access_logs) = survey
        .check_reads(&mut sessions, &progress.members, known)
        .await;
    let mut other_deliveries = survey
        .other_deliveries(&mut sessions, &progress.members, &log_sources)
        .await;
    other_deliveries.extend(access_logs);
    let names = progress
        .members
        .into_values()
        .map(|member| (member.account.id.to_string(), member.account.name))
        .collect();
    Ok(SurveyResult {
        entered,
        organization: organization_session(&survey.aws, &survey.access, &survey.reach),
        groups,
        sources,
        bucket_reads,
        other_deliveries,
        accounts: progress.accounts,
        names,
        gaps: progress.gaps,
        unmatched: survey.matches.unmatched(ListedLevel::Regions).texts(),
    })
}

/// Returns the account-Regions that were asked for their log sources, with their sessions.
fn entered_targets(progress: &Progress) -> Vec<(Target, Arc<Session>)> {
    let targets: BTreeSet<&Target> = progress
        .lookups
        .iter()
        .map(|lookup| &lookup.target)
        .collect();
    targets
        .into_iter()
        .filter_map(|target| {
            let session = progress.sessions.get(&target.account)?.as_ref().ok()?;
            Some((target.clone(), Arc::clone(session)))
        })
        .collect()
}

/// Returns the log groups that exist in an account that was entered, with its session.
fn readable_groups(
    progress: &Progress,
    group_ends: &BTreeMap<LogGroupArn, GroupEnd>,
) -> Vec<(LogGroupArn, Arc<Session>)> {
    let found = group_ends
        .iter()
        .filter(|(_, end)| !matches!(end.status, SourceStatus::Failed | SourceStatus::Skipped));
    found
        .filter_map(|(group, _)| {
            let session = progress
                .sessions
                .get(&group.target.account)?
                .as_ref()
                .ok()?;
            Some((group.clone(), Arc::clone(session)))
        })
        .collect()
}

pub(super) struct Survey {
    pub(super) aws: Aws,
    access: Access,
    matches: SelectorMatches,
    pub(super) reach: Reach,
    known: EnteredAccounts,
}

/// The sessions in accounts, or why they could not be entered.
type Sessions = BTreeMap<AccountId, Result<Arc<Session>, Outcome>>;

/// The sessions that read a bucket, by account and bucket.
pub(super) type BucketSessions = BTreeMap<(AccountId, String), Result<Arc<Session>, Outcome>>;

fn session_of(entered: Result<Entered, Refusal>) -> Result<Arc<Session>, Outcome> {
    entered
        .map(|entered| entered.session)
        .map_err(Refusal::into_outcome)
}

/// The results so far.
#[derive(Default)]
struct Progress {
    accounts: u64,
    members: Members,
    sessions: Sessions,
    lookups: Vec<SourceLookup>,
    log_sources: BTreeMap<String, LogSource>,
    gaps: Vec<String>,
}

impl Progress {
    /// Many accounts see an organization trail, but only its owner can return its state, so a known
    /// state is never replaced.
    fn add_log_source(&mut self, source: LogSource) {
        let known = self
            .log_sources
            .entry(source.via.clone())
            .or_insert_with(|| source.clone());
        if known.state == SourceState::Unknown {
            *known = source;
        }
    }
}

/// The results of one account in scope.
struct AccountResult {
    account: AccountId,
    account_name: String,
    session: Result<Arc<Session>, Outcome>,
    lookups: Vec<SourceLookup>,
    log_sources: Vec<LogSource>,
}

impl Survey {
    async fn connect(
        aws: Aws,
        reach: &Reach,
        known: EnteredAccounts,
    ) -> Result<Self, CommandError> {
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        let reach = reach.clone();
        let access = Access::new(
            &aws,
            &caller,
            &reach.identity,
            "dragnet-sources".to_owned(),
            &Operation::SOURCES,
        );
        Ok(Self {
            aws,
            access,
            matches: SelectorMatches::new(&reach.scope),
            reach,
            known,
        })
    }

    async fn enter(&self, member: &Member) -> Result<Entered, Refusal> {
        match self.known.get(&member.account.id) {
            Some(entered) => Ok(entered.clone()),
            None => self.access.enter(&self.aws, member).await,
        }
    }

    async fn query_accounts(self: &Arc<Self>) -> Result<Progress, CommandError> {
        let mut directory =
            Directory::new(&self.aws, &self.access, &self.reach).with_matches(&self.matches);
        let mut progress = Progress::default();
        let mut accounts = JoinSet::new();
        while let Some(member) = directory.next().await? {
            if member.membership == ScopeMembership::InScope {
                progress.accounts += 1;
                accounts.spawn(Arc::clone(self).query_account(member.clone()));
            }
            progress.members.insert(member.account.id, member);
        }
        for result in accounts.join_all().await {
            if let Err(outcome) = &result.session {
                progress.gaps.push(format!(
                    "account {} {}: {}",
                    result.account,
                    result.account_name,
                    outcome.reason_text()
                ));
            }
            progress.sessions.insert(result.account, result.session);
            progress.lookups.extend(result.lookups);
            result
                .log_sources
                .into_iter()
                .for_each(|source| progress.add_log_source(source));
        }
        progress
            .lookups
            .sort_by(|one, other| (&one.target, one.kind).cmp(&(&other.target, other.kind)));
        Ok(progress)
    }

    async fn query_account(self: Arc<Self>, member: Member) -> AccountResult {
        let account = member.account.id;
        let mut lookups = Vec::new();
        let mut log_sources = Vec::new();
        let session = match self.enter(&member).await.map_err(Refusal::into_outcome) {
            Err(outcome) => Err(outcome),
            Ok(Entered { session, regions }) => {
                for enabled in &regions {
                    self.matches.mark_region(&member.account, &enabled.region);
                }
                let targets: Vec<Target> = RegionScope::new(&self.reach.scope, &member, regions)
                    .enabled
                    .into_iter()
                    .map(|enabled| Target {
                        account,
                        region: enabled.region,
                    })
                    .collect();
                for found in join_all(
                    targets
                        .iter()
                        .map(|target| look_up_log_sources(&self.aws, &session, target)),
                )
                .await
                {
                    lookups.extend(found.lookups);
                    log_sources.extend(found.log_sources);
                }
                Ok(session)
            }
        };
        AccountResult {
            account,
            account_name: member.account.name,
            session,
            lookups,
            log_sources,
        }
    }

    /// Queries the owners of log sources whose state is unknown because the owner is outside of the
    /// scope.
    async fn query_owners(&self, progress: &mut Progress) {
        let unknown: Vec<LogSource> = progress
            .log_sources
            .values()
            .filter(|source| source.state == SourceState::Unknown)
            .cloned()
            .collect();
        for source in unknown {
            let queried = match self.session(progress, source.home.account).await {
                Ok(session) => look_up_trail_state(&self.aws, &session, source).await,
                Err(outcome) => LogSource {
                    state: SourceState::Denied(outcome),
                    ..source
                },
            };
            progress.add_log_source(queried);
        }
    }

    /// Determines what a sweep would do with each log group to which a log source delivers.
    async fn check_groups(
        &self,
        progress: &mut Progress,
        window: TimeWindow,
        now: Timestamp,
    ) -> BTreeMap<LogGroupArn, GroupEnd> {
        let groups: BTreeSet<LogGroupArn> = progress
            .log_sources
            .values()
            .filter_map(LogSource::log_group)
            .cloned()
            .collect();
        let mut checks = Vec::new();
        for group in groups {
            let session = self.session(progress, group.target.account).await;
            checks.push(async move {
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
                        Ok(None) => GroupEnd::not_found(),
                        Ok(Some(found)) => GroupEnd::expected(&found, window, now),
                    },
                };
                (group, end)
            });
        }
        join_all(checks).await.into_iter().collect()
    }

    /// Determines what a sweep would do with folders of buckets. A bucket is read from the first
    /// account that can list it.
    async fn check_objects(
        &self,
        sessions: &mut BucketSessions,
        members: &Members,
        folders: Vec<(LogSource, ObjectFolder)>,
        window: TimeWindow,
    ) -> BTreeMap<Target, Vec<ObjectsEnd>> {
        let mut ends: BTreeMap<Target, Vec<ObjectsEnd>> = BTreeMap::new();
        for (log_source, folder) in folders {
            let mut first_refusal = None;
            let mut found = None;
            for account in reader_candidates(&log_source, members) {
                let reader = (account, folder.bucket());
                let session = self.bucket_session(sessions, members, reader);
                let end = match session.await {
                    Ok(session) => self.check_folder(&session, &folder, window).await,
                    Err(outcome) => GroupEnd::from_outcome(&outcome, SourceStatus::Failed),
                };
                if end.status != SourceStatus::Denied {
                    found = Some(end);
                    break;
                }
                first_refusal.get_or_insert(end);
            }
            ends.entry(folder.target.clone())
                .or_default()
                .extend(found.or(first_refusal).map(|end| ObjectsEnd {
                    location: folder.location(),
                    end,
                }));
        }
        ends
    }

    async fn check_folder(
        &self,
        session: &Session,
        folder: &ObjectFolder,
        window: TimeWindow,
    ) -> GroupEnd {
        match find_bucket(&self.aws, session, folder.bucket()).await {
            Ok(bucket) => expected_objects(&self.aws, session, &bucket, folder, window).await,
            Err(error) => GroupEnd::from_outcome(
                &Refusal::from_call_error(&error).into_outcome(),
                SourceStatus::Failed,
            ),
        }
    }

    /// Returns the session for an account, in scope or not.
    async fn session(
        &self,
        progress: &mut Progress,
        account: AccountId,
    ) -> Result<Arc<Session>, Outcome> {
        if let Some(session) = progress.sessions.get(&account) {
            return session.clone();
        }
        let session = match member_to_enter(&progress.members, &self.access, account) {
            Err(outcome) => Err(outcome),
            Ok(member) => session_of(self.enter(&member).await),
        };
        progress.sessions.insert(account, session.clone());
        session
    }

    /// Returns the session in which an account reads a bucket.
    pub(super) async fn bucket_session(
        &self,
        sessions: &mut BucketSessions,
        members: &Members,
        (account, bucket): (AccountId, &str),
    ) -> Result<Arc<Session>, Outcome> {
        let key = (account, bucket.to_owned());
        if let Some(session) = sessions.get(&key) {
            return session.clone();
        }
        let session = match member_to_enter(members, &self.access, account) {
            Err(outcome) => Err(outcome),
            Ok(member) => {
                let entered = self.access.enter_bucket(&self.aws, &member, bucket);
                session_of(entered.await)
            }
        };
        sessions.insert(key, session.clone());
        session
    }
}
