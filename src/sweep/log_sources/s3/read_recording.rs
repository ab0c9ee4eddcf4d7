//! Looks up, during a sweep, whether reads of its buckets were recorded. It never is a gap: what it
//! cannot find out is unknown.

use std::sync::Arc;

use super::bucket_access::{OpenBucket, enter_bucket};
use super::bucket_reads::{
    BucketLogging, KnownTrails, describe_logging_error, judge_reads, look_up_bucket_logging,
};
use super::delivering_source::DeliveringSource;
use super::object_sweep::ObjectSweep;
use super::reader_candidates::reader_candidates;
use crate::s3_layout::{AccessLogPlace, AccessLogSource};
use crate::store::{Entry, JournalClosed, RunFacts};
use crate::sweep::bucket_facts::FoundAccessLogs;
use crate::sweep::context::SweepContext;
use crate::sweep::directory::member_to_enter;
use crate::sweep::window_basis::WindowBasis;
use dragnet_model::{
    AccountId, BucketReads, LogSource, Outcome, ReadRecording, Reason, StorageKind, Target,
};

/// How many accounts are asked whether they own a bucket.
const MOST_ACCOUNTS: usize = 6;

/// Looks up whether reads of a bucket were recorded, and where its access logs are.
pub(super) async fn check_reads(
    sweep: &ObjectSweep,
    opened: &OpenBucket,
    sources: &[DeliveringSource],
) {
    let shared = &sweep.shared;
    if !is_reported(shared) && !wants_access_logs(shared) {
        return;
    }
    let Some(logging) = find_logging(sweep, opened, sources).await else {
        return;
    };
    let name = &*opened.bucket.name;
    if let Ok(logging) = &logging {
        note_access_logs(sweep, name, logging);
    }
    if is_reported(shared) {
        let logging = logging.as_ref().map_err(String::as_str);
        shared
            .buckets
            .add_reads(judge_in_sweep(shared, name, logging));
    }
}

/// Remembers where the access logs of a bucket are, if they are searched, or reported on.
pub(super) fn note_access_logs(sweep: &ObjectSweep, name: &str, logging: &BucketLogging) {
    let Some(logs) = &logging.access_logs else {
        return;
    };
    if !wants_access_logs(&sweep.shared) && !sweep.shared.reports_named_buckets() {
        return;
    }
    let BucketLogging { owner, region, .. } = logging;
    let source = logs.is_partitioned.then(|| AccessLogSource {
        account: *owner,
        region: region.clone(),
        bucket: name.to_owned(),
    });
    sweep.shared.buckets.add_access_logs(FoundAccessLogs {
        target: Target {
            account: *owner,
            region: region.clone(),
        },
        bucket: logs.bucket.clone(),
        place: AccessLogPlace {
            prefix: logs.prefix.clone(),
            source,
        },
    });
}

/// Whether access logs are searched: if the user asks for objects in S3, because nothing that is required
/// by default is only there. A watch does not: the keys need not have the time of the delivery.
pub(super) fn wants_access_logs(shared: &SweepContext) -> bool {
    shared.settings.sources.names(StorageKind::S3)
        && !matches!(shared.windows, WindowBasis::LogTime(_))
}

/// Notes that it is not known of a bucket that could not be opened.
pub(super) fn note_unread_bucket(sweep: &ObjectSweep, name: &str, outcome: &Outcome) {
    if !is_reported(&sweep.shared) || outcome.reason == Some(Reason::Interrupted) {
        return;
    }
    sweep.shared.buckets.add_reads(BucketReads {
        bucket: name.to_owned(),
        recording: ReadRecording::Unknown,
        detail: "the bucket could not be read".to_owned(),
    });
}

/// Judges with what the sweep knows of trails.
pub(super) fn judge_in_sweep(
    shared: &SweepContext,
    name: &str,
    logging: Result<&BucketLogging, &str>,
) -> BucketReads {
    shared.searched.read(|found| {
        let trails: Vec<LogSource> = found.trails.values().cloned().collect();
        let known = KnownTrails {
            lookups: &found.lookups,
            trails: &trails,
            window: shared.settings.window,
        };
        judge_reads(name, logging, known)
    })
}

/// Records the results for the report.
pub(super) async fn record_reads(shared: &SweepContext) -> Result<(), JournalClosed> {
    let reads = shared.buckets.reads();
    if reads.is_empty() || shared.is_plan() {
        return Ok(());
    }
    let mut facts = RunFacts::default();
    facts.bucket_reads.set(&reads);
    let entry = Entry::Facts(Box::new(facts));
    shared.journal.write(entry).await
}

/// Whether a report says it: that of a sweep, not of a plan, nor of a watch, which has other reports.
fn is_reported(shared: &SweepContext) -> bool {
    !shared.is_plan() && !matches!(shared.windows, WindowBasis::LogTime(_))
}

/// Asks the account that reads the bucket, and then those that may own it. The error says why
/// none of them answered; `None` if the sweep is interrupted.
async fn find_logging(
    sweep: &ObjectSweep,
    opened: &OpenBucket,
    sources: &[DeliveringSource],
) -> Option<Result<BucketLogging, String>> {
    let shared = &sweep.shared;
    let mut first_reason = None;
    for account in possible_owners(sweep, opened, sources) {
        let session = if account == opened.account {
            Arc::clone(&opened.session)
        } else {
            let member = member_to_enter(&sweep.members, &shared.access, account);
            match enter_bucket(shared, member, &opened.bucket.name).await {
                Ok(session) => session,
                Err(_) => continue,
            }
        };
        let asked = look_up_bucket_logging(&shared.aws, &session, &opened.bucket, account);
        match shared.run_until_cancelled(asked).await? {
            Ok(logging) => return Some(Ok(logging)),
            Err(error) => {
                first_reason.get_or_insert_with(|| describe_logging_error(&error, account));
            }
        }
    }
    Some(Err(first_reason.unwrap_or_default()))
}

fn possible_owners(
    sweep: &ObjectSweep,
    opened: &OpenBucket,
    sources: &[DeliveringSource],
) -> Vec<AccountId> {
    let mut accounts = vec![opened.account];
    let candidates = sources
        .iter()
        .flat_map(|source| reader_candidates(&source.log_source, &sweep.members));
    for account in candidates {
        if accounts.len() < MOST_ACCOUNTS && !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    accounts
}
