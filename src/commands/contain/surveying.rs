//! Surveys the accounts for the principals of a plan.

use std::collections::BTreeSet;
use std::path::Path;

use futures::StreamExt;
use futures::stream;

use crate::aws::Aws;
use crate::commands::CommandError;
use crate::config::PrincipalSelector;
use crate::contain::{
    Candidate, FromRun, NOT_FOUND, RefusedTarget, Survey, denied_sessions, survey,
};
use crate::settings::{PlanSettings, Reach};
use crate::store::ScopeMembership;
use crate::sweep::{Access, Directory, Member, Refusal};
use dragnet_model::Account;

/// The number of accounts that are surveyed concurrently.
const CONCURRENT_SURVEYS: usize = 32;

/// What the surveys of all accounts found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) candidates: Vec<Candidate>,
    pub(super) refused: Vec<RefusedTarget>,
    /// The accounts that could not be surveyed, with the reason.
    pub(super) gaps: Vec<String>,
    /// The selectors that matched a principal, as they are displayed.
    pub(super) matched: BTreeSet<String>,
}

/// Adds the name of the run to the evidence against a principal.
pub(super) fn name_run(selector: PrincipalSelector, run: Option<&Path>) -> PrincipalSelector {
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
pub(super) async fn survey_with_creators(
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
    pub(super) fn leave_open(&mut self, descendants: &[PrincipalSelector]) {
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
