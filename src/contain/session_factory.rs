//! Creates the sessions with which containment enters accounts. Each may do only what is planned,
//! and only to the planned principals.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::change::{Change, ResourceState};
use super::plan::{PlannedTarget, Step};
use crate::aws::{CredentialKind, Session};
use dragnet_model::{AccountId, InvalidArn, Operation, Policy, PrincipalKind};

/// Creates a session of the contain role in an account, limited by a session policy.
pub type SessionFactory<'a> = &'a dyn Fn(AccountId, Policy) -> Result<Arc<Session>, InvalidArn>;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To make the changes.
    Apply,
    /// To restore the prior state.
    Undo,
    /// To read only.
    Read,
}

/// Targets of one account, with the policy of their session.
pub(super) struct Batch<'a> {
    pub account: AccountId,
    pub targets: Vec<&'a PlannedTarget>,
    pub policy: Policy,
}

/// Splits targets into batches whose policies fit a session policy: 2,048 characters, about twenty
/// ARNs.
pub(super) fn split_into_batches<'a>(
    targets: impl IntoIterator<Item = &'a PlannedTarget>,
    purpose: Purpose,
) -> Vec<Batch<'a>> {
    let mut batches: Vec<Batch<'a>> = Vec::new();
    for target in targets {
        let account = target.principal.account();
        if let Some(last) = batches.last_mut().filter(|last| last.account == account) {
            let joined: Vec<_> = last.targets.iter().copied().chain([target]).collect();
            let policy = session_policy(&joined, purpose);
            if policy.to_string().len() <= Policy::SESSION_LIMIT {
                last.targets = joined;
                last.policy = policy;
                continue;
            }
        }
        batches.push(Batch {
            account,
            targets: vec![target],
            policy: session_policy(&[target], purpose),
        });
    }
    batches
}

fn session_policy(targets: &[&PlannedTarget], purpose: Purpose) -> Policy {
    let steps = targets.iter().flat_map(|target| {
        target
            .steps
            .iter()
            .map(|step| (target.principal.kind(), step))
    });
    let operations: BTreeSet<_> = steps
        .flat_map(|(kind, step)| required_operations(kind, step, purpose))
        .collect();
    let operations: Vec<_> = operations.into_iter().collect();
    let principals: Vec<String> = targets
        .iter()
        .map(|target| target.principal.to_string())
        .collect();
    Policy::for_operations(&operations).with_resources(&principals)
}

fn required_operations(kind: PrincipalKind, step: &Step, purpose: Purpose) -> Vec<Operation> {
    use Operation as Op;
    let (get, read, put, delete) = match kind {
        PrincipalKind::Role => (
            Op::GetRole,
            Op::GetRolePolicy,
            Op::PutRolePolicy,
            Op::DeleteRolePolicy,
        ),
        PrincipalKind::User => (
            Op::GetUser,
            Op::GetUserPolicy,
            Op::PutUserPolicy,
            Op::DeleteUserPolicy,
        ),
        PrincipalKind::Group => (
            Op::GetGroup,
            Op::GetGroupPolicy,
            Op::PutGroupPolicy,
            Op::DeleteGroupPolicy,
        ),
    };
    let mut operations = vec![get];
    let identity_operations = identity_operations(kind, step, purpose);
    match (&step.change, purpose) {
        _ if !identity_operations.is_empty() => operations.extend(identity_operations),
        (_, Purpose::Read) => operations.push(read),
        (Change::RemoveDenyAll { .. }, Purpose::Apply) => operations.extend([read, delete]),
        (_, Purpose::Undo) if step.prior == ResourceState::Policy(None) => {
            operations.extend([read, delete]);
        }
        (_, Purpose::Apply | Purpose::Undo) => operations.extend([read, put]),
    }
    if purpose != Purpose::Undo && kind != PrincipalKind::Group {
        operations.push(Op::SimulatePrincipalPolicy);
    }
    operations
}

