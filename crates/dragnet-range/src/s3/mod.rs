//! S3: buckets that trails and flow logs deliver to, and the objects in them.
//!
//! An object is generated when it is listed or read, from the same records as the event history and
//! the same flows every time. So a bucket needs no memory, and a record has the same `eventID`
//! wherever it is found.
//!
//! * `folder`, `object_index`: which objects a bucket has, in the order of their keys
//! * `trail_files`, `digest`, `flow_files`: the objects of trails and flow logs
//! * `stored_object`: the content of an object, and how the scenario changed it
//! * `put`: the objects that callers write
//! * `access`: the Region of a bucket, its policy and the policies of the caller

mod access;
mod checksum;
mod conditions;
mod delivery;
mod digest;
mod digest_key;
mod flow_files;
mod folder;
mod get;
mod gzip;
mod list;
mod list_request;
mod object_index;
mod put;
mod query;
mod settings;
mod stored_object;
mod trail_files;

pub(crate) use access::{authorize_call, requested_partition};
pub(crate) use digest_key::{key_fingerprint, public_key};
pub(crate) use gzip::compress;
pub(crate) use query::{QueryObject, objects_for_query, stored_objects};

use super::call::Call;
use super::wire::{AwsError, Reply};

/// Performs a call of this service.
///
/// # Errors
/// The errors that AWS documents for each operation.
pub(crate) fn perform(call: &mut Call<'_>) -> Result<Reply, AwsError> {
    match call.operation {
        "GetBucketLocation" => settings::location(call),
        "GetBucketLogging" => settings::logging(call),
        "GetBucketPolicy" => settings::policy(call),
        "GetObject" | "HeadObject" => get::get_object(call),
        "HeadBucket" => settings::head_bucket(call),
        "ListBuckets" => Ok(settings::list_buckets(call)),
        "PutObject" => put::put_object(call),
        "ListObjects" | "ListObjectsV2" => list::list_objects(call),
        _ => Err(call.unknown_operation()),
    }
}

/// Deletes the object that a call names, for a fault.
pub(crate) fn delete_named_object(call: &mut Call<'_>) {
    let Ok(input) = call.input.rest() else {
        return;
    };
    let bucket = input
        .bucket
        .as_ref()
        .and_then(|name| call.world.buckets.get_mut(name));
    if let (Some(bucket), Some(key)) = (bucket, &input.key) {
        bucket.deleted.insert(key.clone());
    }
}
