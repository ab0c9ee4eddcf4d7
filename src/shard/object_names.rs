//! The names of objects in the store. A name is a path with slashes below the directory or the prefix
//! of the store.

/// The plan.
pub const PLAN: &str = "plan.json.zst";
/// What a shard has committed, in its folder.
pub const COMMIT: &str = "commit.json";
/// How far a shard has come, in its folder.
pub const CHECKPOINT: &str = "checkpoint.json";

/// Returns the name of a manifest of a shard: [`COMMIT`] or [`CHECKPOINT`].
pub fn manifest_name(shard: usize, manifest: &str) -> String {
    format!("shards/{shard:05}/{manifest}")
}

/// Returns the name of a part of the database of a shard. `folder` is the one that its manifest names.
pub fn part_name(shard: usize, folder: &str, part: usize) -> String {
    format!("shards/{shard:05}/{folder}/{part:05}")
}
