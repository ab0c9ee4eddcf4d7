//! `dragnet config`.

use std::path::PathBuf;

use clap::Subcommand;

use super::ListFormat;

/// What to do with the configuration.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show the settings in force, and where each was set; secrets are hidden
    Show(ListFormat),
    /// Validate a configuration file
    Check {
        /// Configuration file [default: the one that is used]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the JSON Schema of the configuration file, for editors
    Schema,
}
