//! Exports a plan for use without Dragnet: as AWS CLI commands, and as policies of the organization
//! for review.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::json;

use super::change::{Change, ResourceState};
use super::document::{DENY_ALL, deny_all_until, deny_sessions_document};
use super::instances::instance_blocks;
use super::plan::{NOT_FOUND, Plan, PlannedTarget, Step};
use super::shell_quote::{quote_document, quote_for_shell};
use crate::aws::{CredentialKind, KeyStatus};
use crate::report::escape_json;
use dragnet_model::{AccountId, Principal, PrincipalKind};

/// The start of the script. `step` runs one command, and goes on if it fails: the other principals
/// are contained anyway.
const SCRIPT_START: &str = "#!/bin/sh
# sh FILE apply|undo: runs the commands of the account whose credentials are set. Read it first.
# For EC2 instances of the principals, if there are any: sh FILE list|snapshot, SECURITY_GROUP=ID sh FILE isolate.
# A command that fails does not stop the others; the last line counts them.
set -u
account=$(aws sts get-caller-identity --query Account --output text) || exit 1
succeeded=0
failed=0
step() {
  description=$1
  shift
  if \"$@\"; then
    succeeded=$((succeeded + 1))
    printf 'done: %s\\n' \"$description\"
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\\n' \"$description\" >&2
  fi
}
case \"${1:-}/$account\" in
";

/// The end of the script: no account matched, or the summary.
const SCRIPT_END: &str = "*)
  echo \"usage: sh FILE apply|undo|list|snapshot|isolate; no '${1:-}' is planned in account $account\" >&2
  exit 1
  ;;
esac
echo \"$succeeded succeeded, $failed failed\" >&2
[ \"$failed\" -eq 0 ]
";

/// A shell script. `sh FILE apply` and `sh FILE undo` run the lines of the account whose
/// credentials are set; more blocks keep the disks of EC2 instances and isolate them.
pub fn shell_script(plan: &Plan) -> String {
    let mut accounts: BTreeMap<AccountId, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for (target, step) in plan.steps().filter(|(_, step)| !step.is_already_applied()) {
        let (apply, undo) = accounts.entry(target.principal.account()).or_default();
        apply.push(step_line("", target, step, &apply_command(target, step)));
        undo.insert(
            0,
            step_line("undo ", target, step, &undo_command(target, step)),
        );
    }
    let mut script = SCRIPT_START.to_owned();
    for (account, (apply, undo)) in &accounts {
        for (verb, lines) in [("apply", apply), ("undo", undo)] {
            // Writing to a string cannot fail.
            _ = writeln!(script, "{verb}/{account})\n  {}\n  ;;", lines.join("\n  "));
        }
    }
    script.push_str(&instance_blocks(plan));
    script.push_str(SCRIPT_END);
    script
}

/// Returns the line that runs a command and reports its result. A comment stays one.
fn step_line(verb: &str, target: &PlannedTarget, step: &Step, command: &str) -> String {
    if command.starts_with('#') {
        return command.to_owned();
    }
    let number = step.number;
    let description = format!(
        "{verb}{number}. {}: {}",
        target.principal,
        step.change.describe()
    );
    format!("step {} {command}", quote_for_shell(&description))
}

fn apply_command(target: &PlannedTarget, step: &Step) -> String {
    let principal = &target.principal;
    match &step.change {
        Change::DenyAll { policy, .. } => {
            put_policy_command(principal, policy, &quote_document(DENY_ALL))
        }
        Change::DenyAllUntil { policy, until } => {
            put_policy_command(principal, policy, &quote_document(&deny_all_until(*until)))
        }
        Change::DenySessions { policy, sessions } => {
            let document = deny_sessions_document(sessions);
            put_policy_command(principal, policy, &quote_document(&document))
        }
        Change::RevokeSessions { policy } => {
            let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"%s"}}}]}"#;
            let now = r#""$(date -u +%Y-%m-%dT%H:%M:%SZ)""#;
            put_policy_command(
                principal,
                policy,
                &format!("\"$(printf {} {now})\"", quote_for_shell(document)),
            )
        }
        Change::RemoveDenyAll { policy } => delete_policy_command(principal, policy),
        Change::DeactivateKey { key } => update_key_command(principal, key, KeyStatus::Inactive),
        Change::DeactivateCredential { kind, id } => {
            update_credential_command(principal, *kind, id, KeyStatus::Inactive)
        }
        Change::DeleteLoginProfile {} => {
            let name = quote_for_shell(principal.name());
            format!("aws iam delete-login-profile --user-name={name}")
        }
        Change::DeactivateMfa { serial } => {
            let name = quote_for_shell(principal.name());
            let serial = quote_for_shell(serial);
            format!("aws iam deactivate-mfa-device --user-name={name} --serial-number={serial}")
        }
        Change::BlockAssume { document } => trust_command(principal, document),
        Change::Boundary { policy } => boundary_command(principal, Some(policy)),
    }
}

