//! `dragnet contain plan`: surveys every account concerned, and writes only the file of the plan.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use futures::StreamExt;
use futures::stream;

use super::{CommandContext, ContainError, force_arguments, print, role_chain};
use crate::aws::Aws;
use crate::cli::Emit;
use crate::cli::settings::{PlanSettings, Reach};
use crate::commands::{CommandError, Environment, print_note};
use crate::config::PrincipalSelector;
use crate::contain::{
    Candidate, FromRun, Guard, Plan, PlanRequest, RefusedTarget, SealedPlan, Survey, plan_lines,
    service_control_policy, shell_script, survey,
};
use crate::model::{Account, Operation};
use crate::report::escape_json;
use crate::search::event_details;
use crate::store::{RunDir, RunReader, RunRegistry, ScopeMembership, TrailDeliveries};
use crate::sweep::{Access, Directory, Member, MergeSource, Refusal, stored_sightings};

/// The number of accounts that are surveyed concurrently.
const CONCURRENT_SURVEYS: usize = 32;

/// What the surveys of all accounts found.
#[derive(Debug, Default)]
struct Findings {
    candidates: Vec<Candidate>,
    refused: Vec<RefusedTarget>,
    /// The accounts that could not be surveyed, with the reason.
    gaps: Vec<String>,
    /// The selectors that matched a principal, as they are displayed.
    matched: BTreeSet<String>,
}

/// Makes a plan, prints it and writes its file. The exit code is 3 if a requested principal is not
/// in the plan, or an account could not be surveyed.
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
    write_atomically(&settings.out, &text).map_err(|source| ContainError::Unwritable {
        path: file.clone(),
        source,
    })?;
    match settings.emit {
        Some(Emit::Sh) => out.write_all(shell_script(sealed.plan()).as_bytes())?,
        Some(Emit::Scp) => out.write_all(service_control_policy(sealed.plan()).as_bytes())?,
        None if context.json => out.write_all(escape_json(&text).as_bytes())?,
        None => print(&plan_lines(&sealed), out)?,
    }
    let plan = sealed.plan();
    let forced = force_arguments(&plan.forced);
    let confirm = sealed.short_hash();
    print_note(&format!(
        "Plan written to {file}. To apply it: dragnet contain apply {file}{forced} --confirm {confirm}"
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
    environment: &Environment,
    settings: &PlanSettings,
) -> Result<SealedPlan, CommandError> {
    let reach = &settings.common.reach;
    let from_run = settings
        .run
        .as_deref()
        .map(|run| read_run(run, &environment.run_registry()))
        .transpose()?
        .unwrap_or_default();
    let selectors: Vec<PrincipalSelector> = settings
        .selectors
        .iter()
        .cloned()
        .chain(from_run.selectors())
        .collect();
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
    );
    let mut findings = survey_accounts(&aws, &access, reach, &selectors).await?;
    findings.add_run(&from_run);
    findings.add_unmatched(&selectors);
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
        caller: caller.arn.to_string(),
        now: environment.clock().now(),
    };
    let hops = role_chain(&access);
    let guard = Guard::new(&caller, &hops, reach, contain, &settings.forced);
    let Findings {
        candidates,
        refused,
        gaps,
        ..
    } = findings;
    let mut plan = Plan::from_candidates(&request, &guard, candidates, refused, gaps)
        .map_err(ContainError::from)?;
    plan.mentioned = mentioned;
    let path = settings.out.display().to_string();
    Ok(SealedPlan::seal(plan).map_err(|source| ContainError::Plan { path, source })?)
}

