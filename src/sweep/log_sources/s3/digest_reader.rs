//! Reads the digests of a folder and compares them with the list of its objects, before the objects are
//! read (`sweep --verify-integrity`).
//!
//! ```text
//! list digests ── public keys ── list objects ── read digests ── signature ── DigestCheck
//! ```
//! A call that AWS denies ends this: what cannot be verified is said, and nothing is claimed.

use std::sync::Arc;

use futures::future::join_all;
use jiff::SignedDuration;
use tokio::task::spawn_blocking;

use super::digest_hours::LATE_DIGESTS;
use super::folder_integrity::FolderIntegrity;
use super::object_reader::ObjectReader;
use super::object_sweep::ObjectSweep;
use super::span_keys::SpanKeys;
use super::span_reader::SpanReader;
use super::unverified::Unverified;
use crate::aws::{CallError, ListQuery, ListedObject, ObjectContent, ObjectListing, S3Failure};
use crate::digests::{
    Digest, DigestCheck, DigestSignature, ListedLogFile, ObjectTable, ObjectTableBuilder, PublicKey,
};
use crate::s3_layout::{LogFolder, LogKey};
use crate::sweep::delivery_lag::{LATE_OBJECTS, shift_time};
use crate::sweep::log_sources::digest_sink::DigestSink;
use dragnet_model::{Reason, TimeWindow};

/// How many digests of a folder are read at the same time. A digest has a few kilobytes.
const CONCURRENT: usize = 16;

/// How much earlier than the window a digest may end that is read: one before the first hour of the
/// window shows whether the digest of that hour is missing.
const EARLIER: SignedDuration = SignedDuration::from_hours(2);

/// Reads the digests of the folder of a trail.
pub(super) struct DigestReader<'f> {
    pub spans: &'f SpanReader<'f>,
    /// The window of the sweep.
    pub window: TimeWindow,
}

/// An object with the name of a digest.
#[derive(Clone, Debug)]
struct ListedDigest {
    object: ListedObject,
    is_backfill: bool,
}

/// What became of an object with the name of a digest.
#[derive(Debug)]
enum ReadDigest {
    /// CloudTrail signed it.
    Genuine {
        digest: Digest,
        sha256: [u8; 32],
        signature: DigestSignature,
    },
    /// The signature is missing or wrong.
    Forged {
        digest: Digest,
        sha256: [u8; 32],
        detail: String,
    },
    /// It is not a digest, or not this one.
    Rejected { key: String, detail: String },
    /// It was deleted after it was listed.
    Gone,
}

