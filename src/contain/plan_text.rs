//! Formats a plan as text.

use super::change::{Change, ResourceState};
use super::document::{DENY_ALL, means_same};
use super::plan::{Plan, PlannedTarget, Step};
use super::seal::SealedPlan;
use crate::report::plural;

/// The lines of a plan. They contain untrusted text, so the caller must escape them.
pub fn plan_lines(sealed: &SealedPlan) -> Vec<String> {
    let plan = sealed.plan();
    let mut lines = vec![
        format!("Containment plan {}", sealed.short_hash()),
        format!("  reason   {}", plan.reason),
        format!("  made     {:.0} by {}", plan.created, plan.caller),
        format!("  expires  {:.0}", plan.expires),
    ];
    if !plan.forced.is_empty() {
        let forced: Vec<String> = plan
            .forced
            .iter()
            .map(|guard| format!("{guard:?}"))
            .collect();
        lines.push(format!("  FORCED   {}", forced.join(", ")));
    }
    for target in &plan.targets {
        lines.push(String::new());
        lines.extend(target_lines(target));
    }
    if !plan.refused.is_empty() {
        lines.extend([String::new(), "Not contained".to_owned()]);
        for refused in &plan.refused {
            lines.push(format!("  {}", refused.principal));
            lines.extend(refused.reasons.iter().map(|reason| format!("    {reason}")));
        }
    }
    if !plan.gaps.is_empty() {
        lines.extend([
            String::new(),
            "Not looked at: there may be more to contain".to_owned(),
        ]);
        lines.extend(plan.gaps.iter().map(|gap| format!("  {gap}")));
    }
    if !plan.mentioned.is_empty() {
        lines.extend([
            String::new(),
            "Mentioned, and not contained: name those that you mean".to_owned(),
        ]);
        for mentioned in &plan.mentioned {
            lines.push(format!("  {}", mentioned.principal));
            lines.extend(
                mentioned
                    .reasons
                    .iter()
                    .map(|reason| format!("    {reason}")),
            );
        }
    }
    lines.extend([String::new(), summary(plan)]);
    lines
}

/// What applying a plan would do, for the person who confirms it. The lines do not contain the
/// hash, so a person who types it must have read the plan. They contain untrusted text, so the
/// caller must escape them.
pub fn confirmation_lines(plan: &Plan) -> Vec<String> {
    let mut lines = vec![format!(
        "Plan of {:.0} by {}: {}",
        plan.created, plan.caller, plan.reason
    )];
    for target in &plan.targets {
        lines.push(format!(
            "  {} (account {})",
            target.principal,
            target.principal.account()
        ));
        lines.extend(target.steps.iter().map(|step| {
            let frees =
                matches!(step.change, Change::RemoveDenyAll { .. }) && !step.is_already_made();
            let effect = if frees {
                " - THIS LETS IT ACT AGAIN"
            } else {
                ""
            };
            format!(
                "    {}. {}{effect} (the plan saw: {})",
                step.number,
                what(step),
                step.prior.describe()
            )
        }));
    }
    lines.push(summary(plan));
    lines
}

fn target_lines(target: &PlannedTarget) -> Vec<String> {
    let mut lines = vec![target.principal.to_string()];
    let mut fact = |name: &str, values: &[String]| {
        if !values.is_empty() {
            lines.push(format!("    {name:<14} {}", values.join(", ")));
        }
    };
    let radius = &target.blast_radius;
    let list = |text: &str| {
        if text.is_empty() {
            Vec::new()
        } else {
            vec![text.to_owned()]
        }
    };
    fact("reason", &target.reason.iter().cloned().collect::<Vec<_>>());
    fact("members", &radius.members);
    fact("in groups", &radius.groups);
    fact("trusts", &radius.trusted);
    fact("on instances", &radius.instance_profiles);
    fact("last used", &list(&radius.last_used));
    fact("services", &radius.services);
    fact("looks like", &radius.looks_like);
    fact("created", &radius.created);
    fact("not known", &radius.unknown);
    fact(
        "room left",
        &list(&format!(
            "{} characters of inline policies",
            target.inline_size_left
        )),
    );
    lines.extend(
        target
            .warnings
            .iter()
            .map(|warning| format!("  ! {warning}")),
    );
    lines.extend(
        target
            .steps
            .iter()
            .map(|step| format!("  {}. {} (now: {})", step.number, what(step), prior(step))),
    );
    lines
}

fn what(step: &Step) -> String {
    if step.is_already_made() {
        return format!(
            "already contained, nothing to do: {}",
            step.change.describe()
        );
    }
    step.change.describe()
}

fn prior(step: &Step) -> String {
    match &step.prior {
        ResourceState::Policy(Some(document)) if means_same(document, DENY_ALL) => {
            "it denies everything".to_owned()
        }
        ResourceState::Policy(Some(document)) => document.clone(),
        prior => prior.describe().to_owned(),
    }
}

fn summary(plan: &Plan) -> String {
    let changed = plan
        .targets
        .iter()
        .filter(|target| target.changes_something())
        .count();
    let steps = plan
        .steps()
        .filter(|(_, step)| !step.is_already_made())
        .count();
    format!(
        "{} of {} to make; {} refused",
        plural(steps as u64, "change"),
        plural(changed as u64, "principal"),
        plan.refused.len()
    )
}
