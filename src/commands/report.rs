//! `dragnet report`: writes the files of a run again.

use std::io::Write;

use jiff::Timestamp;

use super::CommandError;
use super::host_environment::HostEnvironment;
use super::run_files::write_run_files;
use crate::cli::settings::ReportSettings;
use crate::cli::{GlobalArguments, ReportArguments};
use crate::report::{write_json, write_run_report};
use crate::store::{RunDir, RunLock};

/// Writes the files of a run again, and prints its run report.
pub(super) fn report(
    global: &GlobalArguments,
    arguments: &ReportArguments,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    // The settings of a report do not depend on the time.
    let report = ReportSettings::resolve(global, arguments, &machine.at(Timestamp::UNIX_EPOCH))?;
    let dir = RunDir::open(&report.run_dir)?;
    let _lock = RunLock::take(&dir)?;
    let files = write_run_files(&dir, &report.formats)?;
    if settings.json {
        write_json(&files.summary, out)?;
        return Ok(0);
    }
    let directory = machine.shown(dir.path());
    write_run_report(&files.ending(&directory, settings.color), out)?;
    Ok(0)
}
