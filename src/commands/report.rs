//! `dragnet report`: writes the files of a run again.

use std::io::Write;

use jiff::Timestamp;

use super::CommandError;
use super::host_environment::HostEnvironment;
use super::run_files::{open_run, write_run_files};
use crate::cli::settings::ReportSettings;
use crate::cli::{GlobalArguments, ReportArguments};
use crate::report::{write_json, write_run_report};
use crate::store::RunLock;

/// Writes the files of a run again, and prints its run report.
pub(super) fn report(
    global: &GlobalArguments,
    arguments: &ReportArguments,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    // The settings of a report do not depend on the time.
    let report = ReportSettings::resolve(
        global,
        arguments,
        &host.resolve_context(Timestamp::UNIX_EPOCH),
    )?;
    let dir = open_run(&report.run_dir)?;
    let _lock = RunLock::acquire(&dir)?;
    let files = write_run_files(&dir, &report.formats, &HostEnvironment::run_registry())?;
    if settings.json {
        write_json(&files.summary, out)?;
        return Ok(0);
    }
    let directory = host.display_path(dir.path());
    write_run_report(&files.run_report(&directory, settings.color), out)?;
    Ok(0)
}
