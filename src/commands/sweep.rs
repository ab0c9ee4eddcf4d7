//! `dragnet sweep`.

use std::io::{self, Write};

use super::host_environment::HostEnvironment;
use super::interrupt::ends_on_ctrl_c;
use super::run::{Connection, RunOutput, run_sweep};
use super::run_files::RunFiles;
use super::{CommandError, Environment, plan, print_note};
use crate::cli::settings::{GlobalSettings, ProgressStyle, SweepSettings};
use crate::cli::{GlobalArguments, SweepArguments};
use crate::report::{RunStatus, abridged, write_json, write_run_report};
use crate::sweep::SweepError;

/// Runs a sweep and prints its run report.
pub(super) async fn sweep(
    global: &GlobalArguments,
    arguments: &SweepArguments,
    machine: &HostEnvironment,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let place = Environment::from_settings(settings, machine)?;
    let sweep = SweepSettings::resolve(global, arguments, &machine.at(place.clock().now()))?;
    // Printed even with `--quiet`, because the user must know which entries of a list were not
    // searched for.
    sweep
        .left_out
        .iter()
        .for_each(|line| print_note(&format!("Not looked for: {line}")));
    if settings.progress != ProgressStyle::None {
        print_note(&format!(
            "Looking for {} from {}",
            listed(&sweep),
            sweep.window
        ));
    }
    let fail_on_sighting = sweep.fail_on_sighting;
    let connection = Connection::open(&place, &sweep.reach).await?;
    if arguments.engine.dry_run {
        return plan::print(&connection, &sweep, settings, ends_on_ctrl_c()).await;
    }
    let (outputs, failure) =
        run_sweep(connection, sweep, settings.progress, ends_on_ctrl_c()).await?;
    conclude(&outputs, failure, settings, machine, fail_on_sighting)
}

/// Prints the run report, and returns the exit code.
pub(super) fn conclude(
    outputs: &RunOutput,
    failure: Option<SweepError>,
    settings: GlobalSettings,
    machine: &HostEnvironment,
    fail_on_sighting: bool,
) -> Result<u8, CommandError> {
    let directory = machine.shown(&outputs.directory);
    if let Some(error) = failure {
        print_note(&format!("The run's files claim nothing: {directory}"));
        return Err(error.into());
    }
    let files = &outputs.files;
    let mut page = Vec::new();
    if settings.json {
        write_json(&files.summary, &mut page)?;
    } else {
        write_run_report(&files.ending(&directory, settings.color), &mut page)?;
    }
    io::stdout().lock().write_all(&page)?;
    match files.summary.status {
        RunStatus::Interrupted => {
            print_note(&format!("`dragnet resume {directory}` goes on from here."));
        }
        RunStatus::Incomplete if settings.progress != ProgressStyle::None => {
            print_note(&format!(
                "`dragnet resume {directory}` asks again what failed or was refused."
            ));
        }
        RunStatus::Complete | RunStatus::Incomplete | RunStatus::Failed => {}
    }
    Ok(exit_code(files, fail_on_sighting))
}

fn listed(settings: &SweepSettings) -> String {
    let indicators = settings.indicators.iter().map(ToString::to_string);
    let names: Vec<String> = indicators
        .chain(settings.hunts.iter().map(|hunt| hunt.name.clone()))
        .collect();
    abridged(&names)
}

/// Returns the exit code of a run.
fn exit_code(files: &RunFiles, fail_on_sighting: bool) -> u8 {
    let found = fail_on_sighting && files.summary.has_findings();
    match (files.summary.status, found) {
        (RunStatus::Complete, false) => 0,
        (RunStatus::Incomplete, false) => 3,
        (RunStatus::Complete, true) => 4,
        (RunStatus::Incomplete, true) => 5,
        (RunStatus::Failed, _) => 1,
        (RunStatus::Interrupted, _) => 130,
    }
}
