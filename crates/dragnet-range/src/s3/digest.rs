//! The digests of trails, which make it possible to prove that log files are complete and
//! unchanged. Each contains the hashes of the log files of one hour, and the hash and signature of
//! the digest before it.
//!
//! Source: CloudTrail user guide, "CloudTrail digest file structure", "Custom implementations of
//! CloudTrail log file integrity validation" (the signed text).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::delivery::{Content, Delivery, Source, arrival, spread};
use super::digest_key::{key_fingerprint, public_key, sign};
use super::trail_files::{log_file_text, log_files};
use crate::world::{DigestLink, Trail, World};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const HOUR_SECONDS: u64 = 3_600;
const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";

/// All digests of an account-Region in a folder that are complete at `now`.
pub(super) fn digests(
    world: &mut World,
    trail: usize,
    source: &Source,
    folders: DigestFolders<'_>,
    now: Timestamp,
) -> Vec<Delivery> {
    let chain_key = (trail, source.account, source.region.clone());
    let mut chain = world.digest_chains.remove(&chain_key).unwrap_or_default();
    let is_current = chain
        .last()
        .is_some_and(|last| last.end.saturating_add(HOUR).is_ok_and(|next| next > now));
    if !is_current {
        let log_files = log_files(world, trail, source, folders.log_files);
        if let Some(trail) = world.trails.get(trail) {
            let writer = ChainWriter {
                trail,
                source,
                folder: folders.digests,
                log_files: &log_files,
            };
            writer.extend(&mut chain, now);
        }
    }
    let kms_key = world
        .trails
        .get(trail)
        .and_then(|trail| trail.bucket.kms_key.clone());
    let deliveries = chain.iter().map(|link| Delivery {
        modified: arrival(link.end, &link.key),
        key: link.key.clone(),
        kms_key: kms_key.clone(),
        content: Content::Digest(link.clone()),
    });
    let deliveries = deliveries.collect();
    world.digest_chains.insert(chain_key, chain);
    deliveries
}

/// The folders of an account-Region.
#[derive(Clone, Copy, Debug)]
pub(super) struct DigestFolders<'a> {
    pub(super) digests: &'a str,
    pub(super) log_files: &'a str,
}

/// Writes the digests of one account-Region.
struct ChainWriter<'a> {
    trail: &'a Trail,
    source: &'a Source,
    folder: &'a str,
    /// All log files of the account-Region.
    log_files: &'a [Delivery],
}

/// The hour of a digest, and the digest before it.
struct Hour<'a> {
    start: Timestamp,
    end: Timestamp,
    key: String,
    previous: Option<&'a DigestLink>,
}

impl ChainWriter<'_> {
    /// Appends the digests of the hours that have ended.
    fn extend(&self, chain: &mut Vec<DigestLink>, now: Timestamp) {
        let Some(first_start) = self.first_start() else {
            return;
        };
        loop {
            let start = chain.last().map_or(first_start, |last| last.end);
            let Ok(end) = start.checked_add(HOUR) else {
                return;
            };
            if end > now {
                return;
            }
            let hour = Hour {
                start,
                end,
                key: self.key(end),
                previous: chain.last(),
            };
            let link = self.link(hour);
            chain.push(link);
        }
    }

    /// When the first digest begins. The minute differs by account-Region.
    fn first_start(&self) -> Option<Timestamp> {
        let since = self.trail.bucket.validated_since?;
        let hours = since.as_second().div_euclid(3_600);
        let offset = spread(self.folder, HOUR_SECONDS);
        Timestamp::from_second(hours * 3_600 + offset).ok()
    }

    fn key(&self, end: Timestamp) -> String {
        let Source {
            account, region, ..
        } = self.source;
        let Trail { name, home, .. } = self.trail;
        let day = end.strftime("%Y/%m/%d");
        let second = end.strftime("%Y%m%dT%H%M%SZ");
        format!(
            "{}{day}/{account}_CloudTrail-Digest_{region}_{name}_{home}_{second}.json.gz",
            self.folder
        )
    }

    fn link(&self, hour: Hour<'_>) -> DigestLink {
        let text = self.text(&hour);
        let hash = hex::encode(Sha256::digest(&text));
        let signature = self.signature(&hour, &hash);
        DigestLink {
            key: hour.key,
            end: hour.end,
            text: text.into(),
            hash,
            signature,
        }
    }

    fn text(&self, hour: &Hour<'_>) -> String {
        let Hour {
            start,
            end,
            key,
            previous,
        } = hour;
        let bucket = &self.trail.bucket.name;
        let in_hour = |file: &&Delivery| (*start..*end).contains(&file.modified);
        let files: Vec<ListedFile> = self
            .log_files
            .iter()
            .filter(in_hour)
            .filter_map(ListedFile::from_delivery)
            .collect();
        let newest = files.iter().map(|file| file.newest).max();
        let oldest = files.iter().map(|file| file.oldest).min();
        let log_files: Vec<Value> = files.iter().map(|file| file.to_json(bucket)).collect();
        json!({
            "awsAccountId": self.source.account,
            "digestStartTime": format_time(*start),
            "digestEndTime": format_time(*end),
            "digestS3Bucket": bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": key_fingerprint(&public_key(&self.source.region)),
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": newest.map(format_time),
            "oldestEventTime": oldest.map(format_time),
            "previousDigestS3Bucket": previous.map(|_| bucket),
            "previousDigestS3Object": previous.map(|previous| &previous.key),
            "previousDigestHashValue": previous.map(|previous| &previous.hash),
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|previous| &previous.signature),
            "logFiles": log_files,
        })
        .to_string()
    }

    fn signature(&self, hour: &Hour<'_>, hash: &str) -> String {
        let end = format_time(hour.end);
        let bucket = &self.trail.bucket.name;
        let previous = hour
            .previous
            .map_or("null", |previous| previous.signature.as_str());
        let text = format!("{end}\n{bucket}/{}\n{hash}\n{previous}", hour.key);
        sign(&self.source.region, &text)
    }
}

/// A log file, as a digest lists it.
struct ListedFile<'a> {
    key: &'a str,
    hash: String,
    newest: Timestamp,
    oldest: Timestamp,
}

impl<'a> ListedFile<'a> {
    fn from_delivery(delivery: &'a Delivery) -> Option<Self> {
        let Content::LogFile(records, form) = &delivery.content else {
            return None;
        };
        let times = records.iter().map(|record| record.time);
        Some(Self {
            key: &delivery.key,
            hash: hex::encode(Sha256::digest(log_file_text(records, *form))),
            newest: times.clone().max()?,
            oldest: times.min()?,
        })
    }

    fn to_json(&self, bucket: &str) -> Value {
        json!({
            "s3Bucket": bucket,
            "s3Object": self.key,
            "hashValue": self.hash,
            "hashAlgorithm": "SHA-256",
            "newestEventTime": format_time(self.newest),
            "oldestEventTime": format_time(self.oldest),
        })
    }
}

fn format_time(time: Timestamp) -> String {
    time.strftime(TIME_FORMAT).to_string()
}
