//! What remains possible after a containment: what the changes do not end, so that a person can
//! decide what else to do.

use super::candidate::Candidate;
use super::change::Change;
use super::plan::Step;
use crate::aws::KeyStatus;
use dragnet_model::PrincipalKind;

/// Returns the principals that cannot assume a role any more, with their last use.
pub(super) fn locked_out(candidate: &Candidate, steps: &[Step]) -> Vec<String> {
    let blocks = steps
        .iter()
        .any(|step| matches!(step.change, Change::BlockAssume { .. }));
    if blocks {
        candidate.trusted.clone()
    } else {
        Vec::new()
    }
}

/// Returns what remains possible after the changes.
pub(super) fn remaining(candidate: &Candidate, steps: &[Step]) -> Vec<String> {
    let only_removes = steps
        .iter()
        .all(|step| matches!(step.change, Change::RemoveDenyAll { .. }));
    if only_removes {
        return Vec::new();
    }
    let effects = Effects::of_steps(steps);
    let kind = candidate.detail.principal.kind();
    let mut remaining = Vec::new();
    match kind {
        PrincipalKind::Role => remaining.extend(remaining_of_role(candidate, effects)),
        PrincipalKind::User => remaining.extend(remaining_of_user(candidate, steps, effects)),
        PrincipalKind::Group => {}
    }
    remaining.extend(remaining_of_all(effects).map(str::to_owned));
    remaining
}

/// What the steps of a target end.
#[derive(Clone, Copy, Debug, Default)]
struct Effects {
    /// An explicit deny of everything: an inline policy, or a permissions boundary.
    denies_all: bool,
    /// Older sessions are denied.
    revokes: bool,
    /// No principal can assume the role.
    blocks_assume: bool,
}

impl Effects {
    fn of_steps(steps: &[Step]) -> Self {
        let mut effects = Self::default();
        for step in steps {
            match &step.change {
                Change::DenyAll { .. } | Change::DenyAllUntil { .. } | Change::Boundary { .. } => {
                    effects.denies_all = true;
                }
                Change::RevokeSessions { .. } => effects.revokes = true,
                Change::BlockAssume { .. } => effects.blocks_assume = true,
                Change::DenySessions { .. }
                | Change::DeactivateKey { .. }
                | Change::DeactivateCredential { .. }
                | Change::DeleteLoginProfile {}
                | Change::DeactivateMfa { .. }
                | Change::RemoveDenyAll { .. } => {}
            }
        }
        effects
    }
}

/// Source: IAM user guide, "Disabling permissions for temporary security credentials": sessions
/// keep their permissions until they expire, unless a policy denies them.
fn remaining_of_role(candidate: &Candidate, effects: Effects) -> Vec<String> {
    let mut remaining = Vec::new();
    if !effects.denies_all && !effects.revokes {
        remaining.push(
            "its current sessions, and the functions, tasks and instances that hold them, act until the sessions expire \
             (at most 12 hours): add --action revoke-sessions"
                .to_owned(),
        );
    }
    if effects.denies_all && !effects.blocks_assume {
        remaining.push(
            "its sessions can still be created, but every call with them is denied; functions, tasks and instances that \
             run as it keep running"
                .to_owned(),
        );
    }
    if !effects.denies_all && !effects.blocks_assume {
        remaining.push(
            "whatever its trust policy allows can create new sessions: add --action block-assume"
                .to_owned(),
        );
    }
    if !candidate.detail.instance_profiles.is_empty() {
        remaining.push(format!(
            "instances with the instance profile {} run on, with what an attacker installed on them: isolate them and \
             take snapshots",
            candidate.detail.instance_profiles.join(", ")
        ));
    }
    remaining
}

/// Sources: STS API, `GetSessionToken`, `GetFederationToken`: sessions of up to 36 hours, with the
/// permissions of the user at the time of each call.
fn remaining_of_user(candidate: &Candidate, steps: &[Step], effects: Effects) -> Vec<String> {
    let active = active_credentials(candidate, steps);
    let mut remaining = Vec::new();
    if !effects.denies_all {
        remaining.push(
            "sessions from GetSessionToken and GetFederationToken act until they expire (at most 36 hours), also if the \
             access key is inactive: add --action deny-all"
                .to_owned(),
        );
    }
    if !active.is_empty() {
        let effect = if effects.denies_all {
            "they work again after undo"
        } else {
            "they still work"
        };
        remaining.push(format!(
            "these credentials stay active, and {effect}: {}",
            active.join(", ")
        ));
    }
    remaining
}

/// Returns the credentials that the steps leave active.
fn active_credentials(candidate: &Candidate, steps: &[Step]) -> Vec<String> {
    let is_changed =
        |wanted: &dyn Fn(&Change) -> bool| steps.iter().any(|step| wanted(&step.change));
    let mut active = Vec::new();
    for key in &candidate.keys {
        let is_changed = is_changed(
            &|change| matches!(change, Change::DeactivateKey { key: changed } if *changed == key.id),
        );
        if key.status == KeyStatus::Active && !is_changed {
            active.push(format!("access key {}", key.id));
        }
    }
    for credential in &candidate.credentials {
        let is_changed = is_changed(&|change| {
            matches!(change, Change::DeactivateCredential { kind, id }
                if *kind == credential.kind && *id == credential.id)
        });
        if credential.status == KeyStatus::Active && !is_changed {
            let kind = credential.kind.describe();
            let service = if credential.service.is_empty() {
                String::new()
            } else {
                format!(" for {}", credential.service)
            };
            active.push(format!("{kind} {}{service}", credential.id));
        }
    }
    let deletes_password = is_changed(&|change| matches!(change, Change::DeleteLoginProfile {}));
    if candidate.has_login_profile == Some(true) && !deletes_password {
        active.push("the console password".to_owned());
    }
    for serial in &candidate.mfa_devices {
        let is_changed = is_changed(
            &|change| matches!(change, Change::DeactivateMfa { serial: changed } if changed == serial),
        );
        if !is_changed {
            active.push(format!("MFA device {serial}"));
        }
    }
    active
}

/// Returns what no change of a principal ends.
///
/// Sources: IAM user guide, "Policy evaluation logic": an explicit deny in an identity-based policy
/// or a permissions boundary wins over what a resource-based policy allows, for the principal and
/// for its sessions; S3 user guide, "Download and upload objects with presigned URLs": a URL has
/// the permissions of its signer at the time of the request; STS API, `GetWebIdentityToken`.
fn remaining_of_all(effects: Effects) -> impl Iterator<Item = &'static str> {
    let resources = if effects.denies_all {
        "resource policies and presigned URLs that name or come from it are denied too (an explicit deny wins), but \
         not what they grant to other principals"
    } else {
        "presigned URLs that it signed, and resource policies that name it or its sessions, stay in effect as long as \
         nothing denies it everything"
    };
    [
        resources,
        "sessions that it has in other roles, and roles, users, functions and other resources that it created, are not \
         changed",
        "web identity tokens that it got for other clouds (GetWebIdentityToken) are valid there until they expire, at \
         most an hour",
    ]
    .into_iter()
}
