//! The record of a containment for the documentation of the incident: in addition to its steps, the
//! evidence against each principal, the verification from logs, the access that remains, and how to
//! undo it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::log_verification::LogVerification;
use super::plan::PlannedTarget;
use super::record::Containment;
use super::record_text::markdown;
use crate::report::escape_markdown;

/// What no containment of this kind stops, whatever the principal is.
///
/// Sources: IAM user guide, "Revoke IAM role temporary security credentials" and "Policy evaluation
/// logic"; STS API reference, `GetCallerIdentity`.
const NOT_STOPPED: [&str; 3] = [
    "sessions that the principal already has in other roles",
    "other principals and credentials that it created: contain them too",
    "the root user of the account, and service-linked roles",
];

/// The record as Markdown. Untrusted text is escaped.
pub fn incident_markdown(containment: &Containment) -> String {
    let mut text = markdown(containment);
    push_targets(&mut text, containment);
    push_calls(&mut text, containment);
    push_log_verification(&mut text, containment.log_verification.as_ref());
    text.push_str("\n## Access that remains\n\n");
    for target in &containment.plan.targets {
        for line in residual_access(target) {
            let principal = escape_markdown(target.principal.arn().as_str());
            push_item(
                &mut text,
                &format!("{principal}: {}", escape_markdown(&line)),
            );
        }
    }
    for line in NOT_STOPPED {
        push_item(&mut text, &format!("Not stopped: {line}"));
    }
    text.push_str("\n## Undo\n\n");
    let undo = containment.undo_started.as_deref();
    match undo {
        Some(undo) => push_item(
            &mut text,
            &format!("undo started {}", escape_markdown(undo)),
        ),
        None => push_item(
            &mut text,
            &format!(
                "`dragnet contain undo {}` restores the prior state of each step",
                containment.id
            ),
        ),
    }
    text
}

/// The record as JSON.
pub fn incident_json(containment: &Containment) -> Value {
    let targets = containment.plan.targets.iter().map(|target| {
        json!({
            "principal": target.principal,
            "id": target.id,
            "evidence": target.reason,
            "warnings": target.warnings,
            "residual_access": residual_access(target),
            "remaining": target.remaining,
        })
    });
    let mut record = containment.to_json();
    record["targets"] = targets.collect();
    record["calls"] = json!(containment.calls);
    record["mentioned"] = json!(containment.plan.mentioned);
    record["open_ends"] = json!(containment.plan.open_ends);
    record["log_verification"] = json!(containment.log_verification);
    record["not_stopped"] = json!(NOT_STOPPED);
    record["undo"] = json!(format!("dragnet contain undo {}", containment.id));
    record
}

/// What a principal may still reach, or what could not be found out about it.
fn residual_access(target: &PlannedTarget) -> Vec<String> {
    let radius = &target.blast_radius;
    let created = radius.created.iter();
    let unknown = radius.unknown.iter();
    created
        .map(|created| format!("it created {created}"))
        .chain(unknown.map(|unknown| format!("unknown: {unknown}")))
        .collect()
}

fn push_targets(text: &mut String, containment: &Containment) {
    text.push_str(
        "\n## Targets\n\n| principal | id | evidence | warnings |\n| --- | --- | --- | --- |\n",
    );
    for target in &containment.plan.targets {
        let evidence = target.reason.as_deref().unwrap_or("named in the plan");
        // Writing to a string cannot fail.
        _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            escape_markdown(target.principal.arn().as_str()),
            escape_markdown(&target.id),
            escape_markdown(evidence),
            escape_markdown(&target.warnings.join("; ")),
        );
    }
}

/// Adds the calls that changed something. Journals of older versions have none.
fn push_calls(text: &mut String, containment: &Containment) {
    if containment.calls.is_empty() {
        return;
    }
    text.push_str("\n## Calls\n\n| time | account | operation | result | request id |\n| --- | --- | --- | --- | --- |\n");
    for call in &containment.calls {
        let status = escape_markdown(&call.status);
        let request_id = escape_markdown(&call.request_id);
        let account = escape_markdown(&call.account);
        let operation = escape_markdown(&call.operation);
        _ = writeln!(
            text,
            "| {} | {account} | {operation} | {status} | {request_id} |",
            call.at
        );
    }
}

fn push_log_verification(text: &mut String, verification: Option<&LogVerification>) {
    text.push_str("\n## Verification from logs\n\n");
    let Some(verification) = verification else {
        push_item(
            text,
            "not verified from logs: `dragnet contain verify ID --from-logs`",
        );
        return;
    };
    push_item(
        text,
        &format!(
            "made {} by the run {}",
            escape_markdown(&verification.at),
            escape_markdown(&verification.run)
        ),
    );
    for principal in &verification.principals {
        let headline = escape_markdown(&principal.headline());
        let arn = escape_markdown(&principal.principal);
        push_item(
            text,
            &format!("**{}** {arn}: {headline}", principal.verdict.as_str()),
        );
        for detail in principal.details() {
            _ = writeln!(text, "  - {}", escape_markdown(&detail));
        }
    }
}

/// Adds an item of a list. The caller escapes untrusted text.
fn push_item(text: &mut String, item: &str) {
    _ = writeln!(text, "- {item}");
}
