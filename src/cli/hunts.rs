//! `dragnet hunts`.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with the catalogue of hunts.
#[derive(Clone, Debug, Subcommand)]
pub enum HuntsCommand {
    /// List the hunts that there are
    List,
    /// Show a hunt: its parameters, its query, and how it is searched for
    Show {
        /// The hunt
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check files of hunts, or the whole catalogue: whether they can be used,
    /// what only Insights runs, and the filter pattern of each
    Check {
        /// Files of hunts [default: the catalogue]
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}
