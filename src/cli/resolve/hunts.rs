//! Resolves the settings of `hunts`.

use super::load_config;
use crate::cli::{GlobalArguments, HuntsCommand, UsageError};
use crate::config::Catalogue;
use crate::settings::{HuntsSettings, ResolveContext, SettingsError};

impl HuntsSettings {
    /// Resolves the arguments of `hunts`.
    ///
    /// # Errors
    /// The configuration or the catalogue cannot be used.
    pub fn resolve(
        global: &GlobalArguments,
        command: &HuntsCommand,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, context)?;
        let files = match command {
            HuntsCommand::Check { files } => files
                .iter()
                .map(|file| context.working_directory.join(file))
                .collect(),
            HuntsCommand::List(_) | HuntsCommand::Show { .. } => Vec::new(),
        };
        // The folder is not loaded if files are given, so that an invalid file in it does not
        // prevent the check of others.
        let folder = config.hunts.folder.filter(|_| files.is_empty());
        Ok(Self {
            catalogue: Catalogue::load(folder.as_deref()).map_err(SettingsError::from)?,
            files,
        })
    }
}
