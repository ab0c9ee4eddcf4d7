//! Exports a plan for use without Dragnet: as AWS CLI commands, and as a service control policy for
//! review.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::change::{Change, ResourceState};
use super::document::DENY_ALL;
use super::plan::{Plan, PlannedTarget, Step};
use crate::aws::KeyStatus;
use crate::model::{AccountId, Principal, PrincipalKind};

/// A shell script. `sh FILE apply` and `sh FILE undo` run the lines of the account whose
/// credentials are set.
pub fn shell_script(plan: &Plan) -> String {
    let mut accounts: BTreeMap<AccountId, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for (target, step) in plan.steps().filter(|(_, step)| !step.is_already_applied()) {
        let (apply, undo) = accounts.entry(target.principal.account()).or_default();
        apply.push(apply_command(target, step));
        undo.insert(0, undo_command(target, step));
    }
    let mut script = String::from(
        "#!/bin/sh\n\
         # sh FILE apply|undo: runs the commands of the account whose credentials are set. Read it first.\n\
         set -eu\n\
         account=$(aws sts get-caller-identity --query Account --output text)\n\
         case \"${1:-}/$account\" in\n",
    );
    for (account, (apply, undo)) in &accounts {
        for (verb, lines) in [("apply", apply), ("undo", undo)] {
            // Writing to a string cannot fail.
            _ = writeln!(script, "{verb}/{account})\n  {}\n  ;;", lines.join("\n  "));
        }
    }
    script.push_str(
        "*)\n  echo \"usage: sh FILE apply|undo; no '${1:-}' is planned in account $account\" >&2\n  exit 1\n  ;;\nesac\n",
    );
    script
}

fn apply_command(target: &PlannedTarget, step: &Step) -> String {
    let principal = &target.principal;
    match &step.change {
        Change::DenyAll { policy, .. } => {
            put_policy_command(principal, policy, &quote_for_shell(DENY_ALL))
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
    }
}

fn undo_command(target: &PlannedTarget, step: &Step) -> String {
    let principal = &target.principal;
    match (&step.change, &step.prior) {
        (Change::DeactivateKey { key }, ResourceState::Key(status)) => {
            update_key_command(principal, key, status.unwrap_or(KeyStatus::Active))
        }
        (change, ResourceState::Policy(Some(document))) => put_policy_command(
            principal,
            change.policy().unwrap_or_default(),
            &quote_for_shell(document),
        ),
        (change, _) => delete_policy_command(principal, change.policy().unwrap_or_default()),
    }
}

fn put_policy_command(principal: &Principal, policy: &str, document: &str) -> String {
    let kind = principal.kind();
    let name = quote_for_shell(principal.name());
    let policy = quote_for_shell(policy);
    format!(
        "aws iam put-{kind}-policy --{kind}-name {name} --policy-name {policy} --policy-document {document}"
    )
}

fn delete_policy_command(principal: &Principal, policy: &str) -> String {
    let kind = principal.kind();
    let name = quote_for_shell(principal.name());
    let policy = quote_for_shell(policy);
    format!("aws iam delete-{kind}-policy --{kind}-name {name} --policy-name {policy}")
}

fn update_key_command(principal: &Principal, key: &str, status: KeyStatus) -> String {
    let status = match status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    };
    let name = quote_for_shell(principal.name());
    let key = quote_for_shell(key);
    format!("aws iam update-access-key --user-name {name} --access-key-id {key} --status {status}")
}

/// Quotes any text as one word of the shell.
fn quote_for_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A service control policy that denies everything to the planned users and roles, and to refused
/// users of IAM Identity Center whose user id is known. An SCP cannot name groups.
///
/// Sources: Organizations user guide, "SCP syntax"; IAM user guide, `aws:PrincipalArn`,
/// `aws:userid`.
pub fn service_control_policy(plan: &Plan) -> String {
    let principals = plan.targets.iter().map(|target| &target.principal);
    let arns: Vec<&str> = principals
        .filter(|principal| principal.kind() != PrincipalKind::Group)
        .map(|principal| principal.arn().as_str())
        .collect();
    let user_ids: Vec<&str> = plan
        .refused
        .iter()
        .filter_map(|refused| refused.user_id.as_deref())
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
    format!("{policy:#}\n")
}
