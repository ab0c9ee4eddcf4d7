//! `dragnet sweep`.

use std::io::{self, Write};

use super::connection::Connection;
use super::host_environment::HostEnvironment;
use super::interrupt::{Interrupt, token_cancelled_on_signals};
use super::open_run::RunDisplay;
use super::run::run_displayed_sweep;
use super::run_files::RunFiles;
use super::run_output::RunOutput;
use super::sighting_stream::stream_to_stdout;
use super::{CommandError, Environment, file_plan, plan, print_note};
use crate::cli::{GlobalArguments, SweepArguments, SweepOutput};
use crate::follow::write_tree;
use crate::report::{RunStatus, suggest_commands, write_fitted_run_report, write_json};
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
    let geoip = arguments.geoip.load()?;
    print_search(&sweep, settings, host);
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
    let streams = arguments.output == SweepOutput::Jsonl;
    let named_only = sweep.reach.scope.is_limited_to_accounts();
    let display = RunDisplay {
        progress: settings.progress,
        interrupt,
        stream: streams.then(|| stream_to_stdout(named_only)),
        geoip,
    };
    let sweep = Box::pin(run_displayed_sweep(connection, sweep, display));
    let (outputs, failure) = sweep.await?;
    let end = EndOptions {
        fail_on_sighting,
        streams,
    };
    if let Some(error) = failure {
        if has_searched_nothing(&outputs.files, &error)
            && std::fs::remove_dir_all(&outputs.directory).is_ok()
        {
            print_note("Nothing was searched, so no run was kept.");
            return Err(error.into());
        }
        return conclude(&outputs, Some(error), settings, host, end);
    }
    conclude(&outputs, None, settings, host, end)
}

/// Prints what is searched for, and what is not. The latter is printed even with `--quiet`, because
/// the user must know which entries of a list were not searched for.
fn print_search(sweep: &SweepSettings, settings: GlobalSettings, host: &HostEnvironment) {
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
            describe_search(sweep),
            kinds.map(|kinds| format!(" ({kinds})")).unwrap_or_default(),
            describe_where(sweep, host)
        ));
    }
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

/// How a command that sweeps ends.
#[derive(Clone, Copy)]
pub(super) struct EndOptions {
    /// Whether a sighting changes the exit code.
    pub fail_on_sighting: bool,
    /// Whether standard output has the sightings, so that the run report goes to standard error.
    pub streams: bool,
}

/// Prints the run report, and returns the exit code.
pub(super) fn conclude(
    outputs: &RunOutput,
    failure: Option<SweepError>,
    settings: GlobalSettings,
    host: &HostEnvironment,
    end: EndOptions,
) -> Result<u8, CommandError> {
    let directory = host.display_path(&outputs.directory);
    if let Some(error) = failure {
        let was_searched = outputs
            .files
            .summary
            .follow
            .is_some_and(|follow| follow.rounds > 0);
        let what = if was_searched {
            "A round of following failed"
        } else {
            "Nothing was searched"
        };
        print_note(&format!("{what}. The files of the run are in {directory}."));
        return Err(error.into());
    }
    let files = &outputs.files;
    let mut page = Vec::new();
    if settings.json {
        write_json(&files.summary, &mut page)?;
    } else {
        write_fitted_run_report(
            &files.run_report(&directory, settings.color),
            host.columns(),
            &mut page,
        )?;
        if let Some(lineage) = &files.follow {
            write_tree(lineage, &mut page)?;
        }
    }
    if !end.streams {
        io::stdout().lock().write_all(&page)?;
    } else if settings.progress != ProgressStyle::None {
        io::stderr().lock().write_all(&page)?;
    }
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
    if settings.progress != ProgressStyle::None {
        print_next_commands(outputs, settings, host);
    }
    if let Some(problem) = &files.signature_problem {
        return Err(CommandError::Signature(problem.clone()));
    }
    Ok(exit_code(files, end.fail_on_sighting))
}

/// Prints the commands that may follow, with the ids of what was found.
fn print_next_commands(outputs: &RunOutput, settings: GlobalSettings, host: &HostEnvironment) {
    let report = outputs.files.run_report("", false);
    let commands = suggest_commands(&report, &host.run_name(&outputs.directory));
    if commands.is_empty() || outputs.files.summary.status == RunStatus::Interrupted {
        return;
    }
    let practice = if settings.practice { " --practice" } else { "" };
    print_note("Next:");
    for command in commands {
        print_note(&format!("  {command}{practice}"));
    }
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
