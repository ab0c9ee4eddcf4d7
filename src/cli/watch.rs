//! `dragnet watch`.

use clap::Subcommand;

/// What to do about the schedules.
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = "\
Schedules and sinks are configured in [watch]: see config/dragnet.toml.
SIGHUP makes `run` read the configuration again; it keeps the old one if the
new one is wrong.")]
pub enum WatchCommand {
    /// Stay up, and activate every schedule when it is due
    Run,
    /// Activate what is due, deliver what waits, and end
    Once {
        /// Only this schedule, whether it is due or not
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Show how each schedule stands, and what waits to be delivered
    Status,
    /// Check the configuration, and print the next ten activations
    Check,
}
