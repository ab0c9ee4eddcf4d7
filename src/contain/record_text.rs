//! Formats a containment as text: for the terminal, and as Markdown for the documentation of the
//! incident.

use std::fmt::Write as _;

use super::record::Containment;
use super::states::State;
use crate::report::escape;

/// The lines of the state of a containment. They contain untrusted text, so the caller must escape
/// them.
pub fn status_lines(containment: &Containment) -> Vec<String> {
    let mut lines = vec![
        format!(
            "Containment {}: {}",
            containment.id,
            containment.overall_status()
        ),
        format!("  reason   {}", containment.plan.reason),
        format!("  applied  {} by {}", containment.begun, containment.by),
    ];
    lines.extend(
        containment
            .undo_begun
            .as_ref()
            .map(|undo| format!("  undoing  {undo}")),
    );
    for (target, step, state) in containment.steps() {
        lines.push(format!(
            "  {:<17} {}: {}",
            state.as_str(),
            target.principal,
            step.change.describe()
        ));
        let last = containment
            .events
            .iter()
            .rev()
            .find(|event| event.step == step.number);
        if let Some(event) =
            last.filter(|event| !event.detail.is_empty() && state != State::Intended)
        {
            lines.push(format!("      {}", event.detail));
        }
    }
    let counts: Vec<String> = containment
        .counts()
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    lines.push(format!("Steps: {}", counts.join(", ")));
    lines
}

/// The record as Markdown: who, when, why, each step with its history, and what was not contained.
pub fn markdown(containment: &Containment) -> String {
    let plan = &containment.plan;
    let mut text = format!(
        "# Containment {}\n\n| | |\n| --- | --- |\n| standing | **{}** |\n| reason | {} |\n| planned | {:.0} by {} |\n\
         | applied | {} by {} |\n| undo begun | {} |\n| plan's SHA-256 | `{}` |\n",
        containment.id,
        containment.overall_status(),
        cell(&plan.reason),
        plan.created,
        cell(&plan.caller),
        containment.begun,
        cell(&containment.by),
        cell(containment.undo_begun.as_deref().unwrap_or("no")),
        containment.plan_sha256,
    );
    for (target, step, state) in containment.steps() {
        // Writing to a string cannot fail.
        _ = write!(
            text,
            "\n## {}. {}: {state}\n\n{} (before: {})\n\n| when | state | what |\n| --- | --- | --- |\n",
            step.number,
            cell(target.principal.arn().as_str()),
            cell(&step.change.describe()),
            step.prior.describe(),
        );
        for event in containment
            .events
            .iter()
            .filter(|event| event.step == step.number)
        {
            _ = writeln!(
                text,
                "| {:.3} | {} | {} |",
                event.at,
                event.state,
                cell(&event.detail)
            );
        }
    }
    let refused = plan
        .refused
        .iter()
        .map(|refused| format!("{}: {}", refused.principal, refused.reasons.join("; ")));
    let left_out: Vec<String> = refused.chain(plan.gaps.iter().cloned()).collect();
    if !left_out.is_empty() {
        text.push_str("\n## Not contained\n\n");
        for line in left_out {
            _ = writeln!(text, "- {}", cell(&line));
        }
    }
    text
}

/// Escapes untrusted text for a table: it cannot end its column, make a link or be hidden.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for character in escape(text).chars() {
        if "|\\`*_<>[]#".contains(character) {
            cell.push('\\');
        }
        cell.push(character);
    }
    cell
}
