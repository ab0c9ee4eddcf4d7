//! Builds chains of digests, for unit tests.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::time_text::format_time;

/// 2026-11-27T10:04:04Z, the start of the first digest of every chain.
pub(super) const START_S: i64 = 1_795_773_844;

const HOUR_S: i64 = 3_600;

/// A chain of digests of account 111111111111 in us-east-1.
pub(super) struct TestChain {
    trail: String,
    end_s: i64,
    /// The key and the hash of the last digest.
    last: Option<(String, String)>,
}

pub(super) fn sha256(content: &str) -> [u8; 32] {
    Sha256::digest(content.as_bytes()).into()
}

pub(super) fn hex_sha256(content: &str) -> String {
    hex::encode(sha256(content))
}

/// The key of a log file that was delivered in the first hour.
pub(super) fn log_key(unique: &str) -> String {
    log_key_at(START_S, unique)
}

pub(super) fn log_key_at(delivered_s: i64, unique: &str) -> String {
    let day = format_time(delivered_s, "%Y/%m/%d");
    let time = format_time(delivered_s, "%Y%m%dT%H%MZ");
    format!(
        "AWSLogs/111111111111/CloudTrail/us-east-1/{day}/111111111111_CloudTrail_us-east-1_{time}_{unique}.json.gz"
    )
}

/// The name of an object without its folders.
pub(super) fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap()
}

impl TestChain {
    pub(super) fn new(trail: &str) -> Self {
        Self {
            trail: trail.to_owned(),
            end_s: START_S,
            last: None,
        }
    }

    /// Starts the chain anew after some hours.
    pub(super) fn restart(&mut self, hours: i64) {
        self.end_s += hours * HOUR_S;
        self.last = None;
    }

    /// Returns the digest of the next hour, with log files of this hour: the random part of their
    /// names, and their contents.
    pub(super) fn next_hour(&mut self, log_files: &[(&str, &str)]) -> Value {
        let start_s = self.end_s;
        self.end_s += HOUR_S;
        let day = format_time(self.end_s, "%Y/%m/%d");
        let time = format_time(self.end_s, "%Y%m%dT%H%M%SZ");
        let trail = &self.trail;
        let key = format!(
            "AWSLogs/111111111111/CloudTrail-Digest/us-east-1/{day}/111111111111_CloudTrail-Digest_us-east-1_{trail}_us-east-1_{time}.json.gz"
        );
        let files: Vec<Value> = log_files
            .iter()
            .map(|(unique, content)| {
                json!({
                    "s3Bucket": "trail-bucket",
                    "s3Object": log_key_at(start_s, unique),
                    "hashValue": hex_sha256(content),
                    "hashAlgorithm": "SHA-256",
                })
            })
            .collect();
        let last = self.last.as_ref();
        let digest = json!({
            "awsAccountId": "111111111111",
            "digestStartTime": format_time(start_s, "%Y-%m-%dT%H:%M:%SZ"),
            "digestEndTime": format_time(self.end_s, "%Y-%m-%dT%H:%M:%SZ"),
            "digestS3Bucket": "trail-bucket",
            "digestS3Object": key,
            "previousDigestS3Bucket": last.map(|_| "trail-bucket"),
            "previousDigestS3Object": last.map(|(key, _)| key),
            "previousDigestHashValue": last.map(|(_, hash)| hash),
            "previousDigestHashAlgorithm": last.map(|_| "SHA-256"),
            "previousDigestSignature": last.map(|_| "00"),
            "logFiles": files,
        });
        self.last = Some((key, hex_sha256(&digest.to_string())));
        digest
    }
}
