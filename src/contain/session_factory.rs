//! Creates the sessions with which containment enters accounts. Each may do only what is planned,
//! and only to the planned principals.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::change::{Change, ResourceState};
use super::plan::{PlannedTarget, Step};
use crate::aws::Session;
use crate::model::{AccountId, InvalidArn, Operation, Policy, PrincipalKind};

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
    match (&step.change, purpose) {
        (Change::DeactivateKey { .. }, Purpose::Read) => operations.push(Op::ListAccessKeys),
        (Change::DeactivateKey { .. }, _) => {
            operations.extend([Op::ListAccessKeys, Op::UpdateAccessKey]);
        }
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
        ];
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
                            purpose != Purpose::Read,
                            "{step:?} {kind} {purpose:?}"
                        );
                    }
                }
            }
        }
    }
}
