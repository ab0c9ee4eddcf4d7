//! The command line and the settings that it resolves to.
//!
//! There are three layers: arguments, settings and commands. The types of this module are the
//! arguments. [`settings`] combines them once with the configuration file, the environment and the
//! time, and rejects everything that is wrong before the first AWS call. Commands only receive
//! settings.

mod contain;
mod doctor;
mod engine;
mod error;
mod generate;
mod global;
mod hunts;
mod list;
mod range;
mod report;
mod resume;
mod runs;
mod scope;
pub mod settings;
mod setup;
mod sources;
mod sweep;
mod time_arg;
mod watch;

use clap::{Parser, Subcommand};

pub use contain::{
    ApplyArguments, ContainAction, ContainCommand, ContainmentArguments, Emit, Override,
    PlanArguments, StatusArguments, UndoArguments,
};
pub use doctor::DoctorArguments;
pub use engine::{EngineArguments, EngineChoice};
pub use error::{InvalidIndicators, UsageError};
pub use generate::{write_completions, write_manual};
pub use global::{ColorChoice, GlobalArguments, ProgressChoice};
pub use hunts::HuntsCommand;
pub use list::{ListArguments, Listing, OutputFormat};
pub use range::{QuotaChoice, RangeCommand, ScenarioArguments, ServeArguments, ShowArguments};
pub use report::ReportArguments;
pub use resume::ResumeArguments;
pub use runs::{RunArgument, RunsCommand};
pub use scope::ScopeArguments;
pub use setup::{CloudformationArguments, PolicyArguments, PolicyOf, SetupCommand};
pub use sources::SourcesArguments;
pub use sweep::SweepArguments;
pub use time_arg::{InvalidTimeArg, TimeArg};
pub use watch::WatchCommand;

/// What was typed.
#[derive(Debug, Parser)]
#[command(
    name = "dragnet",
    version,
    about = "Search every account, Region and log source of an AWS organization, and contain what you find",
    after_help = EXIT_CODES,
    max_term_width = 80
)]
pub struct Arguments {
    /// What goes with every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done, and everything in scope was covered
  1    it could not be done; nothing is claimed
  2    wrong usage or configuration
  3    done, but coverage is incomplete, or a containment step is not verified:
       the summary says where
  4    with --fail-on-sighting: covered, and something was found
  5    with --fail-on-sighting: something was found, and coverage is incomplete
  130  interrupted; continue with dragnet resume

Try it without an AWS account:
  dragnet sweep 198.51.100.23 --since 24h --practice";

/// A command with its own arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Search every account, Region and log group for indicators or hunts
    Sweep(SweepArguments),
    /// Continue an interrupted or incomplete run
    Resume(ResumeArguments),
    /// List accounts, Regions, log groups or principals across the scope
    List(ListArguments),
    /// Show what records each account and Region, where that is kept, and
    /// whether Dragnet can read it
    Sources(SourcesArguments),
    /// List, show or check hunts
    #[command(subcommand)]
    Hunts(HuntsCommand),
    /// Block roles, users and groups in every account, verify it, and undo it
    #[command(subcommand)]
    Contain(ContainCommand),
    /// Run searches on a schedule and send one alert per finding
    #[command(subcommand)]
    Watch(WatchCommand),
    /// Write the reports of a finished run
    Report(ReportArguments),
    /// List, show or verify runs
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Check whether every account can be swept, and how to fix those that cannot
    Doctor(DoctorArguments),
    /// Print the least-privilege roles to deploy in every account
    #[command(subcommand)]
    Setup(SetupCommand),
    /// Practise on a simulated AWS organization on this machine
    #[command(subcommand)]
    Range(RangeCommand),
    /// Print a completion script for a shell
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page: dragnet man | man -l -
    Man,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_fits_80_columns() {
        let mut command = Arguments::command();
        command.build();
        let mut all = vec![&mut command];
        while let Some(command) = all.pop() {
            for line in command.render_long_help().to_string().lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
            all.extend(command.get_subcommands_mut());
        }
    }

    #[test]
    fn two_ways_to_say_when_conflict() {
        let parse = |rest: &[&str]| {
            Arguments::try_parse_from([&["dragnet", "sweep", "192.0.2.1"], rest].concat())
        };
        for bad in [
            &["--since", "1h", "--from", "2h"][..],
            &["--since", "1h", "--to", "2h"],
            &["--to", "1h"],
            &["--since", "yesterday"],
            &["--account", "123"],
            &["--region", "EU"],
            &["--log-group", "["],
            &["--format", "xls"],
            &["--member-role", "a b"],
        ] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{bad:?}");
        }
        assert!(parse(&["--start-time", "2h", "--end-time", "1h"]).is_ok());
        assert!(
            Arguments::try_parse_from(["dragnet", "sweep"]).is_err(),
            "nothing to look for"
        );
    }
}
