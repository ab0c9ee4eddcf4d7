//! `ListObjectsV2` and `ListObjects`.
//!
//! Source: S3 API, `ListObjectsV2`, `ListObjects`; S3 user guide, "Organizing objects using
//! prefixes".

use std::borrow::Cow;

use jiff::SignedDuration;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::access::find_bucket;
use super::delivery::Delivery;
use super::get::pays;
use super::list_request::ListRequest;
use super::object_index::{Cursor, ObjectIndex};
use super::stored_object::StoredObject;
use crate::call::Call;
use crate::wire::{AwsError, Reply, RestReply, Xml};
use crate::world::Bucket;
use dragnet_model::time::rfc3339_ms;

/// The characters that are encoded in keys, if the request asks for it.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/');

/// How long after its delivery the restored copy of an object can be read.
const RESTORED: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A page of a list.
#[derive(Debug, Default)]
struct ListPage {
    objects: Vec<Delivery>,
    common_prefixes: Vec<String>,
    /// Where the next page begins; `None` for the last page.
    next: Option<Cursor>,
    /// The last key or common prefix.
    last: Option<String>,
}

pub(super) fn list_objects(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    let request = ListRequest::from_call(call)?;
    let page = collect_page(call, &request)?;
    let bucket = find_bucket(call.world, &request.bucket)?;
    let attributes = call
        .input
        .rest()?
        .header("x-amz-optional-object-attributes");
    let shows_restored = attributes == Some("RestoreStatus");
    let objects: Vec<(&Delivery, StoredObject)> = page
        .objects
        .iter()
        .map(|delivery| (delivery, StoredObject::new(bucket, delivery, call.now)))
        .map(|(delivery, mut object)| {
            object.is_restored &= shows_restored;
            (delivery, object)
        })
        .collect();
    let mut reply = RestReply::xml("ListBucketResult", |xml| {
        write_parameters(xml, &request, &page);
        for (delivery, object) in &objects {
            write_object(xml, &request, bucket, delivery, object);
        }
        for prefix in &page.common_prefixes {
            xml.element("CommonPrefixes", |xml| {
                xml.text("Prefix", encoded(&request, prefix));
            });
        }
    });
    if pays(call.input.rest()?, bucket) {
        let header = ("x-amz-request-charged", "requester".to_owned());
        reply.headers.push(header);
    }
    Ok(Reply::Rest(reply))
}

fn collect_page(call: &mut Call<'_>, request: &ListRequest) -> Result<ListPage, AwsError> {
    let mut page = ListPage::default();
    let mut cursor = request.cursor()?;
    if request.max_keys == 0 {
        return Ok(page);
    }
    let bucket = find_bucket(call.world, &request.bucket)?;
    let mut index = ObjectIndex::new(call.world, bucket, &request.prefix, call.now);
    while let Some(delivery) = index.seek(call.world, &cursor) {
        let Some(rest) = delivery.key.strip_prefix(&request.prefix) else {
            break;
        };
        if page.objects.len() + page.common_prefixes.len() == request.max_keys {
            page.next = Some(cursor);
            break;
        }
        let folder = request
            .delimiter
            .as_deref()
            .and_then(|delimiter| Some((rest.find(delimiter)?, delimiter.len())));
        if let Some(folder) = folder.and_then(|(at, length)| rest.get(..at + length)) {
            let common_prefix = format!("{}{folder}", request.prefix);
            // No key with this prefix is larger.
            cursor = Cursor::before(format!("{common_prefix}{}", char::MAX));
            page.last = Some(common_prefix.clone());
            page.common_prefixes.push(common_prefix);
        } else {
            cursor = Cursor::after(delivery.key.clone());
            page.last = Some(delivery.key.clone());
            page.objects.push(delivery);
        }
    }
    Ok(page)
}

fn write_parameters(xml: &mut Xml, request: &ListRequest, page: &ListPage) {
    let key_count = page.objects.len() + page.common_prefixes.len();
    let delimiter = request.delimiter.as_deref();
    let start_after = request.start_after.as_deref();
    xml.text("Name", &request.bucket)
        .text("Prefix", encoded(request, &request.prefix))
        .optional("Delimiter", delimiter.map(|text| encoded(request, text)));
    let start_after = start_after.map(|key| encoded(request, key));
    if request.is_version_2 {
        let next = page.next.as_ref();
        xml.optional("StartAfter", start_after)
            .optional("ContinuationToken", request.token.as_deref())
            .optional(
                "NextContinuationToken",
                next.map(|cursor| request.encode_token(cursor)),
            )
            .text("KeyCount", key_count);
    } else {
        xml.text("Marker", start_after.unwrap_or_default());
        // Source: S3 API, `ListObjects`: `NextMarker` is returned only with a delimiter.
        if let (Some(_), Some(_), Some(last)) = (&page.next, delimiter, &page.last) {
            xml.text("NextMarker", encoded(request, last));
        }
    }
    xml.text("MaxKeys", request.max_keys)
        .optional("EncodingType", request.is_url_encoded.then_some("url"))
        .text("IsTruncated", page.next.is_some());
}

fn write_object(
    xml: &mut Xml,
    request: &ListRequest,
    bucket: &Bucket,
    delivery: &Delivery,
    object: &StoredObject,
) {
    xml.element("Contents", |xml| {
        xml.text("Key", encoded(request, &delivery.key))
            .text("LastModified", rfc3339_ms(object.modified))
            .text("ETag", object.etag())
            .text("ChecksumAlgorithm", "CRC64NVME")
            .text("ChecksumType", "FULL_OBJECT")
            .text("Size", object.body.len());
        if request.with_owner {
            xml.element("Owner", |xml| {
                // AWS's canonical user id is another number of the account.
                xml.text("ID", format!("{:0>64}", bucket.owner.to_string()));
            });
        }
        xml.text("StorageClass", object.storage_class.as_str());
        if object.is_restored {
            let until = object.modified.saturating_add(RESTORED);
            let until = rfc3339_ms(until.unwrap_or(object.modified));
            xml.element("RestoreStatus", |xml| {
                xml.text("IsRestoreInProgress", false)
                    .text("RestoreExpiryDate", until);
            });
        }
    });
}

/// A key as the response has it.
fn encoded<'a>(request: &ListRequest, key: &'a str) -> Cow<'a, str> {
    if request.is_url_encoded {
        utf8_percent_encode(key, ENCODED).into()
    } else {
        Cow::Borrowed(key)
    }
}
