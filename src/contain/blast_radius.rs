//! Who and what else a containment affects, and what to consider before applying it.

use serde::{Deserialize, Serialize};

use super::change::{Change, ResourceState};
use super::document::denies_all;
use super::plan::{Step, has_active_key};
use super::survey::Candidate;
use super::trust::{trusted_principals, workloads};
use crate::report::plural;
use dragnet_model::PrincipalKind;

/// How many services are shown. A role in use has dozens.
const SERVICES_SHOWN: usize = 10;
/// How many sessions are shown.
const SESSIONS_SHOWN: usize = 10;

/// The start of the warning that the contain role of the account cannot be assumed.
const CANNOT_BE_APPLIED: &str = "cannot be applied yet";

/// Who and what else is affected. Every text is untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlastRadius {
    /// The members of a group. All of them are blocked, but not in roles that they assume.
    pub members: Vec<String>,
    /// The groups of a user.
    pub groups: Vec<String>,
    /// The principals that a role trusts.
    pub trusted: Vec<String>,
    /// The instance profiles that contain the role.
    pub instance_profiles: Vec<String>,
    /// When it was last used; empty if no use is known.
    pub last_used: String,
    /// The services that it used, with the time, the latest first.
    pub services: Vec<String>,
    /// What its name or trust policy suggests, for example a deployment role.
    pub looks_like: Vec<String>,
    /// Its sessions in the records of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// What it created, according to the run. This is not contained with it.
    pub created: Vec<String>,
    /// What could not be read.
    pub unknown: Vec<String>,
}

/// Words in the names of roles that deployments use.
const DEPLOYMENT: [&str; 9] = [
    "deploy",
    "pipeline",
    "terraform",
    "cicd",
    "ci-cd",
    "codebuild",
    "github",
    "gitlab",
    "cdk-hnb",
];

impl BlastRadius {
    pub(super) fn from_candidate(candidate: &Candidate) -> Self {
        let detail = &candidate.detail;
        let services = candidate.services.iter().take(SERVICES_SHOWN);
        Self {
            members: candidate.members.iter().cloned().collect(),
            groups: detail.groups.iter().cloned().collect(),
            trusted: trusted_principals(&detail.trust),
            instance_profiles: detail.instance_profiles.clone(),
            last_used: candidate.last_used.clone(),
            services: services
                .map(|used| format!("{} {}", used.service, used.at))
                .collect(),
            looks_like: looks_like(candidate),
            sessions: describe_sessions(candidate),
            created: candidate.created.clone(),
            unknown: candidate.unknown.clone(),
        }
    }
}

fn looks_like(candidate: &Candidate) -> Vec<String> {
    let name = candidate.detail.principal.name().to_ascii_lowercase();
    let mut uses = Vec::new();
    if let Some(word) = DEPLOYMENT.iter().find(|word| name.contains(**word)) {
        uses.push(format!("a deployment principal (`{word}` in its name)"));
    }
    let workloads = workloads(&candidate.detail.trust);
    let is_pipeline = trusted_principals(&candidate.detail.trust)
        .iter()
        .any(|trusted| {
            trusted.contains("oidc-provider/") && !trusted.contains("oidc-provider/oidc.eks.")
        });
    if is_pipeline {
        uses.push("a CI/CD pipeline (it trusts an OIDC provider)".to_owned());
    }
    uses.extend(
        workloads
            .iter()
            .map(|workload| format!("a workload role: {}", workload.name)),
    );
    uses
}

/// Describes the sessions of a role in the run: those that acted with an indicator, and how many
/// others there are.
fn describe_sessions(candidate: &Candidate) -> Vec<String> {
    let observed = &candidate.sessions;
    let mut described: Vec<String> = observed
        .acted
        .iter()
        .take(SESSIONS_SHOWN)
        .map(|session| format!("{session} acted"))
        .collect();
    let more = observed.acted.len().saturating_sub(SESSIONS_SHOWN);
    if more > 0 {
        described.push(format!("{more} more that acted"));
    }
    if !observed.acted.is_empty() || observed.others > 0 {
        described.push(format!(
            "{} in the records of the run",
            plural(observed.others as u64, "other session")
        ));
    }
    described
}

/// Returns what a person should know before confirming.
pub(super) fn warnings(candidate: &Candidate, steps: &[Step]) -> Vec<String> {
    let mut warnings = principal_warnings(candidate, steps);
    warnings.extend(role_warnings(candidate, steps));
    warnings.extend(policy_warnings(candidate, steps));
    if let Some(reason) = &candidate.contain_role_error {
        warnings.push(format!("{CANNOT_BE_APPLIED}: {reason}"));
    }
    warnings
}

/// Whether a warning says that the target cannot be applied yet.
pub(super) fn is_obstacle(warning: &str) -> bool {
    warning.starts_with(CANNOT_BE_APPLIED)
}

