//! `PutObject`.
//!
//! Source: S3 API, `PutObject`; S3 user guide, "How to prevent object overwrites with conditional
//! writes".

use bytes::Bytes;

use super::access::find_bucket;
use super::checksum::crc64_nvme_base64;
use super::object_index::find_object;
use super::stored_object::StoredObject;
use crate::call::Call;
use crate::wire::{AwsError, Reply, RestInput, RestReply};
use crate::world::{PlacedObject, StorageClass};

/// Stores an object, which is there from now on.
pub(super) fn put_object(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let input = call.input.rest()?;
    let name = input.bucket.as_deref().unwrap_or_default();
    let key = input.key.as_deref().unwrap_or_default();
    refuse_encoded_body(input)?;
    let existing = find_object(call.world, name, key, call.now);
    let bucket = find_bucket(call.world, name)?;
    let existing = existing.map(|delivery| StoredObject::new(bucket, &delivery, call.now));
    check_write_conditions(input, existing.as_ref())?;
    let stored = PlacedObject {
        body: input.body.clone(),
        modified: call.now,
        storage_class: StorageClass::Standard,
    };
    let mut headers = vec![
        ("x-amz-checksum-crc64nvme", crc64_nvme_base64(&input.body)),
        ("x-amz-checksum-type", "FULL_OBJECT".to_owned()),
        ("x-amz-server-side-encryption", "AES256".to_owned()),
    ];
    if let Some(bucket) = call.world.buckets.get_mut(name) {
        bucket.deleted.remove(key);
        bucket.objects.insert(key.to_owned(), stored);
    }
    let written = find_object(call.world, name, key, call.now);
    let bucket = find_bucket(call.world, name)?;
    if let Some(delivery) = written {
        headers.push((
            "etag",
            StoredObject::new(bucket, &delivery, call.now).etag(),
        ));
    }
    Ok(Reply::Rest(RestReply {
        status: 200,
        content_type: "application/xml",
        headers,
        body: Bytes::new(),
    }))
}

/// Refuses a body in chunks with signatures or trailers, which the range does not decode.
///
/// Source: S3 API, "Signature Calculations for the Authorization Header: Transferring Payload in
/// Multiple Chunks".
fn refuse_encoded_body(input: &RestInput) -> Result<(), AwsError> {
    let is_chunked = input
        .header("content-encoding")
        .is_some_and(|encoding| encoding.contains("aws-chunked"));
    if is_chunked {
        let message = "A header you provided implies functionality that is not implemented";
        return Err(AwsError::new("NotImplemented", message).with_status(501));
    }
    Ok(())
}

/// Checks the conditions of a write. `If-None-Match` can only be `*`: the object must not exist.
/// `If-Match` names the entity tag of the object that is replaced.
///
/// # Errors
/// 412 if the object is not as the request expects, 404 if `If-Match` names one that does not exist.
fn check_write_conditions(
    input: &RestInput,
    existing: Option<&StoredObject>,
) -> Result<(), AwsError> {
    let failed = |condition: &str| {
        let message = "At least one of the pre-conditions you specified did not hold";
        AwsError::new("PreconditionFailed", message)
            .with_status(412)
            .with_element("Condition", condition)
    };
    match input.header("if-none-match") {
        Some("*") if existing.is_some() => return Err(failed("If-None-Match")),
        None | Some("*") => {}
        Some(_) => {
            let message = "A header you provided implies functionality that is not implemented";
            return Err(AwsError::new("NotImplemented", message).with_status(501));
        }
    }
    let Some(expected) = input.header("if-match") else {
        return Ok(());
    };
    match existing {
        None => {
            Err(AwsError::new("NoSuchKey", "The specified key does not exist.").with_status(404))
        }
        Some(object) if object.etag().trim_matches('"') == expected.trim_matches('"') => Ok(()),
        Some(_) => Err(failed("If-Match")),
    }
}
