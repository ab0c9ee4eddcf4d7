//! `dragnet contain apply`.

use std::io::{self, BufRead, IsTerminal, Write};

use super::{Connection, ContainError, force_arguments, journals, print, read_plan};
use crate::cli::settings::ContainSettings;
use crate::cli::{ApplyArguments, Override};
use crate::commands::host_environment::HostEnvironment;
use crate::commands::{CommandError, Environment, print_note};
use crate::contain::{
    Containment, DryRunStep, Guard, JournalError, SealedPlan, StepRunner, apply as apply_journal,
    check_plan, confirmation_lines, expiry, rehearse, status_lines,
};
use crate::report::write_json;

/// The first targets of a plan, which are applied before the user is asked about the others.
pub struct Canary<'a> {
    /// The number of these targets.
    pub targets: usize,
    /// Called after these targets have been applied; returns whether to continue with the others.
    pub go_on: &'a mut dyn FnMut(&Containment) -> bool,
}

/// Applies a plan that the user confirms.
pub(super) async fn apply(
    place: &Environment,
    settings: &ContainSettings,
    arguments: &ApplyArguments,
    json: bool,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let sealed = read_plan(&arguments.plan)?;
    if arguments.dry_run {
        let rehearsed = rehearse_plan(place, settings, &sealed, &arguments.forced).await?;
        return print_rehearsed(&sealed, &rehearsed, json, out);
    }
    // Checks the plan before asking, so that the user does not confirm a plan that is then refused.
    check_plan(sealed.plan(), &settings.contain, place.clock().now())
        .map_err(ContainError::from)?;
    confirm(&sealed, arguments.confirm.as_deref())?;
    let mut ask = |containment: &Containment| {
        for line in status_lines(containment) {
            print_note(&line);
        }
        asked("Go on with the others? Type yes: ").is_some_and(|answer| answer == "yes")
    };
    let canary = arguments.canary.map(|targets| Canary {
        targets,
        go_on: &mut ask,
    });
    let containment = apply_plan(place, settings, &sealed, &arguments.forced, canary).await?;
    if json {
        write_json(&containment.to_json(), &mut *out)?;
    } else {
        print(&status_lines(&containment), out)?;
    }
    let forced = force_arguments(&arguments.forced);
    let again = format!(
        "dragnet contain apply {}{forced}",
        machine.shown(&arguments.plan)
    );
    match containment.exit_code() {
        0 => print_note(&format!(
            "To undo it: dragnet contain undo {}",
            containment.id
        )),
        _ => print_note(&format!(
            "Not all of it holds. To go on: {again}. To undo it: dragnet contain undo {}",
            containment.id
        )),
    }
    Ok(containment.exit_code())
}

/// Applies a plan, or continues an interrupted application. `forced` are the guards that the user
/// overrides now. The returned containment contains the result of each step.
///
/// # Errors
/// The plan cannot have been made with this configuration, expired before its first step, or was
/// undone; or the journal fails.
pub async fn apply_plan(
    place: &Environment,
    settings: &ContainSettings,
    sealed: &SealedPlan,
    forced: &[Override],
    canary: Option<Canary<'_>>,
) -> Result<Containment, CommandError> {
    let clock = place.clock();
    let (connection, guard) = check(place, settings, sealed, forced).await?;
    let journals = journals(settings);
    let id = sealed.short_hash();
    let caller = connection.caller.arn.to_string();
    let journal = journals
        .begin(sealed, &caller, clock.now())
        .map_err(ContainError::from)?;
    // The short hash has so few bits that somebody can construct a second plan with the same one.
    if journal.sealed().hash() != sealed.hash() {
        return Err(ContainError::OtherPlan(id.to_owned()).into());
    }
    if journal
        .containment()
        .map_err(ContainError::from)?
        .undo_begun
        .is_some()
    {
        return Err(ContainError::Undone(id.to_owned()).into());
    }
    let enter = |account, policy| connection.enter(account, policy);
    let work = StepRunner {
        aws: &connection.aws,
        clock: &clock,
        entrance: &enter,
        journal: &journal,
    };
    if let Some(canary) = canary {
        apply_journal(work, &guard, Some(canary.targets))
            .await
            .map_err(ContainError::from)?;
        let containment = journal.containment().map_err(ContainError::from)?;
        if !(canary.go_on)(&containment) {
            return Ok(containment);
        }
    }
    apply_journal(work, &guard, None)
        .await
        .map_err(ContainError::from)?;
    Ok(journal.containment().map_err(ContainError::from)?)
}

