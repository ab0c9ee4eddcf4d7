//! The manifest of the database of a shard: a checkpoint, or the result that was committed.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sealed::Sealable;

/// The version of the manifest.
const FORMAT: u32 = 1;

/// Where the database of a shard is, and what it must be. It is compressed with zstd and cut into
/// parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultManifest {
    /// The version of the manifest.
    pub format: u32,
    /// The hash of the plan.
    pub plan: String,
    /// The number of the shard.
    pub shard: usize,
    /// Whether the shard is complete.
    pub is_complete: bool,
    /// The folder of the parts, in the folder of the shard.
    pub folder: String,
    /// The parts, in their order.
    pub parts: Vec<ResultPart>,
    /// The size of the database, in bytes.
    pub bytes: u64,
    /// When it was written: RFC 3339.
    pub written: String,
}

/// A part of a compressed database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultPart {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Sealable for ResultManifest {
    const KIND: &'static str = "result";
}

impl ResultPart {
    /// Describes the bytes of a part.
    pub fn new(content: &[u8]) -> Self {
        Self {
            bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
            sha256: hex::encode(Sha256::digest(content)),
        }
    }
}

impl ResultManifest {
    /// Returns a manifest of a shard without parts.
    pub fn new(plan: &str, shard: usize, folder: String) -> Self {
        Self {
            format: FORMAT,
            plan: plan.to_owned(),
            shard,
            is_complete: false,
            folder,
            parts: Vec::new(),
            bytes: 0,
            written: String::new(),
        }
    }

    /// Whether the manifest is of this shard of this plan, and its folder a plain name.
    pub fn is_of(&self, plan: &str, shard: usize, is_complete: bool) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        self.format == FORMAT
            && self.plan == plan
            && self.shard == shard
            && self.is_complete == is_complete
            && !self.folder.is_empty()
            && self.folder.bytes().all(is_plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_of_another_plan_shard_or_folder_is_none() {
        let manifest = |folder: &str| ResultManifest::new("hash", 3, folder.to_owned());
        assert!(manifest("checkpoint-1f").is_of("hash", 3, false));
        for (plan, shard, is_complete) in
            [("other", 3, false), ("hash", 4, false), ("hash", 3, true)]
        {
            assert!(!manifest("a").is_of(plan, shard, is_complete));
        }
        for folder in ["", "../00001", "a/b", "."] {
            assert!(!manifest(folder).is_of("hash", 3, false), "{folder}");
        }
    }
}
