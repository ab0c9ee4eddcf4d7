//! `dragnet sweep`.

use std::io::{self, Write};

use super::connection::Connection;
use super::host_environment::HostEnvironment;
use super::interrupt::{Interrupt, token_cancelled_on_signals};
use super::run::run_sweep;
use super::run_files::RunFiles;
use super::run_output::RunOutput;
use super::{CommandError, Environment, file_plan, plan, print_note};
use crate::cli::{GlobalArguments, SweepArguments};
use crate::report::{RunStatus, write_json, write_run_report};
use crate::search::field_notes;
use crate::settings::{GlobalSettings, ProgressStyle, SweepSettings};
use crate::sweep::SweepError;
use dragnet_model::Hunt;
use dragnet_model::format::{abridged, kind_counts};

/// Runs a sweep and prints its run report.
pub(super) async fn sweep(
    global: &GlobalArguments,
    arguments: &SweepArguments,
    host: &HostEnvironment,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let environment = Environment::from_settings(settings, host)?;
    let sweep = SweepSettings::resolve(
        global,
        arguments,
        &host.resolve_context(environment.clock().now()),
    )?;
    // Printed even with `--quiet`, because the user must know which entries of a list were not
    // searched for.
    sweep
        .left_out
        .iter()
        .for_each(|line| print_note(&format!("Not searched for: {line}")));
    for list in &sweep.rejected {
        print_note(&format!("Not searched for: {}", list.sentence()));
        list.shown()
            .iter()
            .for_each(|entry| print_note(&format!("  {entry}")));
    }
    print_field_notes(&sweep.hunts);
    if settings.progress != ProgressStyle::None {
        let kinds = sweep.indicators.iter().map(|one| one.kind().as_str());
        let kinds = Some(kind_counts(kinds)).filter(|kinds| !kinds.is_empty());
        print_note(&format!(
            "Searching for {}{} {}",
            describe_search(&sweep),
            kinds.map(|kinds| format!(" ({kinds})")).unwrap_or_default(),
            describe_where(&sweep, host)
        ));
    }
    let fail_on_sighting = sweep.fail_on_sighting;
    let connection = Connection::for_sweep(&environment, &sweep).await?;
    if arguments.dry_run && connection.link.is_none() {
        return file_plan::print(&sweep, settings, host);
    }
    if arguments.dry_run {
        if let Some(line) = file_plan::describe(&sweep) {
            print_note(&line);
        }
        return plan::print(&connection, &sweep, settings, token_cancelled_on_signals()).await;
    }
    let interrupt = Interrupt::from_signals(host);
    let (outputs, failure) = run_sweep(connection, sweep, settings.progress, interrupt).await?;
    if let Some(error) = failure {
        if has_searched_nothing(&outputs.files, &error)
            && std::fs::remove_dir_all(&outputs.directory).is_ok()
        {
            print_note("Nothing was searched, so no run was kept.");
            return Err(error.into());
        }
        return conclude(&outputs, Some(error), settings, host, fail_on_sighting);
    }
    conclude(&outputs, None, settings, host, fail_on_sighting)
}

/// Whether a failed sweep found nothing to search, or a pattern that AWS rejects everywhere: its run
/// shows nothing that its error does not say.
pub(super) fn has_searched_nothing(files: &RunFiles, error: &SweepError) -> bool {
    let is_rejected = matches!(error, SweepError::FilterPattern { .. });
    is_rejected || files.summary.accounts.in_scope == 0
}

/// Prints what may be misspelt in the hunts. Printed even with `--quiet`: a misspelt field finds
/// nothing, which would look like a clean result.
pub(super) fn print_field_notes(hunts: &[Hunt]) {
    for hunt in hunts {
        for note in field_notes(hunt) {
            print_note(&format!("Check hunt {}: {note}", hunt.name));
        }
    }
}

/// Prints the run report, and returns the exit code.
pub(super) fn conclude(
    outputs: &RunOutput,
    failure: Option<SweepError>,
    settings: GlobalSettings,
    host: &HostEnvironment,
    fail_on_sighting: bool,
) -> Result<u8, CommandError> {
    let directory = host.display_path(&outputs.directory);
    if let Some(error) = failure {
        print_note(&format!(
            "Nothing was searched. The files of the run are in {directory}."
        ));
        return Err(error.into());
    }
    let files = &outputs.files;
    let mut page = Vec::new();
    if settings.json {
        write_json(&files.summary, &mut page)?;
    } else {
        write_run_report(&files.run_report(&directory, settings.color), &mut page)?;
    }
    io::stdout().lock().write_all(&page)?;
    match files.summary.status {
        RunStatus::Interrupted => {
            print_note(&format!(
                "To continue: dragnet resume {}",
                host.run_name(&outputs.directory)
            ));
        }
        RunStatus::Incomplete
            if settings.progress != ProgressStyle::None && files.has_gaps_to_retry() =>
        {
            print_note(&format!(
                "To retry what was not covered: dragnet resume {}",
                host.run_name(&outputs.directory)
            ));
        }
        RunStatus::Complete | RunStatus::Incomplete | RunStatus::Failed => {}
    }
    if let Some(problem) = &files.signature_problem {
        return Err(CommandError::Signature(problem.clone()));
    }
    Ok(exit_code(files, fail_on_sighting))
}

/// Describes what is searched: the time, and the files if there are any.
pub(super) fn describe_where(settings: &SweepSettings, host: &HostEnvironment) -> String {
    let Some(files) = &settings.files else {
        return format!("from {}", settings.window);
    };
    let paths: Vec<String> = files
        .directories
        .iter()
        .map(|path| host.display_path(path))
        .collect();
    let paths = abridged(&paths);
    match (files.are_alone, files.all_times) {
        (_, true) => format!("in {paths}, whatever their time"),
        (true, false) => format!("in {paths} from {}", settings.window),
        (false, false) => format!("in AWS and in {paths} from {}", settings.window),
    }
}

fn describe_search(settings: &SweepSettings) -> String {
    let indicators = settings.indicators.iter().map(ToString::to_string);
    let names: Vec<String> = indicators
        .chain(settings.hunts.iter().map(|hunt| hunt.name.clone()))
        .collect();
    abridged(&names)
}

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
