//! `dragnet resume`.

use std::path::PathBuf;

use clap::Args;

use super::GeoIpArguments;

/// The run to resume.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Finished log groups are not read again, unfinished ones continue at their last
page, and what failed or was denied is retried. The run keeps its window, scope
and indicators. External ids are not stored in a run: they come from the
configuration file.")]
pub struct ResumeArguments {
    /// Run: its directory, its id in ./runs or the start of it, or `last`
    #[arg(value_name = "RUN")]
    pub run: PathBuf,

    /// Where addresses belong.
    #[command(flatten)]
    pub geoip: GeoIpArguments,
}
