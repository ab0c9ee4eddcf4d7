//! `dragnet watch`.

use clap::Subcommand;

/// What to do about the schedules.
#[derive(Clone, Debug, Subcommand)]
#[command(after_long_help = "\
Schedules and sinks are configured in [watch]: see config/dragnet.toml.
On SIGHUP, `run` reloads the configuration; it keeps the old one if the new one
is invalid.")]
pub enum WatchCommand {
    /// Run as a service: start every schedule when it is due
    Run,
    /// Run the schedules that are due, deliver pending alerts, and exit
    Once {
        /// Name of a schedule to run even if it is not due
        #[arg(value_name = "SCHEDULE")]
        name: Option<String>,
    },
    /// Show the state of each schedule and the alerts that wait for delivery
    Status,
    /// Check everything that the schedules and sinks need, and print the next
    /// ten activations
    Check {
        /// Send a test alert to every sink, and report each result
        #[arg(long)]
        send_test: bool,
    },
}
