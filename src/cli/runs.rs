//! `dragnet runs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

/// What to do with stored runs.
#[derive(Clone, Debug, Subcommand)]
pub enum RunsCommand {
    /// List all runs
    List {
        /// Parent directory of the runs
        #[arg(long, value_name = "DIRECTORY", default_value = "runs")]
        out: PathBuf,
        /// How to print them.
        #[command(flatten)]
        format: ListFormat,
    },
    /// Show the report of a run; change nothing
    Show(RunArgument),
    /// Compare the sightings and the coverage of two runs
    Diff(DiffArguments),
    /// Compare a run's files with its manifest
    #[command(after_long_help = "\
Each file is listed and unchanged, added, changed or missing. The program in
report.verify_command checks the signature of the manifest.

Exit codes: 0 all files are listed and unchanged, and the signature is valid or
not checked; else 1.")]
    Verify(RunArgument),
}

/// The run.
#[derive(Clone, Debug, Args)]
pub struct RunArgument {
    /// Run: its directory, its id in ./runs or the start of it, or `last`
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}

/// The runs to compare.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
A sighting is new, removed or changed; an account-Region, log group or log
source is newly covered, lost or changed. If the runs differ in what they
search for, in their windows or scopes, the result says so.

Exit codes: 0 no difference, 3 the coverage differs, 4 the sightings differ,
5 both differ.
  dragnet runs diff 20260301T120000Z-3f9a last")]
pub struct DiffArguments {
    /// Earlier run: its directory, its id in ./runs or the start of it
    #[arg(value_name = "RUN")]
    pub before: PathBuf,

    /// Later run, given in the same way, or `last`
    #[arg(value_name = "RUN")]
    pub after: PathBuf,

    /// Output format [default: table; json with --json]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<RunsFormat>,
}

/// How runs are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunsFormat {
    /// for reading
    Table,
    /// everything
    Json,
}

impl RunsFormat {
    /// Whether to print JSON. `json` is the global option, which applies without a format.
    pub fn is_json(format: Option<Self>, json: bool) -> bool {
        format.map_or(json, |format| format == Self::Json)
    }
}
