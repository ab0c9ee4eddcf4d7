//! `dragnet resume`.

use std::path::PathBuf;

use clap::Args;

/// Which run to go on with.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
What was finished is not asked again; what was being read goes on at the page
that it came to; what failed or was refused is asked again. The run keeps the
window, the scope and the indicators that it was made with. External ids are
not kept in it: they are taken from the configuration file.")]
pub struct ResumeArguments {
    /// The run: its directory, or its id if it lies in ./runs
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}
