//! The objects that a query of another service reads, with the permissions of its caller.

use bytes::Bytes;
use jiff::Timestamp;

use super::access::{authorize_action, authorize_decryption, find_bucket};
use super::object_index::{Cursor, ObjectIndex};
use super::stored_object::StoredObject;
use crate::call::Call;
use crate::wire::AwsError;
use crate::world::World;

/// An object that a query reads.
#[derive(Debug)]
pub(crate) struct QueryObject {
    pub(crate) key: String,
    pub(crate) body: Bytes,
    /// Whether it is in an archive, also if there is a restored copy.
    pub(crate) is_archived: bool,
    /// The ARN of the key of KMS that encrypts it.
    kms_key: Option<String>,
}

/// Returns the objects of a bucket whose keys have a prefix.
///
/// # Errors
/// The bucket does not exist, or the caller may not read it.
pub(crate) fn objects_for_query(
    call: &mut Call<'_>,
    bucket: &str,
    prefix: &str,
) -> Result<Vec<QueryObject>, AwsError> {
    let known = find_bucket(call.world, bucket)?;
    authorize_action(call, known, "s3:ListBucket", None)?;
    authorize_action(call, known, "s3:GetObject", Some(prefix))?;
    let objects = stored_objects(call.world, bucket, prefix, call.now)?;
    let known = find_bucket(call.world, bucket)?;
    for object in objects.iter().filter(|object| !object.is_archived) {
        if let Some(kms_key) = &object.kms_key {
            authorize_decryption(call, known, kms_key)?;
        }
    }
    Ok(objects)
}

/// Returns the objects of a bucket whose keys have a prefix, whoever may read them.
///
/// # Errors
/// The bucket does not exist.
pub(crate) fn stored_objects(
    world: &mut World,
    bucket: &str,
    prefix: &str,
    now: Timestamp,
) -> Result<Vec<QueryObject>, AwsError> {
    let known = find_bucket(world, bucket)?;
    let mut index = ObjectIndex::new(world, known, prefix, now);
    let mut cursor = Cursor::before(prefix.to_owned());
    let mut objects = Vec::new();
    while let Some(delivery) = index.seek(world, &cursor) {
        if !delivery.key.starts_with(prefix) {
            break;
        }
        cursor = Cursor::after(delivery.key.clone());
        let object = StoredObject::new(find_bucket(world, bucket)?, &delivery, now);
        objects.push(QueryObject {
            key: delivery.key,
            body: object.body,
            is_archived: object.storage_class.is_archived(),
            kms_key: object.kms_key,
        });
    }
    Ok(objects)
}
