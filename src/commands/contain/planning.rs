//! `dragnet contain plan`: surveys every account concerned, and writes only the file of the plan.

use std::io::Write;
use std::path::Path;

use super::stored_run::read_run;
use super::surveying::{Findings, name_run, survey_with_creators};
use super::{CommandContext, ContainError, force_arguments, print, role_chain};
use crate::commands::{CommandError, Environment, print_note};
use crate::config::PrincipalSelector;
use crate::contain::{
    FromRun, Guard, Plan, PlanRequest, RefusedTarget, SealKey, SealedPlan, count_blocked,
    plan_lines, resource_control_policy, service_control_policy, shell_script,
};
use crate::report::escape_json;
use crate::settings::{Emit, PlanSettings};
use crate::sweep::Access;
use dragnet_model::format::plural;
use dragnet_model::{Operation, Principal};

/// Makes a plan, prints it and writes its file. The exit code is 3 if a requested principal is not
/// in the plan or cannot be contained yet, an account could not be surveyed, or descendants are left
/// open.
pub(super) async fn plan(
    context: CommandContext<'_>,
    settings: &PlanSettings,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let sealed = make_plan(context.environment, settings).await?;
    let file = context.host.display_path(&settings.out);
    let text = sealed.to_text().map_err(|source| ContainError::Plan {
        path: file.clone(),
        source,
    })?;
    let written = write_atomically(&settings.out, text.as_bytes());
    written.map_err(|source| ContainError::Unwritable {
        path: file.clone(),
        source,
    })?;
    match settings.emit {
        Some(Emit::Sh) => out.write_all(shell_script(sealed.plan()).as_bytes())?,
        Some(Emit::Scp) => {
            out.write_all(service_control_policy(sealed.plan()).as_bytes())?;
            print_note("An SCP does not apply to principals of the management account.");
        }
        Some(Emit::Rcp) => {
            out.write_all(resource_control_policy(sealed.plan()).as_bytes())?;
            print_note(
                "An RCP does not apply to resources of the management account, and only to the services in it.",
            );
        }
        None if context.json => out.write_all(escape_json(&text).as_bytes())?,
        None => print(&plan_lines(&sealed), out)?,
    }
    let plan = sealed.plan();
    let forced = force_arguments(&plan.forced);
    let confirm = sealed.short_hash();
    let apply = format!("dragnet contain apply {file}{forced} --confirm {confirm}");
    let blocked = count_blocked(plan);
    if blocked == 0 {
        print_note(&format!("Plan written to {file}. To apply it: {apply}"));
    } else {
        print_note(&format!(
            "Plan written to {file}, but it cannot be applied to {} yet: see \"cannot be applied yet\" in the plan. \
             After that: {apply}",
            plural(blocked as u64, "principal")
        ));
    }
    let is_complete = plan.refused.is_empty()
        && plan.gaps.is_empty()
        && plan.open_ends.is_empty()
        && blocked == 0;
    Ok(if is_complete { 0 } else { 3 })
}

/// Makes a plan from the current state of the accounts.
///
/// # Errors
/// AWS cannot be reached, the run cannot be read, no principal was found, or the plan would be too
/// large.
pub async fn make_plan(
    environment: &Environment,
    settings: &PlanSettings,
) -> Result<SealedPlan, CommandError> {
    let reach = &settings.common.reach;
    let mut from_run = settings
        .run
        .as_deref()
        .map(|run| read_run(run, &environment.run_registry(), settings.descendants))
        .transpose()?
        .unwrap_or_default();
    let descendants = from_run.follow_descendants();
    let selectors = collect_selectors(settings, &from_run, &descendants);
    let aws = environment.connect(reach, None).await?;
    let caller = aws
        .authenticate()
        .await
        .map_err(|error| CommandError::Caller(Box::new(error)))?;
    let access = Access::new(
        &aws,
        &caller,
        &reach.identity,
        "dragnet-contain-plan".to_owned(),
        &Operation::SURVEY,
    )
    .with_first_role_only();
    let mut findings =
        survey_with_creators(&aws, &access, settings, &mut from_run, selectors).await?;
    findings.leave_open(&descendants);
    let mentioned = from_run.mentioned();
    if findings.candidates.is_empty() {
        return Err(no_principal(&findings, &mentioned).into());
    }
    let contain = &settings.common.contain;
    let request = PlanRequest {
        actions: &settings.actions,
        contain,
        reason: &settings.reason,
        forced: &settings.forced,
        lasts: settings.lasts,
        caller: caller.arn.to_string(),
        now: environment.clock().now(),
    };
    let hops = role_chain(&access);
    let guard = Guard::new(&caller, &hops, reach, contain, &settings.forced);
    let Findings {
        candidates,
        refused,
        gaps,
        matched,
    } = findings;
    let mut plan = Plan::from_candidates(&request, &guard, candidates, refused, gaps)
        .map_err(ContainError::from)?;
    plan.mentioned = mentioned;
    let targets: Vec<&Principal> = plan
        .targets
        .iter()
        .filter(|target| target.changes_whole_principal())
        .map(|target| &target.principal)
        .collect();
    plan.open_ends = from_run.open_ends(&targets, &matched);
    Ok(seal_plan(plan, settings)?)
}

/// Returns the selectors of everything to contain: what was named, what acted in the run, and what
/// descends from that.
fn collect_selectors(
    settings: &PlanSettings,
    from_run: &FromRun,
    descendants: &[PrincipalSelector],
) -> Vec<PrincipalSelector> {
    let found = from_run.selectors().chain(descendants.iter().cloned());
    settings
        .selectors
        .iter()
        .cloned()
        .chain(found.map(|selector| name_run(selector, settings.run.as_deref())))
        .collect()
}

/// Seals a plan with the key of this user, if there is or can be one.
fn seal_plan(plan: Plan, settings: &PlanSettings) -> Result<SealedPlan, ContainError> {
    let path = settings.out.display().to_string();
    let sealed = SealedPlan::seal(plan).map_err(|source| ContainError::Plan { path, source })?;
    match SealKey::load_or_create(&settings.common.journals) {
        Ok(key) => Ok(sealed.with_seal(&key)),
        Err(error) => {
            let directory = settings.common.journals.display();
            print_note(&format!(
                "The plan does not state where it was made: cannot use the key in {directory}: {error}"
            ));
            Ok(sealed)
        }
    }
}

/// Returns the error that there is nothing to plan, with everything that explains it.
fn no_principal(findings: &Findings, mentioned: &[RefusedTarget]) -> ContainError {
    let mut reasons: Vec<String> = findings
        .refused
        .iter()
        .chain(mentioned)
        .map(|refused| format!("{}: {}", refused.principal, refused.reasons.join("; ")))
        .collect();
    reasons.extend(findings.gaps.iter().cloned());
    if reasons.is_empty() {
        reasons.push("no sighting that a trail delivered shows a principal that acted".to_owned());
    }
    ContainError::NoPrincipal(reasons.join(". "))
}

/// Writes a file atomically, readable only by its owner.
pub(super) fn write_atomically(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
