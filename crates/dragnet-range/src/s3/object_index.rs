//! The objects of a bucket in the order of their keys. Only the folders that a request reaches are
//! filled, so listing the accounts of a large organization is cheap.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::delivery::{Content, Delivery};
use super::folder::{Folder, folders};
use crate::policy::glob;
use crate::world::{Bucket, ChangeKind, World};

/// A position among keys. Keys are sorted by their UTF-8 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) key: String,
    /// Whether `key` itself comes after the position.
    pub(super) is_inclusive: bool,
}

impl Cursor {
    /// The position after a key.
    pub(super) fn after(key: String) -> Self {
        Self {
            key,
            is_inclusive: false,
        }
    }

    /// The position before a key.
    pub(super) fn before(key: String) -> Self {
        Self {
            key,
            is_inclusive: true,
        }
    }

    fn admits(&self, key: &str) -> bool {
        key > self.key.as_str() || (self.is_inclusive && key == self.key)
    }

    /// Whether all keys of a folder are before the position.
    fn is_past(&self, folder: &Folder) -> bool {
        self.key > folder.path && !self.key.starts_with(&folder.path)
    }
}

/// The objects of a bucket whose keys have a prefix.
#[derive(Debug)]
pub(super) struct ObjectIndex {
    bucket: String,
    now: Timestamp,
    folders: Vec<Folder>,
    /// The objects of the folders that were reached, by the number of the folder.
    filled: BTreeMap<usize, Vec<Delivery>>,
    /// The objects of the scenario.
    placed: Vec<Delivery>,
}

impl ObjectIndex {
    pub(super) fn new(world: &World, bucket: &Bucket, prefix: &str, now: Timestamp) -> Self {
        let placed = bucket
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .map(|(key, object)| Delivery {
                key: key.clone(),
                modified: object.modified,
                kms_key: None,
                content: Content::Placed(object.clone()),
            })
            .filter(|delivery| is_present(bucket, delivery, now));
        Self {
            bucket: bucket.name.clone(),
            now,
            folders: folders(world, &bucket.name, prefix),
            filled: BTreeMap::new(),
            placed: placed.collect(),
        }
    }

    /// The first object after a position.
    pub(super) fn seek(&mut self, world: &mut World, cursor: &Cursor) -> Option<Delivery> {
        let placed = first_after(&self.placed, cursor).cloned();
        let delivered = self.seek_delivered(world, cursor);
        match (placed, delivered) {
            (Some(placed), Some(delivered)) if delivered.key < placed.key => Some(delivered),
            (Some(placed), _) => Some(placed),
            (None, delivered) => delivered,
        }
    }

    fn seek_delivered(&mut self, world: &mut World, cursor: &Cursor) -> Option<Delivery> {
        let first = self
            .folders
            .partition_point(|folder| cursor.is_past(folder));
        for (number, folder) in self.folders.iter().enumerate().skip(first) {
            let bucket = &self.bucket;
            let now = self.now;
            let deliveries = self
                .filled
                .entry(number)
                .or_insert_with(|| present_deliveries(world, bucket, folder, now));
            if let Some(delivery) = first_after(deliveries, cursor) {
                return Some(delivery.clone());
            }
        }
        None
    }
}

/// The object with this key, if it is there.
pub(super) fn find_object(
    world: &mut World,
    bucket: &str,
    key: &str,
    now: Timestamp,
) -> Option<Delivery> {
    let bucket = world.buckets.get(bucket)?;
    let mut index = ObjectIndex::new(world, bucket, key, now);
    index
        .seek(world, &Cursor::before(key.to_owned()))
        .filter(|delivery| delivery.key == key)
}

fn first_after<'a>(deliveries: &'a [Delivery], cursor: &Cursor) -> Option<&'a Delivery> {
    let at = deliveries.partition_point(|delivery| !cursor.admits(&delivery.key));
    deliveries.get(at)
}

fn present_deliveries(
    world: &mut World,
    bucket: &str,
    folder: &Folder,
    now: Timestamp,
) -> Vec<Delivery> {
    let mut deliveries = folder.deliveries(world, now);
    if let Some(bucket) = world.buckets.get(bucket) {
        deliveries.retain(|delivery| is_present(bucket, delivery, now));
    }
    deliveries
}

/// Whether an object has arrived and is not deleted.
fn is_present(bucket: &Bucket, delivery: &Delivery, now: Timestamp) -> bool {
    let age = now.duration_since(delivery.modified);
    let is_expired = bucket.lifecycle.expire.is_some_and(|expire| age >= expire);
    let is_deleted = bucket.deleted.contains(&delivery.key)
        || bucket
            .changes
            .iter()
            .any(|change| change.kind == ChangeKind::Delete && glob(&change.keys, &delivery.key));
    delivery.modified <= now && !is_expired && !is_deleted
}
