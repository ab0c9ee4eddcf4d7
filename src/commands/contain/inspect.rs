//! Verifies, undoes, shows and lists containments.

use std::io::Write;

use serde_json::json;

use super::{CommandContext, Connection, ContainError, journals, print};
use crate::cli::settings::ContainSettings;
use crate::cli::{StatusArguments, UndoArguments};
use crate::commands::{CommandError, Environment};
use crate::contain::{
    Containment, StepRunner, markdown, status_lines, undo as undo_journal, verify as verify_journal,
};
use crate::report::{Table, write_json};

/// Verifies that a containment is still in effect. The exit code is 3 if it is not.
pub(super) async fn verify(
    context: CommandContext<'_>,
    settings: &ContainSettings,
    id: &str,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let (containment, problems) = verify_containment(context.environment, settings, id).await?;
    if context.json {
        let mut record = containment.to_json();
        record["problems"] = json!(problems);
        write_json(&record, &mut *out)?;
    } else {
        print(&status_lines(&containment), out)?;
        print(&problems, out)?;
    }
    Ok(if problems.is_empty() {
        containment.exit_code()
    } else {
        3
    })
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
    let problems = verify_journal(runner).await.map_err(ContainError::from)?;
    Ok((journal.containment().map_err(ContainError::from)?, problems))
}

/// Undoes a containment and prints the result.
pub(super) async fn undo(
    context: CommandContext<'_>,
    settings: &ContainSettings,
    arguments: &UndoArguments,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
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
    let runner = StepRunner {
        aws: &connection.aws,
        clock: &clock,
        session_factory: &session_factory,
        journal: &journal,
    };
    undo_journal(runner, connection.caller.arn.as_str(), overwrite_drift)
        .await
        .map_err(ContainError::from)?;
    Ok(journal.containment().map_err(ContainError::from)?)
}

/// Shows a containment. The exit code is 3 if a step is not in its intended state.
pub(super) fn status(
    settings: &ContainSettings,
    arguments: &StatusArguments,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let containment = journals(settings)
        .read(&arguments.id)
        .map_err(ContainError::from)?;
    if json {
        write_json(&containment.to_json(), &mut *out)?;
    } else if arguments.markdown {
        out.write_all(markdown(&containment).as_bytes())?;
    } else {
        print(&status_lines(&containment), out)?;
    }
    Ok(containment.exit_code())
}

/// Lists all containments. The exit code is 3 if the undo of one is stuck.
pub(super) fn list(
    settings: &ContainSettings,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let journals = journals(settings);
    let ids = journals.ids().map_err(ContainError::from)?;
    let all: Result<Vec<Containment>, _> = ids.iter().map(|id| journals.read(id)).collect();
    let mut all = all.map_err(ContainError::from)?;
    all.sort_by(|one, other| one.applied_at.cmp(&other.applied_at));
    if json {
        let records: Vec<_> = all.iter().map(Containment::to_json).collect();
        write_json(&json!({ "containments": records }), &mut *out)?;
    } else {
        let mut table = Table::new(&["id", "status", "applied", "by", "steps", "reason"]);
        for containment in &all {
            table.push(vec![
                containment.id.clone(),
                containment.overall_status().to_owned(),
                containment.applied_at.clone(),
                containment.applied_by.clone(),
                containment.steps().count().to_string(),
                containment.plan.reason.clone(),
            ]);
        }
        table.write_text(None, out)?;
    }
    let is_stuck = all
        .iter()
        .any(|containment| containment.overall_status() == "stuck");
    Ok(if is_stuck { 3 } else { 0 })
}
