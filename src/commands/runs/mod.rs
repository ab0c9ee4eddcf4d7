//! `dragnet runs`: lists, shows and verifies runs without changing them.

mod list;
mod verify;

use std::io::Write;

use super::CommandError;
use super::host_environment::HostEnvironment;
use super::run_files::read_run;
use crate::cli::settings::run_dir;
use crate::cli::{GlobalArguments, RunsCommand};
use crate::report::{write_json, write_run_report};
use crate::store::RunDir;

/// Lists, shows or verifies runs.
pub(super) fn runs(
    global: &GlobalArguments,
    command: &RunsCommand,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let surroundings = machine.at(jiff::Timestamp::UNIX_EPOCH);
    match command {
        RunsCommand::List { out: parent } => {
            list::list(
                &surroundings.working_directory.join(parent),
                settings.json,
                out,
            )?;
        }
        RunsCommand::Show(argument) => {
            let dir = RunDir::open(&run_dir(&argument.run, &surroundings))?;
            let files = read_run(&dir)?;
            if settings.json {
                write_json(&files.summary, &mut *out)?;
            } else {
                write_run_report(
                    &files.ending(&machine.shown(dir.path()), settings.color),
                    out,
                )?;
            }
        }
        RunsCommand::Verify(argument) => {
            let dir = RunDir::open(&run_dir(&argument.run, &surroundings))?;
            return verify::verify(&dir, settings.json, out);
        }
    }
    out.flush()?;
    Ok(0)
}
