//! `GetObject` and `HeadObject`.
//!
//! Source: S3 API, `GetObject`, `HeadObject`.

use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::access::{authorize_action, authorize_decryption, find_bucket};
use super::checksum::crc64_nvme_base64;
use super::conditions::{check_conditions, requested_range};
use super::object_index::find_object;
use super::stored_object::StoredObject;
use crate::call::Call;
use crate::wire::{AwsError, Reply, RestInput, RestReply};
use crate::world::{Bucket, StorageClass};

pub(super) fn get_object(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input = call.input.rest()?;
    let name = input.bucket.as_deref().unwrap_or_default();
    let key = input.key.as_deref().unwrap_or_default();
    let version = input.params.get("versionId");
    let delivery = find_object(call.world, name, key, call.now);
    let bucket = find_bucket(call.world, name)?;
    let Some(delivery) = delivery else {
        return Err(missing_object(call, bucket, key));
    };
    if version.is_some_and(|version| version != "null") {
        return Err(
            AwsError::new("NoSuchVersion", "The specified version does not exist.")
                .with_status(404)
                .with_element("Key", key),
        );
    }
    let object = StoredObject::new(bucket, &delivery, call.now);
    if call.operation == "GetObject" {
        check_readable(call, bucket, &object)?;
    }
    check_conditions(input, &object)?;
    let range = requested_range(input.header("range"), object.body.len())?;
    let mut headers = object_headers(bucket, &object);
    let has_checksum = input.header("x-amz-checksum-mode") == Some("ENABLED");
    if has_checksum && range.is_none() {
        headers.push(("x-amz-checksum-crc64nvme", crc64_nvme_base64(&object.body)));
        headers.push(("x-amz-checksum-type", "FULL_OBJECT".to_owned()));
    }
    if pays(input, bucket) {
        headers.push(("x-amz-request-charged", "requester".to_owned()));
    }
    let (status, body) = match range {
        None => (200, object.body.clone()),
        Some(range) => {
            let last = range.end.saturating_sub(1);
            let size = object.body.len();
            headers.push((
                "content-range",
                format!("bytes {}-{last}/{size}", range.start),
            ));
            (206, object.body.slice(range))
        }
    };
    Ok(reply(status, object.content_type, headers, body))
}

/// Checks that an object need not be restored first, and that the caller may decrypt it.
fn check_readable(call: &Call<'_>, bucket: &Bucket, object: &StoredObject) -> Result<(), AwsError> {
    if object.storage_class.is_archived() && !object.is_restored {
        let message = "The operation is not valid for the object's storage class";
        return Err(AwsError::new("InvalidObjectState", message)
            .with_status(403)
            .with_element("StorageClass", object.storage_class.as_str()));
    }
    match &object.kms_key {
        Some(kms_key) => authorize_decryption(call, bucket, kms_key),
        None => Ok(()),
    }
}

fn reply(
    status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
) -> Reply {
    Reply::Rest(RestReply {
        status,
        content_type,
        headers,
        body,
    })
}

pub(super) fn pays(input: &RestInput, bucket: &Bucket) -> bool {
    bucket.requester_pays && input.header("x-amz-request-payer") == Some("requester")
}

/// The error for an object that does not exist. Only callers that may list the bucket learn that.
fn missing_object(call: &Call<'_>, bucket: &Bucket, key: &str) -> AwsError {
    if let Err(denied) = authorize_action(call, bucket, "s3:ListBucket", None) {
        return denied;
    }
    let error = AwsError::new("NoSuchKey", "The specified key does not exist.")
        .with_status(404)
        .with_element("Key", key);
    if bucket.versioned && bucket.deleted.contains(key) {
        error.with_header("x-amz-delete-marker", "true")
    } else {
        error
    }
}

fn object_headers(bucket: &Bucket, object: &StoredObject) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("etag", object.etag()),
        ("last-modified", http_date(object.modified)),
        ("accept-ranges", "bytes".to_owned()),
    ];
    match &object.kms_key {
        Some(key) => {
            headers.push(("x-amz-server-side-encryption", "aws:kms".to_owned()));
            headers.push((
                "x-amz-server-side-encryption-aws-kms-key-id",
                key.to_owned(),
            ));
        }
        None => headers.push(("x-amz-server-side-encryption", "AES256".to_owned())),
    }
    // Source: S3 API, `GetObject`: the header is present "for all objects except for S3 Standard
    // storage class objects".
    if object.storage_class != StorageClass::Standard {
        let class = object.storage_class.as_str().to_owned();
        headers.push(("x-amz-storage-class", class));
    }
    if object.is_gzip {
        headers.push(("content-encoding", "gzip".to_owned()));
    }
    if bucket.versioned {
        headers.push(("x-amz-version-id", "null".to_owned()));
    }
    headers.extend(object.metadata.iter().cloned());
    headers
}

fn http_date(time: Timestamp) -> String {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .unwrap_or_default()
}
