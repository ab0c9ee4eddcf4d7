//! Searches the buckets to which trails and flow logs deliver: all of them if the user asks for
//! objects in S3, else those of account-Regions that nothing else covers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::info;

use super::athena::build_index;
use super::bucket_access::{OpenBucket, open_bucket, outcome_of_bucket_error};
use super::delivering_source::{DeliveringSource, delivering_sources};
use super::discovery::Discovery;
use super::folder_choice::FolderScope;
use super::folder_reader::create_reader;
use super::folder_sweep::sweep_folder;
use super::object_folder::ObjectFolder;
use super::object_reader::ObjectReader;
use super::object_sweep::ObjectSweep;
use super::read_recording::{check_reads, note_unread_bucket, record_reads};
use super::service_folders::ServiceDiscovery;
use crate::aws::{Bucket, Session};
use crate::s3_layout::LogRoot;
use crate::store::{Entry, JournalClosed, RunFacts};
use crate::sweep::context::SweepContext;
use crate::sweep::coverage_rows::unread_objects;
use crate::sweep::member::{Member, Members};
use crate::sweep::tasks::join_tasks;
use dragnet_model::{LogKind, LogSource, Organization, Outcome, Reason, StorageKind, Target};

/// Searches the buckets that are needed. `members` are all accounts that were listed.
pub(in crate::sweep) async fn sweep_buckets(
    shared: &Arc<SweepContext>,
    members: Members,
) -> Result<(), JournalClosed> {
    if !may_be_needed(shared) {
        return Ok(());
    }
    let by_bucket = delivering_sources(shared);
    if by_bucket.is_empty() && !shared.settings.verify_integrity {
        return Ok(());
    }
    let sweep = Arc::new(ObjectSweep::new(shared, members));
    let mut buckets = JoinSet::new();
    for (name, sources) in by_bucket {
        buckets.spawn(sweep_bucket(Arc::clone(&sweep), name, sources));
    }
    join_tasks(buckets).await?;
    record_reads(shared).await?;
    record_integrity(&sweep).await
}

/// Records what the digests say about all folders, if the user asks for it.
async fn record_integrity(sweep: &ObjectSweep) -> Result<(), JournalClosed> {
    let shared = &sweep.shared;
    if !shared.settings.verify_integrity || shared.is_plan() {
        return Ok(());
    }
    let mut facts = RunFacts::default();
    facts.integrity.set(&sweep.integrity.lock().clone());
    shared.journal.write(Entry::Facts(Box::new(facts))).await
}

/// Whether the user asks for objects in S3, or what nothing else covers would be a gap that they
/// could close.
fn may_be_needed(shared: &SweepContext) -> bool {
    let settings = &shared.settings;
    let search_set = &shared.search_set;
    settings.sources.names(StorageKind::S3)
        || (settings.sources.allows(StorageKind::S3)
            && settings.reach.scope.requires_sources()
            && !search_set.has_filter_pattern()
            && !search_set.is_passthrough_only())
}

