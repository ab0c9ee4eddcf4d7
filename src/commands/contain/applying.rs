//! `dragnet contain apply`.

use std::io::{self, BufRead, IsTerminal, Write};

use super::{
    CommandContext, Connection, ContainError, force_arguments, journals, print, read_plan,
};
use crate::cli::settings::ContainSettings;
use crate::cli::{ApplyArguments, Override};
use crate::commands::host_environment::HostEnvironment;
use crate::commands::{CommandError, Environment, print_note};
use crate::contain::{
    Containment, DryRunStep, Guard, JournalError, SealedPlan, StepRunner, apply as apply_journal,
    check_plan, confirmation_lines, dry_run, expiry, status_lines,
};
use crate::report::write_json;

/// The first targets of a plan, which are applied before the user is asked about the others.
pub struct Canary<'a> {
    /// The number of these targets.
    pub targets: usize,
    /// Called after these targets have been applied; returns whether to continue with the others.
    pub should_continue: &'a mut dyn FnMut(&Containment) -> bool,
}

/// Applies a plan that the user confirms.
pub(super) async fn apply(
    context: CommandContext<'_>,
    settings: &ContainSettings,
    arguments: &ApplyArguments,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let environment = context.environment;
    let sealed = read_plan(&arguments.plan)?;
    if arguments.dry_run {
        let steps = dry_run_plan(environment, settings, &sealed, &arguments.forced).await?;
        return print_dry_run(&sealed, &steps, context.json, out);
    }
    // Checks the plan before asking, so that the user does not confirm a plan that is then refused.
    check_plan(sealed.plan(), &settings.contain, environment.clock().now())
        .map_err(ContainError::from)?;
    confirm(&sealed, arguments.confirm.as_deref())?;
    let mut ask = |containment: &Containment| {
        for line in status_lines(containment) {
            print_note(&line);
        }
        prompt_line("Continue with the other principals? Type yes: ")
            .is_some_and(|answer| answer == "yes")
    };
    let canary = arguments.canary.map(|targets| Canary {
        targets,
        should_continue: &mut ask,
    });
    let containment = apply_plan(environment, settings, &sealed, &arguments.forced, canary).await?;
    if context.json {
        write_json(&containment.to_json(), &mut *out)?;
    } else {
        print(&status_lines(&containment), out)?;
    }
    print_next_commands(&containment, arguments, context.host);
    Ok(containment.exit_code())
}

/// Prints the commands that continue or undo the containment.
fn print_next_commands(
    containment: &Containment,
    arguments: &ApplyArguments,
    host: &HostEnvironment,
) {
    let id = &containment.id;
    if containment.exit_code() == 0 {
        print_note(&format!("To undo it: dragnet contain undo {id}"));
        return;
    }
    let plan = host.display_path(&arguments.plan);
    let forced = force_arguments(&arguments.forced);
    print_note(&format!(
        "Not every step is in place. To continue: dragnet contain apply {plan}{forced}. To undo it: dragnet contain \
         undo {id}"
    ));
}

/// Applies a plan, or continues an interrupted application. `forced` are the guards that the user
/// overrides now. The returned containment contains the result of each step.
///
/// # Errors
/// The plan cannot have been made with this configuration, expired before its first step, or was
/// undone; or the journal fails.
pub async fn apply_plan(
    environment: &Environment,
    settings: &ContainSettings,
    sealed: &SealedPlan,
    forced: &[Override],
    canary: Option<Canary<'_>>,
) -> Result<Containment, CommandError> {
    let clock = environment.clock();
    let (connection, guard) = check_and_connect(environment, settings, sealed, forced).await?;
    let journals = journals(settings);
    let id = sealed.short_hash();
    let caller = connection.caller.arn.to_string();
    let journal = journals
        .open_or_create(sealed, &caller, clock.now())
        .map_err(ContainError::from)?;
    // The short hash has so few bits that somebody can construct a second plan with the same one.
    if journal.sealed().hash() != sealed.hash() {
        return Err(ContainError::OtherPlan(id.to_owned()).into());
    }
    if journal
        .containment()
        .map_err(ContainError::from)?
        .undo_started
        .is_some()
    {
        return Err(ContainError::Undone(id.to_owned()).into());
    }
    let session_factory = |account, policy| connection.create_session(account, policy);
    let runner = StepRunner {
        aws: &connection.aws,
        clock: &clock,
        session_factory: &session_factory,
        journal: &journal,
    };
    if let Some(canary) = canary {
        apply_journal(runner, &guard, Some(canary.targets))
            .await
            .map_err(ContainError::from)?;
        let containment = journal.containment().map_err(ContainError::from)?;
        if !(canary.should_continue)(&containment) {
            return Ok(containment);
        }
    }
    apply_journal(runner, &guard, None)
        .await
        .map_err(ContainError::from)?;
    Ok(journal.containment().map_err(ContainError::from)?)
}

