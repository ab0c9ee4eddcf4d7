//! The first screen: what was found, how much was covered, and what run this is.

use super::lists::{Counted, Fact, top_counted};
use crate::report::account_names::account_with_name;
use crate::report::page::Style;
use crate::report::verdict::{verdict, verdict_style};
use crate::report::{CoverageCounts, LogGroupCounts, RunReport, RunStatus, Summary};
use dragnet_model::format::{abridged, count, plural};
use dragnet_model::time::{format_ms, rfc3339_ms};

/// How many affected accounts the first screen names.
const MOST_ACCOUNTS: usize = 8;
/// The length of a meter, in units of its view box.
const METER_LENGTH: f64 = 100.0;

/// The first screen. Every text may be untrusted, except the classes.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) class: &'static str,
    /// The first sentence of the verdict.
    pub(super) headline: String,
    /// The others.
    pub(super) sentences: Vec<String>,
    pub(super) findings: String,
    pub(super) findings_word: &'static str,
    pub(super) notes: Vec<String>,
    pub(super) accounts: Vec<Counted>,
    pub(super) has_more_accounts: bool,
    pub(super) more_accounts: String,
    pub(super) coverage: String,
    pub(super) meters: Vec<Meter>,
    pub(super) facts: Vec<Fact>,
}

/// How much of something was covered, as a bar and in words.
#[derive(Debug)]
pub(super) struct Meter {
    pub(super) label: &'static str,
    pub(super) text: String,
    pub(super) parts: Vec<MeterPart>,
}

#[derive(Debug)]
pub(super) struct MeterPart {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) width: String,
}

impl Overview {
    pub(super) fn new(report: &RunReport<'_>) -> Self {
        let summary = report.summary;
        let mut sentences = verdict(report).into_iter();
        let headline = sentences.next().unwrap_or_default();
        let findings = summary.findings();
        let by_account = report.sightings.by_account();
        let more = by_account.different().saturating_sub(MOST_ACCOUNTS);
        Self {
            class: match verdict_style(summary) {
                Style::Good => "good",
                Style::Plain => "plain",
                Style::Bad => "bad",
            },
            headline,
            sentences: sentences.collect(),
            findings: count(findings),
            findings_word: if findings == 1 {
                "sighting"
            } else {
                "sightings"
            },
            notes: notes(report),
            accounts: top_counted(by_account, MOST_ACCOUNTS, |id| {
                account_with_name(id, report.names)
            }),
            has_more_accounts: more > 0,
            more_accounts: plural(more as u64, "account"),
            coverage: coverage_words(report),
            meters: meters(summary),
            facts: facts(summary),
        }
    }
}

/// Returns when the sightings happened, and what to know about them.
fn notes(report: &RunReport<'_>) -> Vec<String> {
    let tally = report.sightings;
    let span = tally.span_ms().map(|(first, last)| {
        [
            format!("First: {}", format_ms(first)),
            format!("Last: {}", format_ms(last)),
        ]
    });
    let numbers = [
        (tally.without_time(), "at no known time"),
        (tally.own_calls(), "more, calls of Dragnet itself"),
        (
            tally.claimed_calls(),
            "look like calls of Dragnet, but no run on this machine made them",
        ),
        (
            tally.untrusted_records(),
            "look like CloudTrail records, but no trail delivered them",
        ),
        (
            tally.differing_copies(),
            "have the id of another record, but say something else",
        ),
    ];
    let remarks = numbers
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, remark)| format!("{} {remark}", count(number)));
    span.into_iter().flatten().chain(remarks).collect()
}

/// Returns whether the coverage is complete, and of what.
fn coverage_words(report: &RunReport<'_>) -> String {
    let summary = report.summary;
    match summary.status {
        RunStatus::Failed => "FAILED".to_owned(),
        RunStatus::Interrupted => "INTERRUPTED".to_owned(),
        RunStatus::Incomplete => "INCOMPLETE".to_owned(),
        RunStatus::Complete if summary.is_about_files_alone() => "All files were read".to_owned(),
        RunStatus::Complete if !report.coverage.accepted().is_empty() => {
            "Complete, except for accepted gaps".to_owned()
        }
        RunStatus::Complete if summary.required.is_all() => "Complete".to_owned(),
        RunStatus::Complete => format!("Complete for {}", summary.required.describe()),
    }
}