fn undo_command(target: &PlannedTarget, step: &Step) -> String {
    let principal = &target.principal;
    match (&step.change, &step.prior) {
        (Change::DeactivateKey { key }, ResourceState::Key(status)) => {
            update_key_command(principal, key, status.unwrap_or(KeyStatus::Active))
        }
        (Change::DeactivateCredential { kind, id }, ResourceState::Key(status)) => {
            let status = status.unwrap_or(KeyStatus::Active);
            update_credential_command(principal, *kind, id, status)
        }
        (Change::DeleteLoginProfile {}, _) => "# a deleted password cannot be restored".to_owned(),
        (Change::DeactivateMfa { .. }, _) => {
            "# a deactivated MFA device must be enabled again with two of its codes".to_owned()
        }
        (Change::BlockAssume { .. }, ResourceState::Trust(Some(document))) => {
            trust_command(principal, document)
        }
        (Change::Boundary { .. }, ResourceState::Boundary(prior)) => {
            boundary_command(principal, prior.as_deref())
        }
        (change, ResourceState::Policy(Some(document))) => put_policy_command(
            principal,
            change.policy().unwrap_or_default(),
            &quote_document(document),
        ),
        (change, _) => delete_policy_command(principal, change.policy().unwrap_or_default()),
    }
}

fn put_policy_command(principal: &Principal, policy: &str, document: &str) -> String {
    let kind = principal.kind();
    let name = quote_for_shell(principal.name());
    let policy = quote_for_shell(policy);
    format!(
        "aws iam put-{kind}-policy --{kind}-name={name} --policy-name={policy} --policy-document={document}"
    )
}

fn delete_policy_command(principal: &Principal, policy: &str) -> String {
    let kind = principal.kind();
    let name = quote_for_shell(principal.name());
    let policy = quote_for_shell(policy);
    format!("aws iam delete-{kind}-policy --{kind}-name={name} --policy-name={policy}")
}

fn update_key_command(principal: &Principal, key: &str, status: KeyStatus) -> String {
    let status = match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    };
    let name = quote_for_shell(principal.name());
    let key = quote_for_shell(key);
    format!("aws iam update-access-key --user-name={name} --access-key-id={key} --status={status}")
}

fn update_credential_command(
    principal: &Principal,
    kind: CredentialKind,
    id: &str,
    status: KeyStatus,
) -> String {
    let (operation, parameter) = match kind {
        CredentialKind::ServiceSpecific => (
            "update-service-specific-credential",
            "service-specific-credential-id",
        ),
        CredentialKind::SshPublicKey => ("update-ssh-public-key", "ssh-public-key-id"),
        CredentialKind::SigningCertificate => ("update-signing-certificate", "certificate-id"),
    };
    let status = match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    };
    let name = quote_for_shell(principal.name());
    let id = quote_for_shell(id);
    format!("aws iam {operation} --user-name={name} --{parameter}={id} --status={status}")
}

fn trust_command(principal: &Principal, document: &str) -> String {
    let name = quote_for_shell(principal.name());
    let document = quote_document(document);
    format!("aws iam update-assume-role-policy --role-name={name} --policy-document={document}")
}

