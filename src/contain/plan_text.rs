//! Formats a plan as text.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::change::{Change, ResourceState};
use super::document::{DENY_ALL, are_equivalent};
use super::plan::{Plan, PlannedTarget, Step};
use super::seal::SealedPlan;
use super::warnings::is_obstacle;
use dragnet_model::format::plural;

/// A longer text is shown in full for the first target only.
const LONGEST_REPEATED: usize = 80;

/// The lines of a plan. They contain untrusted text, so the caller must escape them.
pub fn plan_lines(sealed: &SealedPlan) -> Vec<String> {
    let plan = sealed.plan();
    let mut lines = vec![
        format!("Containment plan {}", sealed.short_hash()),
        format!("  reason   {}", plan.reason),
        format!("  created  {:.0} by {}", plan.created, plan.caller),
        format!("  expires  {:.0}", plan.expires),
    ];
    if !plan.forced.is_empty() {
        let forced: Vec<&str> = plan.forced.iter().map(|guard| guard.as_str()).collect();
        lines.push(format!("  FORCED   {}", forced.join(", ")));
    }
    let mut shown = BTreeSet::new();
    for target in &plan.targets {
        lines.push(String::new());
        lines.extend(target_lines(target, &mut shown));
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
            "Could not be read: there may be more to contain".to_owned(),
        ]);
        lines.extend(plan.gaps.iter().map(|gap| format!("  {gap}")));
    }
    if !plan.open_ends.is_empty() {
        lines.extend([
            String::new(),
            "Open ends: what the identities that acted created or obtained, and this plan does not contain"
                .to_owned(),
        ]);
        lines.extend(plan.open_ends.iter().map(|end| format!("  {end}")));
    }
    if !plan.mentioned.is_empty() {
        lines.extend([
            String::new(),
            "Only mentioned, not contained: name the principals that you want to contain"
                .to_owned(),
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
    lines.extend([String::new(), summary_line(plan)]);
    lines
}

/// What applying a plan would do, for the person who confirms it. The lines do not contain the
/// hash, so a person who types it must have read the plan. They contain untrusted text, so the
/// caller must escape them.
pub fn confirmation_lines(plan: &Plan) -> Vec<String> {
    let mut lines = vec![format!(
        "Plan created {:.0} by {}: {}",
        plan.created, plan.caller, plan.reason
    )];
    for target in &plan.targets {
        lines.push(format!(
            "  {} (account {})",
            target.principal,
            target.principal.account()
        ));
        lines.extend(target.steps.iter().map(|step| {
            let restores_access =
                matches!(step.change, Change::RemoveDenyAll { .. }) && !step.is_already_applied();
            let effect = if restores_access {
                " - THIS LETS IT ACT AGAIN"
            } else {
                ""
            };
            format!(
                "    {}. {}{effect} (when planned: {})",
                step.number,
                describe_step(step),
                step.prior.describe()
            )
        }));
        lines.extend(
            target
                .locked_out
                .iter()
                .map(|principal| format!("       cannot assume it any more: {principal}")),
        );
    }
    lines.push(summary_line(plan));
    lines
}

/// Returns a text, or only its beginning if it is long and an earlier target has it too. `shown` are
/// the texts so far.
fn shorten_repeated<'t>(text: &'t str, shown: &mut BTreeSet<&'t str>) -> Cow<'t, str> {
    if shown.insert(text) || text.chars().count() <= LONGEST_REPEATED {
        return Cow::Borrowed(text);
    }
    let beginning: String = text.chars().take(LONGEST_REPEATED / 2).collect();
    let words = beginning
        .rsplit_once(' ')
        .map_or(&*beginning, |(words, _)| words);
    Cow::Owned(format!("{words} … (as above)"))
}

fn target_lines<'t>(target: &'t PlannedTarget, shown: &mut BTreeSet<&'t str>) -> Vec<String> {
    let mut lines = vec![target.principal.to_string()];
    let mut push_values = |name: &str, values: &[String]| {
        if !values.is_empty() {
            lines.push(format!("    {name:<17} {}", values.join(", ")));
        }
    };
    let radius = &target.blast_radius;
    let optional = |text: &str| {
        if text.is_empty() {
            Vec::new()
        } else {
            vec![text.to_owned()]
        }
    };
    push_values("reason", &target.reason.iter().cloned().collect::<Vec<_>>());
    push_values("members", &radius.members);
    push_values("groups", &radius.groups);
    push_values("trusts", &radius.trusted);
    push_values("instance profiles", &radius.instance_profiles);
    push_values("last used", &optional(&radius.last_used));
    push_values("services", &radius.services);
    push_values("looks like", &radius.looks_like);
    push_values("sessions", &radius.sessions);
    push_values("created", &radius.created);
    push_values("could not read", &radius.unknown);
    push_values(
        "policy space left",
        &optional(&format!(
            "{} characters of inline policies",
            target.inline_size_left
        )),
    );
    lines.extend(
        target
            .warnings
            .iter()
            .map(|warning| format!("  ! {}", shorten_repeated(warning, shown))),
    );
    lines.extend(
        target
            .locked_out
            .iter()
            .map(|principal| format!("  - cannot assume it any more: {principal}")),
    );
    lines.extend(target.remaining.iter().map(|possible| {
        let possible = shorten_repeated(possible, shown);
        format!("  ~ after the changes: {possible}")
    }));
    lines.extend(target.steps.iter().map(|step| {
        format!(
            "  {}. {} (now: {})",
            step.number,
            describe_step(step),
            describe_prior(step)
        )
    }));
    lines
}

fn describe_step(step: &Step) -> String {
    if step.is_already_applied() {
        return format!(
            "already in place, nothing to do: {}",
            step.change.describe()
        );
    }
    step.change.describe()
}

fn describe_prior(step: &Step) -> String {
    match &step.prior {
        ResourceState::Policy(Some(document)) if are_equivalent(document, DENY_ALL) => {
            "a policy that denies everything".to_owned()
        }
        ResourceState::Policy(Some(document)) | ResourceState::Trust(Some(document)) => {
            document.clone()
        }
        ResourceState::Boundary(Some(arn)) => arn.clone(),
        prior => prior.describe().to_owned(),
    }
}

/// The number of targets that cannot be contained yet, because the contain role of their account
/// cannot be assumed.
pub fn count_blocked(plan: &Plan) -> usize {
    let targets = plan.targets.iter();
    targets
        .filter(|target| target.warnings.iter().any(|warning| is_obstacle(warning)))
        .count()
}

fn summary_line(plan: &Plan) -> String {
    let changed = plan
        .targets
        .iter()
        .filter(|target| target.has_changes())
        .count();
    let steps = plan
        .steps()
        .filter(|(_, step)| !step.is_already_applied())
        .count();
    let blocked = count_blocked(plan);
    let blocked_note = if blocked == 0 {
        String::new()
    } else {
        format!(
            "; {} cannot be contained yet: see the warnings",
            plural(blocked as u64, "principal")
        )
    };
    format!(
        "{} of {} planned; {} refused{blocked_note}",
        plural(steps as u64, "change"),
        plural(changed as u64, "principal"),
        plan.refused.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_shown_in_full_once() {
        let long = "its sessions stay valid until they expire, because nothing revokes them before that time";
        let mut shown = BTreeSet::new();
        assert_eq!(shorten_repeated(long, &mut shown), long);
        let repeated = "its sessions stay valid until they … (as above)";
        assert_eq!(shorten_repeated(long, &mut shown), repeated);
        for _ in 0..2 {
            assert_eq!(shorten_repeated("it is new", &mut shown), "it is new");
        }
    }
}
