//! Asks about the buckets of log sources: whether reads of them are recorded, and what other services
//! deliver to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::survey::{BucketSessions, Survey};
use crate::aws::{Aws, CallError, Session};
use crate::sweep::{
    BucketLogging, KnownTrails, Members, describe_logging_error, describe_service_folders,
    find_bucket, judge_reads, look_up_bucket_logging, reader_candidates,
};
use dragnet_model::{AccountId, BucketReads, LogSource};

/// How many accounts are asked whether they own a bucket.
const MOST_ACCOUNTS: usize = 6;

impl Survey {
    /// Determines whether reads of each bucket to which a log source delivers were recorded, and of those
    /// with access logs. Also describes the access logs, which a sweep searches only on request.
    pub(super) async fn check_reads(
        &self,
        sessions: &mut BucketSessions,
        members: &Members,
        known: KnownTrails<'_>,
    ) -> (Vec<BucketReads>, Vec<String>) {
        let mut reads = BTreeMap::new();
        let mut access_logs = Vec::new();
        let sources = by_bucket(known.trails).into_iter();
        let mut waiting: VecDeque<(String, Vec<AccountId>)> = sources
            .map(|(name, sources)| (name.to_owned(), possible_owners(&sources, members)))
            .collect();
        while let Some((name, owners)) = waiting.pop_front() {
            if reads.contains_key(&name) {
                continue;
            }
            let asked = self.find_logging(sessions, members, (&name, owners));
            let logging = asked.await;
            if let Ok(logging) = &logging
                && let Some(target) = &logging.access_logs
            {
                let url = target.url();
                access_logs.push(format!(
                    "bucket {name}: not searched unless --sources names s3: its server access logs in {url}"
                ));
                // Both buckets have the same owner.
                waiting.push_back((target.bucket.clone(), vec![logging.owner]));
            }
            let logging = logging.as_ref().map_err(String::as_str);
            let judged = judge_reads(&name, logging, known);
            reads.insert(name, judged);
        }
        (reads.into_values().collect(), access_logs)
    }

    /// Describes what services other than trails and flow logs deliver to the buckets of log sources.
    pub(super) async fn other_deliveries(
        &self,
        sessions: &mut BucketSessions,
        members: &Members,
        log_sources: &[LogSource],
    ) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, sources) in by_bucket(log_sources) {
            let mut first_problem = None;
            for account in possible_owners(&sources, members) {
                let Ok(session) = self
                    .bucket_session(sessions, members, (account, name))
                    .await
                else {
                    continue;
                };
                let listed = self.list_services(&session, members, (name, sources.as_slice()));
                match listed.await {
                    Ok(found) => {
                        first_problem = None;
                        lines.extend(found);
                        break;
                    }
                    Err(error) => {
                        let problem = describe_logging_error(&error, account);
                        first_problem.get_or_insert(problem);
                    }
                }
            }
            lines.extend(first_problem.map(|problem| {
                format!("bucket {name}: what other services deliver there is unknown: {problem}")
            }));
        }
        lines
    }

    async fn list_services(
        &self,
        session: &Session,
        members: &Members,
        (name, sources): (&str, &[&LogSource]),
    ) -> Result<Option<String>, CallError> {
        let bucket = find_bucket(&self.aws, session, name).await?;
        let prefixes = sources
            .iter()
            .filter_map(|source| Some(source.bucket.as_ref()?.prefix.clone()));
        let prefixes: BTreeSet<String> = prefixes.chain([String::new()]).collect();
        let scope = (&self.reach.scope, members);
        describe_service_folders(&self.aws, session, &bucket, &prefixes, scope).await
    }

    /// Asks the accounts that may own a bucket. The error says why none of them answered.
    async fn find_logging(
        &self,
        sessions: &mut BucketSessions,
        members: &Members,
        (name, owners): (&str, Vec<AccountId>),
    ) -> Result<BucketLogging, String> {
        let mut first_reason = None;
        for account in owners {
            let reason = match self
                .bucket_session(sessions, members, (account, name))
                .await
            {
                Ok(session) => match ask(&self.aws, &session, name, account).await {
                    Ok(logging) => return Ok(logging),
                    Err(error) => describe_logging_error(&error, account),
                },
                Err(outcome) => {
                    let reason = outcome.reason_text();
                    format!("account {account} could not be entered: {reason}")
                }
            };
            first_reason.get_or_insert(reason);
        }
        Err(first_reason.unwrap_or_default())
    }
}

async fn ask(
    aws: &Aws,
    session: &Session,
    name: &str,
    account: AccountId,
) -> Result<BucketLogging, CallError> {
    let bucket = find_bucket(aws, session, name).await?;
    look_up_bucket_logging(aws, session, &bucket, account).await
}

/// The log sources that deliver to buckets, by bucket.
fn by_bucket(log_sources: &[LogSource]) -> BTreeMap<&str, Vec<&LogSource>> {
    let mut by_bucket: BTreeMap<&str, Vec<&LogSource>> = BTreeMap::new();
    for source in log_sources {
        if let Some(bucket) = &source.bucket {
            by_bucket.entry(&bucket.name).or_default().push(source);
        }
    }
    by_bucket
}

fn possible_owners(sources: &[&LogSource], members: &Members) -> Vec<AccountId> {
    let mut accounts = Vec::new();
    let candidates = sources
        .iter()
        .flat_map(|source| reader_candidates(source, members));
    for account in candidates {
        if accounts.len() < MOST_ACCOUNTS && !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    accounts
}
