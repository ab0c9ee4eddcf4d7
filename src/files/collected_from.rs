//! Where `dragnet collect` found the records of a file.

use dragnet_model::{AccountId, Region, StorageKind};
use serde::{Deserialize, Serialize};

/// Where the records of a list were stored. `dragnet collect` writes it before the list, as the
/// member `collectedFrom`, so that a search of the files attributes them as a sweep does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CollectedFrom {
    /// The account that stores them.
    pub account: AccountId,
    /// The Region that stores them.
    pub region: Region,
    /// The kind of place.
    pub source: StorageKind,
    /// The name of the log group; empty for the event history and for objects in S3.
    pub log_group: String,
    /// The bucket and the prefix of the keys of objects in S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket_prefix: Option<String>,
    /// The formats of the flow logs that deliver there, in the syntax of AWS:
    /// `${version} ${srcaddr}`.
    pub flow_log_formats: Vec<String>,
}
