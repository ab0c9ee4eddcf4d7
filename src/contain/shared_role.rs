//! Roles that others use too: only the sessions that acted are denied, unless the user names the
//! role.

use super::candidate::Candidate;
use super::run_sessions::MAX_DENIED_SESSIONS;
use super::trust::workloads;
use crate::settings::ContainAction;
use dragnet_model::PrincipalKind;

/// Whether the whole role is denied only if the user names it: only the run selects it, and others
/// use it too. Others use a workload role, and a role of which the run has other sessions. Of a role
/// that is only followed by session, it is not known.
pub(super) fn must_be_named(candidate: &Candidate) -> bool {
    candidate.only_from_run
        && candidate.detail.principal.kind() == PrincipalKind::Role
        && (candidate.sessions.others > 0
            || candidate.sessions.is_followed
            || !workloads(&candidate.detail.trust).is_empty())
}

/// Whether an action takes access from all sessions of a role.
pub(super) fn denies_role(action: ContainAction) -> bool {
    matches!(
        action,
        ContainAction::DenyAll
            | ContainAction::RevokeSessions
            | ContainAction::BlockAssume
            | ContainAction::Boundary
    )
}

/// Returns the sessions that the plan denies; none if it denies the whole role.
pub(crate) fn denied_sessions<'a>(
    actions: &[ContainAction],
    candidate: &'a Candidate,
) -> &'a [String] {
    let is_replaced = actions.iter().any(|action| denies_role(*action)) && must_be_named(candidate);
    if is_replaced || actions.contains(&ContainAction::DenySession) {
        &candidate.sessions.acted
    } else {
        &[]
    }
}

/// Returns why the sessions of a role cannot be denied instead of the role.
pub(super) fn refuse_sessions(actions: &[ContainAction], candidate: &Candidate) -> Option<String> {
    let acted = candidate.sessions.acted.len();
    let is_asked = actions.iter().any(|action| denies_role(*action));
    if is_asked && must_be_named(candidate) && acted == 0 {
        return Some(
            "it is a shared role, and the run does not show which of its sessions acted: to deny the whole role, name \
             it with --role"
                .to_owned(),
        );
    }
    let denied = denied_sessions(actions, candidate).len();
    (denied > MAX_DENIED_SESSIONS).then(|| {
        format!(
            "{denied} of its sessions acted, and one policy denies at most {MAX_DENIED_SESSIONS}: to deny the whole \
             role, name it with --role"
        )
    })
}

/// Describes a candidate as far as it decides which actions apply to it.
pub(super) fn describe_for_actions(actions: &[ContainAction], candidate: &Candidate) -> String {
    let kind = candidate.detail.principal.kind();
    if kind == PrincipalKind::Role && actions.contains(&ContainAction::DenySession) {
        return "a role without sessions that acted in a run (--from-run)".to_owned();
    }
    format!("a {kind}")
}
