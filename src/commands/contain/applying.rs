//! `dragnet contain apply`.

use std::io::{self, BufRead, IsTerminal, Write};

use super::{
    CommandContext, Connection, ContainError, force_arguments, journals, print, read_plan,
};
use crate::cli::ApplyArguments;
use crate::commands::host_environment::HostEnvironment;
use crate::commands::interrupt::exit_on_signals;
use crate::commands::{CommandError, Environment, print_note};
use crate::contain::{
    Containment, DryRunStep, Guard, JournalError, SealKey, SealOrigin, SealedPlan, StepRunner,
    apply as apply_journal, check_plan, confirmation_lines, dry_run, expiry, record_calls,
    status_lines,
};
use crate::report::write_json;
use crate::settings::{ContainSettings, Override};

/// The number of targets that are applied and verified before the others, unless the user chooses
/// another.
const DEFAULT_CANARY: usize = 1;

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
    print_origin(&sealed, settings);
    confirm(&sealed, arguments.confirm.as_deref())?;
    let plan = context.host.display_path(&arguments.plan);
    let undo = sealed.short_hash();
    exit_on_signals(format!(
        "Interrupted. The journal has every step so far; `dragnet contain apply {plan}` continues, and \
         `dragnet contain undo {undo}` restores the prior state."
    ));
    let size = arguments.canary.unwrap_or(DEFAULT_CANARY);
    let mut should_continue =
        |containment: &Containment| continue_after_canary(containment, size, arguments);
    let has_others = size > 0 && size < sealed.plan().targets.len();
    let canary = has_others.then_some(Canary {
        targets: size,
        should_continue: &mut should_continue,
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

/// Warns if the plan was not made here. That alone is no reason to refuse it: plans are reviewed and
/// applied on different hosts.
fn print_origin(sealed: &SealedPlan, settings: &ContainSettings) {
    let key = SealKey::load(&settings.journals).unwrap_or_else(|error| {
        print_note(&format!(
            "The seal of the plan cannot be checked with the key of this host: {error}"
        ));
        None
    });
    if sealed.origin(key.as_ref()) == SealOrigin::Unknown {
        print_note(
            "The plan was not made by you on this host, or it was edited since: compare the principals below with \
             those that you expect.",
        );
    }
}

/// Decides whether the other principals are applied after the first ones. A script that confirmed
/// the plan and did not choose a canary continues if the first principals are contained; otherwise
/// the user is asked.
fn continue_after_canary(
    containment: &Containment,
    size: usize,
    arguments: &ApplyArguments,
) -> bool {
    for line in status_lines(containment) {
        print_note(&line);
    }
    if continues_unasked(containment, size, arguments) {
        return true;
    }
    let answer = prompt_line("Continue with the other principals? Type yes: ");
    let should_continue = answer.is_some_and(|answer| answer == "yes");
    if !should_continue {
        print_note(
            "Stopped after the first principals (--canary). To apply the plan to all at once: --canary 0.",
        );
    }
    should_continue
}

/// Whether a script confirmed the plan without choosing a canary, and the first principals are
/// contained.
fn continues_unasked(containment: &Containment, size: usize, arguments: &ApplyArguments) -> bool {
    let first = containment.plan.targets.iter().take(size);
    let mut steps = first.flat_map(|target| &target.steps);
    arguments.canary.is_none()
        && arguments.confirm.is_some()
        && steps.all(|step| containment.state(step).is_contained())
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
    let Checked {
        connection, guard, ..
    } = check_and_connect(environment, settings, sealed, forced).await?;
    let caller = connection.caller.arn.to_string();
    let journal = journals(settings)
        .open_or_create(sealed, &caller, clock.now())
        .map_err(ContainError::from)?;
    // Another process may have started an undo since the journal was read.
    let current = journal.containment().map_err(ContainError::from)?;
    check_containment(&current, sealed)?;
    let session_factory = |account, policy| connection.create_session(account, policy);
    let runner = StepRunner {
        aws: &connection.aws,
        clock: &clock,
        session_factory: &session_factory,
        journal: &journal,
    };
    if let Some(canary) = canary {
        apply_steps(&connection, runner, &guard, Some(canary.targets)).await?;
        let containment = journal.containment().map_err(ContainError::from)?;
        if !(canary.should_continue)(&containment) {
            return Ok(containment);
        }
    }
    apply_steps(&connection, runner, &guard, None).await?;
    Ok(journal.containment().map_err(ContainError::from)?)
}

/// Applies the steps, and records the calls that change something with their request ids.
async fn apply_steps(
    connection: &Connection,
    runner: StepRunner<'_>,
    guard: &Guard,
    first: Option<usize>,
) -> Result<(), ContainError> {
    let (aws, calls) = connection.audited_aws();
    let runner = StepRunner {
        aws: &aws,
        ..runner
    };
    let applied = apply_journal(runner, guard, first);
    Ok(record_calls(runner.journal, calls, applied).await?)
}

/// A plan that may be applied.
struct Checked {
    connection: Connection,
    guard: Guard,
    /// The containment so far; without events if the plan was not applied yet.
    containment: Containment,
}

/// Checks the plan before anything is written, to AWS or to a journal; a dry run makes the same
/// checks.
async fn check_and_connect(
    environment: &Environment,
    settings: &ContainSettings,
    sealed: &SealedPlan,
    forced: &[Override],
) -> Result<Checked, CommandError> {
    let plan = sealed.plan();
    let now = environment.clock().now();
    check_plan(plan, &settings.contain, now).map_err(ContainError::from)?;
    let containment = read_containment(settings, sealed)?;
    let expires = expiry(plan, &settings.contain);
    // A plan of which a step has started is completed even after it has expired.
    if now >= expires && containment.events.is_empty() {
        return Err(ContainError::Expired(expires).into());
    }
    let connection = Connection::open(environment, settings, sealed.short_hash()).await?;
    connection.check_accounts(settings, plan).await?;
    let guard = connection.guard(settings, forced);
    let changed = plan.targets.iter().filter(|target| target.has_changes());
    guard
        .check_count(changed.count())
        .map_err(ContainError::from)?;
    Ok(Checked {
        connection,
        guard,
        containment,
    })
}

/// Reads the containment of the plan, and checks that the plan can still be applied.
fn read_containment(
    settings: &ContainSettings,
    sealed: &SealedPlan,
) -> Result<Containment, ContainError> {
    match journals(settings).read(sealed.short_hash()) {
        Ok(containment) => {
            check_containment(&containment, sealed)?;
            Ok(containment)
        }
        Err(JournalError::Unknown(_)) => Ok(Containment::not_applied(sealed)),
        Err(error) => Err(error.into()),
    }
}

/// Checks that the containment is that of this plan, and was not undone.
fn check_containment(containment: &Containment, sealed: &SealedPlan) -> Result<(), ContainError> {
    // The short hash has so few bits that somebody can construct a second plan with the same one.
    if containment.plan_sha256 != sealed.hash() {
        return Err(ContainError::OtherPlan(containment.id.clone()));
    }
    if containment.undo_started.is_some() {
        return Err(ContainError::Undone(containment.id.clone()));
    }
    Ok(())
}

/// Makes the checks of [`apply_plan`], and returns what it would do. Writes nothing, neither to AWS
/// nor to a journal.
///
/// # Errors
/// As for [`apply_plan`].
pub async fn dry_run_plan(
    environment: &Environment,
    settings: &ContainSettings,
    sealed: &SealedPlan,
    forced: &[Override],
) -> Result<Vec<DryRunStep>, CommandError> {
    let Checked {
        connection,
        guard,
        containment,
    } = check_and_connect(environment, settings, sealed, forced).await?;
    let session_factory = |account, policy| connection.create_session(account, policy);
    Ok(dry_run(&connection.aws, &session_factory, &guard, &containment).await)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contain::{Event, State};

    #[test]
    fn script_continues_after_a_contained_canary() {
        let plan = include_str!("../../../tests/it/contain/plan-1bd0458.json");
        let sealed = SealedPlan::parse(plan).unwrap();
        let mut containment = Containment::not_applied(&sealed);
        let script = ApplyArguments {
            plan: "plan.json".into(),
            confirm: Some(sealed.short_hash().to_owned()),
            forced: Vec::new(),
            canary: None,
            dry_run: false,
        };
        assert!(!continues_unasked(&containment, 1, &script));
        let first = sealed.plan().targets[0].steps.iter();
        containment.events = first
            .map(|step| Event {
                step: step.number,
                state: State::Verified,
                at: sealed.plan().created,
                document: None,
                detail: String::new(),
            })
            .collect();
        assert!(continues_unasked(&containment, 1, &script));
        let chosen = ApplyArguments {
            canary: Some(1),
            ..script.clone()
        };
        let asked = ApplyArguments {
            confirm: None,
            ..script
        };
        assert!(!continues_unasked(&containment, 1, &chosen));
        assert!(!continues_unasked(&containment, 1, &asked));
    }

    #[test]
    fn hash_of_another_plan_does_not_confirm() {
        let plan = include_str!("../../../tests/it/contain/plan-1bd0458.json");
        let sealed = SealedPlan::parse(plan).unwrap();
        assert!(confirm(&sealed, Some(sealed.short_hash())).is_ok());
        let mut other = sealed.plan().clone();
        other.targets.pop();
        let other = SealedPlan::seal(other).unwrap();
        assert!(confirm(&other, Some(sealed.short_hash())).is_err());
    }
}
