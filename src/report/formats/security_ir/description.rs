//! The description of a case.

use crate::report::account_names::account_with_name;
use crate::report::verdict::verdict;
use crate::report::{RunReport, TopCounts, escape};
use dragnet_model::format::{count, plural};
use dragnet_model::time::rfc3339_ms;

/// Source: `CreateCase`, `description`, in characters.
pub(super) const LONGEST_DESCRIPTION: usize = 8_000;
/// How many accounts, principals and addresses it has.
const MOST_LISTED: usize = 20;

/// Returns the description: the verdict, what was searched, who did it from where, and the first
/// sightings, as far as there is room.
pub(super) fn describe_run(report: &RunReport<'_>, first_sightings: &[String]) -> String {
    let summary = report.summary;
    let window = &summary.window;
    let mut lines = verdict(report);
    lines.push(format!(
        "Window: {} to {}. Run: {}. Caller: {}.",
        rfc3339_ms(window.from),
        rfc3339_ms(window.to),
        summary.run_id,
        summary.caller_arn
    ));
    let name = |account: &str| account_with_name(account, report.names);
    push_counts(&mut lines, "Accounts", report.sightings.by_account(), name);
    for (title, counts) in [
        ("Principals", report.sightings.by_principal()),
        ("Addresses", report.sightings.by_address()),
    ] {
        push_counts(&mut lines, title, counts, str::to_owned);
    }
    if !first_sightings.is_empty() {
        lines.push(String::new());
        lines.push("First sightings:".to_owned());
        lines.extend(first_sightings.iter().map(|line| format!("- {line}")));
    }
    fit(&lines)
}

fn push_counts(
    lines: &mut Vec<String>,
    title: &str,
    counts: &TopCounts,
    describe: impl Fn(&str) -> String,
) {
    let top = counts.top(MOST_LISTED);
    if top.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(format!("{title}:"));
    for (key, number) in &top {
        lines.push(format!(
            "- {}: {}",
            describe(key),
            plural(*number, "sighting")
        ));
    }
    let more = counts.different().saturating_sub(top.len());
    if more > 0 {
        lines.push(format!("- and {} more", count(more as u64)));
    }
}

/// Joins lines as far as the API's limit allows, and says how many were left out.
fn fit(lines: &[String]) -> String {
    // Enough for the sentence about the lines that were left out.
    const RESERVED: usize = 60;
    let mut text = String::new();
    let mut length = 0;
    for (number, line) in lines.iter().enumerate() {
        // The text is for people, who must not be deceived by invisible characters.
        let line = escape(line);
        let needed = line.chars().count() + 1;
        if length + needed + RESERVED > LONGEST_DESCRIPTION {
            let left_out = (lines.len() - number) as u64;
            text.push_str(&plural(left_out, "more line"));
            text.push_str(" left out; see the files of the run.");
            return text;
        }
        length += needed;
        text.push_str(&line);
        text.push('\n');
    }
    text
}
