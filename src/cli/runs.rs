//! `dragnet runs`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with the runs that are there.
#[derive(Clone, Debug, Subcommand)]
pub enum RunsCommand {
    /// List the runs that there are
    List {
        /// Directory in which the runs lie
        #[arg(long, value_name = "DIR", default_value = "runs")]
        out: PathBuf,
    },
    /// Show how a run ended, and change nothing
    Show(RunArgument),
    /// Check that a run's files are what its manifest says
    Verify(RunArgument),
}

/// Which run.
#[derive(Clone, Debug, Args)]
pub struct RunArgument {
    /// The run: its directory, or its id if it lies in ./runs
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}
