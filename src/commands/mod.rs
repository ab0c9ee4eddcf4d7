//! The commands, one file or folder each: a command creates its parts, runs the job, and prints the
//! result.
//!
//! Results are written to stdout, everything else to stderr. An error that ends a command has an
//! exit code, and is printed once, with its causes.

mod contain;
mod doctor;
mod environment;
mod error;
mod evidence_files;
mod facts;
mod host_environment;
mod hunt_files;
mod hunts;
mod interrupt;
mod list;
mod logging;
mod mfa_code;
mod plan;
mod range;
mod report;
mod resume;
mod run;
mod run_files;
mod runs;
mod setup;
mod sources;
mod sweep;
mod watch;

use std::io::{self, Write};
use std::time::Duration;

pub use contain::{
    Canary, ContainError, apply_plan, make_plan, undo_containment, verify_containment,
};
pub use doctor::{Check, State, Subject, examine};
pub use environment::Environment;
pub use error::CommandError;
pub use run::{Connection, Resumable, RunOutput, SharedConnection, run_sweep};
pub use run_files::{RunFiles, read_run, write_run_files};
pub use watch::WatchRuntime;

use crate::cli::{Arguments, Command, RangeCommand, write_completions, write_manual};
use crate::report::escape;
use host_environment::HostEnvironment;
use logging::start as start_logging;

/// Runs the command of the arguments, and returns the exit code.
pub fn run(arguments: &Arguments) -> u8 {
    match try_to_run(arguments) {
        Ok(code) => code,
        Err(error) => {
            error.print(&mut io::stderr().lock());
            error.exit_code()
        }
    }
}

fn try_to_run(arguments: &Arguments) -> Result<u8, CommandError> {
    // Not locked, because the sinks of a watch also write to stdout, from other threads.
    let out = &mut io::stdout();
    match &arguments.command {
        Command::Completions { shell } => write_completions(*shell, out)?,
        Command::Man => write_manual(out)?,
        Command::Report(report) => {
            return report::report(&arguments.global, report, &HostEnvironment::here()?, out);
        }
        Command::Range(RangeCommand::Serve(serve)) => {
            runtime()?.block_on(range::serve(serve, out))?;
        }
        Command::Range(RangeCommand::Show(scenario)) => {
            range::show(scenario, arguments.global.json, out)?;
        }
        Command::Range(RangeCommand::Code(scenario)) => {
            range::code(scenario, arguments.global.practice, out)?;
        }
        Command::Setup(setup) => {
            setup::setup(&arguments.global, setup, &HostEnvironment::here()?, out)?;
        }
        Command::Doctor(doctor) => {
            let machine = HostEnvironment::here()?;
            start_logging(machine.global_settings(&arguments.global));
            return runtime()?.block_on(doctor::doctor(&arguments.global, doctor, &machine, out));
        }
        Command::Sweep(sweep) => {
            let machine = HostEnvironment::here()?;
            start_logging(machine.global_settings(&arguments.global));
            return runtime()?.block_on(sweep::sweep(&arguments.global, sweep, &machine));
        }
        Command::Resume(resume) => {
            let machine = HostEnvironment::here()?;
            start_logging(machine.global_settings(&arguments.global));
            return runtime()?.block_on(resume::resume(&arguments.global, resume, &machine));
        }
        Command::Hunts(hunts) => {
            return hunts::hunts(&arguments.global, hunts, &HostEnvironment::here()?, out);
        }
        Command::Runs(runs) => {
            return runs::runs(&arguments.global, runs, &HostEnvironment::here()?, out);
        }
        Command::Contain(contain) => {
            let machine = HostEnvironment::here()?;
            start_logging(machine.global_settings(&arguments.global));
            return runtime()?.block_on(contain::contain(
                &arguments.global,
                contain,
                &machine,
                out,
            ));
        }
        Command::List(list) => {
            let machine = HostEnvironment::here()?;
            start_logging(machine.global_settings(&arguments.global));
            return runtime()?.block_on(list::list(&arguments.global, list, &machine, out));
        }
        Command::Watch(watch) => {
            let machine = HostEnvironment::here()?;
            logging::start_for_watch(watch, machine.global_settings(&arguments.global));
            let runtime = runtime()?;
            let code = runtime.block_on(watch::watch(&arguments.global, watch, &machine, out));
            // A blocked write to a pipe that is not being read must not delay the end of the
            // process.
            runtime.shutdown_timeout(Duration::from_secs(1));
            return code;
        }
        Command::Sources(sources) => {
            let machine = HostEnvironment::here()?;
            start_logging(machine.global_settings(&arguments.global));
            return runtime()?.block_on(sources::sources(
                &arguments.global,
                sources,
                &machine,
                out,
            ));
        }
    }
    out.flush()?;
    Ok(0)
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
