//! Finds an account that can read a bucket.

use std::sync::Arc;

use super::delivering_source::DeliveringSource;
use super::expected::find_bucket;
use super::object_folder::ObjectFolder;
use super::object_sweep::ObjectSweep;
use super::reader_candidates::reader_candidates;
use super::span_keys::SpanKeys;
use crate::aws::{Bucket, CallError, ListQuery, ListedObject, ObjectListing, S3Failure, Session};
use crate::s3_layout::LogRoot;
use crate::sweep::context::SweepContext;
use crate::sweep::directory::member_to_enter;
use crate::sweep::member::Member;
use crate::sweep::refusal::{Refusal, outcome_of_call_error};
use crate::sweep::window_basis::TimeFilter;
use dragnet_model::{AccountId, Outcome, Reason, Status};

/// In how many folders an object is looked for, with which the permission to read is tried.
const TRIED_FOLDERS: usize = 4;

/// A bucket that can be listed, and the session that can.
#[derive(Debug)]
pub(super) struct OpenBucket {
    /// The account of the session.
    pub account: AccountId,
    pub session: Arc<Session>,
    pub bucket: Bucket,
    /// Whether AWS denied reading an object. Another account may own the key.
    is_object_denied: bool,
}

/// Finds an account that can read a bucket, and the Region of the bucket. An account that can only
/// list it is used if no other can read it: the coverage then says why. `folders_of` returns folders
/// that a log source should have. The error is the outcome of everything in the bucket.
pub(super) async fn open_bucket(
    sweep: &ObjectSweep,
    name: &str,
    sources: &[DeliveringSource],
    folders_of: &(dyn Fn(&DeliveringSource) -> Vec<ObjectFolder> + Sync),
) -> Result<OpenBucket, Outcome> {
    let shared = &sweep.shared;
    let mut first_refusal: Option<Outcome> = None;
    let mut only_listed: Option<OpenBucket> = None;
    let mut tried: Vec<AccountId> = Vec::new();
    for source in sources {
        for account in reader_candidates(&source.log_source, &sweep.members) {
            if tried.contains(&account) {
                continue;
            }
            tried.push(account);
            let member = member_to_enter(&sweep.members, &shared.access, account);
            let opened = match enter_bucket(shared, member, name).await {
                Ok(session) => {
                    let folders = folders_of(source);
                    try_bucket(shared, (account, session), (name, source), folders).await
                }
                Err(outcome) => Err(outcome),
            };
            match opened {
                Ok(open) if !open.is_object_denied => return Ok(open),
                Ok(open) => {
                    only_listed.get_or_insert(open);
                }
                Err(outcome) if outcome.reason == Some(Reason::Interrupted) => {
                    return Err(outcome);
                }
                // An account that is closed or whose calls fail says nothing about the others.
                Err(outcome) => {
                    first_refusal.get_or_insert(outcome);
                }
            }
        }
    }
    match only_listed {
        Some(open) => Ok(open),
        None => Err(refusal(first_refusal, name, &tried)),
    }
}

/// Enters an account by a session that may read this bucket alone.
pub(super) async fn enter_bucket(
    shared: &SweepContext,
    member: Result<Member, Outcome>,
    name: &str,
) -> Result<Arc<Session>, Outcome> {
    let member = member?;
    shared
        .unless_interrupted(async {
            let entered = shared.access.enter_bucket(&shared.aws, &member, name).await;
            entered
                .map(|entered| entered.session)
                .map_err(Refusal::into_outcome)
        })
        .await
}

/// Returns the outcome if no account can list a bucket.
fn refusal(first: Option<Outcome>, name: &str, tried: &[AccountId]) -> Outcome {
    let mut outcome = first.unwrap_or_else(|| Outcome::denied("no account can list it"));
    if outcome.status != Status::Denied {
        return outcome;
    }
    let accounts: Vec<String> = tried.iter().map(ToString::to_string).collect();
    outcome.append_detail(&format!(
        "bucket {name} was tried from account {}; allow s3:ListBucket and s3:GetObject to the read role of one of them (dragnet setup policy --log-bucket)",
        accounts.join(", ")
    ));
    outcome
}

