//! Verifies, undoes, shows and lists containments.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::planning::write_atomically;
use super::{
    CommandContext, Connection, ContainError, LogSearch, journals, print, verify_from_logs,
};
use crate::cli::{RecordFormat, StatusArguments, UndoArguments, VerifyArguments};
use crate::commands::interrupt::{Interrupt, exit_on_signals};
use crate::commands::list_output::print_list;
use crate::commands::{CommandError, Environment};
use crate::contain::{
    Containment, LogVerification, StepRunner, incident_json, incident_markdown, record_calls,
    status_lines, undo as undo_journal, verify as verify_journal,
};
use crate::report::{Table, write_json};
use crate::settings::{ContainSettings, ListOutput};

/// Verifies that a containment is still in effect, and with `--from-logs` that no call succeeded
/// since. The exit code is 3 if that is not verified.
pub(super) async fn verify(
    context: CommandContext<'_>,
    settings: &ContainSettings,
    arguments: &VerifyArguments,
    out_dir: PathBuf,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let id = arguments.id.as_str();
    let (containment, problems) = verify_containment(context.environment, settings, id).await?;
    let from_logs = if arguments.from_logs {
        Some(search_logs(context, settings, id, out_dir).await?)
    } else {
        None
    };
    if context.json {
        let mut record = containment.to_json();
        record["problems"] = json!(problems);
        if let Some(from_logs) = &from_logs {
            record["log_verification"] = json!(from_logs);
        }
        write_json(&record, &mut *out)?;
    } else {
        print(&status_lines(&containment), out)?;
        print(&problems, out)?;
        if let Some(from_logs) = &from_logs {
            print(&from_logs.lines(), out)?;
        }
    }
    Ok(verification_exit_code(
        &containment,
        &problems,
        from_logs.as_ref(),
    ))
}

/// Returns the exit code of a verification: 3 if a step is not in effect, or if the logs were to
/// show that no call succeeded since and do not.
pub fn verification_exit_code(
    containment: &Containment,
    problems: &[String],
    from_logs: Option<&LogVerification>,
) -> u8 {
    if problems.is_empty() && from_logs.is_none_or(LogVerification::is_verified) {
        containment.exit_code()
    } else {
        3
    }
}

/// Verifies a containment from logs, with the progress that the settings select.
async fn search_logs(
    context: CommandContext<'_>,
    settings: &ContainSettings,
    id: &str,
    out_dir: PathBuf,
) -> Result<LogVerification, CommandError> {
    let search = LogSearch {
        out_dir,
        progress: context.progress,
        interrupt: Interrupt::from_signals(context.host),
    };
    Box::pin(verify_from_logs(context.environment, settings, id, search)).await
}

/// Verifies every step of a containment. Returns it with the steps that are not in effect or could
/// not be verified.
///
/// # Errors
/// AWS cannot be reached, there is no such containment, or its journal fails.
pub async fn verify_containment(
    environment: &Environment,
    settings: &ContainSettings,
    id: &str,
) -> Result<(Containment, Vec<String>), CommandError> {
    let journal = journals(settings).open(id).map_err(ContainError::from)?;
    let connection = Connection::open(environment, settings, journal.id()).await?;
    let clock = environment.clock();
    let session_factory = |account, policy| connection.create_session(account, policy);
    let runner = StepRunner {
        aws: &connection.aws,
        clock: &clock,
        session_factory: &session_factory,
        journal: &journal,
    };
    let mut problems = verify_journal(runner).await.map_err(ContainError::from)?;
    let containment = journal.containment().map_err(ContainError::from)?;
    if let Some(undo) = &containment.undo_started {
        problems.push(format!(
            "it is not in place: its undo was started at {undo}; to contain the principals again, make a new plan"
        ));
    }
    Ok((containment, problems))
}

/// Undoes a containment and prints the result.
pub(super) async fn undo(
    context: CommandContext<'_>,
    settings: &ContainSettings,
    arguments: &UndoArguments,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let id = &arguments.id;
    exit_on_signals(format!(
        "Interrupted. The journal has every step so far; `dragnet contain undo {id}` continues."
    ));
    let containment = undo_containment(
        context.environment,
        settings,
        &arguments.id,
        arguments.overwrite_drift,
    )
    .await?;
    if context.json {
        write_json(&containment.to_json(), &mut *out)?;
    } else {
        print(&status_lines(&containment), out)?;
    }
    Ok(containment.exit_code())
}