/// Returns what the steps do not reach, and what else they affect.
///
/// Sources: IAM user guide, "Revoke IAM role temporary security credentials" and "Groups".
fn principal_warnings(candidate: &Candidate, steps: &[Step]) -> Vec<String> {
    let detail = &candidate.detail;
    let kind = detail.principal.kind();
    let denies = has_change(steps, |change| {
        matches!(change, Change::DenyAll { .. } | Change::DenyAllUntil { .. })
    });
    let revokes = has_change(steps, |change| {
        matches!(change, Change::RevokeSessions { .. })
    });
    let only_revokes = revokes && !denies;
    let is_instance_role = !detail.instance_profiles.is_empty();
    matching([
        (
            is_instance_role && denies,
            "it is the role of an instance profile: DenyAll also stops Systems Manager and log shipping",
        ),
        (
            is_instance_role && only_revokes,
            "it is the role of an instance profile: a process on the instance can fetch new credentials at once",
        ),
        (
            kind == PrincipalKind::Role && denies,
            "sessions that it already has in other roles stay valid: contain those roles too",
        ),
        (
            kind == PrincipalKind::Role && only_revokes,
            "every principal that may assume it can start a new session at once",
        ),
        (
            kind == PrincipalKind::Group,
            "a group's deny does not apply to roles that its members assume, nor to users who leave the group",
        ),
        (
            kind == PrincipalKind::User && denies && has_active_key(candidate),
            "DenyAll does not deactivate its access keys: GetCallerIdentity and GetSessionToken work with every active key",
        ),
    ])
}

/// Returns what stops if a workload role is denied, and what a shared role means for the steps.
fn role_warnings(candidate: &Candidate, steps: &[Step]) -> Vec<String> {
    let denies_role = has_change(steps, |change| {
        matches!(
            change,
            Change::DenyAll { .. } | Change::DenyAllUntil { .. } | Change::RevokeSessions { .. }
        )
    });
    let denies_sessions = has_change(steps, |change| {
        matches!(change, Change::DenySessions { .. })
    });
    let has_end = has_change(steps, |change| change.end().is_some());
    let mut warnings = matching([
        (
            denies_sessions,
            "only these sessions are denied: a new session with another name is not, and the caller chooses the name. \
             Contain the principal that created them too",
        ),
        (
            has_end,
            "the deny ends on its own, and an attacker who waits can act again: use it only to gain time",
        ),
    ]);
    if denies_role {
        let workloads = workloads(&candidate.detail.trust);
        warnings.extend(
            workloads
                .iter()
                .map(|workload| format!("{} may assume it: {}", workload.name, workload.impact)),
        );
        if candidate.sessions.others > 0 {
            warnings.push(format!(
                "it is shared: the run has {} of it that did not act with an indicator; to deny only the sessions that \
                 did, use --action deny-session",
                plural(candidate.sessions.others as u64, "other session")
            ));
        }
    }
    if denies_sessions && !candidate.sessions.of_unknown_creator.is_empty() {
        warnings.push(format!(
            "the run does not show who created {}: search for the session names, then contain that principal",
            candidate.sessions.of_unknown_creator.join(", ")
        ));
    }
    warnings
}

/// Returns what the policies of the principal mean for the steps.
fn policy_warnings(candidate: &Candidate, steps: &[Step]) -> Vec<String> {
    let detail = &candidate.detail;
    let is_quarantined = detail
        .attached
        .iter()
        .any(|policy| policy.name.starts_with("AWSCompromisedKeyQuarantine"));
    let replaces_policy = steps.iter().any(|step| {
        !step.is_already_applied()
            && !matches!(step.change, Change::RemoveDenyAll { .. })
            && matches!(step.prior, ResourceState::Policy(Some(_)))
    });
    let planned_policy = steps.iter().find_map(|step| step.change.policy());
    let other_policy_denies_all = detail
        .inline
        .iter()
        .any(|(name, document)| Some(name.as_str()) != planned_policy && denies_all(document));
    matching([
        (
            is_quarantined,
            "AWS found a leaked access key of this user (AWSCompromisedKeyQuarantine is attached)",
        ),
        (
            replaces_policy,
            "a policy with the same name and another content exists: it is replaced, and restored by undo",
        ),
        (
            other_policy_denies_all,
            "an inline policy with another name already denies everything",
        ),
    ])
}

fn has_change(steps: &[Step], is_wanted: impl Fn(&Change) -> bool) -> bool {
    steps.iter().any(|step| is_wanted(&step.change))
}

/// Returns the texts whose condition is true.
fn matching<const N: usize>(rules: [(bool, &str); N]) -> Vec<String> {
    let texts = rules.into_iter().filter(|(condition, _)| *condition);
    texts.map(|(_, text)| text.to_owned()).collect()
}
