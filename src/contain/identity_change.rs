//! Changes besides inline policies: to the credentials and the sign-in of a user, to the trust
//! policy of a role, and to the permissions boundary of both.

use super::block_assume::{TRUST_POLICY_LIMIT, block_assume};
use super::candidate::Candidate;
use super::change::{Change, ResourceState};
use super::document::counted_size;
use super::plan::Step;
use crate::settings::ContainAction;
use dragnet_model::{Principal, PrincipalKind};

/// Returns the changes of an action, each with the prior state; none if the action does not apply
/// to the principal or changes inline policies.
pub(super) fn planned_identity_changes(
    action: ContainAction,
    candidate: &Candidate,
) -> Vec<(Change, ResourceState)> {
    let detail = &candidate.detail;
    let kind = detail.principal.kind();
    match action {
        ContainAction::DeactivateCredentials => credential_changes(candidate),
        ContainAction::DeleteLoginProfile => candidate
            .has_login_profile
            .map(|exists| {
                (
                    Change::DeleteLoginProfile {},
                    ResourceState::Present(exists),
                )
            })
            .into_iter()
            .collect(),
        ContainAction::DeactivateMfa => candidate
            .mfa_devices
            .iter()
            .map(|serial| {
                let serial = serial.clone();
                (
                    Change::DeactivateMfa { serial },
                    ResourceState::Present(true),
                )
            })
            .collect(),
        ContainAction::BlockAssume if kind == PrincipalKind::Role => block_assume(&detail.trust)
            .map(|document| {
                let prior = ResourceState::Trust(Some(detail.trust.clone()));
                (Change::BlockAssume { document }, prior)
            })
            .into_iter()
            .collect(),
        // A group has no boundary.
        ContainAction::Boundary if kind != PrincipalKind::Group => {
            let change = Change::Boundary {
                policy: deny_all_boundary(&detail.principal),
            };
            vec![(change, ResourceState::Boundary(detail.boundary.clone()))]
        }
        _ => Vec::new(),
    }
}

/// Returns what to consider before changes that are not of inline policies are applied.
pub(super) fn identity_warnings(steps: &[Step]) -> Vec<String> {
    let mut warnings = Vec::new();
    let cannot_be_undone = steps
        .iter()
        .any(|step| !step.change.can_be_undone() && !step.is_already_applied());
    if cannot_be_undone {
        warnings.push(
            "undo does not restore everything: see the steps that cannot be undone".to_owned(),
        );
    }
    for step in steps {
        if let Change::BlockAssume { document } = &step.change
            && counted_size(document) > TRUST_POLICY_LIMIT
        {
            warnings.push(format!(
                "the trust policy would have {} characters, and AWS allows {TRUST_POLICY_LIMIT} unless the quota was \
                 raised: use --action deny-all or boundary if it is refused",
                counted_size(document)
            ));
        }
    }
    warnings
}

/// Returns that the plan may lack changes of a candidate, if what the actions change could not be
/// read.
pub(super) fn unread_gap(actions: &[ContainAction], candidate: &Candidate) -> Option<String> {
    let is_unread = actions
        .iter()
        .any(|action| candidate.unread_for.contains(action));
    is_unread.then(|| {
        format!(
            "{}: the plan may lack changes, because something could not be read ({}): make a new plan, or change by \
             hand what is missing",
            candidate.detail.principal,
            candidate.unknown.join("; ")
        )
    })
}

/// Returns the changes that deactivate the access keys of a user.
pub(super) fn key_changes(candidate: &Candidate) -> Vec<(Change, ResourceState)> {
    let keys = candidate.keys.iter().map(|key| {
        let change = Change::DeactivateKey {
            key: key.id.clone(),
        };
        (change, ResourceState::Key(Some(key.status)))
    });
    keys.collect()
}

/// Returns the changes that deactivate every credential of a user, access keys included.
fn credential_changes(candidate: &Candidate) -> Vec<(Change, ResourceState)> {
    let others = candidate.credentials.iter().map(|credential| {
        let change = Change::DeactivateCredential {
            kind: credential.kind,
            id: credential.id.clone(),
        };
        (change, ResourceState::Key(Some(credential.status)))
    });
    key_changes(candidate).into_iter().chain(others).collect()
}

/// The ARN of AWS's policy that denies everything. As a permissions boundary, it denies whatever
/// the policies of the principal and of resources allow.
///
/// Sources: AWS managed policy reference, `AWSDenyAll`; IAM user guide, "Policy evaluation logic":
/// an explicit deny in a permissions boundary wins over every allow.
pub(super) fn deny_all_boundary(principal: &Principal) -> String {
    format!(
        "arn:{}:iam::aws:policy/AWSDenyAll",
        principal.arn().partition_id()
    )
}

/// Checks that Dragnet would plan this change of this principal with this prior state. Changes of
/// inline policies and access keys are not checked here.
///
/// # Errors
/// It would not; the text says why.
pub(super) fn check_identity_change(
    change: &Change,
    prior: &ResourceState,
    principal: &Principal,
) -> Result<(), String> {
    let kind = principal.kind();
    let (expected_kinds, fits): (&[PrincipalKind], bool) = match change {
        Change::DeactivateCredential { .. } => (
            &[PrincipalKind::User],
            matches!(prior, ResourceState::Key(Some(_))),
        ),
        Change::DeleteLoginProfile {} => (
            &[PrincipalKind::User],
            matches!(prior, ResourceState::Present(_)),
        ),
        Change::DeactivateMfa { .. } => (
            &[PrincipalKind::User],
            matches!(prior, ResourceState::Present(true)),
        ),
        Change::BlockAssume { document } => {
            let derived = match prior {
                ResourceState::Trust(Some(trust)) => block_assume(trust),
                _ => return Err("its prior state does not fit its change".to_owned()),
            };
            if derived.as_ref() != Some(document) {
                return Err(
                    "its document is not the trust policy with a statement that denies everybody"
                        .to_owned(),
                );
            }
            (&[PrincipalKind::Role], true)
        }
        Change::Boundary { policy } => {
            if *policy != deny_all_boundary(principal) {
                return Err("its policy is not the one of AWS that denies everything".to_owned());
            }
            (
                &[PrincipalKind::Role, PrincipalKind::User],
                matches!(prior, ResourceState::Boundary(_)),
            )
        }
        _ => return Ok(()),
    };
    if !expected_kinds.contains(&kind) {
        return Err(format!("it does not apply to a {kind}"));
    }
    if !fits {
        return Err("its prior state does not fit its change".to_owned());
    }
    Ok(())
}