impl DigestReader<'_> {
    /// Returns what the digests say about the folder.
    pub(super) async fn load(&self) -> Result<FolderIntegrity, Unverified> {
        let digests = self.list_digests().await?;
        if digests.is_empty() {
            let detail = "there is no digest of this time: the validation of log files was off, or all digests were removed";
            return Err(Unverified::new(Reason::FileUnconfirmed, detail));
        }
        let ObjectReader { sweep, session, .. } = self.spans.reader;
        let region = &self.spans.folder.target.region;
        let keys = sweep.public_keys.get(&sweep.shared, session, region);
        let keys = keys.await?;
        let mut check = DigestCheck::for_bucket(self.list_log_files().await?);
        for digests in digests.chunks(CONCURRENT) {
            let reads = digests.iter().map(|digest| self.read(digest, &keys));
            let results = join_all(reads).await;
            for result in results {
                self.add(&mut check, result?);
            }
        }
        let started = sweep.shared.started;
        Ok(FolderIntegrity::new(check, self.window, started))
    }

    /// Returns the number and the size of the digests, for a plan.
    pub(super) async fn count(&self) -> Result<(u64, u64), Unverified> {
        let digests = self.list_digests().await?;
        let bytes = digests
            .iter()
            .fold(0_u64, |sum, digest| sum.saturating_add(digest.object.size));
        Ok((digests.len() as u64, bytes))
    }

    /// Returns the digests of the window, and those before and after it.
    async fn list_digests(&self) -> Result<Vec<ListedDigest>, Unverified> {
        let Some(folder) = self.spans.folder.digest_folder() else {
            return Ok(Vec::new());
        };
        let from = shift_time(self.window.from(), -EARLIER);
        let to = shift_time(self.window.to(), LATE_OBJECTS);
        let window = TimeWindow::new(from, to).unwrap_or(self.window);
        let range = folder.key_range(window, LATE_DIGESTS);
        let objects = self.list(ListQuery {
            prefix: range.prefix.clone(),
            delimiter: None,
            start_after: range.start_after.clone(),
            end_before: range.end_before.clone(),
        });
        let digests = objects.await?.into_iter().filter_map(|object| {
            let key = LogKey::parse(&object.key)?;
            let is_wanted = key.folder == folder && range.contains(key.time);
            is_wanted.then(|| ListedDigest {
                is_backfill: key.is_backfill(),
                object,
            })
        });
        Ok(digests.collect())
    }

    /// Returns the names of the objects that the sweep reads.
    async fn list_log_files(&self) -> Result<ObjectTable, Unverified> {
        let keys = self.keys();
        let mut table = ObjectTableBuilder::default();
        for object in self.list(keys.to_query(None)).await? {
            if is_key_of(&object.key, self.log_folder(), &keys) {
                table.add(object.key.rsplit('/').next().unwrap_or_default());
            }
        }
        Ok(table.build_complete())
    }

    async fn list(&self, query: ListQuery) -> Result<Vec<ListedObject>, Unverified> {
        let mut listing = ObjectListing::new(query);
        let mut all = Vec::new();
        loop {
            let page = self.spans.next_objects(&mut listing).await;
            let page = page.map_err(|outcome| Unverified::from_outcome(&outcome))?;
            let Some(objects) = page else {
                return Ok(all);
            };
            all.extend(objects);
        }
    }

    fn keys(&self) -> SpanKeys {
        self.spans.keys(self.window)
    }

    fn log_folder(&self) -> Option<&LogFolder> {
        self.spans.folder.place.folder()
    }

    async fn read(
        &self,
        listed: &ListedDigest,
        keys: &Arc<[PublicKey]>,
    ) -> Result<ReadDigest, Unverified> {
        let ObjectReader {
            sweep,
            session,
            bucket,
            ..
        } = self.spans.reader;
        let object = &listed.object;
        if object.is_archived() {
            let class = &object.storage_class;
            return Err(not_verified(format!(
                "digests are in the storage class {class}: restore them, and sweep again"
            )));
        }
        let Some(permit) = sweep.shared.aws.object_permit(object.size).await else {
            let detail = format!("it has {} bytes, more than any digest", object.size);
            return Ok(rejected(&object.key, detail));
        };
        let read = sweep.shared.aws.object(session, bucket, object, permit);
        let Some(read) = sweep.shared.run_until_cancelled(read).await else {
            return Err(Unverified::interrupted());
        };
        let content = match read {
            Ok(content) => content,
            Err(error) => return failed_read(&error, &object.key),
        };
        let examined = DigestObject {
            bucket: Arc::clone(&bucket.name),
            key: object.key.clone(),
            is_backfill: listed.is_backfill,
            content,
            keys: Arc::clone(keys),
        };
        examine(sweep, examined).await
    }

    fn add(&self, check: &mut DigestCheck, read: ReadDigest) {
        let bucket = &*self.spans.reader.bucket.name;
        match read {
            ReadDigest::Genuine {
                mut digest,
                sha256,
                signature,
            } => {
                let outside = self.retain_read_objects(&mut digest.log_files);
                check.add_signed_digest(&digest, sha256, signature.as_hex(), outside);
            }
            ReadDigest::Forged {
                digest,
                sha256,
                detail,
            } => check.add_forged_digest(&digest, sha256, detail),
            ReadDigest::Rejected { key, detail } => check.reject(bucket, &key, detail),
            // The digest that names it says that it is missing.
            ReadDigest::Gone => {}
        }
    }

    /// Keeps the objects that the sweep reads. Returns how many others there were, apart from those that
    /// are not of the window.
    fn retain_read_objects(&self, files: &mut Vec<ListedLogFile>) -> u64 {
        let bucket = &*self.spans.reader.bucket.name;
        let keys = self.keys();
        let mut outside = 0;
        files.retain(|file| {
            if file.bucket == bucket && is_key_of(&file.key, self.log_folder(), &keys) {
                return true;
            }
            let key = LogKey::parse(&file.key);
            let is_of_folder = key.is_some_and(|key| Some(&key.folder) == self.log_folder());
            outside += u64::from(file.bucket != bucket || !is_of_folder);
            false
        });
        outside
    }
}