/// Surveys every account that a selector applies to.
async fn survey_accounts(
    aws: &Aws,
    access: &Access,
    reach: &Reach,
    selectors: &[PrincipalSelector],
) -> Result<Findings, CommandError> {
    let mut members = Vec::new();
    let mut directory = Directory::new(aws, access, reach);
    while let Some(member) = directory.next().await? {
        let in_account = selectors_in(selectors, &member);
        if !in_account.is_empty() {
            members.push((member, in_account));
        }
    }
    let surveys = stream::iter(members)
        .map(|(member, selectors)| survey_account(aws, access, member, selectors));
    let surveys: Vec<(Account, Result<Survey, String>)> =
        surveys.buffer_unordered(CONCURRENT_SURVEYS).collect().await;
    let mut findings = Findings::default();
    for (account, survey) in surveys {
        match survey {
            Ok(survey) => {
                findings.candidates.extend(survey.candidates);
                findings.refused.extend(survey.refused);
                findings.matched.extend(survey.matched);
            }
            Err(reason) => findings
                .gaps
                .push(format!("account {} {}: {reason}", account.id, account.name)),
        }
    }
    findings.gaps.sort();
    Ok(findings)
}

impl Findings {
    /// Adds what the candidates created according to the run, and the principals of the run that
    /// cannot be contained.
    fn add_run(&mut self, from_run: &FromRun) {
        for candidate in &mut self.candidates {
            candidate.created = from_run.created_by(&candidate.detail.principal);
        }
        self.refused.extend(from_run.refused().cloned());
    }

    /// Adds the selectors that matched no principal.
    fn add_unmatched(&mut self, selectors: &[PrincipalSelector]) {
        let unmatched = selectors
            .iter()
            .filter(|selector| !self.matched.contains(&selector.to_string()));
        self.refused.extend(unmatched.map(refuse_unmatched));
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

/// Returns the selectors that apply to an account: names apply to the accounts in scope, ARNs to
/// the account that they contain.
fn selectors_in(selectors: &[PrincipalSelector], member: &Member) -> Vec<PrincipalSelector> {
    let is_here = |selector: &&PrincipalSelector| match selector.account {
        Some(account) => account == member.account.id,
        None => member.membership == ScopeMembership::InScope,
    };
    selectors.iter().filter(is_here).cloned().collect()
}

async fn survey_account(
    aws: &Aws,
    access: &Access,
    member: Member,
    selectors: Vec<PrincipalSelector>,
) -> (Account, Result<Survey, String>) {
    let survey = try_to_survey(aws, access, &member, &selectors).await;
    (member.account, survey)
}

/// Enters an account and surveys it. The error says why that is not possible.
async fn try_to_survey(
    aws: &Aws,
    access: &Access,
    member: &Member,
    selectors: &[PrincipalSelector],
) -> Result<Survey, String> {
    let reason = |refusal: Refusal| refusal.into_outcome().reason_text();
    let entered = access.enter(aws, member).await.map_err(reason)?;
    let mut survey = survey(aws, &entered.session, member.account.id, selectors)
        .await
        .map_err(|error| error.to_string())?;
    if !survey.candidates.is_empty() {
        // Tests now whether the contain role can be assumed, because during an incident it is too
        // late to fix it.
        let error = access.try_contain_role(aws, member).await.err().map(reason);
        for candidate in &mut survey.candidates {
            candidate.contain_role_error.clone_from(&error);
        }
    }
    Ok(survey)
}

fn refuse_unmatched(selector: &PrincipalSelector) -> RefusedTarget {
    RefusedTarget {
        principal: selector.to_string(),
        reasons: vec!["not found in the accounts that were searched".to_owned()],
        user_id: None,
    }
}

/// Reads the principals from the sightings of a run, without Dragnet's own calls.
fn read_run(directory: &Path, registry: &RunRegistry) -> Result<FromRun, CommandError> {
    let reader = RunReader::open(&RunDir::open(directory)?)?;
    let source = MergeSource {
        reader: &reader,
        registry,
    };
    let mut from_run = FromRun::new(TrailDeliveries::load(&reader)?);
    stored_sightings(source, |row| {
        let found = &row.found;
        let account = row.account.to_string();
        let details = event_details(
            &found.message,
            &account,
            row.region.as_str(),
            found.timestamp_ms,
        );
        from_run.add_sighting(row, &details);
    })?;
    Ok(from_run)
}

/// Writes a file atomically, readable only by its owner.
fn write_atomically(path: &Path, text: &str) -> std::io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
