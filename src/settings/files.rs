//! Which copies of logs on disk a sweep searches.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The files that a sweep searches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSettings {
    /// The directories, or single files: absolute paths, without duplicates.
    pub directories: Vec<PathBuf>,
    /// Whether only files are searched. Then no call is made.
    pub are_alone: bool,
    /// Whether records of any time are searched.
    pub all_times: bool,
}
