//! The catalogue of hunts, and `[hunts]`: where the user's own are.
//!
//! A hunt is a file, so that a team can keep its hunts beside its configuration and review them. Parameters
//! are typed, and stand in quoted text alone: no value can change what a query asks.

mod catalogue;
mod invalid;
mod parameter;
mod shipped;
mod template;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use catalogue::{Catalogue, load_hunt};
pub use invalid::InvalidHunt;
pub use parameter::{Parameter, ParameterKind};
pub use template::HuntTemplate;

/// The folder of the user's own hunts that is used if it is there, beside the configuration file.
const USUAL_FOLDER: &str = "hunts";

/// `[hunts]`: hunts beside those that ship.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hunts {
    /// A folder of hunts (`*.toml`), which add to those that ship or, by name, replace them. A relative
    /// path starts at the configuration file; without one, `hunts` beside it is used if it is there.
    pub folder: Option<PathBuf>,
}

impl Hunts {
    /// The same as it is meant in a configuration file in this directory.
    pub(super) fn seen_from(self, directory: &Path) -> Self {
        let usual = || Some(directory.join(USUAL_FOLDER)).filter(|folder| folder.is_dir());
        Self {
            folder: self
                .folder
                .map(|folder| directory.join(folder))
                .or_else(usual),
        }
    }
}
