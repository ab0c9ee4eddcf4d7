//! `manifest.json`: the size and SHA-256 hash of every file of a run, so that evidence can be
//! checked later.

use serde::{Deserialize, Serialize};

/// The manifest of a run directory. Its own SHA-256 hash is printed at the end of the run, for the
/// ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The id of the run.
    pub run_id: String,
    /// The version of Dragnet that wrote the files.
    pub tool_version: String,
    /// The SHA-256 hash of the resolved settings, in hex.
    pub settings_sha256: String,
    /// The ARN of the caller.
    pub caller_arn: String,
    /// Every file except the manifest itself, by name.
    pub files: Vec<ManifestFile>,
}

/// One file of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// The path of the file in the run directory.
    pub name: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256 hash in hex.
    pub sha256: String,
}
