//! `dragnet contain plan`: surveys every account concerned, and writes only the file of the plan.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use futures::StreamExt;
use futures::stream;

use super::stored_run::read_run;
use super::{CommandContext, ContainError, force_arguments, print, role_chain};
use crate::aws::Aws;
use crate::cli::Emit;
use crate::cli::settings::{PlanSettings, Reach};
use crate::commands::{CommandError, Environment, print_note};
use crate::config::PrincipalSelector;
use crate::contain::{
    Candidate, FromRun, Guard, NOT_FOUND, Plan, PlanRequest, RefusedTarget, SealKey, SealedPlan,
    Survey, count_blocked, denied_sessions, plan_lines, resource_control_policy,
    service_control_policy, shell_script, survey,
};
use crate::report::{escape_json, plural};
use crate::store::ScopeMembership;
use crate::sweep::{Access, Directory, Member, Refusal};
use dragnet_model::{Account, Operation, Principal};

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
    );
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

/// Adds the name of the run to the evidence against a principal.
fn name_run(selector: PrincipalSelector, run: Option<&Path>) -> PrincipalSelector {
    let name = run
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let reason = match (selector.reason, name) {
        (Some(evidence), Some(name)) => Some(format!("{evidence} (run {name})")),
        (evidence, _) => evidence,
    };
    PrincipalSelector { reason, ..selector }
}

/// Surveys the selected principals, then those that created the sessions that the plan denies, and
/// so on: denying a session alone lets its creator start another one.
async fn survey_with_creators(
    aws: &Aws,
    access: &Access,
    settings: &PlanSettings,
    from_run: &mut FromRun,
    selectors: Vec<PrincipalSelector>,
) -> Result<Findings, CommandError> {
    let mut findings = Findings::default();
    let mut known: BTreeSet<String> = selectors.iter().map(ToString::to_string).collect();
    let mut selected = selectors;
    loop {
        let found = survey_accounts(aws, access, &settings.common.reach, &selected).await?;
        findings.merge(found);
        findings.add_unmatched(&selected);
        findings.describe_from_run(from_run, &settings.selectors);
        let mut creators = from_run.creators(&findings.denied_sessions(settings));
        creators.retain(|creator| known.insert(creator.to_string()));
        if creators.is_empty() {
            break;
        }
        selected = creators
            .into_iter()
            .map(|creator| name_run(creator, settings.run.as_deref()))
            .collect();
    }
    // The sessions with which the creators acted were found last.
    findings.describe_from_run(from_run, &settings.selectors);
    findings.refused.extend(from_run.refused().cloned());
    Ok(findings)
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
    /// Adds the findings of another survey. A principal that both found stays once.
    fn merge(&mut self, found: Self) {
        for candidate in found.candidates {
            let principal = &candidate.detail.principal;
            let is_known = self
                .candidates
                .iter()
                .any(|known| known.detail.principal == *principal);
            if !is_known {
                self.candidates.push(candidate);
            }
        }
        self.refused.extend(found.refused);
        self.gaps.extend(found.gaps);
        self.gaps.sort();
        self.gaps.dedup();
        self.matched.extend(found.matched);
    }

    /// Adds what the run shows about the candidates, and whether `named` selects them too.
    fn describe_from_run(&mut self, from_run: &FromRun, named: &[PrincipalSelector]) {
        for candidate in &mut self.candidates {
            let principal = &candidate.detail.principal;
            candidate.created = from_run.created_by(principal);
            candidate.sessions = from_run.sessions(principal, &candidate.detail.id);
            candidate.only_from_run = !from_run.is_descendant(principal)
                && !named.iter().any(|selector| selector.matches(principal));
        }
    }

    /// The sessions that the plan denies instead of whole roles.
    fn denied_sessions(&self, settings: &PlanSettings) -> Vec<String> {
        self.candidates
            .iter()
            .flat_map(|candidate| denied_sessions(&settings.actions, candidate))
            .cloned()
            .collect()
    }

    /// Leaves the descendants that matched no principal to the open ends, which say more about them.
    fn leave_open(&mut self, descendants: &[PrincipalSelector]) {
        self.refused.retain(|refused| {
            let is_unmatched = refused.reasons == [NOT_FOUND];
            !is_unmatched
                || descendants
                    .iter()
                    .all(|descendant| descendant.to_string() != refused.principal)
        });
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
        reasons: vec![NOT_FOUND.to_owned()],
        user_id: None,
    }
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
