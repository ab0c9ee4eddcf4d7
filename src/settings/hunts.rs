//! The settings of `hunts`.

use std::path::PathBuf;

use crate::config::Catalogue;

/// The settings of `hunts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HuntsSettings {
    /// All available hunts.
    pub catalogue: Catalogue,
    /// The files to check; if empty, the catalogue.
    pub files: Vec<PathBuf>,
}
