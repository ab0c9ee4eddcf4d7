//! The run report: the text that is printed at the end of a run.
//!
//! Its sections are in the order of a responder's questions: what was searched for, what was found,
//! what was not covered, and where the files are. The verdict comes last, because it stays visible
//! on the screen.

use std::io::{self, Write};

use super::evidence::{
    account_with_name, write_hour_gaps, write_source_gaps, write_tampering_calls,
};
use super::page::{Page, Style, TerminalPage, WIDTH};
use super::verdict::verdict;
use super::wrap::wrap;
use super::{
    AccountNames, CoverageCounts, CoverageTally, EvidenceTally, Gap, HuntSummary, InsightsUse,
    LogGroupCounts, NEVER_IN_LOGS, RunStatus, SightingTally, Summary, TopCounts, abridged, bytes,
    count, escape, kind_counts, money, plural, time,
};
use crate::config::RejectedEntries;
use dragnet_model::SlowedRate;
use dragnet_model::time::rfc3339_ms;

/// How many accounts, principals or addresses are named.
const MOST_LISTED: usize = 10;

/// How many reasons for gaps are named.
const MOST_REASONS: usize = 5;

/// The content of a run report.
#[derive(Clone, Copy, Debug)]
pub struct RunReport<'a> {
    /// The run in numbers.
    pub summary: &'a Summary,
    /// The sightings, counted.
    pub sightings: &'a SightingTally,
    /// The coverage, counted.
    pub coverage: &'a CoverageTally,
    /// The log sources and the trail integrity findings, counted.
    pub evidence: &'a EvidenceTally,
    /// The names of the accounts.
    pub names: &'a AccountNames,
    /// The directory of the run.
    pub directory: &'a str,
    /// The files in the directory.
    pub files: &'a [String],
    /// The SHA-256 hash of the manifest in hex, if there is a manifest.
    pub manifest_sha256: Option<&'a str>,
    /// Whether to use colour.
    pub color: bool,
}

/// Writes the run report for a terminal of 80 columns.
///
/// # Errors
/// Returns an error if `out` cannot be written.
pub fn write_run_report(report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = TerminalPage {
        out,
        color: report.color,
    };
    write_sections(report, &mut page)?;
    page.heading("Files", Style::Plain)?;
    page.item("in", report.directory)?;
    page.item("", &report.files.join(" "))?;
    if let Some(sha256) = report.manifest_sha256 {
        page.item("manifest.json", "SHA-256, for the ticket:")?;
        // At the left edge, so that it fits on one line.
        page.line(&format!("  {sha256}"))?;
    }
    page.line("")?;
    let style = verdict_style(report.summary);
    let lines = verdict(report);
    lines
        .iter()
        .flat_map(|line| wrap(&escape(line), WIDTH))
        .try_for_each(|line| page.styled_line(&line, style))
}

pub(super) fn verdict_style(summary: &Summary) -> Style {
    match (summary.status, summary.has_findings()) {
        (RunStatus::Complete, false) => Style::Good,
        (RunStatus::Complete, _) => Style::Plain,
        _ => Style::Bad,
    }
}

/// Writes all sections except the files and the verdict. `report.html` has the same sections.
pub(super) fn write_sections(report: &RunReport<'_>, page: &mut dyn Page) -> io::Result<()> {
    let coverage = report.coverage;
    write_facts(page, report)?;
    write_sightings(page, report)?;
    write_hunts(page, &report.summary.hunts)?;
    write_tampering_calls(page, &report.evidence.tampering, report.names)?;
    let (fixable, lost): (Vec<Gap>, Vec<Gap>) =
        coverage.gaps().into_iter().partition(|gap| gap.is_fixable);
    write_gaps(page, "Not covered: can be fixed", Style::Bad, &fixable)?;
    write_gaps(
        page,
        "Not covered: not searchable by anyone",
        Style::Bad,
        &lost,
    )?;
    write_gaps(
        page,
        "Not covered, but accepted",
        Style::Plain,
        &coverage.accepted(),
    )?;
    write_gaps(page, "Out of scope", Style::Plain, &coverage.out_of_scope())?;
    write_source_gaps(page, &report.evidence.sources, report.names)?;
    write_hour_gaps(page, &report.evidence.hour_gaps, report.names)
}