/// Whether a key is that of an object that the sweep reads.
fn is_key_of(key: &str, folder: Option<&LogFolder>, keys: &SpanKeys) -> bool {
    LogKey::parse(key).is_some_and(|key| Some(&key.folder) == folder && keys.contains(key.time))
}

fn not_verified(detail: String) -> Unverified {
    Unverified::new(Reason::NotVerified, detail)
}

fn rejected(key: &str, detail: impl Into<String>) -> ReadDigest {
    ReadDigest::Rejected {
        key: key.to_owned(),
        detail: detail.into(),
    }
}

/// Returns what a failed call says about a digest.
fn failed_read(error: &CallError, key: &str) -> Result<ReadDigest, Unverified> {
    match S3Failure::from_error(error) {
        S3Failure::ObjectGone => Ok(ReadDigest::Gone),
        S3Failure::ObjectChanged => Ok(rejected(key, "it was overwritten during the sweep")),
        S3Failure::Unreadable => Ok(rejected(key, error.to_string())),
        S3Failure::Interrupted => Err(Unverified::interrupted()),
        S3Failure::ObjectDenied
        | S3Failure::KeyDenied
        | S3Failure::Archived
        | S3Failure::WrongRegion
        | S3Failure::ListDenied
        | S3Failure::NoSuchBucket
        | S3Failure::Throttled
        | S3Failure::Other => Err(not_verified(error.to_string())),
    }
}

/// An object with the name of a digest, in memory.
struct DigestObject {
    bucket: Arc<str>,
    key: String,
    is_backfill: bool,
    content: ObjectContent,
    keys: Arc<[PublicKey]>,
}

/// Examines a digest on another thread.
async fn examine(sweep: &Arc<ObjectSweep>, object: DigestObject) -> Result<ReadDigest, Unverified> {
    let on_thread = Arc::clone(sweep);
    let _thread = sweep.reads.thread().await;
    let examined = spawn_blocking(move || object.examine(&on_thread)).await;
    // It may have been read in part only.
    if sweep.shared.cancel.is_cancelled() {
        return Err(Unverified::interrupted());
    }
    match examined {
        Ok(read) => Ok(read),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Err(Unverified::interrupted()),
        },
    }
}

impl DigestObject {
    fn examine(self, sweep: &ObjectSweep) -> ReadDigest {
        let name = format!("{}/{}", self.bucket, self.key);
        let mut sink = DigestSink::default();
        sweep.with_reader(|reader| reader.read_bytes(&name, &self.content.bytes, &mut sink));
        if let Some(problem) = sink.problem {
            return rejected(&self.key, problem);
        }
        let mut digests = sink.digests.into_iter();
        let (Some(digest), None, Some(sha256)) = (digests.next(), digests.next(), sink.sha256)
        else {
            return rejected(&self.key, "it does not contain one digest");
        };
        if digest.bucket != *self.bucket || digest.key != self.key {
            let detail = format!(
                "it is the digest of s3://{}/{}, so it was moved or copied here",
                digest.bucket, digest.key
            );
            return rejected(&self.key, detail);
        }
        let metadata = &self.content.metadata;
        let verified =
            DigestSignature::from_metadata(metadata, self.is_backfill).and_then(|signature| {
                signature.verify(&digest, sha256, &self.keys)?;
                Ok(signature)
            });
        match verified {
            Ok(signature) => ReadDigest::Genuine {
                digest,
                sha256,
                signature,
            },
            Err(error) => ReadDigest::Forged {
                digest,
                sha256,
                detail: error.to_string(),
            },
        }
    }
}