/// Checks the plan before anything is written; a dry run makes the same checks.
async fn check(
    place: &Environment,
    settings: &ContainSettings,
    sealed: &SealedPlan,
    forced: &[Override],
) -> Result<(Connection, Guard), CommandError> {
    let plan = sealed.plan();
    let now = place.clock().now();
    check_plan(plan, &settings.contain, now).map_err(ContainError::from)?;
    let expires = expiry(plan, &settings.contain);
    if now >= expires && !is_begun(settings, sealed)? {
        return Err(ContainError::Expired(expires).into());
    }
    let connection = Connection::of(place, settings, sealed.short_hash()).await?;
    connection.check_accounts(settings, plan).await?;
    let guard = connection.guard(settings, forced);
    let changed = plan
        .targets
        .iter()
        .filter(|target| target.changes_something());
    guard
        .check_count(changed.count())
        .map_err(ContainError::from)?;
    Ok((connection, guard))
}

/// Whether a step of the plan has started. Such a plan is completed even after it has expired.
fn is_begun(settings: &ContainSettings, sealed: &SealedPlan) -> Result<bool, ContainError> {
    match journals(settings).read(sealed.short_hash()) {
        Ok(containment) => Ok(!containment.events.is_empty()),
        Err(JournalError::Unknown(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn rehearse_plan(
    place: &Environment,
    settings: &ContainSettings,
    sealed: &SealedPlan,
    forced: &[Override],
) -> Result<Vec<DryRunStep>, CommandError> {
    let (connection, guard) = check(place, settings, sealed, forced).await?;
    let enter = |account, policy| connection.enter(account, policy);
    Ok(rehearse(&connection.aws, &enter, &guard, sealed.plan()).await)
}

fn print_rehearsed(
    sealed: &SealedPlan,
    rehearsed: &[DryRunStep],
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let holds = rehearsed.iter().all(|step| step.would_hold);
    if json {
        write_json(
            &serde_json::json!({ "id": sealed.short_hash(), "steps": rehearsed }),
            &mut *out,
        )?;
        return Ok(if holds { 0 } else { 3 });
    }
    let lines: Vec<String> = rehearsed
        .iter()
        .map(|step| format!("{}. {}", step.step, step.what))
        .collect();
    print(&lines, out)?;
    Ok(if holds { 0 } else { 3 })
}

/// Checks that the user or a script confirms the plan by its short hash.
fn confirm(sealed: &SealedPlan, given: Option<&str>) -> Result<(), ContainError> {
    for line in confirmation_lines(sealed.plan()) {
        print_note(&line);
    }
    let ask =
        || asked("Type the plan's short hash, as `dragnet contain plan` printed it, to apply it: ");
    let typed = given.map(str::to_owned).or_else(ask);
    let typed = typed.ok_or(ContainError::NotConfirmed("there is no terminal to ask on"))?;
    if typed == sealed.short_hash() || typed == sealed.hash() {
        Ok(())
    } else {
        Err(ContainError::NotConfirmed(
            "what was given is not this plan's",
        ))
    }
}

/// Asks for a line on the terminal; `None` without a terminal.
fn asked(question: &str) -> Option<String> {
    if !io::stdin().is_terminal() {
        return None;
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question}")
        .and_then(|()| stderr.flush())
        .ok()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).ok()?;
    Some(line.trim().to_owned())
}
