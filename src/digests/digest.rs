//! One digest: what it lists, and which digest precedes it.

use std::fmt;

use jiff::Timestamp;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::object_name::{DigestName, LogFileName, object_name};

/// The only hash algorithm of digests.
///
/// Source: CloudTrail user guide, "CloudTrail digest file structure", `hashAlgorithm`.
const SHA256: &str = "SHA-256";

/// The most log files that are taken from one digest, so that memory is bounded. A digest is about one
/// hour of one account-Region.
pub(super) const MOST_LOG_FILES: usize = 65_536;

/// The longest signature in bytes, in hexadecimal: that of an RSA key of 8,192 bits.
const LONGEST_SIGNATURE: usize = 2_048;

/// How much of an unexpected value a message contains, in characters.
const SHOWN: usize = 160;

/// A digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// What its name says.
    pub name: DigestName,
    /// The bucket to which it was delivered.
    pub bucket: String,
    /// Its key there.
    pub key: String,
    /// The start of its hour, in seconds since the Unix epoch.
    pub start_s: i64,
    /// The end of its hour.
    pub end_s: i64,
    /// The digest before; `None` if it is the first of its chain.
    pub previous: Option<PreviousDigest>,
    /// What of it is signed apart from its hash, as it is written.
    pub signed: SignedMembers,
    /// The log files that it lists.
    pub log_files: Vec<ListedLogFile>,
    /// How many more entries its list has that cannot be used, and why not the first of them.
    pub unusable: Option<(u64, String)>,
}

/// The members of a digest from which the signed text is made, and the name of the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedMembers {
    /// The end of its hour.
    pub end_time: String,
    /// The fingerprint of the public key; empty if it names none.
    pub key_fingerprint: String,
    /// The signature of the digest before, in hexadecimal; `None` if it is the first of its chain.
    pub previous_signature: Option<String>,
}

/// The digest before another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousDigest {
    /// What its name says.
    pub name: DigestName,
    /// The SHA-256 of its unpacked content.
    pub sha256: [u8; 32],
}

/// A log file in the list of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLogFile {
    /// The bucket to which it was delivered.
    pub bucket: String,
    /// Its key there.
    pub key: String,
    /// The SHA-256 of its unpacked content.
    pub sha256: [u8; 32],
}

impl ListedLogFile {
    /// Returns the name without folders.
    pub(super) fn name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }
}

/// A content is not a digest as CloudTrail writes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDigest {
    /// It does not have the members of a digest.
    #[error("not a digest: {0}")]
    Json(String),
    /// A member does not have a value that CloudTrail writes.
    #[error("`{member}` is `{found}`, expected {expected}")]
    Member {
        /// The name of the member.
        member: &'static str,
        /// Its value.
        found: String,
        /// What CloudTrail writes.
        expected: &'static str,
    },
}

impl Digest {
    /// Reads the JSON of a digest.
    ///
    /// # Errors
    /// It is not a digest as CloudTrail writes it.
    pub fn parse(json: &str) -> Result<Self, InvalidDigest> {
        // The message of an error may contain a value of any length.
        let raw: RawDigest = serde_json::from_str(json)
            .map_err(|error| InvalidDigest::Json(shorten(&error.to_string())))?;
        let name = parse_name("digestS3Object", &raw.digest_s3_object)?;
        let start_s = parse_time("digestStartTime", &raw.digest_start_time)?;
        let end_s = parse_time("digestEndTime", &raw.digest_end_time)?;
        if end_s < start_s {
            let expected = "a time behind digestStartTime";
            return Err(invalid("digestEndTime", &raw.digest_end_time, expected));
        }
        let previous = raw.previous(&name)?;
        let signed = raw.signed()?;
        let files = raw.log_files.unwrap_or_default();
        let unusable = (files.unusable > 0).then_some((files.unusable, files.first_problem));
        Ok(Self {
            name,
            bucket: shorten(&raw.digest_s3_bucket),
            key: raw.digest_s3_object,
            start_s,
            end_s,
            previous,
            signed,
            log_files: files.listed,
            unusable,
        })
    }

    /// Whether a file of this name may contain this digest: it has its name, or that of no digest.
    pub fn fits_name(&self, file_name: &str) -> bool {
        DigestName::parse(file_name).is_none_or(|name| name == self.name)
    }
}

/// The members of a digest that are used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDigest {
    digest_start_time: String,
    digest_end_time: String,
    digest_s3_bucket: String,
    digest_s3_object: String,
    previous_digest_s3_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    previous_digest_signature: Option<String>,
    digest_public_key_fingerprint: Option<String>,
    log_files: Option<LogFiles>,
}

