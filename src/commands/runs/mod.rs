//! `dragnet runs`: lists, shows, compares and verifies runs without changing them.

mod compared_run;
mod diff;
mod diff_counts;
mod diff_writer;
mod list;
mod verify;

use std::io::Write;

use super::host_environment::HostEnvironment;
use super::run_files::{open_run, read_run};
use super::signing::check_signature;
use super::{CommandError, runtime};
use crate::cli::{GlobalArguments, RunsCommand, RunsFormat, load_config, run_dir};
use crate::report::{write_fitted_run_report, write_json};
use crate::settings::ListOutput;

/// Lists, shows, compares or verifies runs.
pub(super) fn runs(
    global: &GlobalArguments,
    command: &RunsCommand,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let context = host.resolve_context(jiff::Timestamp::UNIX_EPOCH);
    match command {
        RunsCommand::List {
            out: parent,
            format,
        } => {
            let output = ListOutput::resolve(settings.json, format)?;
            let parent = context.working_directory.join(parent);
            list::list(&parent, &output, host.columns(), out)?;
        }
        RunsCommand::Diff(arguments) => {
            let before = run_dir(&arguments.before, &context)?;
            let after = run_dir(&arguments.after, &context)?;
            let registry = HostEnvironment::run_registry();
            let json = RunsFormat::is_json(arguments.output, settings.json);
            return diff::diff([&before, &after], &registry, json, out);
        }
        RunsCommand::Show(argument) => {
            let dir = open_run(&run_dir(&argument.run, &context)?)?;
            let files = read_run(&dir, &HostEnvironment::run_registry())?;
            if settings.json {
                write_json(&files.summary, &mut *out)?;
            } else {
                write_fitted_run_report(
                    &files.run_report(&host.display_path(dir.path()), settings.color),
                    host.columns(),
                    out,
                )?;
            }
        }
        RunsCommand::Verify(argument) => {
            let dir = open_run(&run_dir(&argument.run, &context)?)?;
            let config = load_config(global, &context)?;
            let signature = runtime()?.block_on(check_signature(&dir, &config));
            return verify::verify(&dir, signature, settings.json, out);
        }
    }
    out.flush()?;
    Ok(0)
}
