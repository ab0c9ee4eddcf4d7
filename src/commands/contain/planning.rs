//! `dragnet contain plan`: surveys every account concerned, and writes only the file of the plan.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use futures::StreamExt;
use futures::stream;

use super::{ContainError, force_arguments, print, roles_on_the_way};
use crate::aws::Aws;
use crate::cli::Emit;
use crate::cli::settings::PlanSettings;
use crate::commands::host_environment::HostEnvironment;
use crate::commands::{CommandError, Environment, print_note};
use crate::config::PrincipalSelector;
use crate::contain::{
    FromRun, Guard, Plan, PlanRequest, RefusedTarget, SealedPlan, Survey, TrailDeliveries,
    plan_lines, service_control_policy, shell_script, survey,
};
use crate::model::{Account, Operation};
use crate::report::escape_json;
use crate::store::{RunDir, RunReader, ScopeMembership};
use crate::sweep::{Access, Directory, Member, Refusal, stored_sightings};

/// The number of accounts that are surveyed concurrently.
const AT_ONCE: usize = 32;

/// Makes a plan, prints it and writes its file. The exit code is 3 if a requested principal is not
/// in the plan, or an account could not be surveyed.
pub(super) async fn plan(
    place: &Environment,
    settings: &PlanSettings,
    json: bool,
    machine: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let sealed = make_plan(place, settings).await?;
    let text = sealed.to_text().map_err(|source| ContainError::Plan {
        path: machine.shown(&settings.out),
        source,
    })?;
    write_whole(&settings.out, &text).map_err(|source| ContainError::Unwritable {
        path: machine.shown(&settings.out),
        source,
    })?;
    match settings.emit {
        Some(Emit::Sh) => out.write_all(shell_script(sealed.plan()).as_bytes())?,
        Some(Emit::Scp) => out.write_all(service_control_policy(sealed.plan()).as_bytes())?,
        None if json => out.write_all(escape_json(&text).as_bytes())?,
        None => print(&plan_lines(&sealed), out)?,
    }
    let file = machine.shown(&settings.out);
    let plan = sealed.plan();
    let forced = force_arguments(&plan.forced);
    let confirm = sealed.short_hash();
    print_note(&format!(
        "Written to {file}. To apply it: dragnet contain apply {file}{forced} --confirm {confirm}"
    ));
    Ok(if plan.refused.is_empty() && plan.gaps.is_empty() {
        0
    } else {
        3
    })
}

/// Makes a plan from the current state of the accounts.
///
/// # Errors
/// AWS cannot be reached, the run cannot be read, no principal was found, or the plan would be too
/// large.
pub async fn make_plan(
    place: &Environment,
    settings: &PlanSettings,
) -> Result<SealedPlan, CommandError> {
    let reach = &settings.common.reach;
    let from_run = settings
        .run
        .as_deref()
        .map(read_run)
        .transpose()?
        .unwrap_or_default();
    let selectors: Vec<_> = settings
        .selectors
        .iter()
        .cloned()
        .chain(from_run.selectors())
        .collect();
    let aws = place.connect(reach, None).await?;
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
    );

    let mut members = Vec::new();
    let mut directory = Directory::new(&aws, &access, reach);
    while let Some(member) = directory.next().await? {
        let wanted = selectors_in(&selectors, &member);
        if !wanted.is_empty() {
            members.push((member, wanted));
        }
    }
    let looked = stream::iter(members).map(|(member, wanted)| look(&aws, &access, member, wanted));
    let surveys: Vec<(Account, Result<Survey, String>)> =
        looked.buffer_unordered(AT_ONCE).collect().await;

    let mut candidates = Vec::new();
    let mut refused = Vec::new();
    let mut gaps = Vec::new();
    let mut met = BTreeSet::new();
    for (account, survey) in surveys {
        match survey {
            Ok(survey) => {
                candidates.extend(survey.candidates);
                refused.extend(survey.refused);
                met.extend(survey.met);
            }
            Err(gap) => gaps.push(format!("account {} {}: {gap}", account.id, account.name)),
        }
    }
    for candidate in &mut candidates {
        candidate.created = from_run.created_by(&candidate.detail.principal);
    }
    refused.extend(from_run.refused().cloned());
    refused.extend(
        selectors
            .iter()
            .filter(|selector| !met.contains(&selector.to_string()))
            .map(unmet),
    );
    gaps.sort();
    let mentioned = from_run.mentioned();
    if candidates.is_empty() {
        let told = refused
            .iter()
            .chain(&mentioned)
            .map(|refused| format!("{}: {}", refused.principal, refused.reasons.join("; ")));
        let mut reasons: Vec<String> = told.chain(gaps).collect();
        if reasons.is_empty() {
            reasons.push("no trusted sighting shows a principal that acted".to_owned());
        }
        return Err(ContainError::Nobody(reasons.join(". ")).into());
    }
    let contain = &settings.common.contain;
    let request = PlanRequest {
        actions: &settings.actions,
        contain,
        reason: &settings.reason,
        forced: &settings.forced,
        caller: caller.arn.to_string(),
        now: place.clock().now(),
    };
    let guard = Guard::new(
        &caller,
        &roles_on_the_way(&access),
        reach,
        contain,
        &settings.forced,
    );
    let mut plan =
        Plan::make(&request, &guard, candidates, refused, gaps).map_err(ContainError::from)?;
    plan.mentioned = mentioned;
    let path = settings.out.display().to_string();
    Ok(SealedPlan::seal(plan).map_err(|source| ContainError::Plan { path, source })?)
}

/// Returns the selectors that apply to an account: names apply to the accounts in scope, ARNs to
/// the account that they contain.
fn selectors_in(selectors: &[PrincipalSelector], member: &Member) -> Vec<PrincipalSelector> {
    let is_here = |selector: &&PrincipalSelector| match selector.account {
        Some(account) => account == member.account.id,
        None => member.standing == ScopeMembership::InScope,
    };
    selectors.iter().filter(is_here).cloned().collect()
}

async fn look(
    aws: &Aws,
    access: &Access,
    member: Member,
    wanted: Vec<PrincipalSelector>,
) -> (Account, Result<Survey, String>) {
    let looked = async {
        let told = |refusal: Refusal| refusal.into_outcome().reason_text();
        let entered = access.enter(aws, &member).await.map_err(told)?;
        let survey = survey(aws, &entered.session, member.account.id, &wanted).await;
        let mut survey = survey.map_err(|error| error.to_string())?;
        if !survey.candidates.is_empty() {
            // Tests now whether the contain role can be assumed, because during an incident it is
            // too late to fix it.
            let no_entry = access.try_contain_role(aws, &member).await.err().map(told);
            survey
                .candidates
                .iter_mut()
                .for_each(|candidate| candidate.no_entry.clone_from(&no_entry));
        }
        Ok(survey)
    };
    let looked = looked.await;
    (member.account, looked)
}

fn unmet(selector: &PrincipalSelector) -> RefusedTarget {
    let reasons = vec!["there is none in the accounts that were looked at".to_owned()];
    RefusedTarget {
        principal: selector.to_string(),
        reasons,
        user_id: None,
    }
}

/// Reads the principals from the sightings of a run, without Dragnet's own calls.
fn read_run(directory: &Path) -> Result<FromRun, CommandError> {
    let reader = RunReader::open(&RunDir::open(directory)?)?;
    let mut from_run = FromRun::new(TrailDeliveries::new(&reader.recorders()?, &reader.cells()?));
    stored_sightings(&reader, |row| from_run.take(row))?;
    Ok(from_run)
}

/// Writes a file atomically, readable only by its owner.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
