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

impl DigestSummary {
    /// Adds the result of other digests.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            digests: self.digests + other.digests,
            digest_problems: self.digest_problems + other.digest_problems,
            account_regions: self.account_regions + other.account_regions,
            from: self.from.min(other.from),
            to: self.to.max(other.to),
            log_files: self.log_files + other.log_files,
            missing: self.missing + other.missing,
            modified: self.modified + other.modified,
            unchecked: self.unchecked + other.unchecked,
            not_copied: self.not_copied + other.not_copied,
            unlisted: self.unlisted + other.unlisted,
            without_digest: self.without_digest + other.without_digest,
            signatures_checked: self.signatures_checked && other.signatures_checked,
        }
    }
}

/// What the digests in buckets say about the objects that a run has read. The field names are keys of
/// `summary.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegritySummary {
    /// The folders of account-Regions that were verified; `None` if there is none.
    pub digests: Option<DigestSummary>,
    /// The number of folders that could not be verified.
    pub not_verified: u64,
    /// Why the first of them could not be verified; empty if there is none.
    pub why_not: String,
}

impl IntegritySummary {
    /// Adds a folder that was verified.
    pub fn add_verified(&mut self, summary: DigestSummary) {
        self.digests = Some(match self.digests {
            Some(before) => before.plus(summary),
            None => summary,
        });
    }

    /// Adds what other folders have.
    pub fn add(&mut self, other: Self) {
        if let Some(summary) = other.digests {
            self.add_verified(summary);
        }
        if self.not_verified == 0 {
            self.why_not = other.why_not;
        }
        self.not_verified += other.not_verified;
    }

    /// Adds a folder that could not be verified.
    pub fn add_unverified(&mut self, why_not: &str) {
        if self.not_verified == 0 {
            why_not.clone_into(&mut self.why_not);
        }
        self.not_verified += 1;
    }
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

    fn numbers() -> DigestSummary {
        DigestSummary {
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
            signatures_checked: true,
        }
    }

    #[test]
    fn folders_are_added() {
        let mut all = IntegritySummary::default();
        all.add_verified(numbers());
        all.add_unverified("first");
        all.add_unverified("second");
        let mut later = numbers();
        later.from = Timestamp::from_second(7).unwrap();
        later.to = Timestamp::from_second(7_200).unwrap();
        later.signatures_checked = false;
        all.add_verified(later);
        let digests = all.digests.unwrap();
        assert_eq!((digests.log_files, digests.without_digest), (8, 20));
        assert_eq!(
            (digests.from.as_second(), digests.to.as_second()),
            (0, 7_200)
        );
        assert!(!digests.signatures_checked);
        assert_eq!((all.not_verified, all.why_not.as_str()), (2, "first"));
    }

    #[test]
    fn summary_is_read_back() {
        let summary = numbers();
        let json = serde_json::to_string(&summary).unwrap();
        assert!(json.contains(r#""to":"1970-01-01T01:00:00Z""#), "{json}");
        let read: DigestSummary = serde_json::from_str(&json).unwrap();
        assert_eq!(read, summary);
    }
}
