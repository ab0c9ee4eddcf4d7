//! The names of the objects that CloudTrail delivers, without their folders.

use std::fmt;

use dragnet_model::{AccountId, Region, Target};
use sha2::{Digest as _, Sha256};

use super::time_text::{format_time, parse_name_time};

/// The service in the names of digests.
const DIGESTS: &str = "CloudTrail-Digest";

/// How the names of all services of CloudTrail begin: `CloudTrail`, `CloudTrail-Insight` …
const SERVICES: &str = "CloudTrail";

/// The ending of digests that list log files which the digest of their hour lacks.
///
/// Source: CloudTrail user guide, "CloudTrail digest file structure", backfill digest files.
const BACKFILL: &str = "_backfill";

/// The longest key of an object, in bytes. Source: S3 user guide, "Naming Amazon S3 objects".
const LONGEST_KEY: usize = 1_024;

/// What the name of a log file says.
///
/// ```text
/// ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz
/// ```
/// Source: CloudTrail user guide, "Finding your CloudTrail log files", log file name format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFileName {
    /// The account-Region of the records.
    pub target: Target,
    /// `CloudTrail`, or a more special word for other kinds of events.
    pub service: String,
    /// When the file was delivered, in seconds since the Unix epoch.
    pub delivered_s: i64,
}

impl LogFileName {
    /// Reads a name. `None` if it is not that of a log file. The ending `.gz` may be missing, because
    /// a copy may be unpacked.
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = stem(name)?.split('_');
        let account: AccountId = parts.next()?.parse().ok()?;
        let service = parts.next()?;
        if !service.starts_with(SERVICES) || service == DIGESTS {
            return None;
        }
        let region: Region = parts.next()?.parse().ok()?;
        let delivered_s = parse_name_time(parts.next()?)?;
        let unique = parts.next()?;
        (!unique.is_empty()).then(|| Self {
            target: Target { account, region },
            service: service.to_owned(),
            delivered_s,
        })
    }
}

/// The digests of one trail, account and Region. Each names the one before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChainName {
    /// The part of the names before the time: account, Region, name and home Region of the trail.
    pub(super) prefix: String,
    /// Whether these are the backfill digests, which form a chain of their own.
    pub(super) is_backfill: bool,
}

/// What the name of a digest says.
///
/// ```text
/// ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_YYYYMMDDTHHmmssZ[_backfill].json.gz
/// ```
/// Source: CloudTrail user guide, "CloudTrail digest file structure", digest file location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestName {
    /// The account-Region whose log files the digest lists.
    pub target: Target,
    /// The chain to which the digest belongs.
    pub chain: ChainName,
    /// The end of its hour, in seconds since the Unix epoch.
    pub end_s: i64,
}

impl DigestName {
    /// Reads a name. `None` if it is not that of a digest.
    pub fn parse(name: &str) -> Option<Self> {
        let stem = stem(name)?;
        let backfill = stem.strip_suffix(BACKFILL);
        // The name of a trail may contain underscores, so the time is found from the end.
        let (prefix, time) = backfill.unwrap_or(stem).rsplit_once('_')?;
        let end_s = parse_name_time(time)?;
        let mut parts = prefix.split('_');
        let account = parts.next()?.parse().ok()?;
        if parts.next()? != DIGESTS {
            return None;
        }
        let region = parts.next()?.parse().ok()?;
        Some(Self {
            target: Target { account, region },
            chain: ChainName {
                prefix: prefix.to_owned(),
                is_backfill: backfill.is_some(),
            },
            end_s,
        })
    }
}

impl fmt::Display for DigestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&digest_name(&self.chain, self.end_s))
    }
}

/// Returns the name of a digest.
pub(super) fn digest_name(chain: &ChainName, end_s: i64) -> String {
    let time = format_time(end_s, "%Y%m%dT%H%M%SZ");
    let ending = if chain.is_backfill { BACKFILL } else { "" };
    format!("{}_{time}{ending}.json.gz", chain.prefix)
}

