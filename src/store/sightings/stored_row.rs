//! A sighting as it is read.

use super::record::SightingRecord;
use dragnet_model::{AccountId, Region, StorageKind};

/// A stored sighting with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// The account that stores it.
    pub account: AccountId,
    /// The Region that stores it.
    pub region: Region,
    /// The kind of place where it is stored.
    pub source: StorageKind,
    /// The name of the log group; empty for the event history, for objects in S3 and for files.
    pub log_group: String,
    /// The bucket and the prefix of the keys of objects in S3.
    pub bucket_prefix: Option<String>,
    /// Whether the log group is out of scope and was scanned for records of accounts and Regions in
    /// scope.
    pub out_of_scope: bool,
    /// The sighting.
    pub found: SightingRecord,
}