/// Checks the plan before anything is written; a dry run makes the same checks.
async fn check_and_connect(
    environment: &Environment,
    settings: &ContainSettings,
    sealed: &SealedPlan,
    forced: &[Override],
) -> Result<(Connection, Guard), CommandError> {
    let plan = sealed.plan();
    let now = environment.clock().now();
    check_plan(plan, &settings.contain, now).map_err(ContainError::from)?;
    let expires = expiry(plan, &settings.contain);
    if now >= expires && !is_started(settings, sealed)? {
        return Err(ContainError::Expired(expires).into());
    }
    let connection = Connection::open(environment, settings, sealed.short_hash()).await?;
    connection.check_accounts(settings, plan).await?;
    let guard = connection.guard(settings, forced);
    let changed = plan.targets.iter().filter(|target| target.has_changes());
    guard
        .check_count(changed.count())
        .map_err(ContainError::from)?;
    Ok((connection, guard))
}

/// Whether a step of the plan has started. Such a plan is completed even after it has expired.
fn is_started(settings: &ContainSettings, sealed: &SealedPlan) -> Result<bool, ContainError> {
    match journals(settings).read(sealed.short_hash()) {
        Ok(containment) => Ok(!containment.events.is_empty()),
        Err(JournalError::Unknown(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn dry_run_plan(
    environment: &Environment,
    settings: &ContainSettings,
    sealed: &SealedPlan,
    forced: &[Override],
) -> Result<Vec<DryRunStep>, CommandError> {
    let (connection, guard) = check_and_connect(environment, settings, sealed, forced).await?;
    let session_factory = |account, policy| connection.create_session(account, policy);
    Ok(dry_run(&connection.aws, &session_factory, &guard, sealed.plan()).await)
}

/// Prints the result of a dry run. The exit code is 3 if a step would not succeed.
fn print_dry_run(
    sealed: &SealedPlan,
    steps: &[DryRunStep],
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    if json {
        write_json(
            &serde_json::json!({ "id": sealed.short_hash(), "steps": steps }),
            &mut *out,
        )?;
    } else {
        let lines: Vec<String> = steps
            .iter()
            .map(|step| format!("{}. {}", step.step, step.result))
            .collect();
        print(&lines, out)?;
    }
    let all_would_succeed = steps.iter().all(|step| step.would_succeed);
    Ok(if all_would_succeed { 0 } else { 3 })
}

/// Checks that the user or a script confirms the plan by its short hash.
fn confirm(sealed: &SealedPlan, confirmation: Option<&str>) -> Result<(), ContainError> {
    for line in confirmation_lines(sealed.plan()) {
        print_note(&line);
    }
    let ask = || {
        prompt_line(
            "To apply the plan, type its short hash, as printed by `dragnet contain plan`: ",
        )
    };
    let typed = confirmation.map(str::to_owned).or_else(ask);
    let typed = typed.ok_or(ContainError::NotConfirmed("stdin is not a terminal"))?;
    if typed == sealed.short_hash() || typed == sealed.hash() {
        Ok(())
    } else {
        Err(ContainError::NotConfirmed(
            "this is not the hash of the plan",
        ))
    }
}

/// Asks for a line on the terminal; `None` without a terminal.
fn prompt_line(question: &str) -> Option<String> {
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