impl RawDigest {
    /// Returns the digest before. The members about it are null in the first digest of a chain.
    ///
    /// Source: CloudTrail user guide, "CloudTrail digest file structure", starting digest file.
    fn previous(&self, name: &DigestName) -> Result<Option<PreviousDigest>, InvalidDigest> {
        let Some(key) = &self.previous_digest_s3_object else {
            return Ok(None);
        };
        let previous = parse_name("previousDigestS3Object", key)?;
        if previous.chain.prefix != name.chain.prefix {
            let expected = "a digest of the same account, Region and trail";
            return Err(invalid("previousDigestS3Object", key, expected));
        }
        let algorithm = self
            .previous_digest_hash_algorithm
            .as_deref()
            .unwrap_or_default();
        if algorithm != SHA256 {
            return Err(invalid("previousDigestHashAlgorithm", algorithm, SHA256));
        }
        let hash = self
            .previous_digest_hash_value
            .as_deref()
            .unwrap_or_default();
        let sha256 = parse_sha256(hash).ok_or_else(|| {
            invalid(
                "previousDigestHashValue",
                hash,
                "64 lower-case hexadecimal digits",
            )
        })?;
        Ok(Some(PreviousDigest {
            name: previous,
            sha256,
        }))
    }
}

impl RawDigest {
    fn signed(&self) -> Result<SignedMembers, InvalidDigest> {
        let signature = self.previous_digest_signature.as_deref();
        if let Some(long) = signature.filter(|hex| hex.len() > LONGEST_SIGNATURE) {
            let expected = "at most 2,048 hexadecimal digits";
            return Err(invalid("previousDigestSignature", long, expected));
        }
        let fingerprint = self.digest_public_key_fingerprint.as_deref();
        Ok(SignedMembers {
            end_time: self.digest_end_time.clone(),
            key_fingerprint: fingerprint.map(shorten).unwrap_or_default(),
            previous_signature: signature.map(str::to_owned),
        })
    }
}

/// The list of log files, of which only as many are kept as may be used.
#[derive(Default)]
struct LogFiles {
    listed: Vec<ListedLogFile>,
    unusable: u64,
    first_problem: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLogFile {
    s3_bucket: String,
    s3_object: String,
    hash_value: String,
    hash_algorithm: String,
}

impl LogFiles {
    fn add(&mut self, raw: RawLogFile) {
        match self.check(raw) {
            Ok(file) => self.listed.push(file),
            Err(problem) => {
                self.unusable += 1;
                if self.first_problem.is_empty() {
                    self.first_problem = problem;
                }
            }
        }
    }

    fn check(&self, raw: RawLogFile) -> Result<ListedLogFile, String> {
        if self.listed.len() >= MOST_LOG_FILES {
            return Err(format!("the list has more than {MOST_LOG_FILES} log files"));
        }
        let name = object_name(&raw.s3_object);
        if name.and_then(LogFileName::parse).is_none() {
            let key = shorten(&raw.s3_object);
            return Err(format!("`{key}` is not the key of a log file"));
        }
        if raw.hash_algorithm != SHA256 {
            let algorithm = shorten(&raw.hash_algorithm);
            return Err(format!(
                "the hash algorithm is `{algorithm}`, expected {SHA256}"
            ));
        }
        let Some(sha256) = parse_sha256(&raw.hash_value) else {
            let hash = shorten(&raw.hash_value);
            return Err(format!(
                "the hash is `{hash}`, expected 64 lower-case hexadecimal digits"
            ));
        };
        Ok(ListedLogFile {
            bucket: shorten(&raw.s3_bucket),
            key: raw.s3_object,
            sha256,
        })
    }
}

impl<'de> Deserialize<'de> for LogFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(LogFilesVisitor)
    }
}

/// Checks each entry as it is read, so that a long list is never in memory as a whole.
struct LogFilesVisitor;

impl<'de> Visitor<'de> for LogFilesVisitor {
    type Value = LogFiles;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of log files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<LogFiles, A::Error> {
        let mut files = LogFiles::default();
        while let Some(raw) = entries.next_element::<RawLogFile>()? {
            files.add(raw);
        }
        Ok(files)
    }
}

fn parse_name(member: &'static str, key: &str) -> Result<DigestName, InvalidDigest> {
    object_name(key)
        .and_then(DigestName::parse)
        .ok_or_else(|| invalid(member, key, "the key of a digest"))
}

fn parse_time(member: &'static str, text: &str) -> Result<i64, InvalidDigest> {
    let time: Result<Timestamp, jiff::Error> = text.parse();
    time.map(Timestamp::as_second)
        .map_err(|_| invalid(member, text, "a time such as 2026-11-27T10:04:04Z"))
}

/// Reads a hash as CloudTrail writes it: in lower case.
fn parse_sha256(hash: &str) -> Option<[u8; 32]> {
    let is_lower_case = hash
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_lower_case {
        return None;
    }
    let mut sha256 = [0; 32];
    hex::decode_to_slice(hash, &mut sha256).ok()?;
    Some(sha256)
}

fn invalid(member: &'static str, found: &str, expected: &'static str) -> InvalidDigest {
    InvalidDigest::Member {
        member,
        found: shorten(found),
        expected,
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
