//! What a sweep finds out about buckets until its last step: the buckets that sightings name, whether
//! reads of buckets were recorded, and where their access logs are.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::s3_layout::AccessLogPlace;
use crate::store::SightingRecord;
use dragnet_model::{BucketReads, NamedBuckets, Target};

/// What was found out so far.
#[derive(Debug, Default)]
pub(super) struct BucketFacts(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    named: NamedBuckets,
    has_new_names: bool,
    reads: BTreeMap<String, BucketReads>,
    access_logs: BTreeMap<String, FoundAccessLogs>,
}

/// Where access logs are delivered to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FoundAccessLogs {
    /// The account-Region of the buckets that are logged, and of the bucket with the logs.
    ///
    /// Source: S3 user guide, "Enabling Amazon S3 server access logging": both buckets must be in the same
    /// Region and owned by the same account.
    pub target: Target,
    /// The bucket with the logs.
    pub bucket: String,
    pub place: AccessLogPlace,
}

impl FoundAccessLogs {
    /// The bucket, and what the keys start with.
    pub(super) fn location(&self) -> String {
        format!("{}/{}", self.bucket, self.place)
    }
}

impl BucketFacts {
    /// Begins with the buckets that sightings of an earlier part of the run name.
    pub(super) fn new(named: NamedBuckets) -> Self {
        Self(Mutex::new(Found {
            named,
            ..Found::default()
        }))
    }

    /// Remembers the bucket that a sighting names. Untrusted text could name any.
    pub(super) fn note_sighting(&self, sighting: &SightingRecord) {
        if !sighting.is_trusted || !NamedBuckets::may_be_about_bucket(&sighting.message) {
            return;
        }
        let mut found = self.0.lock();
        found.has_new_names |= found.named.note_record(&sighting.message);
    }

    /// Returns all names, if there are some that were not returned before.
    pub(super) fn take_new_names(&self) -> Option<NamedBuckets> {
        let mut found = self.0.lock();
        std::mem::take(&mut found.has_new_names).then(|| found.named.clone())
    }

    /// Returns the buckets that sightings name.
    pub(super) fn named(&self) -> NamedBuckets {
        self.0.lock().named.clone()
    }

    /// Adds whether reads of a bucket were recorded.
    pub(super) fn add_reads(&self, reads: BucketReads) {
        self.0.lock().reads.insert(reads.bucket.clone(), reads);
    }

    /// Whether it is known of a bucket.
    pub(super) fn has_reads(&self, bucket: &str) -> bool {
        self.0.lock().reads.contains_key(bucket)
    }

    /// Returns whether reads of the buckets were recorded, by bucket.
    pub(super) fn reads(&self) -> Vec<BucketReads> {
        self.0.lock().reads.values().cloned().collect()
    }

    /// Adds where access logs are. Several buckets may have the same place.
    pub(super) fn add_access_logs(&self, found: FoundAccessLogs) {
        let mut facts = self.0.lock();
        facts.access_logs.insert(found.location(), found);
    }

    /// Returns where access logs are, by location.
    pub(super) fn access_logs(&self) -> BTreeMap<String, FoundAccessLogs> {
        self.0.lock().access_logs.clone()
    }
}
