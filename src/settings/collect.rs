//! The settings of `collect`.

use std::path::PathBuf;

use super::SweepSettings;

/// What to collect, and where to write it.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectSettings {
    /// The sweep that reads every record. Its run is created in the directory.
    pub sweep: SweepSettings,
    /// The directory of the collection.
    pub directory: PathBuf,
}
