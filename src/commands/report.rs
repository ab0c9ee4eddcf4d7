//! `dragnet report`: writes the files of a run again.

use std::io::Write;

use jiff::Timestamp;

use super::host_environment::HostEnvironment;
use super::html_report::HTML_REPORT;
use super::manifest::find_origin;
use super::open_page::{OPENER, open_page};
use super::run_files::{open_run, write_files_from};
use super::signing::{Signing, check_before_signing};
use super::{CommandError, runtime};
use crate::cli::{GlobalArguments, ReportArguments, load_config};
use crate::report::{write_fitted_run_report, write_json};
use crate::settings::ReportSettings;
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
    let context = host.resolve_context(Timestamp::UNIX_EPOCH);
    let report = ReportSettings::resolve(global, arguments, &context)?;
    let config = load_config(global, &context)?;
    let geoip = arguments.geoip.load()?;
    let signing = Signing::from_config(&config);
    let dir = open_run(&report.run_dir)?;
    let _lock = RunLock::acquire(&dir)?;
    if !arguments.changed_run {
        runtime()?.block_on(check_before_signing(&dir, &config))?;
    }
    let origin = find_origin(&dir, arguments.changed_run)?;
    let registry = HostEnvironment::run_registry();
    let files = write_files_from(&dir, origin, &report.formats, &registry, geoip)?;
    let signed = runtime()?.block_on(signing.sign(&dir));
    if settings.json {
        write_json(&files.summary, out)?;
    } else {
        let directory = host.display_path(dir.path());
        write_fitted_run_report(
            &files.run_report(&directory, settings.color),
            host.columns(),
            out,
        )?;
    }
    signed.map_err(CommandError::Signature)?;
    if report.opens_page {
        let page = dir.path().join(HTML_REPORT);
        runtime()?.block_on(open_page(&page, OPENER))?;
    }
    Ok(0)
}
