//! What to consider before a containment is applied.

use super::candidate::Candidate;
use super::change::{Change, ResourceState};
use super::document::denies_all;
use super::plan::Step;
use super::trust::workloads;
use dragnet_model::PrincipalKind;
use dragnet_model::format::plural;

/// The start of the warning that the contain role of the account cannot be assumed.
const CANNOT_BE_APPLIED: &str = "cannot be applied yet";

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
            kind == PrincipalKind::User && denies && candidate.has_active_key(),
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