fn write_facts(page: &mut dyn Page, report: &RunReport<'_>) -> io::Result<()> {
    let summary = report.summary;
    let window = &summary.window;
    page.item("Searched for", &abridged(&summary.looked_for()))?;
    if !summary.indicators.is_empty() {
        let kinds = summary.indicators.iter().map(|one| one.kind.as_str());
        page.item("Kinds", &kind_counts(kinds))?;
    }
    for list in &summary.rejected_entries {
        write_rejected_entries(page, list)?;
    }
    for line in &summary.not_looked_for {
        page.item("Not searched for", line)?;
    }
    page.item(
        "Window",
        &format!("{} to {}", rfc3339_ms(window.from), rfc3339_ms(window.to)),
    )?;
    page.item("Required", &required_kinds(summary))?;
    page.item("Accounts", &coverage_counts(summary.accounts))?;
    page.item("Account-Regions", &coverage_counts(summary.targets))?;
    page.item("Log groups", &log_group_counts(summary.log_groups))?;
    page.item("Never in logs", &NEVER_IN_LOGS.join(", "))?;
    write_usage(page, summary)?;
    if summary.rates.is_empty() {
        return Ok(());
    }
    let rates: Vec<String> = summary
        .rates
        .iter()
        .map(|rate| slowed_rate(rate, report.names))
        .collect();
    page.item("Slowed down", &abridged(&rates))
}

fn required_kinds(summary: &Summary) -> String {
    if summary.required.is_all() {
        "all kinds of logs".to_owned()
    } else {
        format!(
            "{} (--require all: every log group)",
            summary.required.describe()
        )
    }
}

/// Writes how much was read, with how many calls and at what cost.
fn write_usage(page: &mut dyn Page, summary: &Summary) -> io::Result<()> {
    let calls: u64 = summary.api_calls.values().sum();
    let throttled: u64 = summary.throttled.values().sum();
    page.item(
        "Read",
        &format!(
            "{}, {}; {}, {} throttled",
            plural(summary.events_examined, "event"),
            bytes(summary.bytes_scanned),
            plural(calls, "AWS call"),
            count(throttled)
        ),
    )?;
    let InsightsUse {
        queries,
        bytes_scanned,
        cost_usd,
    } = summary.insights;
    let queries = match queries {
        0 => return Ok(()),
        1 => "1 query".to_owned(),
        more => format!("{} queries", count(more)),
    };
    page.item(
        "Insights",
        &format!(
            "{queries} scanned {}, {} at list prices",
            bytes(bytes_scanned),
            money(cost_usd)
        ),
    )
}

/// Writes the entries of a list that were not searched for, the first of them with the reason.
fn write_rejected_entries(page: &mut dyn Page, list: &RejectedEntries) -> io::Result<()> {
    page.item("Not searched for", &list.sentence())?;
    for entry in list.shown() {
        page.item("", entry)?;
    }
    match list.entries.len() - list.shown().len() {
        0 => Ok(()),
        more => page.item("", &format!("and {more} more, in summary.json")),
    }
}

fn slowed_rate(rate: &SlowedRate, names: &AccountNames) -> String {
    let account = rate
        .account
        .map(|account| format!("{} ", account_with_name(&account.to_string(), names)))
        .unwrap_or_default();
    format!(
        "{} in {account}{} to {:.1} of {:.1} calls/s",
        rate.operation, rate.region, rate.slowest, rate.allowed
    )
}

fn write_hunts(page: &mut dyn Page, hunts: &[HuntSummary]) -> io::Result<()> {
    if hunts.is_empty() {
        return Ok(());
    }
    let has_rows = hunts.iter().any(|hunt| hunt.rows > 0);
    let style = if has_rows { Style::Bad } else { Style::Plain };
    page.heading("Hunts", style)?;
    hunts
        .iter()
        .try_for_each(|hunt| page.item("", &hunt.sentence()))
}

fn coverage_counts(counts: CoverageCounts) -> String {
    let parts = [
        (counts.swept, "swept"),
        (counts.partial, "partial"),
        (counts.denied, "denied"),
        (counts.failed, "failed"),
        (counts.accepted, "accepted"),
    ];
    let in_scope = counts_by_status(counts.in_scope, &parts);
    match counts.out_of_scope {
        0 => in_scope,
        more => format!("{in_scope}; {} out of scope", count(more)),
    }
}

fn log_group_counts(counts: LogGroupCounts) -> String {
    let parts = [
        (counts.searched, "searched"),
        (counts.partial, "partial"),
        (counts.skipped, "skipped"),
        (counts.unsearchable, "unsearchable"),
        (counts.denied, "denied"),
        (counts.failed, "failed"),
        (counts.accepted, "accepted"),
    ];
    counts_by_status(counts.in_scope, &parts)
}

