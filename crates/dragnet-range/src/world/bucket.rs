//! S3 buckets, and the keys of KMS that encrypt their objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Policy;
use dragnet_model::{AccountId, Region};

/// A bucket. The objects that trails and flow logs deliver are generated when they are read; only
/// others are stored.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) owner: AccountId,
    pub(crate) region: Region,
    pub(crate) created: Timestamp,
    pub(crate) policy: Option<Policy>,
    /// The ARN of the key that encrypts its objects by default; `None` for keys of S3.
    pub(crate) kms_key: Option<String>,
    /// Whether requesters must declare that they pay.
    pub(crate) requester_pays: bool,
    /// Whether earlier versions of objects are kept.
    pub(crate) versioned: bool,
    /// The bucket and prefix of its server access logs.
    pub(crate) access_logs: Option<(String, String)>,
    /// Which dates the keys of its access logs have, if they name the bucket.
    pub(crate) access_log_dates: Option<AccessLogDates>,
    /// Whether requests are redirected temporarily, as for a bucket that was just created.
    pub(crate) is_redirected: bool,
    /// When objects are moved to another storage class or deleted.
    pub(crate) lifecycle: Lifecycle,
    /// The prefixes with their own request rates.
    pub(crate) partitions: Vec<String>,
    /// The requests per second of each partition and operation; by default those of AWS.
    pub(crate) requests_a_second: Option<u32>,
    /// Objects that neither a trail nor a flow log delivered.
    pub(crate) objects: BTreeMap<String, PlacedObject>,
    /// Changes of objects after their delivery.
    pub(crate) changes: Vec<ObjectChange>,
    /// The keys of the objects that faults deleted.
    pub(crate) deleted: BTreeSet<String>,
}

/// What a lifecycle configuration does with objects of a certain age.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lifecycle {
    pub(crate) archive: Option<(SignedDuration, StorageClass)>,
    pub(crate) expire: Option<SignedDuration>,
}

dragnet_model::word_enum! {
    /// The storage class of an object.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) enum StorageClass: Deserialize {
        #[default]
        Standard => "STANDARD",
        StandardInfrequentAccess => "STANDARD_IA",
        GlacierInstantRetrieval => "GLACIER_IR",
        /// Glacier Flexible Retrieval.
        Glacier => "GLACIER",
        DeepArchive => "DEEP_ARCHIVE",
    }
}

dragnet_model::word_enum! {
    /// The dates in the keys of partitioned access logs.
    ///
    /// Source: S3 API, `PartitionedPrefix`, `PartitionDateSource`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum AccessLogDates: Deserialize {
        EventTime => "EventTime",
        DeliveryTime => "DeliveryTime",
    }
}

impl StorageClass {
    /// Whether an object must be restored before it can be read.
    ///
    /// Source: S3 API, `GetObject`, "Storage classes".
    pub(crate) fn is_archived(self) -> bool {
        matches!(self, Self::Glacier | Self::DeepArchive)
    }
}

/// An object of the scenario.
#[derive(Clone, Debug)]
pub(crate) struct PlacedObject {
    pub(crate) body: bytes::Bytes,
    pub(crate) modified: Timestamp,
    pub(crate) storage_class: StorageClass,
}

/// A change of the objects whose keys match.
#[derive(Clone, Debug)]
pub(crate) struct ObjectChange {
    /// A glob.
    pub(crate) keys: String,
    pub(crate) kind: ChangeKind,
}

dragnet_model::word_enum! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum ChangeKind: Deserialize {
        /// The object is deleted.
        Delete => "delete",
        /// The object is moved to `GLACIER`.
        Archive => "archive",
        /// The object is moved to `GLACIER`, and a copy of it is restored.
        Restore => "restore",
        /// The addresses in the content are replaced; a digest loses the first log file that it
        /// lists, and keeps its signature.
        Modify => "modify",
        /// The second half of the object is missing.
        Cut => "cut",
        /// A second gzip member follows.
        SecondMember => "second-member",
        /// Bytes that are not gzip follow.
        TrailingData => "trailing-data",
    }
}

/// A key of KMS. Its policy decides, together with the policies of the caller, who may decrypt.
#[derive(Clone, Debug)]
pub(crate) struct KmsKey {
    pub(crate) owner: AccountId,
    /// By default, the policies of the key's account decide.
    pub(crate) policy: Option<Policy>,
}

/// A digest file, and what the next digest refers to.
#[derive(Clone, Debug)]
pub(crate) struct DigestLink {
    pub(crate) key: String,
    pub(crate) end: Timestamp,
    /// The inflated content.
    pub(crate) text: Arc<str>,
    /// The SHA-256 of the inflated digest in hexadecimal.
    pub(crate) hash: String,
    /// The signature in hexadecimal.
    pub(crate) signature: String,
}

/// The digests of one account-Region, by the number of the trail in [`super::World::trails`].
pub(crate) type DigestChains = BTreeMap<(usize, AccountId, Region), Vec<DigestLink>>;

impl Bucket {
    /// Returns a bucket with the settings that a new bucket has.
    pub(crate) fn new(name: String, owner: AccountId, region: Region, created: Timestamp) -> Self {
        Self {
            name,
            owner,
            region,
            created,
            policy: None,
            kms_key: None,
            requester_pays: false,
            versioned: false,
            access_logs: None,
            access_log_dates: None,
            is_redirected: false,
            lifecycle: Lifecycle::default(),
            partitions: Vec::new(),
            requests_a_second: None,
            objects: BTreeMap::new(),
            changes: Vec::new(),
            deleted: BTreeSet::new(),
        }
    }

    /// The name of the partition of a key or a prefix.
    pub(crate) fn partition_of(&self, key: &str) -> String {
        let prefix = self
            .partitions
            .iter()
            .filter(|prefix| key.starts_with(prefix.as_str()))
            .max_by_key(|prefix| prefix.len());
        format!("{}/{}", self.name, prefix.map_or("", String::as_str))
    }
}
