//! The commands, one file or folder each: a command creates its parts, runs the job, and prints the
//! result.
//!
//! Results are written to stdout, everything else to stderr. An error that ends a command has an
//! exit code, and is printed once, with its causes.

mod collect;
mod complete;
mod config;
mod connection;
mod contain;
mod coverage_judge;
mod doctor;
mod end_recorder;
mod environment;
mod error;
mod evidence_files;
mod external_program;
mod file_plan;
mod follow_files;
mod follow_rounds;
mod follow_state;
mod host_environment;
mod html_report;
mod hunt_files;
mod hunts;
mod interrupt;
mod list;
mod list_output;
mod logging;
mod manifest;
mod manual;
mod mfa_code;
#[cfg(test)]
mod mutated_responses;
mod new_run;
mod open_page;
mod open_run;
mod plan;
mod query_table;
mod range;
mod report;
mod report_formats;
mod resumable;
mod resume;
mod run;
mod run_files;
mod run_output;
mod run_summary;
mod runs;
mod setup;
mod shard;
mod sighting_stream;
mod signing;
mod sources;
mod sweep;
mod watch;

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;

pub use collect::{Collected, CollectionManifest, OpenCollection};
pub use connection::{Connection, SharedConnection};
pub use contain::{
    Canary, ContainError, LogSearch, apply_plan, dry_run_plan, make_plan, undo_containment,
    verification_exit_code, verify_containment, verify_from_logs,
};
pub use doctor::{Check, State, Subject, diagnose, examine};
pub use environment::Environment;
pub use error::CommandError;
pub use interrupt::Interrupt;
pub use resumable::Resumable;
pub use run::run_sweep;
pub use run_files::{RunFiles, read_run, write_run_files};
pub use run_output::RunOutput;
pub use shard::{
    MergeJob, Merged, ShardEnd, ShardError, ShardJob, ShardRow, ShardStatus, ShardStore,
    create_shard_plan, merge_run, read_shard_plan, read_status, run_shard,
};
pub use watch::WatchRuntime;

use crate::cli::{Arguments, Command, GlobalArguments, RangeCommand, WatchCommand, unnamed_config};
use crate::report::escape;
use crate::settings::ProgressStyle;
use host_environment::HostEnvironment;

/// Runs the command of the arguments, and returns the exit code.
pub fn run(arguments: &Arguments) -> u8 {
    match try_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            error.print(&mut io::stderr().lock());
            error.exit_code()
        }
    }
}

fn try_run(arguments: &Arguments) -> Result<u8, CommandError> {
    // Not locked, because the sinks of a watch also write to stdout, from other threads.
    let out = &mut io::stdout();
    let global = &arguments.global;
    match &arguments.command {
        Command::Completions { shell, words } => complete::complete(*shell, words, out)?,
        Command::Man { out: directory } => manual::manual(directory.as_deref(), out)?,
        Command::Range(range) => run_range(global, range, out)?,
        Command::Setup(setup) => setup::setup(global, setup, &detect_host(global)?, out)?,
        Command::Config(command) => {
            config::config(global, command, &detect_host(global)?, out)?;
        }
        Command::Report(report) => {
            return report::report(global, report, &detect_host(global)?, out);
        }
        Command::Hunts(hunts) => {
            return hunts::hunts(global, hunts, &detect_host(global)?, out);
        }
        Command::Runs(runs) => return runs::runs(global, runs, &HostEnvironment::detect()?, out),
        Command::Watch(watch) => return run_watch(global, watch, out),
        Command::Doctor(doctor) => {
            let host = start(global)?;
            return runtime()?.block_on(doctor::doctor(global, doctor, &host, out));
        }
        Command::Sweep(sweep) => {
            let host = start(global)?;
            return runtime()?.block_on(sweep::sweep(global, sweep, &host));
        }
        Command::Collect(collect) => {
            let host = start(global)?;
            return runtime()?.block_on(collect::collect(global, collect, &host));
        }
        Command::Resume(resume) => {
            let host = start(global)?;
            return runtime()?.block_on(resume::resume(global, resume, &host));
        }
        Command::Shard(command) => {
            let host = start(global)?;
            return runtime()?.block_on(shard::shard(global, command, &host, out));
        }
        Command::Contain(contain) => {
            let host = start(global)?;
            return runtime()?.block_on(contain::contain(global, contain, &host, out));
        }
        Command::List(list) => {
            let host = start(global)?;
            return runtime()?.block_on(list::list(global, list, &host, out));
        }
        Command::Sources(sources) => {
            let host = start(global)?;
            return runtime()?.block_on(sources::sources(global, sources, &host, out));
        }
    }
    out.flush()?;
    Ok(0)
}

/// Detects the host environment. Prints the configuration file first if it is only used because it
/// is in the working directory: it may come from somebody else, and changes what is searched.
fn detect_host(global: &GlobalArguments) -> Result<HostEnvironment, CommandError> {
    let host = HostEnvironment::detect()?;
    let context = host.resolve_context(Timestamp::UNIX_EPOCH);
    if let Some(path) = unnamed_config(global, &context)
        && host.global_settings(global).progress != ProgressStyle::Json
    {
        print_note(&format!(
            "Configuration: {} of the working directory",
            host.display_path(&path)
        ));
    }
    Ok(host)
}

/// Detects the host environment, and starts logging.
fn start(global: &GlobalArguments) -> Result<HostEnvironment, CommandError> {
    let host = detect_host(global)?;
    logging::start(host.global_settings(global));
    Ok(host)
}

fn run_range(
    global: &GlobalArguments,
    command: &RangeCommand,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    match command {
        RangeCommand::Serve(serve) => runtime()?.block_on(range::serve(serve, out)),
        RangeCommand::Show(scenario) => range::show(scenario, global.json, out),
        RangeCommand::Code(scenario) => range::code(scenario, global.practice, out),
    }
}

fn run_watch(
    global: &GlobalArguments,
    command: &WatchCommand,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let host = match command {
        // The service writes a log in JSON to stderr.
        WatchCommand::Run => HostEnvironment::detect()?,
        WatchCommand::Once { .. } | WatchCommand::Status | WatchCommand::Check { .. } => {
            detect_host(global)?
        }
    };
    logging::start_for_watch(command, host.global_settings(global));
    let runtime = runtime()?;
    let code = runtime.block_on(watch::watch(global, command, &host, out));
    // A blocked write to a pipe that is not being read must not delay the end of the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

/// Prints a line on stderr. It may contain untrusted text, which is escaped.
fn print_note(line: &str) {
    // If stderr fails, there is no other way to report it.
    _ = writeln!(io::stderr().lock(), "{}", escape(line));
}

/// Prints on stderr which selectors of the scope match nothing.
fn print_unmatched(selectors: &[String]) {
    if !selectors.is_empty() {
        print_note(&format!("Matched nothing: {}.", selectors.join(", ")));
    }
}