fn counts_by_status(in_scope: u64, parts: &[(u64, &str)]) -> String {
    let statuses: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", count(*number)))
        .collect();
    if statuses.is_empty() {
        "none".to_owned()
    } else {
        format!("{} in scope: {}", count(in_scope), statuses.join(", "))
    }
}

fn write_sightings(page: &mut dyn Page, report: &RunReport<'_>) -> io::Result<()> {
    let tally = report.sightings;
    let own_calls = tally.own_calls();
    let Some((first, last)) = tally.span_ms() else {
        if own_calls > 0 {
            page.heading("Found: only calls of Dragnet itself", Style::Plain)?;
            let number = plural(own_calls, "sighting");
            page.item("", &format!("{number} with `self` = true"))?;
        }
        return Ok(());
    };
    let title = format!("Found: {}", plural(tally.findings(), "sighting"));
    page.heading(&title, Style::Bad)?;
    page.item("between", &format!("{} and {}", time(first), time(last)))?;
    if own_calls > 0 {
        let more = count(own_calls);
        page.item(
            "",
            &format!("{more} more are calls of Dragnet itself (`self` = true)"),
        )?;
    }
    for (number, description) in [
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
    ] {
        if number > 0 {
            page.item("", &format!("{} of them {description}", count(number)))?;
        }
    }
    write_top_counts(page, "by account", tally.by_account(), |id| {
        account_with_name(id, report.names)
    })?;
    write_top_counts(page, "by principal", tally.by_principal(), str::to_owned)?;
    write_top_counts(page, "by address", tally.by_address(), str::to_owned)?;
    if report.summary.indicators.len() > 1 {
        write_top_counts(page, "by indicator", tally.by_indicator(), str::to_owned)?;
    }
    Ok(())
}

fn write_top_counts(
    page: &mut dyn Page,
    label: &str,
    counts: &TopCounts,
    describe: impl Fn(&str) -> String,
) -> io::Result<()> {
    let mut label = label;
    for (key, number) in counts.top(MOST_LISTED) {
        page.row(label, &format!("{:>9}  ", count(number)), &describe(key))?;
        label = "";
    }
    match counts.different().saturating_sub(MOST_LISTED) {
        0 => Ok(()),
        more => page.row("", &format!("{:>9}  ", ""), &format!("and {more} more")),
    }
}

