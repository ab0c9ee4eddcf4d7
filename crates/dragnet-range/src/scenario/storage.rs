//! Adds the buckets, objects and keys of KMS of a scenario.

use jiff::{SignedDuration, Timestamp};

use super::ScenarioError;
use super::references::{parse_policy, undefined_reference};
use super::spec::{BucketSpec, ObjectSpec, Spec};
use crate::policy::PolicyKind;
use crate::s3::compress;
use crate::world::{Bucket, KmsKey, Lifecycle, ObjectChange, PlacedObject, Policy, World};
use dragnet_model::{AccountId, Region};

/// Adds the buckets and keys that tables define.
pub(super) fn add_buckets(
    world: &mut World,
    spec: &Spec,
    created: Timestamp,
) -> Result<(), ScenarioError> {
    for key in &spec.kms_keys {
        let policy = resource_policy(&key.arn, key.policy.as_deref())?;
        let owner = key.account;
        world
            .kms_keys
            .insert(key.arn.clone(), KmsKey { owner, policy });
    }
    for bucket in &spec.buckets {
        add_bucket(world, bucket, created)?;
    }
    Ok(())
}

fn add_bucket(
    world: &mut World,
    spec: &BucketSpec,
    created: Timestamp,
) -> Result<(), ScenarioError> {
    if world.account(spec.account).is_none() {
        return Err(undefined_reference(
            "[[buckets]]",
            "the account",
            spec.account.to_string(),
        ));
    }
    let days = |days: u32| SignedDuration::from_hours(i64::from(days) * 24);
    let access_logs = spec.access_logs.as_ref().map(|target| {
        let (bucket, prefix) = target.split_once('/').unwrap_or((target.as_str(), ""));
        (bucket.to_owned(), prefix.to_owned())
    });
    let new = Bucket::new(
        spec.name.clone(),
        spec.account,
        spec.region.clone(),
        created,
    );
    let bucket = Bucket {
        policy: resource_policy(&spec.name, spec.policy.as_deref())?,
        kms_key: spec.kms_key.clone(),
        requester_pays: spec.requester_pays,
        versioned: spec.versioned,
        access_logs,
        access_log_dates: spec.access_log_dates,
        is_redirected: spec.redirected,
        lifecycle: Lifecycle {
            archive: spec.archive_days.map(|age| (days(age), spec.archive_class)),
            expire: spec.expire_days.map(days),
        },
        partitions: spec.partitions.clone(),
        requests_a_second: spec.requests_a_second,
        ..new
    };
    world.buckets.insert(spec.name.clone(), bucket);
    Ok(())
}

fn resource_policy(name: &str, text: Option<&str>) -> Result<Option<Policy>, ScenarioError> {
    text.map(|text| parse_policy(name, text, PolicyKind::Resource))
        .transpose()
}

/// Creates the bucket that a trail or flow log names, unless a table defines it.
pub(super) fn open_bucket(
    world: &mut World,
    name: &str,
    owner: AccountId,
    region: &Region,
    created: Timestamp,
) {
    let new_bucket = || Bucket::new(name.to_owned(), owner, region.clone(), created);
    world
        .buckets
        .entry(name.to_owned())
        .or_insert_with(new_bucket);
}

/// Adds the objects that tables define, and their changes.
pub(super) fn add_objects(
    world: &mut World,
    spec: &Spec,
    now: Timestamp,
) -> Result<(), ScenarioError> {
    for object in &spec.objects {
        let placed = placed_object(object, now);
        let bucket = find_bucket(world, "[[objects]]", &object.bucket)?;
        bucket.objects.insert(object.key.clone(), placed);
    }
    for change in &spec.object_changes {
        let bucket = find_bucket(world, "[[object_changes]]", &change.bucket)?;
        bucket.changes.push(ObjectChange {
            keys: change.keys.clone(),
            kind: change.change,
        });
    }
    Ok(())
}

fn placed_object(spec: &ObjectSpec, now: Timestamp) -> PlacedObject {
    let text = spec.text.clone().into_bytes();
    let body = if spec.gzip { compress(&text) } else { text };
    PlacedObject {
        body: body.into(),
        modified: spec.at.resolve(now),
        storage_class: spec.storage_class,
    }
}

fn find_bucket<'a>(
    world: &'a mut World,
    table: &'static str,
    name: &str,
) -> Result<&'a mut Bucket, ScenarioError> {
    world
        .buckets
        .get_mut(name)
        .ok_or_else(|| undefined_reference(table, "the bucket", name))
}