fn meters(summary: &Summary) -> Vec<Meter> {
    if summary.is_about_files_alone() {
        return Vec::new();
    }
    vec![
        counts_meter("Accounts", summary.accounts),
        counts_meter("Account-Regions", summary.targets),
        log_groups_meter(summary.log_groups),
    ]
}

fn counts_meter(label: &'static str, counts: CoverageCounts) -> Meter {
    let parts = [
        ("good", counts.swept, "covered"),
        ("accepted", counts.accepted, "accepted"),
        ("partial", counts.partial, "in part"),
        ("gap", counts.denied, "denied"),
        ("gap", counts.failed, "failed"),
    ];
    Meter::new(label, counts.in_scope, &parts)
}

fn log_groups_meter(counts: LogGroupCounts) -> Meter {
    let parts = [
        ("good", counts.searched, "searched"),
        ("good", counts.skipped, "skipped"),
        ("accepted", counts.accepted, "accepted"),
        ("partial", counts.partial, "in part"),
        ("gap", counts.unsearchable, "unsearchable"),
        ("gap", counts.denied, "denied"),
        ("gap", counts.failed, "failed"),
    ];
    Meter::new("Log groups", counts.in_scope, &parts)
}

impl Meter {
    fn new(label: &'static str, total: u64, parts: &[(&'static str, u64, &str)]) -> Self {
        let mut drawn = Vec::new();
        let mut words = Vec::new();
        let mut start = 0.0;
        for &(class, number, word) in parts {
            if number == 0 {
                continue;
            }
            let length = number as f64 / total.max(1) as f64 * METER_LENGTH;
            drawn.push(MeterPart {
                class,
                x: format!("{start:.2}"),
                width: format!("{length:.2}"),
            });
            words.push(format!("{} {word}", count(number)));
            start += length;
        }
        let text = match total {
            0 => "none in scope".to_owned(),
            total => format!("{} in scope: {}", count(total), words.join(", ")),
        };
        Self {
            label,
            text,
            parts: drawn,
        }
    }
}

/// Returns what run this is.
fn facts(summary: &Summary) -> Vec<Fact> {
    let window = &summary.window;
    let caller = match summary.caller_arn.as_str() {
        "" => "none: nothing in AWS was called".to_owned(),
        arn => arn.to_owned(),
    };
    vec![
        Fact::new("Run", summary.run_id.clone()),
        Fact::new("Caller", caller),
        Fact::new("Version", format!("dragnet {}", summary.tool_version)),
        Fact::new("Started", rfc3339_ms(summary.started)),
        Fact::new("Finished", rfc3339_ms(summary.finished)),
        Fact::new("Window from", rfc3339_ms(window.from)),
        Fact::new("Window to", rfc3339_ms(window.to)),
        Fact::new("Searched for", abridged(&summary.looked_for())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meter_is_divided_by_status() {
        let counts = CoverageCounts {
            in_scope: 4,
            swept: 3,
            denied: 1,
            ..CoverageCounts::default()
        };
        let meter = counts_meter("Accounts", counts);
        assert_eq!(meter.text, "4 in scope: 3 covered, 1 denied");
        let parts: Vec<(&str, &str, &str)> = meter
            .parts
            .iter()
            .map(|part| (part.class, part.x.as_str(), part.width.as_str()))
            .collect();
        assert_eq!(
            parts,
            [("good", "0.00", "75.00"), ("gap", "75.00", "25.00")]
        );
        let none = counts_meter("Accounts", CoverageCounts::default());
        assert_eq!(none.text, "none in scope");
    }
}
