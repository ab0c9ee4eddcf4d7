//! Who and what else a containment affects.

use serde::{Deserialize, Serialize};

use super::candidate::Candidate;
use super::trust::{trusted_principals, workloads};
use dragnet_model::format::plural;

/// How many services are shown. A role in use has dozens.
const SERVICES_SHOWN: usize = 10;
/// How many sessions are shown.
const SESSIONS_SHOWN: usize = 10;

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
