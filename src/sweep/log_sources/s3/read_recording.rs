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
use crate::store::{Entry, JournalClosed, RunFacts};
use crate::sweep::context::SweepContext;
use crate::sweep::directory::member_to_enter;
use crate::sweep::window_basis::WindowBasis;
use dragnet_model::{AccountId, BucketReads, LogSource, Outcome, ReadRecording, Reason};

/// How many accounts are asked whether they own a bucket.
const MOST_ACCOUNTS: usize = 6;

/// Looks up whether reads of a bucket were recorded.
pub(super) async fn check_reads(
    sweep: &ObjectSweep,
    opened: &OpenBucket,
    sources: &[DeliveringSource],
) {
    let shared = &sweep.shared;
    if !is_reported(shared) {
        return;
    }
    let Some(logging) = find_logging(sweep, opened, sources).await else {
        return;
    };
    let reads = shared.searched.read(|found| {
        let trails: Vec<LogSource> = found.trails.values().cloned().collect();
        let known = KnownTrails {
            lookups: &found.lookups,
            trails: &trails,
            window: shared.settings.window,
        };
        let logging = logging.as_ref().map_err(String::as_str);
        judge_reads(&opened.bucket.name, logging, known)
    });
    add_reads(sweep, reads);
}

/// Notes that it is not known of a bucket that could not be opened.
pub(super) fn note_unread_bucket(sweep: &ObjectSweep, name: &str, outcome: &Outcome) {
    if !is_reported(&sweep.shared) || outcome.reason == Some(Reason::Interrupted) {
        return;
    }
    let reads = BucketReads {
        bucket: name.to_owned(),
        recording: ReadRecording::Unknown,
        detail: "the bucket could not be read".to_owned(),
    };
    add_reads(sweep, reads);
}

/// Records the results for the report.
pub(super) async fn record_reads(sweep: &ObjectSweep) -> Result<(), JournalClosed> {
    let reads: Vec<BucketReads> = sweep.bucket_reads.lock().values().cloned().collect();
    if reads.is_empty() {
        return Ok(());
    }
    let mut facts = RunFacts::default();
    facts.bucket_reads.set(&reads);
    let entry = Entry::Facts(Box::new(facts));
    sweep.shared.journal.write(entry).await
}

fn add_reads(sweep: &ObjectSweep, reads: BucketReads) {
    let bucket = reads.bucket.clone();
    sweep.bucket_reads.lock().insert(bucket, reads);
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