fn boundary_command(principal: &Principal, policy: Option<&str>) -> String {
    let kind = principal.kind();
    let name = quote_for_shell(principal.name());
    match policy {
        Some(policy) => {
            let policy = quote_for_shell(policy);
            format!(
                "aws iam put-{kind}-permissions-boundary --{kind}-name={name} --permissions-boundary={policy}"
            )
        }
        None => format!("aws iam delete-{kind}-permissions-boundary --{kind}-name={name}"),
    }
}

/// A service control policy that denies everything to the planned users and roles, and to refused
/// users of IAM Identity Center whose user id is known. Of a role of which the plan denies single
/// sessions, it denies those. An SCP cannot name groups.
///
/// Sources: Organizations user guide, "SCP syntax"; IAM user guide, `aws:PrincipalArn`,
/// `aws:userid`.
pub fn service_control_policy(plan: &Plan) -> String {
    let principals = wholly_denied(plan);
    let arns: Vec<&str> = principals
        .filter(|principal| principal.kind() != PrincipalKind::Group)
        .map(|principal| principal.arn().as_str())
        .collect();
    let sessions = plan
        .steps()
        .flat_map(|(_, step)| denied_sessions(step))
        .map(String::as_str);
    let refused = plan.refused.iter();
    let user_ids: Vec<&str> = refused
        .filter_map(|refused| refused.user_id.as_deref())
        .chain(sessions)
        .collect();
    let statement = |sid: &str, operator: &str, key: &str, values: &[&str]| {
        json!({
            "Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {operator: {key: values}},
        })
    };
    let statements: Vec<_> = [
        (!arns.is_empty())
            .then(|| statement("DragnetPrincipals", "ArnEquals", "aws:PrincipalArn", &arns)),
        (!user_ids.is_empty())
            .then(|| statement("DragnetUserIds", "StringEquals", "aws:userid", &user_ids)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    escape_json(&format!("{policy:#}\n")).into_owned()
}

/// Returns the principals of which the plan does not only deny single sessions.
fn wholly_denied(plan: &Plan) -> impl Iterator<Item = &Principal> {
    let targets = plan.targets.iter();
    targets
        .filter(|target| {
            let mut steps = target.steps.iter();
            steps.any(|step| denied_sessions(step).is_empty())
        })
        .map(|target| &target.principal)
}

/// Returns the single sessions that a step denies.
fn denied_sessions(step: &Step) -> &[String] {
    match &step.change {
        Change::DenySessions { sessions, .. } => sessions,
        _ => &[],
    }
}

/// The services whose actions a resource control policy denies. AWS supports these in every
/// partition that has such policies, and more in some.
///
/// Source: Organizations user guide, "Resource control policies (RCPs)", list of AWS services that
/// support RCPs.
const RCP_ACTIONS: [&str; 5] = ["kms:*", "s3:*", "secretsmanager:*", "sqs:*", "sts:*"];

/// A resource control policy that denies the planned users and roles access to the resources of
/// the organization, and the requested principals that were not found: they may belong to an
/// account outside of the organization, which no other policy of ours can deny. An RCP cannot name
/// groups.
///
/// Sources: Organizations user guide, "RCP syntax": `Principal` is `*`, and only `Deny` is allowed;
/// IAM user guide, `aws:PrincipalArn`.
pub fn resource_control_policy(plan: &Plan) -> String {
    let planned = wholly_denied(plan).cloned();
    let not_found = plan
        .refused
        .iter()
        .filter(|refused| refused.reasons.iter().any(|reason| reason == NOT_FOUND))
        .filter_map(|refused| refused.principal.parse().ok());
    let principals = planned
        .chain(not_found)
        .filter(|principal: &Principal| principal.kind() != PrincipalKind::Group);
    let arns: BTreeSet<String> = principals
        .map(|principal| principal.arn().as_str().to_owned())
        .collect();
    let statement = json!({
        "Sid": "DragnetPrincipals",
        "Effect": "Deny",
        "Principal": "*",
        "Action": RCP_ACTIONS,
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": arns}},
    });
    let statements = if arns.is_empty() {
        Vec::new()
    } else {
        vec![statement]
    };
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    escape_json(&format!("{policy:#}\n")).into_owned()
}