/// Returns the operations of a step that does not change an inline policy; none if it does.
fn identity_operations(kind: PrincipalKind, step: &Step, purpose: Purpose) -> Vec<Operation> {
    use Operation as Op;
    let (read, write) = match &step.change {
        Change::DeactivateKey { .. } => (Op::ListAccessKeys, Op::UpdateAccessKey),
        Change::DeactivateCredential { kind, .. } => match kind {
            CredentialKind::ServiceSpecific => (
                Op::ListServiceSpecificCredentials,
                Op::UpdateServiceSpecificCredential,
            ),
            CredentialKind::SshPublicKey => (Op::ListSSHPublicKeys, Op::UpdateSSHPublicKey),
            CredentialKind::SigningCertificate => {
                (Op::ListSigningCertificates, Op::UpdateSigningCertificate)
            }
        },
        Change::DeleteLoginProfile {} => (Op::GetLoginProfile, Op::DeleteLoginProfile),
        Change::DeactivateMfa { .. } => (Op::ListMFADevices, Op::DeactivateMFADevice),
        Change::BlockAssume { .. } => (Op::GetRole, Op::UpdateAssumeRolePolicy),
        Change::Boundary { .. } => boundary_operations(kind, step, purpose),
        Change::DenyAll { .. }
        | Change::DenyAllUntil { .. }
        | Change::DenySessions { .. }
        | Change::RevokeSessions { .. }
        | Change::RemoveDenyAll { .. } => return Vec::new(),
    };
    let writes = match purpose {
        Purpose::Apply => true,
        Purpose::Undo => step.change.can_be_undone(),
        Purpose::Read => false,
    };
    if writes {
        vec![read, write]
    } else {
        vec![read]
    }
}

/// Returns the operations that read and write a permissions boundary. A group has none.
fn boundary_operations(
    kind: PrincipalKind,
    step: &Step,
    purpose: Purpose,
) -> (Operation, Operation) {
    use Operation as Op;
    let sets = purpose != Purpose::Undo || matches!(step.prior, ResourceState::Boundary(Some(_)));
    match (kind, sets) {
        (PrincipalKind::Role, true) => (Op::GetRole, Op::PutRolePermissionsBoundary),
        (PrincipalKind::Role, false) => (Op::GetRole, Op::DeleteRolePermissionsBoundary),
        (_, true) => (Op::GetUser, Op::PutUserPermissionsBoundary),
        (_, false) => (Op::GetUser, Op::DeleteUserPermissionsBoundary),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_operations_are_within_the_contain_role() {
        let changes = [
            Change::DenyAll {
                policy: "DenyAll".to_owned(),
                document: String::new(),
            },
            Change::RevokeSessions {
                policy: "R".to_owned(),
            },
            Change::DeactivateKey {
                key: "AKIA".to_owned(),
            },
            Change::RemoveDenyAll {
                policy: "DenyAll".to_owned(),
            },
            Change::DeleteLoginProfile {},
            Change::DeactivateMfa {
                serial: "arn:aws:iam::111111111111:mfa/eve".to_owned(),
            },
            Change::BlockAssume {
                document: String::new(),
            },
            Change::Boundary {
                policy: String::new(),
            },
        ];
        let credentials = CredentialKind::ALL.map(|kind| Change::DeactivateCredential {
            kind,
            id: "ACCA".to_owned(),
        });
        let changes = changes.into_iter().chain(credentials);
        for change in changes {
            for prior in [
                ResourceState::Policy(None),
                ResourceState::Policy(Some(String::new())),
            ] {
                let step = Step {
                    number: 1,
                    change: change.clone(),
                    prior,
                };
                for kind in PrincipalKind::ALL {
                    for purpose in [Purpose::Apply, Purpose::Undo, Purpose::Read] {
                        let operations = required_operations(kind, &step, purpose);
                        assert!(
                            operations
                                .iter()
                                .all(|operation| Operation::CONTAIN.contains(operation))
                        );
                        let writes = operations
                            .iter()
                            .any(|operation| !operation.as_str().starts_with(['G', 'L', 'S']));
                        assert_eq!(
                            writes,
                            purpose == Purpose::Apply
                                || (purpose == Purpose::Undo && step.change.can_be_undone()),
                            "{step:?} {kind} {purpose:?}"
                        );
                    }
                }
            }
        }
    }
}
