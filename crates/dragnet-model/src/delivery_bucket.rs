//! The bucket to which a trail or flow log delivers.

use serde::{Deserialize, Serialize};

/// The bucket to which a trail or flow log delivers objects, as its description names it. AWS does
/// not say who owns the bucket.
///
/// Sources: CloudTrail API, `Trail` (`S3BucketName`, `S3KeyPrefix`, `KmsKeyId`,
/// `LogFileValidationEnabled`); EC2 API, `FlowLog`
/// (`LogDestination`, `DestinationOptions`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeliveryBucket {
    /// The name.
    pub name: String,
    /// What its keys begin with, without a slash at the end; often empty.
    pub prefix: String,
    /// The KMS key with which objects are encrypted, if the description names one.
    pub kms_key: Option<String>,
    /// Whether the folders are partitions of Hive.
    pub is_hive: bool,
    /// Whether the objects are Parquet and not text.
    pub is_parquet: bool,
    /// Whether the trail delivers digests of its log files.
    pub has_digests: bool,
}

impl DeliveryBucket {
    /// Creates the destination for objects of text in plain folders. The prefix may end with a
    /// slash.
    pub fn new(name: impl Into<String>, prefix: &str) -> Self {
        Self {
            name: name.into(),
            prefix: prefix.trim_end_matches('/').to_owned(),
            kms_key: None,
            is_hive: false,
            is_parquet: false,
            has_digests: false,
        }
    }

    /// What the location of every object begins with: the bucket, and the folder in which all
    /// accounts have theirs.
    pub fn location(&self) -> String {
        let Self { name, prefix, .. } = self;
        if prefix.is_empty() {
            format!("{name}/AWSLogs/")
        } else {
            format!("{name}/{prefix}/AWSLogs/")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_has_the_prefix_between_slashes() {
        assert_eq!(DeliveryBucket::new("b", "").location(), "b/AWSLogs/");
        assert_eq!(DeliveryBucket::new("b", "p/").location(), "b/p/AWSLogs/");
    }
}
