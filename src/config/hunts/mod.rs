//! The catalogue of hunts, and `[hunts]`: the folder of the user's own hunts.
//!
//! Each hunt is a file, so a team can keep its hunts beside its configuration and review them.
//! Parameters are typed and may occur only in quoted text, so no value can change the structure of
//! a query.

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

/// The folder beside the configuration file that is used if it exists and no other is configured.
const DEFAULT_FOLDER: &str = "hunts";

/// `[hunts]`: the user's own hunts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hunts {
    /// A folder of hunts (`*.toml`), which are added to the built-in ones or replace those of the
    /// same name. A relative path is relative to the configuration file. The default is the folder
    /// `hunts` beside that file, if it exists.
    pub folder: Option<PathBuf>,
}

impl Hunts {
    /// Resolves the folder relative to the directory of the configuration file.
    pub(super) fn resolve_folder(self, directory: &Path) -> Self {
        let default = || Some(directory.join(DEFAULT_FOLDER)).filter(|folder| folder.is_dir());
        Self {
            folder: self
                .folder
                .map(|folder| directory.join(folder))
                .or_else(default),
        }
    }
}