/// Searches the folders of a bucket.
async fn sweep_bucket(
    sweep: Arc<ObjectSweep>,
    name: String,
    sources: Vec<DeliveringSource>,
) -> Result<(), JournalClosed> {
    let folders_of = |source: &DeliveringSource| expected_folders(&sweep, source);
    let opened = open_bucket(&sweep, &name, &sources, &folders_of).await;
    let opened = match opened {
        Ok(opened) => opened,
        Err(outcome) => {
            note_unread_bucket(&sweep, &name, &outcome);
            info!(bucket = name, reason = outcome.reason_text(), "not read");
            return record_unread(&sweep, &sources, &outcome).await;
        }
    };
    Box::pin(check_reads(&sweep, &opened, &sources)).await;
    let OpenBucket {
        session, bucket, ..
    } = opened;
    // Two log sources may deliver to the same folder.
    let mut folders: BTreeMap<String, ObjectFolder> = BTreeMap::new();
    for source in &sources {
        match discover(&sweep, (session.as_ref(), &bucket), source).await {
            Ok(found) => {
                let expected = expected_folders(&sweep, source);
                let expected = expected.into_iter().map(ObjectFolder::without_delivery);
                for folder in found.into_iter().chain(expected) {
                    folders
                        .entry(folder.location())
                        .and_modify(|known| known.add_source(&folder))
                        .or_insert(folder);
                }
            }
            Err(outcome) => {
                record_unread(&sweep, std::slice::from_ref(source), &outcome).await?;
            }
        }
    }
    let found = find_service_folders(&sweep, (session.as_ref(), &bucket), &sources);
    let found = Box::pin(found).await;
    record_listing(&sweep, &bucket, &sources, found.as_ref().err()).await?;
    let found = found.into_iter().flatten();
    folders.extend(found.map(|folder| (folder.location(), folder)));
    let index = Box::pin(build_index(&sweep, (&session, &bucket), &folders)).await?;
    let mut tasks = JoinSet::new();
    for (location, folder) in folders {
        let reader = create_reader(&sweep, (&session, &bucket), &folder, location);
        let reader = ObjectReader {
            index: index.clone(),
            ..reader
        };
        tasks.spawn(sweep_folder(reader, folder));
    }
    join_tasks(tasks).await
}

/// Returns the folders of a log source that are read.
pub(super) async fn discover(
    sweep: &ObjectSweep,
    (session, bucket): (&Session, &Bucket),
    source: &DeliveringSource,
) -> Result<Vec<ObjectFolder>, Outcome> {
    let shared = &sweep.shared;
    let organization = organization_of(sweep, &source.log_source);
    let discovery = Discovery {
        aws: &shared.aws,
        session,
        bucket,
        log_source: &source.log_source,
        choice: &source.choice,
        scope: folder_scope(sweep, organization.as_ref()),
        organization: organization.as_ref().map(|known| known.id.as_str()),
    };
    shared
        .unless_interrupted(async {
            let folders = discovery.folders().await;
            folders.map_err(|error| outcome_of_bucket_error(&error))
        })
        .await
}

/// Returns the folders of services other than trails and flow logs, if the user asks for objects in
/// S3: nothing that is required by default is only there.
async fn find_service_folders(
    sweep: &ObjectSweep,
    (session, bucket): (&Session, &Bucket),
    sources: &[DeliveringSource],
) -> Result<Vec<ObjectFolder>, Outcome> {
    let shared = &sweep.shared;
    if !shared.settings.sources.names(StorageKind::S3) {
        return Ok(Vec::new());
    }
    let mut organizations = sources
        .iter()
        .filter_map(|source| organization_of(sweep, &source.log_source));
    let organization = organizations.next();
    let discovery = ServiceDiscovery {
        aws: &shared.aws,
        session,
        bucket,
        scope: folder_scope(sweep, organization.as_ref()),
    };
    let prefixes = prefixes_of(sources);
    shared
        .unless_interrupted(async {
            let folders = discovery.folders(&prefixes).await;
            folders.map_err(|error| outcome_of_bucket_error(&error))
        })
        .await
}

/// Returns the prefixes under which services may deliver: none, and those of trails and flow logs.
fn prefixes_of(sources: &[DeliveringSource]) -> BTreeSet<String> {
    let buckets = sources
        .iter()
        .filter_map(|source| source.log_source.bucket.as_ref());
    let prefixes = buckets.map(|bucket| bucket.prefix.clone());
    prefixes.chain([String::new()]).collect()
}

