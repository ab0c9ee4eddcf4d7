//! `dragnet hunts`.

use std::path::PathBuf;

use clap::Subcommand;

use super::ListFormat;

/// What to do with the catalogue of hunts.
#[derive(Clone, Debug, Subcommand)]
pub enum HuntsCommand {
    /// List all hunts
    List(ListFormat),
    /// Show a hunt: parameters, query, and filter pattern
    Show {
        /// Name of the hunt
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Validate hunt files or the whole catalogue, and show the filter pattern
    /// of each hunt and which hunts only Insights can run
    Check {
        /// Hunt files [default: the catalogue]
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}