pub(super) fn write_gaps(
    page: &mut dyn Page,
    title: &str,
    style: Style,
    gaps: &[Gap],
) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    page.heading(title, style)?;
    for gap in gaps.iter().take(MOST_REASONS) {
        page.item(
            gap.status.as_str(),
            &format!("{}: {}", gap.size(), gap.reason),
        )?;
        let more = gap.rows.total().saturating_sub(gap.examples.len() as u64);
        let rest = if more > 0 {
            format!(" and {} more", count(more))
        } else {
            String::new()
        };
        page.item("", &format!("{}{rest}", gap.examples.join(", ")))?;
    }
    match gaps.len().saturating_sub(MOST_REASONS) {
        0 => Ok(()),
        more => page.item("", &format!("and {more} more reasons, all in coverage.csv")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{self, coverage_row, sighting, written};
    use dragnet_model::{Coverage, Outcome, Reason, Status};

    fn report_text(status: RunStatus, rows: &[Coverage], found: usize) -> String {
        let mut coverage = CoverageTally::default();
        let mut sightings = SightingTally::default();
        for row in rows {
            coverage.add(row);
        }
        for number in 0..found {
            let mut sighting = sighting("");
            sighting.details.identity.arn =
                format!("arn:aws:iam::111111111111:user/{}", number % 12).into();
            sightings.add(&sighting);
        }
        let summary = Summary {
            accounts: coverage.accounts(),
            targets: coverage.targets(),
            log_groups: coverage.log_groups(),
            sightings: sightings.total(),
            events_examined: coverage.events(),
            bytes_scanned: coverage.bytes(),
            ..testing::summary(status)
        };
        let report = RunReport {
            summary: &summary,
            sightings: &sightings,
            coverage: &coverage,
            evidence: &EvidenceTally::default(),
            names: &AccountNames::from([("111111111111".to_owned(), "pro\u{202e}d".to_owned())]),
            directory: "runs/20260302T120000Z-3f9a",
            files: &[
                "run.db",
                "sightings.csv",
                "coverage.csv",
                "summary.json",
                "manifest.json",
            ]
            .map(str::to_owned),
            manifest_sha256: Some(&"5d5766cf".repeat(8)),
            color: false,
        };
        let text = written(|out| write_run_report(&report, out));
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        text
    }

    /// Returns the coverage of one searched log group, an inactive account, and 400 accounts that
    /// deny access.
    fn incomplete_coverage() -> Vec<Coverage> {
        let inactive = Outcome::with_reason(Status::Skipped, Reason::AccountNotActive, "SUSPENDED");
        let mut rows = vec![
            coverage_row(
                "111111111111",
                Some("eu-west-1"),
                Some("a"),
                Outcome::searched(),
            ),
            coverage_row("122222222222", None, None, inactive),
        ];
        for number in 0..400 {
            let id = format!("2{number:011}");
            let denial = format!(
                "AccessDenied: User: arn:aws:iam::999999999999:user/responder is not authorized to perform: \
                 sts:AssumeRole on resource: arn:aws:iam::{id}:role/DragnetRead"
            );
            rows.push(coverage_row(&id, None, None, Outcome::denied(denial)));
        }
        rows
    }

    #[test]
    fn found_and_incomplete() {
        let rows = incomplete_coverage();
        insta::assert_snapshot!(report_text(RunStatus::Incomplete, &rows, 2_000), @r"
          Searched for     192.0.2.1, alice
          Kinds            1 ip, 1 user
          Not searched for feed.json: 2 of mutex
          Window           2026-03-01T12:00:00.000Z to 2026-03-02T12:00:00.000Z
          Required         all kinds of logs
          Accounts         401 in scope: 1 swept, 400 denied; 1 out of scope
          Account-Regions  1 in scope: 1 swept
          Log groups       1 in scope: 1 searched
          Never in logs    CloudTrail events over 256 KB, data events that no selector
                           names, S3 server access logs
          Read             40,200 events, 2.0 MB; 1,604 AWS calls, 3 throttled

        Found: 2,000 sightings
          between          2026-03-01T12:00:00.000Z and 2026-03-01T12:00:00.000Z
          by account           2,000  pro\u{202e}d (111111111111)
          by principal           167  arn:aws:iam::111111111111:user/0
                                 167  arn:aws:iam::111111111111:user/1
                                 167  arn:aws:iam::111111111111:user/2
                                 167  arn:aws:iam::111111111111:user/3
                                 167  arn:aws:iam::111111111111:user/4
                                 167  arn:aws:iam::111111111111:user/5
                                 167  arn:aws:iam::111111111111:user/6
                                 167  arn:aws:iam::111111111111:user/7
                                 166  arn:aws:iam::111111111111:user/10
                                 166  arn:aws:iam::111111111111:user/11
                                      and 2 more
          by address           2,000  192.0.2.1
          by indicator         2,000  192.0.2.1
                               2,000  alice

        Not covered: can be fixed
          denied           400 accounts: access-denied: AccessDenied: User:
                           arn:aws:iam::999999999999:user/responder is not authorized to
                           perform: sts:AssumeRole on resource:
                           arn:aws:iam::<account>:role/DragnetRead
                           n2 (200000000000), n2 (200000000001), n2 (200000000002) and
                           397 more

        Out of scope
          skipped          1 account: account-not-active: SUSPENDED
                           n1 (122222222222)

        Files
          in               runs/20260302T120000Z-3f9a
                           run.db sightings.csv coverage.csv summary.json manifest.json
          manifest.json    SHA-256, for the ticket:
          5d5766cf5d5766cf5d5766cf5d5766cf5d5766cf5d5766cf5d5766cf5d5766cf

        2,000 sightings were found, and coverage is INCOMPLETE: there may be more.
        CloudTrail was searched for 0 of 401 accounts; 401 could not be checked.
        Not covered, but can be fixed: 400 accounts.
        Inactive accounts (not searchable): n1 (122222222222).
        ");
    }

    #[test]
    fn clean_sweep_has_no_sections_about_gaps_or_sightings() {
        let rows = [coverage_row(
            "111111111111",
            Some("eu-west-1"),
            Some("a"),
            Outcome::searched(),
        )];
        let clean = report_text(RunStatus::Complete, &rows, 0);
        assert!(
            !clean.contains("Not covered") && !clean.contains("Found"),
            "{clean}"
        );
    }
}
