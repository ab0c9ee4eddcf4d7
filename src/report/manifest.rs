//! `manifest.json`: what a run's files were when it ended, so that evidence can be checked later.

use serde::{Deserialize, Serialize};

/// The manifest of a run's directory. Its own SHA-256 is printed at the end, for the ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The run.
    pub run_id: String,
    /// The version of Dragnet that wrote the files.
    pub tool_version: String,
    /// SHA-256 of the settings in force, in hex.
    pub settings_sha256: String,
    /// Who ran it.
    pub caller_arn: String,
    /// Every file but this one, by name.
    pub files: Vec<ManifestFile>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its path in the run's directory.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
}