/// Returns the name of an object without its folders. `None` if no object can have this key.
pub(super) fn object_name(key: &str) -> Option<&str> {
    if key.len() > LONGEST_KEY || key.chars().any(char::is_control) {
        return None;
    }
    let is_relative = key.split('/').any(|part| matches!(part, "." | ".."));
    if is_relative {
        return None;
    }
    key.rsplit('/').next()
}

/// Returns what identifies a log file by its name: the start of a hash. To choose a name with the
/// start of another one, 2^64 names would have to be tried.
pub(super) fn name_id(name: &str) -> u64 {
    let hash: [u8; 32] = Sha256::digest(stem(name).unwrap_or(name)).into();
    let [b0, b1, b2, b3, b4, b5, b6, b7, ..] = hash;
    u64::from_be_bytes([b0, b1, b2, b3, b4, b5, b6, b7])
}

/// Returns a name without its ending.
fn stem(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    name.strip_suffix(".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_log_files_are_read() {
        let name = "111111111111_CloudTrail_us-east-1_20261127T1005Z_iRIoDMA9l9Q4kmFy.json.gz";
        let log = LogFileName::parse(name).unwrap();
        assert_eq!(log.target.to_string(), "111111111111 us-east-1");
        assert_eq!(log.service, "CloudTrail");
        assert_eq!(log.delivered_s % 86_400, 10 * 3_600 + 5 * 60);
        let unpacked = name.strip_suffix(".gz").unwrap();
        assert_eq!(LogFileName::parse(unpacked), Some(log));
        assert_eq!(name_id(unpacked), name_id(name));
        let insight = name.replace("CloudTrail", "CloudTrail-Insight");
        let insight_log = LogFileName::parse(&insight).unwrap();
        assert_eq!(insight_log.service, "CloudTrail-Insight");
        assert_ne!(name_id(&insight), name_id(name));
        for other in [
            "",
            "app.json",
            "111111111111_CloudTrail_us-east-1_20261127T1005Z.json.gz",
            "111111111111_CloudTrail_us-east-1_20261127T1005Z_.json.gz",
            "111111111111_vpcflowlogs_us-east-1_20261127T1005Z_a.json.gz",
            "111111111111_CloudTrail_us-east-1_20261127T1005Z_a.log.gz",
            "111111111111_CloudTrail-Digest_us-east-1_20261127T1005Z_a.json.gz",
            "1111_CloudTrail_us-east-1_20261127T1005Z_a.json.gz",
        ] {
            assert_eq!(LogFileName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn names_of_digests_are_read() {
        for (name, is_backfill) in [
            (
                "111111111111_CloudTrail-Digest_us-east-1_my_trail_eu-west-1_20261127T100404Z.json.gz",
                false,
            ),
            (
                "111111111111_CloudTrail-Digest_us-east-1_my_backfill_eu-west-1_20261127T100404Z_backfill.json.gz",
                true,
            ),
        ] {
            let digest = DigestName::parse(name).unwrap();
            assert_eq!(digest.target.to_string(), "111111111111 us-east-1");
            assert_eq!(digest.chain.is_backfill, is_backfill, "{name}");
            assert_eq!(digest.to_string(), name);
            assert_eq!(LogFileName::parse(name), None);
        }
        for other in [
            "111111111111_CloudTrail_us-east-1_20261127T1005Z_a.json.gz",
            "111111111111_CloudTrail-Digest_us-east-1_t_us-east-1_now.json.gz",
            "111111111111_CloudTrail-Digest_nowhere_t_us-east-1_20261127T100404Z.json.gz",
        ] {
            assert_eq!(DigestName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn impossible_keys_have_no_name() {
        assert_eq!(object_name("a/b/c.json"), Some("c.json"));
        assert_eq!(object_name("a//c.json"), Some("c.json"));
        assert_eq!(object_name("c.json"), Some("c.json"));
        for key in ["../c.json", "a/./c.json", "a\n/c.json"] {
            assert_eq!(object_name(key), None, "{key}");
        }
        assert_eq!(object_name(&"a".repeat(1_025)), None);
    }
}
