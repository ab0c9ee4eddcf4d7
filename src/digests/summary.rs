//! The result of a check of digests in numbers.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What digests say about the log files of a run. The field names are keys of `summary.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestSummary {
    /// The digests that were read.
    pub digests: u64,
    /// The problems with the digests: missing, changed or not readable, or a chain that starts anew.
    pub digest_problems: u64,
    /// The account-Regions that have digests.
    pub account_regions: u64,
    /// The start of the first digest.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub from: Timestamp,
    /// The end of the last digest.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub to: Timestamp,
    /// The log files that digests list and that belong to the copied accounts, Regions and days.
    pub log_files: u64,
    /// Those of them that do not exist.
    pub missing: u64,
    /// Those of them whose content has another hash.
    pub modified: u64,
    /// Those of them that could not be read.
    pub unchecked: u64,
    /// Further log files in the digests, of accounts, Regions and days that are not in the copy.
    pub not_copied: u64,
    /// Log files from the time of the digests that no digest lists, or not yet.
    pub unlisted: u64,
    /// Log files of account-Regions and times without any digest.
    pub without_digest: u64,
    /// Whether signatures were checked. A copy on disk has none.
    pub signatures_checked: bool,
}

fn write_time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_is_read_back() {
        let summary = DigestSummary {
            digests: 1,
            digest_problems: 2,
            account_regions: 3,
            from: Timestamp::from_second(0).unwrap(),
            to: Timestamp::from_second(3_600).unwrap(),
            log_files: 4,
            missing: 5,
            modified: 6,
            unchecked: 7,
            not_copied: 8,
            unlisted: 9,
            without_digest: 10,
            signatures_checked: false,
        };
        let json = serde_json::to_string(&summary).unwrap();
        assert!(json.contains(r#""to":"1970-01-01T01:00:00Z""#), "{json}");
        let read: DigestSummary = serde_json::from_str(&json).unwrap();
        assert_eq!(read, summary);
    }
}
