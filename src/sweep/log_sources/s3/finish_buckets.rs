//! The last step of a sweep about buckets: whether reads of the buckets that sightings name were recorded,
//! and the search of server access logs, if the user asks for objects in S3.
//!
//! Both follow from `GetBucketLogging`, which only the owner of a bucket may call. What it denies is no
//! gap: then it is not known.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::warn;

use super::bucket_access::{enter_bucket, outcome_of_bucket_error};
use super::bucket_reads::{BucketLogging, describe_logging_error, look_up_bucket_logging};
use super::bucket_sweep::record_unread_folder;
use super::expected::find_bucket;
use super::folder_choice::FolderScope;
use super::folder_reader::create_reader;
use super::folder_sweep::sweep_folder;
use super::object_folder::ObjectFolder;
use super::object_sweep::ObjectSweep;
use super::read_recording::{judge_in_sweep, note_access_logs, record_reads, wants_access_logs};
use crate::aws::{Bucket, Session};
use crate::store::JournalClosed;
use crate::sweep::bucket_facts::FoundAccessLogs;
use crate::sweep::context::SweepContext;
use crate::sweep::directory::member_to_enter;
use crate::sweep::member::Members;
use crate::sweep::tasks::join_tasks;
use dragnet_model::{AccountId, LogKind, NamedBuckets, Outcome};

/// How many buckets are asked. Each takes some calls.
const MOST_ASKED: usize = 32;

/// Judges the buckets that sightings name and those with access logs, and searches the access logs.
/// `members` are all accounts that were listed.
pub(in crate::sweep) async fn finish_buckets(
    shared: &Arc<SweepContext>,
    members: Members,
) -> Result<(), JournalClosed> {
    let named = if shared.reports_named_buckets() {
        shared.buckets.named()
    } else {
        NamedBuckets::default()
    };
    add_planned_access_logs(shared);
    if named.is_empty() && shared.buckets.access_logs().is_empty() {
        return Ok(());
    }
    let sweep = Arc::new(ObjectSweep::new(shared, members));
    let checks = BucketChecks {
        sweep: &sweep,
        asked: 0,
    };
    Box::pin(checks.ask_all(&named)).await;
    if wants_access_logs(shared) {
        let mut logs = JoinSet::new();
        for (location, found) in shared.buckets.access_logs() {
            if is_left_to_other_shard(shared, &found) {
                continue;
            }
            logs.spawn(sweep_access_logs(Arc::clone(&sweep), location, found));
        }
        join_tasks(logs).await?;
    }
    record_reads(shared).await
}

/// Asks the owners of buckets, one after the other.
struct BucketChecks<'s> {
    sweep: &'s ObjectSweep,
    asked: usize,
}

impl BucketChecks<'_> {
    async fn ask_all(mut self, named: &NamedBuckets) {
        if named.has_more() {
            let most = NamedBuckets::MOST;
            warn!(
                "sightings name more than {most} buckets; the reads of the others are not judged"
            );
        }
        for (name, owner) in named.buckets() {
            if !self.sweep.shared.buckets.has_reads(name) {
                self.judge(name, owner).await;
            }
        }
        // A bucket with access logs may have access logs itself.
        loop {
            let buckets = &self.sweep.shared.buckets;
            let next = buckets
                .access_logs()
                .into_values()
                .find(|found| !buckets.has_reads(&found.bucket));
            let Some(FoundAccessLogs { target, bucket, .. }) = next else {
                return;
            };
            self.judge(&bucket, Some(target.account)).await;
        }
    }

    async fn judge(&mut self, name: &str, owner: Option<AccountId>) {
        let logging = self.ask(name, owner).await;
        let shared = &self.sweep.shared;
        if let Ok(logging) = &logging {
            note_access_logs(self.sweep, name, logging);
        }
        let logging = logging.as_ref().map_err(String::as_str);
        let reads = judge_in_sweep(shared, name, logging);
        shared.buckets.add_reads(reads);
    }

    /// Asks the owner of a bucket where reads of it are logged. The error says why that is not known.
    async fn ask(&mut self, name: &str, owner: Option<AccountId>) -> Result<BucketLogging, String> {
        let sweep = self.sweep;
        let shared = &sweep.shared;
        let owner = owner.ok_or_else(|| "no record says which account owns it".to_owned())?;
        if !sweep.members.contains_key(&owner) {
            return Err(format!(
                "account {owner}, which owns it, is none of those that were listed"
            ));
        }
        if self.asked >= MOST_ASKED {
            return Err(format!("only {MOST_ASKED} buckets are asked"));
        }
        self.asked += 1;
        let opened = open_bucket_of(sweep, owner, name).await;
        let (session, bucket) = opened.map_err(|outcome| {
            let reason = outcome.reason_text();
            format!("account {owner}, which owns it, could not read it: {reason}")
        })?;
        let asked = look_up_bucket_logging(&shared.aws, &session, &bucket, owner);
        match shared.run_until_cancelled(asked).await {
            Some(Ok(logging)) => Ok(logging),
            Some(Err(error)) => Err(describe_logging_error(&error, owner)),
            None => Err("the sweep was interrupted".to_owned()),
        }
    }
}

/// Enters the account that owns a bucket, and finds the Region of the bucket.
async fn open_bucket_of(
    sweep: &ObjectSweep,
    owner: AccountId,
    name: &str,
) -> Result<(Arc<Session>, Bucket), Outcome> {
    let shared = &sweep.shared;
    let member = member_to_enter(&sweep.members, &shared.access, owner);
    let session = enter_bucket(shared, member, name).await?;
    let found = shared.unless_interrupted(async {
        let found = find_bucket(&shared.aws, &session, name).await;
        found.map_err(|error| outcome_of_bucket_error(&error))
    });
    let bucket = found.await?;
    Ok((session, bucket))
}

/// Adds the access logs that the plan of a sweep in shards found and that belong to this shard. It may
/// not read the bucket through which they were found.
fn add_planned_access_logs(shared: &SweepContext) {
    let Some(part) = &shared.part else {
        return;
    };
    let owned = part.found.access_logs.iter();
    for found in owned.filter(|found| part.owns(&found.target)) {
        shared.buckets.add_access_logs(found.clone());
    }
}

/// Whether another shard searches these access logs. Those that the plan did not find belong to the
/// shard that found them.
fn is_left_to_other_shard(shared: &SweepContext, found: &FoundAccessLogs) -> bool {
    shared
        .part
        .as_ref()
        .is_some_and(|part| !part.owns(&found.target) && part.found.access_logs.contains(found))
}

/// Searches access logs, if their account-Region is in scope.
async fn sweep_access_logs(
    sweep: Arc<ObjectSweep>,
    location: String,
    found: FoundAccessLogs,
) -> Result<(), JournalClosed> {
    let scope = FolderScope {
        scope: &sweep.shared.settings.reach.scope,
        members: &sweep.members,
        // Which shard reads them is decided before.
        part: None,
        is_listed_organization: false,
    };
    let FoundAccessLogs {
        target,
        bucket: name,
        place,
    } = found;
    if !scope.has_target(&target) {
        return Ok(());
    }
    match open_bucket_of(&sweep, target.account, &name).await {
        Ok((session, bucket)) => {
            let folder = ObjectFolder::of_access_logs(target, place, &name);
            let reader = create_reader(&sweep, (&session, &bucket), &folder, location);
            Box::pin(sweep_folder(reader, folder)).await
        }
        Err(outcome) => {
            let kinds = BTreeSet::from([LogKind::App]);
            let folder = (&target, location.as_str());
            record_unread_folder(&sweep, folder, kinds, &outcome).await
        }
    }
}
