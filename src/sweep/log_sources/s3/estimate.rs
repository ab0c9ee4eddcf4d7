//! Estimates what it takes to read the objects of trails, by listing them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::bucket_access::{OpenBucket, open_bucket};
use super::bucket_sweep::{discover, expected_folders};
use super::delivering_source::{DeliveringSource, delivering_sources};
use super::folder_reader::create_reader;
use super::object_folder::ObjectFolder;
use super::object_sweep::ObjectSweep;
use super::span_reader::{KeyBatch, SpanReader};
use crate::aws::{Bucket, ListQuery, ObjectListing, Session};
use crate::s3_layout::{LogKey, ParsedKey};
use crate::sweep::context::SweepContext;
use crate::sweep::member::Members;
use crate::sweep::object_cost::{ObjectReads, object_cost};
use crate::sweep::source_choice::{ReadMethod, ReadSource, ReadTime};
use dragnet_model::{Outcome, Target};

/// How many folders are listed at the same time.
const CONCURRENT: usize = 64;

/// What it takes to read the objects of trails.
#[derive(Clone, Debug, Default)]
pub(in crate::sweep) struct ObjectEstimate {
    /// The account-Regions with a folder of which every object can be read, each with the time since
    /// which the folder has objects, in milliseconds since the Unix epoch.
    pub complete_since: BTreeMap<Target, i64>,
    buckets: BTreeSet<String>,
    calls: f64,
    seconds: f64,
    usd: f64,
}

/// The objects of one folder for the window.
struct ListedFolder {
    objects: u64,
    bytes: u64,
    /// The pages of the list.
    lists: u64,
    /// Whether every object can be read, as far as the list shows.
    is_readable: bool,
    /// The time in the name of the oldest object, whether it is read or not.
    oldest_ms: Option<i64>,
}

impl ObjectEstimate {
    /// Returns this as a source, if anything was listed.
    pub(in crate::sweep) fn to_source(&self) -> Option<ReadSource> {
        let time = Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::MAX);
        let names: Vec<&str> = self.buckets.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| ReadSource {
            method: ReadMethod::Objects,
            location: names.join(", "),
            calls: Some(self.calls),
            time: ReadTime::AtQuota(time),
            usd: Some(self.usd),
        })
    }

    fn add(&mut self, shared: &SweepContext, bucket: &Bucket, (folder, listed): FolderList<'_>) {
        let objects = listed.objects as f64;
        let lists = listed.lists as f64;
        self.calls += objects + lists;
        self.seconds +=
            objects / shared.aws.object_rate(bucket) + lists / shared.aws.list_rate(bucket);
        self.usd += object_cost(
            &bucket.region,
            ObjectReads {
                objects,
                bytes: listed.bytes as f64,
                lists,
                is_encrypted: folder.is_encrypted,
            },
        );
        if let (true, Some(oldest_ms)) = (listed.is_readable, listed.oldest_ms) {
            self.complete_since.insert(folder.target.clone(), oldest_ms);
        }
    }
}

type FolderList<'f> = (&'f ObjectFolder, ListedFolder);

/// Lists the objects that a sweep would read of the trails with these names. A bucket or a folder
/// that cannot be listed has no part in the result.
pub(in crate::sweep) async fn estimate_objects(
    shared: &Arc<SweepContext>,
    members: &Members,
    trails: &BTreeSet<String>,
) -> ObjectEstimate {
    let sweep = Arc::new(ObjectSweep::new(shared, members.clone()));
    let mut estimate = ObjectEstimate::default();
    for (name, mut sources) in delivering_sources(shared) {
        sources.retain(|source| trails.contains(&source.log_source.via));
        if !sources.is_empty() {
            add_bucket(&sweep, &name, &sources, &mut estimate).await;
        }
    }
    estimate
}

async fn add_bucket(
    sweep: &Arc<ObjectSweep>,
    name: &str,
    sources: &[DeliveringSource],
    estimate: &mut ObjectEstimate,
) {
    let folders_of = |source: &DeliveringSource| expected_folders(sweep, source);
    let Ok(opened) = open_bucket(sweep, name, sources, &folders_of).await else {
        return;
    };
    let OpenBucket {
        session, bucket, ..
    } = opened;
    let mut folders = BTreeMap::new();
    for source in sources {
        let Ok(found) = discover(sweep, (session.as_ref(), &bucket), source).await else {
            return;
        };
        folders.extend(found.into_iter().map(|folder| (folder.location(), folder)));
    }
    let folders: Vec<(String, ObjectFolder)> = folders.into_iter().collect();
    estimate.buckets.insert(name.to_owned());
    for folders in folders.chunks(CONCURRENT) {
        let lists = folders
            .iter()
            .map(|(location, folder)| list_folder(sweep, (&session, &bucket), folder, location));
        let lists = join_all(lists).await;
        for ((_, folder), listed) in folders.iter().zip(lists) {
            if let Ok(listed) = listed {
                estimate.add(&sweep.shared, &bucket, (folder, listed));
            }
        }
    }
}

/// Lists the objects of a folder for the window, and its oldest one.
async fn list_folder(
    sweep: &Arc<ObjectSweep>,
    (session, bucket): (&Arc<Session>, &Bucket),
    folder: &ObjectFolder,
    location: &str,
) -> Result<ListedFolder, Outcome> {
    let reader = create_reader(sweep, (session, bucket), folder, location.to_owned());
    let spans = SpanReader {
        reader: &reader,
        folder,
        work: None,
    };
    let mut listed = ListedFolder {
        objects: 0,
        bytes: 0,
        lists: 0,
        is_readable: !folder.is_parquet,
        oldest_ms: None,
    };
    let shared = &sweep.shared;
    let mut list = shared.listed_folders.begin(shared.clock.now_ms());
    let use_batch = |batch: KeyBatch| {
        listed.objects += batch.objects.len() as u64;
        let sizes = batch.objects.iter().map(|delivered| delivered.object.size);
        listed.bytes = listed.bytes.saturating_add(sizes.sum());
        listed.is_readable &= batch.problems.is_empty();
    };
    let lists = spans.list_batches(None, |page| list.extend(page), use_batch);
    listed.lists = lists.await?;
    // If the bucket is read instead of the log group, the folder is not listed again.
    list.keep(location);
    listed.oldest_ms = find_oldest(&spans, folder).await?;
    Ok(listed)
}

/// Returns the time in the name of the oldest object of a folder. If that is before the window, a
/// lifecycle rule has not deleted objects of the window because of their age.
async fn find_oldest(
    spans: &SpanReader<'_>,
    folder: &ObjectFolder,
) -> Result<Option<i64>, Outcome> {
    let mut listing = ObjectListing::new(ListQuery {
        prefix: folder.place.path(),
        ..ListQuery::default()
    });
    let objects = spans.next_objects(&mut listing).await?.unwrap_or_default();
    let mut keys = objects
        .iter()
        .filter(|object| !matches!(ParsedKey::parse(&object.key), ParsedKey::Marker))
        .filter_map(|object| LogKey::parse(&object.key));
    Ok(keys.next().map(|key| key.time.as_millisecond()))
}
