//! The command line: its arguments, and how they resolve to settings.
//!
//! There are three layers: arguments, settings and commands. The types of this module are the
//! arguments. `resolve` combines them once with the configuration file, the environment and the
//! time into the types of [`crate::settings`], and rejects everything that is wrong before the first
//! AWS call. Commands only receive settings, and nothing below them knows clap.

mod collect;
mod completion;
mod completion_script;
mod config;
mod contain;
mod doctor;
mod engine;
mod error;
mod generate;
mod geoip;
mod global;
mod help;
mod hunts;
mod list;
mod range;
mod report;
mod resolve;
mod resume;
mod runs;
mod scope;
mod setup;
mod shard;
mod sources;
mod sweep;
mod time_arg;
mod value_enums;
mod watch;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub use collect::CollectArguments;
pub use completion::{CompletionRequest, DynamicValue};
pub use config::ConfigCommand;
pub use contain::{
    ApplyArguments, ContainCommand, PlanArguments, RecordFormat, StatusArguments, UndoArguments,
    VerifyArguments,
};
pub use doctor::DoctorArguments;
pub use engine::EngineArguments;
pub use error::UsageError;
pub use generate::{write_completions, write_manual, write_manual_pages};
pub use geoip::GeoIpArguments;
pub use global::{ColorChoice, GlobalArguments, ProgressChoice};
pub use hunts::HuntsCommand;
pub use list::{ListArguments, ListFormat};
pub use range::{QuotaChoice, RangeCommand, ScenarioArguments, ServeArguments, ShowArguments};
pub use report::ReportArguments;
pub use resolve::{config_file, load_config, run_dir, unnamed_config};
pub use resume::ResumeArguments;
pub use runs::{DiffArguments, RunArgument, RunsCommand, RunsFormat};
pub use scope::ScopeArguments;
pub use setup::{
    AthenaSetupArguments, CloudformationArguments, LakeQueryArguments, LogBucketArguments,
    PolicyArguments, PolicyIdentity, SetupCommand,
};
pub use shard::{
    MergeShardsArguments, PlanShardsArguments, RunShardArguments, ShardCommand, StoreArguments,
    StoreLocation,
};
pub use sources::SourcesArguments;
pub use sweep::{
    IndicatorArguments, RequiredArgument, SourcesArgument, SweepArguments, SweepOutput,
};
pub use time_arg::{InvalidTimeArg, TimeArg};
pub use watch::WatchCommand;

/// The command line. `help` implements [`clap::Parser`] for it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The options of every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// A command with its own arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Search every account and Region for indicators, or run hunts
    Sweep(Box<SweepArguments>),
    /// Continue an interrupted or incomplete run
    Resume(ResumeArguments),
    /// Sweep on several machines: plan, run and merge shards
    #[command(subcommand)]
    Shard(ShardCommand),
    /// List accounts, Regions, log groups or principals across the scope
    List(ListArguments),
    /// Show which trails and flow logs record each account-Region
    Sources(SourcesArguments),
    /// Save the raw records of accounts before they expire
    Collect(Box<CollectArguments>),
    /// List, show or check hunts
    #[command(subcommand)]
    Hunts(HuntsCommand),
    /// Block roles, users and groups, verify it, and undo it
    #[command(subcommand)]
    Contain(ContainCommand),
    /// Run searches on a schedule and send alerts
    #[command(subcommand)]
    Watch(WatchCommand),
    /// Write the reports of a finished run
    Report(ReportArguments),
    /// List, show, compare or verify runs
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Check the access to every account, with advice on failures
    Doctor(DoctorArguments),
    /// Show the settings in force and their origin, or validate them
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the least-privilege roles to deploy in every account
    #[command(subcommand)]
    Setup(SetupCommand),
    /// Practise on a simulated AWS organization on this machine
    #[command(subcommand)]
    Range(RangeCommand),
    /// Print a completion script for a shell
    // Left out of the list of commands, which has to fit a terminal of 24 lines: packages install
    // the completions and the manual.
    #[command(hide = true)]
    Completions {
        /// Shell
        shell: clap_complete::Shell,
        /// Words of a command line up to the cursor. Print the values for the
        /// last one instead, if only Dragnet knows them
        #[arg(last = true, hide = true, value_name = "WORD")]
        words: Vec<String>,
    },
    /// Print the manual page: dragnet man | man -l -
    #[command(hide = true)]
    Man {
        /// Write one page per command into this directory instead
        #[arg(long, value_name = "DIRECTORY")]
        out: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn conflicting_and_invalid_arguments_are_rejected() {
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
            "nothing to search for"
        );
    }
}