/// Records that the folders of services could not be listed, or that they could after an earlier part
/// of the run recorded that. An interrupted run lists them again.
async fn record_listing(
    sweep: &ObjectSweep,
    bucket: &Bucket,
    sources: &[DeliveringSource],
    problem: Option<&Outcome>,
) -> Result<(), JournalClosed> {
    let Some(source) = sources.first() else {
        return Ok(());
    };
    let shared = &sweep.shared;
    let target = &source.log_source.home;
    for prefix in prefixes_of(sources) {
        let root = LogRoot::new(&prefix, None).path();
        let location = format!("{}/{root}", bucket.name);
        match problem {
            Some(outcome) if outcome.reason == Some(Reason::Interrupted) => {}
            Some(outcome) => {
                let kinds = BTreeSet::from([LogKind::App]);
                let folder = (target, location.as_str());
                record_unread_folder(sweep, folder, kinds, outcome).await?;
            }
            None => {
                if let Some(known) = shared.known_objects(target, &location) {
                    let listed = Outcome::searched();
                    shared.finish_row(known.coverage_id, listed).await?;
                }
            }
        }
    }
    Ok(())
}

fn folder_scope<'s>(
    sweep: &'s ObjectSweep,
    organization: Option<&Organization>,
) -> FolderScope<'s> {
    FolderScope {
        scope: &sweep.shared.settings.reach.scope,
        members: &sweep.members,
        part: sweep.shared.part.as_deref(),
        is_listed_organization: organization.is_some(),
    }
}

/// Returns the organization of a log source, if it is the one whose accounts were listed.
fn organization_of(sweep: &ObjectSweep, log_source: &LogSource) -> Option<Organization> {
    let owner = sweep.members.get(&log_source.home.account);
    owner.and_then(Member::organization)
}

/// Returns the folders that a log source should have for the account-Regions that it records.
pub(super) fn expected_folders(
    sweep: &ObjectSweep,
    source: &DeliveringSource,
) -> Vec<ObjectFolder> {
    let organization = organization_of(sweep, &source.log_source);
    let scope = folder_scope(sweep, organization.as_ref());
    source
        .recorded
        .iter()
        .filter(|target| scope.has_target(target) && source.choice.needs(target))
        .filter_map(|target| ObjectFolder::new(&source.log_source, target, organization.as_ref()))
        .collect()
}

/// Records why the folders of log sources are not read.
async fn record_unread(
    sweep: &ObjectSweep,
    sources: &[DeliveringSource],
    outcome: &Outcome,
) -> Result<(), JournalClosed> {
    let shared = &sweep.shared;
    let mut folders = BTreeMap::new();
    for source in sources {
        for folder in expected_folders(sweep, source) {
            folders.insert(folder.location(), folder);
        }
    }
    for (location, folder) in folders {
        let target = &folder.target;
        if folder.is_of_trail() && shared.settings.verify_integrity {
            let why_not = outcome.reason_text();
            sweep.integrity.lock().add_unverified(&why_not);
        }
        let kinds = folder.kinds();
        record_unread_folder(sweep, (target, location.as_str()), kinds, outcome).await?;
    }
    Ok(())
}

/// Records why a folder is not read, unless an earlier part of the run read it.
pub(super) async fn record_unread_folder(
    sweep: &ObjectSweep,
    (target, location): (&Target, &str),
    kinds: BTreeSet<LogKind>,
    outcome: &Outcome,
) -> Result<(), JournalClosed> {
    let shared = &sweep.shared;
    let known = shared.known_objects(target, location);
    if let Some(known) = known.as_ref().filter(|known| known.is_finished) {
        shared
            .searched
            .add_objects_outcome(target, location, &known.outcome);
        return Ok(());
    }
    let account = sweep.account(target.account);
    let coverage_id = if let Some(known) = known {
        known.coverage_id
    } else {
        let recorded = shared.record_objects(&account, &target.region, location);
        recorded.await?
    };
    shared
        .searched
        .add_objects_outcome(target, location, outcome);
    shared.update_plan(|sheet| {
        let region = &target.region;
        sheet.add_gap(unread_objects(&account, region, location, kinds, outcome));
    });
    shared.finish_row(coverage_id, outcome.clone()).await
}