/// Lists the root of a log source in a bucket, and reads an object of it.
async fn try_bucket(
    shared: &SweepContext,
    (account, session): (AccountId, Arc<Session>),
    (name, source): (&str, &DeliveringSource),
    folders: Vec<ObjectFolder>,
) -> Result<OpenBucket, Outcome> {
    let bucket = source.log_source.bucket.as_ref();
    let prefix = bucket.map(|bucket| bucket.prefix.as_str());
    let root = LogRoot::new(prefix.unwrap_or_default(), None);
    let tried = shared.unless_interrupted(async {
        let bucket = find_bucket(&shared.aws, &session, name)
            .await
            .map_err(|error| outcome_of_bucket_error(&error))?;
        let mut listing = ObjectListing::new(ListQuery {
            prefix: root.path(),
            delimiter: Some('/'),
            ..ListQuery::default()
        });
        let listed = shared
            .aws
            .list_objects(&session, &bucket, &mut listing)
            .await;
        listed.map_err(|error| outcome_of_bucket_error(&error))?;
        let is_object_denied = !shared.is_plan() && {
            let object = find_object(shared, (&*session, &bucket), &folders).await?;
            is_object_denied(shared, (&*session, &bucket), object).await
        };
        Ok((bucket, is_object_denied))
    });
    let (bucket, is_object_denied) = tried.await?;
    Ok(OpenBucket {
        account,
        session,
        bucket,
        is_object_denied,
    })
}

/// Returns an object with records of the window, if the first folders have one.
async fn find_object(
    shared: &SweepContext,
    (session, bucket): (&Session, &Bucket),
    folders: &[ObjectFolder],
) -> Result<Option<ListedObject>, Outcome> {
    let window = shared.settings.window;
    let time_filter = TimeFilter::EventTime(window);
    for folder in folders.iter().take(TRIED_FOLDERS) {
        let keys = SpanKeys::new(&folder.place, &time_filter, window);
        let mut listing = ObjectListing::new(keys.to_query(None));
        // A page may be empty and not be the last one.
        let mut objects = Vec::new();
        while objects.is_empty() {
            let page = shared.aws.list_objects(session, bucket, &mut listing);
            let page = page
                .await
                .map_err(|error| outcome_of_bucket_error(&error))?;
            let Some(page) = page else {
                break;
            };
            objects = page.objects;
        }
        let is_readable = |object: &ListedObject| !object.is_archived() && object.size > 0;
        if let Some(object) = objects.into_iter().find(is_readable) {
            return Ok(Some(object));
        }
    }
    Ok(None)
}

/// Whether AWS denies reading an object. Any other problem is found when all objects are read.
async fn is_object_denied(
    shared: &SweepContext,
    (session, bucket): (&Session, &Bucket),
    object: Option<ListedObject>,
) -> bool {
    let Some(object) = object else {
        return false;
    };
    // One byte needs the same permissions as all of them.
    let read = shared.aws.object_range(session, bucket, &object, 0..1);
    let read = read.await;
    read.is_err_and(|error| {
        matches!(
            S3Failure::from_error(&error),
            S3Failure::ObjectDenied | S3Failure::KeyDenied
        )
    })
}

/// Returns the outcome of a bucket after a call failed.
pub(super) fn outcome_of_bucket_error(error: &CallError) -> Outcome {
    match S3Failure::from_error(error) {
        S3Failure::ListDenied | S3Failure::ObjectDenied => Outcome {
            reason: Some(Reason::AccessDenied),
            ..Outcome::denied(error.to_string())
        },
        _ => outcome_of_call_error(error),
    }
}
