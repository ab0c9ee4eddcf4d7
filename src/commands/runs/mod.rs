//! `dragnet runs`: lists, shows and verifies runs without changing them.

mod list;
mod verify;

use std::io::Write;

use super::CommandError;
use super::host_environment::HostEnvironment;
use super::run_files::{open_run, read_run};
use crate::cli::settings::run_dir;
use crate::cli::{GlobalArguments, RunsCommand};
use crate::report::{write_json, write_run_report};

/// Lists, shows or verifies runs.
pub(super) fn runs(
    global: &GlobalArguments,
    command: &RunsCommand,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let context = host.resolve_context(jiff::Timestamp::UNIX_EPOCH);
    match command {
        RunsCommand::List { out: parent } => {
            list::list(&context.working_directory.join(parent), settings.json, out)?;
        }
        RunsCommand::Show(argument) => {
            let dir = open_run(&run_dir(&argument.run, &context))?;
            let files = read_run(&dir, &HostEnvironment::run_registry())?;
            if settings.json {
                write_json(&files.summary, &mut *out)?;
            } else {
                write_run_report(
                    &files.run_report(&host.display_path(dir.path()), settings.color),
                    out,
                )?;
            }
        }
        RunsCommand::Verify(argument) => {
            let dir = open_run(&run_dir(&argument.run, &context))?;
            return verify::verify(&dir, settings.json, out);
        }
    }
    out.flush()?;
    Ok(0)
}
