//! Formats a containment as text: for the terminal, and as Markdown for the documentation of the
//! incident.

use std::fmt::Write as _;

use super::plan::{Plan, Step};
use super::record::Containment;
use super::states::State;
use crate::report::escape_markdown;

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
        format!(
            "  applied  {} by {}",
            containment.applied_at, containment.applied_by
        ),
    ];
    lines.extend(
        containment
            .undo_started
            .as_ref()
            .map(|undo| format!("  undo     {undo}")),
    );
    for (target, step, state) in containment.steps() {
        lines.push(format!(
            "  {:<17} {}: {}",
            state.as_str(),
            target.principal,
            describe_step(step, state)
        ));
        let last = containment.last_event(step.number);
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

/// Describes the change of a step or, once its undo has started, how it is undone.
fn describe_step(step: &Step, state: State) -> String {
    match state {
        State::Undoing
        | State::Undone
        | State::UndoDrifted
        | State::Stuck
        | State::Irreversible => step.describe_undo(),
        _ => step.change.describe(),
    }
}

/// The record as Markdown: who, when, why, each step with its history, and what was not contained.
pub fn markdown(containment: &Containment) -> String {
    let plan = &containment.plan;
    let mut text = format!(
        "# Containment {}\n\n| | |\n| --- | --- |\n| status | **{}** |\n| reason | {} |\n| planned | {:.0} by {} |\n\
         | applied | {} by {} |\n| undo started | {} |\n| SHA-256 of the plan | `{}` |\n",
        containment.id,
        containment.overall_status(),
        escape_markdown(&plan.reason),
        plan.created,
        escape_markdown(&plan.caller),
        containment.applied_at,
        escape_markdown(&containment.applied_by),
        escape_markdown(containment.undo_started.as_deref().unwrap_or("no")),
        containment.plan_sha256,
    );
    for (target, step, state) in containment.steps() {
        // Writing to a string cannot fail.
        _ = write!(
            text,
            "\n## {}. {}: {state}\n\n{} (before: {})\n\n| time | state | detail |\n| --- | --- | --- |\n",
            step.number,
            escape_markdown(target.principal.arn().as_str()),
            escape_markdown(&step.change.describe()),
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
                escape_markdown(&event.detail)
            );
        }
    }
    push_remaining(&mut text, plan);
    let refused = plan
        .refused
        .iter()
        .map(|refused| format!("{}: {}", refused.principal, refused.reasons.join("; ")));
    let unread = plan.gaps.iter().chain(&plan.open_ends).cloned();
    let not_contained: Vec<String> = refused.chain(unread).collect();
    if !not_contained.is_empty() {
        text.push_str("\n## Not contained\n\n");
        for line in not_contained {
            _ = writeln!(text, "- {}", escape_markdown(&line));
        }
    }
    text
}

/// Appends what remains possible after the changes, as the plan recorded it.
fn push_remaining(text: &mut String, plan: &Plan) {
    if plan
        .targets
        .iter()
        .all(|target| target.remaining.is_empty())
    {
        return;
    }
    text.push_str("\n## Possible after the changes\n\n");
    for target in &plan.targets {
        for possible in &target.remaining {
            // Writing to a string cannot fail.
            _ = writeln!(
                text,
                "- {}: {}",
                escape_markdown(target.principal.arn().as_str()),
                escape_markdown(possible)
            );
        }
    }
}