/// Undoes a containment, or continues an interrupted undo. The returned containment contains the
/// result of each step.
///
/// # Errors
/// AWS cannot be reached, there is no such containment, or its journal fails.
pub async fn undo_containment(
    environment: &Environment,
    settings: &ContainSettings,
    id: &str,
    overwrite_drift: bool,
) -> Result<Containment, CommandError> {
    let journal = journals(settings).open(id).map_err(ContainError::from)?;
    let connection = Connection::open(environment, settings, journal.id()).await?;
    let clock = environment.clock();
    let session_factory = |account, policy| connection.create_session(account, policy);
    let (aws, calls) = connection.audited_aws();
    let runner = StepRunner {
        aws: &aws,
        clock: &clock,
        session_factory: &session_factory,
        journal: &journal,
    };
    let undone = undo_journal(runner, connection.caller.arn.as_str(), overwrite_drift);
    record_calls(&journal, calls, undone)
        .await
        .map_err(ContainError::from)?;
    Ok(journal.containment().map_err(ContainError::from)?)
}

/// Shows a containment. The exit code is 3 if a step is not in its intended state.
pub(super) fn status(
    context: CommandContext<'_>,
    settings: &ContainSettings,
    arguments: &StatusArguments,
    working_directory: &Path,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let containment = journals(settings)
        .read(&arguments.id)
        .map_err(ContainError::from)?;
    let markdown = arguments.markdown.then_some(RecordFormat::Md);
    let record = arguments
        .record
        .or(markdown)
        .map(|format| format_record(&containment, format))
        .transpose()?;
    match (&record, &arguments.out) {
        (Some(record), Some(file)) => write_record(record, &working_directory.join(file))?,
        (Some(record), None) => out.write_all(record)?,
        (None, _) if context.json => write_json(&containment.to_json(), &mut *out)?,
        (None, _) => print(&status_lines(&containment), out)?,
    }
    Ok(containment.exit_code())
}

/// Returns the record of a containment for the documentation of the incident.
fn format_record(
    containment: &Containment,
    format: RecordFormat,
) -> Result<Vec<u8>, std::io::Error> {
    match format {
        RecordFormat::Md => Ok(incident_markdown(containment).into_bytes()),
        RecordFormat::Json => {
            let mut text = Vec::new();
            write_json(&incident_json(containment), &mut text)?;
            Ok(text)
        }
    }
}

/// Writes the record to a file that only its owner can read.
fn write_record(record: &[u8], path: &Path) -> Result<(), ContainError> {
    write_atomically(path, record).map_err(|source| ContainError::UnwritableRecord {
        path: path.display().to_string(),
        source,
    })
}

/// Lists all containments. The exit code is 3 if the undo of one is stuck.
pub(super) fn list(
    settings: &ContainSettings,
    output: &ListOutput,
    columns: Option<u16>,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let journals = journals(settings);
    let ids = journals.ids().map_err(ContainError::from)?;
    let all: Result<Vec<Containment>, _> = ids.iter().map(|id| journals.read(id)).collect();
    let mut all = all.map_err(ContainError::from)?;
    all.sort_by(|one, other| one.applied_at.cmp(&other.applied_at));
    let records: Vec<_> = all.iter().map(Containment::to_json).collect();
    let document = json!({ "containments": records });
    print_list(output, document, || list_table(&all), columns, out)?;
    let is_stuck = all
        .iter()
        .any(|containment| containment.overall_status() == "stuck");
    Ok(if is_stuck { 3 } else { 0 })
}

fn list_table(containments: &[Containment]) -> Table {
    let mut table = Table::new(&["id", "status", "applied", "by", "steps", "reason"]);
    for containment in containments {
        table.push(vec![
            containment.id.clone(),
            containment.overall_status().to_owned(),
            containment.applied_at.clone(),
            containment.applied_by.clone(),
            containment.steps().count().to_string(),
            containment.plan.reason.clone(),
        ]);
    }
    table
}
