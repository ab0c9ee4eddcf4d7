//! `dragnet runs`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with stored runs.
#[derive(Clone, Debug, Subcommand)]
pub enum RunsCommand {
    /// List all runs
    List {
        /// Parent directory of the runs
        #[arg(long, value_name = "DIRECTORY", default_value = "runs")]
        out: PathBuf,
    },
    /// Show the report of a run; change nothing
    Show(RunArgument),
    /// Compare a run's files with its manifest
    Verify(RunArgument),
}

/// The run.
#[derive(Clone, Debug, Args)]
pub struct RunArgument {
    /// Run: its directory, or its id in ./runs
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}
