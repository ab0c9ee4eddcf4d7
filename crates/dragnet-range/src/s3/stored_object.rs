//! The content and the properties of an object, with the changes that the scenario makes.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::delivery::{Content, Delivery};
use super::gzip::compress;
use super::trail_files::log_file_text;
use crate::policy::glob;
use crate::world::{Bucket, ChangeKind, StorageClass};

/// What a second gzip member contains.
const HIDDEN_RECORDS: &[u8] = br#"{"Records":[{"eventName":"Hidden"}]}"#;

#[derive(Debug)]
pub(super) struct StoredObject {
    pub(super) body: Bytes,
    pub(super) modified: Timestamp,
    pub(super) storage_class: StorageClass,
    /// Whether there is a restored copy of an archived object, which can be read.
    pub(super) is_restored: bool,
    /// The ARN of the key of KMS that encrypts it; `None` for a key of S3.
    pub(super) kms_key: Option<String>,
    /// User-defined metadata: the headers and their values.
    pub(super) metadata: Vec<(&'static str, String)>,
    pub(super) content_type: &'static str,
    pub(super) is_gzip: bool,
}

impl StoredObject {
    pub(super) fn new(bucket: &Bucket, delivery: &Delivery, now: Timestamp) -> Self {
        let changes: Vec<ChangeKind> = bucket
            .changes
            .iter()
            .filter(|change| glob(&change.keys, &delivery.key))
            .map(|change| change.kind)
            .collect();
        let kms_key = delivery.kms_key.as_ref().or(bucket.kms_key.as_ref());
        let has_default_type = matches!(delivery.content, Content::Placed(_));
        Self {
            body: changed_body(&delivery.content, &changes),
            modified: delivery.modified,
            storage_class: storage_class(bucket, delivery, &changes, now),
            is_restored: changes.contains(&ChangeKind::Restore),
            kms_key: kms_key.cloned(),
            metadata: metadata(&delivery.content),
            content_type: if has_default_type {
                "binary/octet-stream"
            } else {
                "application/json"
            },
            is_gzip: !has_default_type,
        }
    }

    /// The entity tag. It is not an MD5 digest, as for objects that are encrypted with KMS.
    ///
    /// Source: S3 API, `Object`, `ETag`.
    pub(super) fn etag(&self) -> String {
        let mut hash = hex::encode(Sha256::digest(&self.body));
        hash.truncate(32);
        format!("\"{hash}\"")
    }
}

fn storage_class(
    bucket: &Bucket,
    delivery: &Delivery,
    changes: &[ChangeKind],
    now: Timestamp,
) -> StorageClass {
    if changes.contains(&ChangeKind::Archive) || changes.contains(&ChangeKind::Restore) {
        return StorageClass::Glacier;
    }
    let age = now.duration_since(delivery.modified);
    match (bucket.lifecycle.archive, &delivery.content) {
        (Some((archive_age, class)), _) if age >= archive_age => class,
        (_, Content::Placed(object)) => object.storage_class,
        _ => StorageClass::Standard,
    }
}

/// Source: CloudTrail user guide, "CloudTrail digest file structure", "Signature of digest file".
fn metadata(content: &Content) -> Vec<(&'static str, String)> {
    let Content::Digest(link) = content else {
        return Vec::new();
    };
    vec![
        ("x-amz-meta-signature", link.signature.clone()),
        ("x-amz-meta-signature-algorithm", "SHA256withRSA".to_owned()),
    ]
}

fn changed_body(content: &Content, changes: &[ChangeKind]) -> Bytes {
    let is_modified = changes.contains(&ChangeKind::Modify);
    let mut body = match content {
        Content::Placed(object) => object.body.to_vec(),
        Content::Digest(link) if is_modified => compress(forged_digest(&link.text).as_bytes()),
        Content::Digest(link) => compress(link.text.as_bytes()),
        Content::LogFile(records, form) => {
            let text = log_file_text(records, *form);
            let text = if is_modified { modified(&text) } else { text };
            compress(text.as_bytes())
        }
        Content::FlowLog(lines) => {
            let text = lines.join("\n") + "\n";
            let text = if is_modified { modified(&text) } else { text };
            compress(text.as_bytes())
        }
    };
    if changes.contains(&ChangeKind::Cut) {
        body.truncate(body.len() / 2);
    }
    if changes.contains(&ChangeKind::SecondMember) {
        body.extend(compress(HIDDEN_RECORDS));
    }
    if changes.contains(&ChangeKind::TrailingData) {
        body.extend(b"trailing data");
    }
    body.into()
}

/// The text with other addresses, and with another byte in any case.
fn modified(text: &str) -> String {
    text.replace("198.51.100.", "203.0.113.") + " "
}

/// The text of a digest that lists one log file less.
fn forged_digest(text: &str) -> String {
    let mut digest: Value = serde_json::from_str(text).unwrap_or_default();
    if let Some(files) = digest.get_mut("logFiles").and_then(Value::as_array_mut) {
        files.pop();
    }
    digest.to_string() + " "
}
