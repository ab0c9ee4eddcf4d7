//! Who and what else a containment affects, and what to consider before applying it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, ResourceState};
use super::document::denies_all;
use super::plan::{Step, has_active_key};
use super::survey::Candidate;
use crate::model::PrincipalKind;

/// How many services are shown. A role in use has dozens.
const SERVICES_SHOWN: usize = 10;

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
            trusted: trusted(&detail.trust),
            instance_profiles: detail.instance_profiles.clone(),
            last_used: candidate.last_used.clone(),
            services: services
                .map(|used| format!("{} {}", used.service, used.at))
                .collect(),
            looks_like: looks_like(candidate),
            created: candidate.created.clone(),
            unknown: candidate.unknown.clone(),
        }
    }
}

fn looks_like(candidate: &Candidate) -> Vec<String> {
    let name = candidate.detail.principal.name().to_ascii_lowercase();
    let mut likenesses = Vec::new();
    if let Some(word) = DEPLOYMENT.iter().find(|word| name.contains(**word)) {
        likenesses.push(format!("a deployment's (`{word}` in its name)"));
    }
    if trusted(&candidate.detail.trust)
        .iter()
        .any(|trusted| trusted.contains("oidc-provider/"))
    {
        likenesses.push("a pipeline's (it trusts an OIDC provider)".to_owned());
    }
    likenesses
}

/// Returns the principals of the statements that allow something.
fn trusted(policy: &str) -> Vec<String> {
    let Ok(Value::Object(mut policy)) = serde_json::from_str(policy) else {
        return Vec::new();
    };
    let statements = match policy.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let allowing = statements.iter().filter(|statement| {
        statement
            .get("Effect")
            .is_some_and(|effect| effect == "Allow")
    });
    let mut trusted: Vec<String> = allowing
        .filter_map(|statement| statement.get("Principal"))
        .flat_map(texts)
        .collect();
    trusted.sort();
    trusted.dedup();
    trusted
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Returns what a person should know before confirming.
///
/// Sources: IAM user guide, "Revoke IAM role temporary security credentials" and "Groups";
/// `aws-facts.md`.
pub(super) fn warnings(candidate: &Candidate, steps: &[Step]) -> Vec<String> {
    let detail = &candidate.detail;
    let kind = detail.principal.kind();
    let denies = steps
        .iter()
        .any(|step| matches!(step.change, Change::DenyAll { .. }));
    let revokes = steps
        .iter()
        .any(|step| matches!(step.change, Change::RevokeSessions { .. }));
    let mut warnings = Vec::new();
    let mut warn = |holds: bool, text: &str| {
        if holds {
            warnings.push(text.to_owned());
        }
    };
    let on_instances = !detail.instance_profiles.is_empty();
    warn(
        on_instances && denies,
        "it is an instance profile's role: DenyAll also cuts Systems Manager and log shipping",
    );
    warn(
        on_instances && revokes && !denies,
        "it is an instance profile's role: a process on the instance can fetch new credentials at once",
    );
    warn(
        kind == PrincipalKind::Role && denies,
        "sessions that it already holds in other roles go on: contain those roles too",
    );
    warn(
        kind == PrincipalKind::Role && revokes && !denies,
        "whoever may assume it can begin a new session at once",
    );
    warn(
        kind == PrincipalKind::Group,
        "a group's deny does not reach roles that its members assume, nor users who leave it",
    );
    warn(
        kind == PrincipalKind::User && denies && has_active_key(candidate),
        "its access keys stay active; GetCallerIdentity and GetSessionToken go on working with them",
    );
    warn(
        detail
            .attached
            .iter()
            .any(|policy| policy.name.starts_with("AWSCompromisedKeyQuarantine")),
        "AWS itself has found a leaked key of this user (AWSCompromisedKeyQuarantine)",
    );
    let replaces = steps.iter().find(|step| {
        !step.is_already_made()
            && !matches!(step.change, Change::RemoveDenyAll { .. })
            && matches!(step.prior, ResourceState::Policy(Some(_)))
    });
    warn(
        replaces.is_some(),
        "a policy of the same name is there with another content: it is replaced, and put back by undo",
    );
    let named_so = steps.iter().find_map(|step| step.change.policy());
    let elsewhere = detail
        .inline
        .iter()
        .any(|(name, document)| Some(name.as_str()) != named_so && denies_all(document));
    warn(
        elsewhere,
        "an inline policy of another name denies everything already",
    );
    warnings.extend(
        candidate
            .no_entry
            .as_ref()
            .map(|why| format!("it could not be applied today: {why}")),
    );
    warnings
}
