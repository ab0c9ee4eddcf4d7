//! Tables of a scenario for S3 buckets, objects and keys of KMS.

use serde::Deserialize;

use crate::scenario::scenario_time::ScenarioTime;
use crate::world::{AccessLogDates, ChangeKind, StorageClass};
use dragnet_model::{AccountId, Region};

/// A bucket. The buckets that trails and flow logs name exist without a table, in the account and
/// home Region of the trail or flow log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct BucketSpec {
    pub(in crate::scenario) name: String,
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) region: Region,
    /// The bucket policy as JSON.
    pub(in crate::scenario) policy: Option<String>,
    /// The ARN of the key that encrypts its objects.
    pub(in crate::scenario) kms_key: Option<String>,
    #[serde(default)]
    pub(in crate::scenario) requester_pays: bool,
    #[serde(default)]
    pub(in crate::scenario) versioned: bool,
    /// The destination of its server access logs: `BUCKET` or `BUCKET/PREFIX`.
    pub(in crate::scenario) access_logs: Option<String>,
    /// The dates in the keys of its access logs, `EventTime` or `DeliveryTime`, if the keys name the bucket.
    pub(in crate::scenario) access_log_dates: Option<AccessLogDates>,
    /// Whether requests are redirected temporarily.
    #[serde(default)]
    pub(in crate::scenario) redirected: bool,
    /// The age in days at which objects are moved to another storage class.
    pub(in crate::scenario) archive_days: Option<u32>,
    /// The storage class that objects are moved to.
    #[serde(default = "default_archive_class")]
    pub(in crate::scenario) archive_class: StorageClass,
    /// The age in days at which objects are deleted.
    pub(in crate::scenario) expire_days: Option<u32>,
    /// The prefixes with their own request rates.
    #[serde(default)]
    pub(in crate::scenario) partitions: Vec<String>,
    /// The requests per second of each partition and operation.
    pub(in crate::scenario) requests_a_second: Option<u32>,
}

fn default_archive_class() -> StorageClass {
    StorageClass::Glacier
}

/// An object that neither a trail nor a flow log delivers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct ObjectSpec {
    pub(in crate::scenario) bucket: String,
    pub(in crate::scenario) key: String,
    pub(in crate::scenario) at: ScenarioTime,
    #[serde(default)]
    pub(in crate::scenario) text: String,
    /// Whether the text is compressed.
    #[serde(default)]
    pub(in crate::scenario) gzip: bool,
    #[serde(default)]
    pub(in crate::scenario) storage_class: StorageClass,
}

/// A change of objects after their delivery.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct ObjectChangeSpec {
    pub(in crate::scenario) bucket: String,
    /// A glob.
    pub(in crate::scenario) keys: String,
    pub(in crate::scenario) change: ChangeKind,
}

/// A key of KMS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct KmsKeySpec {
    pub(in crate::scenario) arn: String,
    pub(in crate::scenario) account: AccountId,
    /// The key policy as JSON; by default, the policies of the key's account decide.
    pub(in crate::scenario) policy: Option<String>,
}
