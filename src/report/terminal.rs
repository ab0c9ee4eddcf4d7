//! The run report: the text that is printed at the end of a run.
//!
//! Its sections are in the order of a responder's questions: what was searched for, what was found,
//! what was not covered, and where the files are. The verdict comes last, because it stays visible
//! on the screen.

use std::io::{self, Write};

use super::evidence::{named, silences, sources, tampering};
use super::page::{Page, Style, TerminalPage, WIDTH};
use super::wrap::wrap;
use super::{
    AccountNames, CoverageTally, EvidenceTally, Gap, HuntSummary, InsightsUse, LogGroupCounts,
    NEVER_IN_LOGS, PlaceCounts, RunStatus, SightingTally, Summary, TopCounts, abridged, bytes,
    count, escape, money, plural, time, verdict,
};
use crate::model::SlowedRate;
use crate::time::rfc3339_ms;

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
pub fn write_run_report(ending: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = TerminalPage {
        out,
        color: ending.color,
    };
    sections(ending, &mut page)?;
    page.heading("Files", Style::Plain)?;
    page.item("in", ending.directory)?;
    page.item("", &ending.files.join(" "))?;
    if let Some(sha256) = ending.manifest_sha256 {
        page.item("manifest.json", "its SHA-256, for the ticket:")?;
        page.item("", sha256)?;
    }
    page.line("")?;
    let lines = verdict(ending.summary, ending.coverage);
    let tone = tone(ending.summary);
    lines
        .iter()
        .flat_map(|line| wrap(&escape(line), WIDTH))
        .try_for_each(|line| page.toned(&line, tone))
}

/// Returns the style of the verdict.
pub(super) fn tone(summary: &Summary) -> Style {
    match (summary.status, summary.has_findings()) {
        (RunStatus::Complete, false) => Style::Good,
        (RunStatus::Complete, _) => Style::Plain,
        _ => Style::Bad,
    }
}

/// Writes all sections except the files and the verdict. `report.html` has the same sections.
pub(super) fn sections(ending: &RunReport<'_>, page: &mut dyn Page) -> io::Result<()> {
    facts(page, ending.summary)?;
    found(page, ending)?;
    hunts(page, &ending.summary.hunts)?;
    tampering(page, &ending.evidence.tampering, ending.names)?;
    gaps(page, "Not covered", Style::Bad, &ending.coverage.gaps())?;
    gaps(
        page,
        "Not covered, but accepted",
        Style::Plain,
        &ending.coverage.accepted(),
    )?;
    gaps(
        page,
        "Out of scope",
        Style::Plain,
        &ending.coverage.out_of_scope(),
    )?;
    sources(page, &ending.evidence.sources, ending.names)?;
    silences(page, &ending.evidence.silences, ending.names)
}

fn facts(page: &mut dyn Page, summary: &Summary) -> io::Result<()> {
    let calls: u64 = summary.api_calls.values().sum();
    let throttled: u64 = summary.throttled.values().sum();
    let window = &summary.window;
    page.item("Looked for", &abridged(&summary.looked_for()))?;
    summary
        .not_looked_for
        .iter()
        .try_for_each(|line| page.item("Not", line))?;
    page.item(
        "Window",
        &format!("{} to {}", rfc3339_ms(window.from), rfc3339_ms(window.to)),
    )?;
    page.item("Accounts", &places(summary.accounts))?;
    page.item("Targets", &places(summary.targets))?;
    page.item("Log groups", &log_groups(summary.log_groups))?;
    page.item("Never in logs", &NEVER_IN_LOGS.join(", "))?;
    let read = (
        plural(summary.events_examined, "event"),
        bytes(summary.bytes_scanned),
    );
    let made = (plural(calls, "AWS call"), count(throttled));
    page.item(
        "Read",
        &format!("{}, {}; {}, {} throttled", read.0, read.1, made.0, made.1),
    )?;
    let InsightsUse {
        queries,
        bytes_scanned,
        cost_usd,
    } = summary.insights;
    if queries > 0 {
        let queries = if queries == 1 {
            "1 query".to_owned()
        } else {
            format!("{} queries", count(queries))
        };
        page.item(
            "Insights",
            &format!(
                "{queries} scanned {}, {} at list prices",
                bytes(bytes_scanned),
                money(cost_usd)
            ),
        )?;
    }
    if summary.rates.is_empty() {
        return Ok(());
    }
    page.item(
        "Slowed",
        &abridged(&summary.rates.iter().map(slowed).collect::<Vec<_>>()),
    )
}

fn slowed(rate: &SlowedRate) -> String {
    let SlowedRate {
        operation,
        account,
        region,
        allowed,
        slowest,
        ..
    } = rate;
    let account = account
        .as_ref()
        .map(|account| format!(" of {account}"))
        .unwrap_or_default();
    format!("{operation}{account} in {region} to {slowest:.1} of {allowed:.1} calls/s")
}

fn hunts(page: &mut dyn Page, hunts: &[HuntSummary]) -> io::Result<()> {
    if hunts.is_empty() {
        return Ok(());
    }
    let found = hunts.iter().any(|hunt| hunt.rows > 0);
    page.heading("Hunts", if found { Style::Bad } else { Style::Plain })?;
    hunts
        .iter()
        .try_for_each(|hunt| page.item("", &hunt.sentence()))
}

fn places(counts: PlaceCounts) -> String {
    let parts = [
        (counts.swept, "swept"),
        (counts.partial, "partial"),
        (counts.denied, "denied"),
        (counts.failed, "failed"),
        (counts.accepted, "accepted"),
    ];
    let in_scope = listed(counts.in_scope, &parts);
    match counts.out_of_scope {
        0 => in_scope,
        more => format!("{in_scope}; {} out of scope", count(more)),
    }
}

fn log_groups(counts: LogGroupCounts) -> String {
    let parts = [
        (counts.searched, "searched"),
        (counts.partial, "partial"),
        (counts.skipped, "skipped"),
        (counts.unsearchable, "unsearchable"),
        (counts.denied, "denied"),
        (counts.failed, "failed"),
        (counts.accepted, "accepted"),
    ];
    listed(counts.in_scope, &parts)
}

fn listed(in_scope: u64, parts: &[(u64, &str)]) -> String {
    let told: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", count(*number)))
        .collect();
    if told.is_empty() {
        "none".to_owned()
    } else {
        format!("{} in scope: {}", count(in_scope), told.join(", "))
    }
}

fn found(page: &mut dyn Page, ending: &RunReport<'_>) -> io::Result<()> {
    let tally = ending.sightings;
    let Some((first, last)) = tally.span_ms() else {
        return Ok(());
    };
    page.heading(
        &format!("Found: {}", plural(tally.total(), "sighting")),
        Style::Bad,
    )?;
    page.item("between", &format!("{} and {}", time(first), time(last)))?;
    if tally.own_calls() > 0 {
        page.item(
            "",
            &format!(
                "{} of them are this sweep's own calls",
                count(tally.own_calls())
            ),
        )?;
    }
    top(page, "by account", tally.by_account(), |id| {
        named(id, ending.names)
    })?;
    top(page, "by principal", tally.by_principal(), str::to_owned)?;
    top(page, "by address", tally.by_address(), str::to_owned)?;
    if ending.summary.indicators.len() > 1 {
        top(page, "by indicator", tally.by_indicator(), str::to_owned)?;
    }
    Ok(())
}

fn top(
    page: &mut dyn Page,
    label: &str,
    counts: &TopCounts,
    named: impl Fn(&str) -> String,
) -> io::Result<()> {
    let mut label = label;
    for (key, number) in counts.top(MOST_LISTED) {
        page.row(label, &format!("{:>9}  ", count(number)), &named(key))?;
        label = "";
    }
    match counts.different().saturating_sub(MOST_LISTED) {
        0 => Ok(()),
        more => page.row("", &format!("{:>9}  ", ""), &format!("and {more} more")),
    }
}

pub(super) fn gaps(page: &mut dyn Page, title: &str, tone: Style, gaps: &[Gap]) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    page.heading(title, tone)?;
    for gap in gaps.iter().take(MOST_REASONS) {
        let size = if gap.accounts == gap.places {
            plural(gap.accounts, "account")
        } else {
            format!(
                "{} in {}",
                plural(gap.places, "place"),
                plural(gap.accounts, "account")
            )
        };
        page.item(gap.status.as_str(), &format!("{size}: {}", gap.reason))?;
        let more = gap.places.saturating_sub(gap.examples.len() as u64);
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
    use crate::model::{Coverage, Outcome, Reason, Status};
    use crate::report::testing::{self, place, sighting, written};

    fn ending(status: RunStatus, rows: &[Coverage], found: usize) -> String {
        let mut coverage = CoverageTally::default();
        let mut sightings = SightingTally::default();
        for row in rows {
            coverage.add(row);
        }
        for number in 0..found {
            let mut sighting = sighting("");
            sighting.happening.principal_arn =
                format!("arn:aws:iam::111111111111:user/{}", number % 12);
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
        let ending = RunReport {
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
        let text = written(|out| write_run_report(&ending, out));
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        text
    }

    #[test]
    fn found_and_incomplete() {
        let mut rows = vec![
            place(
                "111111111111",
                Some("eu-west-1"),
                Some("a"),
                Outcome::searched(),
            ),
            place(
                "122222222222",
                None,
                None,
                Outcome::because(Status::Skipped, Reason::AccountNotActive, "SUSPENDED"),
            ),
        ];
        for number in 0..400 {
            let id = format!("2{number:011}");
            let refused = format!(
                "AccessDenied: User: arn:aws:iam::999999999999:user/responder is not authorized to perform: \
                 sts:AssumeRole on resource: arn:aws:iam::{id}:role/DragnetRead"
            );
            rows.push(place(&id, None, None, Outcome::denied(refused)));
        }
        insta::assert_snapshot!(ending(RunStatus::Incomplete, &rows, 2_000), @r"
          Looked for    192.0.2.1, alice
          Not           feed.json: 2 of mutex
          Window        2026-03-01T12:00:00.000Z to 2026-03-02T12:00:00.000Z
          Accounts      401 in scope: 1 swept, 400 denied; 1 out of scope
          Targets       1 in scope: 1 swept
          Log groups    1 in scope: 1 searched
          Never in logs CloudTrail events over 256 KB, data events that no selector
                        names, S3 server access logs
          Read          40,200 events, 2.0 MB; 1,604 AWS calls, 3 throttled

        Found: 2,000 sightings
          between       2026-03-01T12:00:00.000Z and 2026-03-01T12:00:00.000Z
          by account        2,000  pro\u{202e}d (111111111111)
          by principal        167  arn:aws:iam::111111111111:user/0
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
          by address        2,000  192.0.2.1
          by indicator      2,000  192.0.2.1
                            2,000  alice

        Not covered
          denied        400 accounts: access-denied: AccessDenied: User:
                        arn:aws:iam::999999999999:user/responder is not authorized to
                        perform: sts:AssumeRole on resource:
                        arn:aws:iam::<account>:role/DragnetRead
                        n2 (200000000000), n2 (200000000001), n2 (200000000002) and 397
                        more

        Out of scope
          skipped       1 account: account-not-active: SUSPENDED
                        n1 (122222222222)

        Files
          in            runs/20260302T120000Z-3f9a
                        run.db sightings.csv coverage.csv summary.json manifest.json
          manifest.json its SHA-256, for the ticket:
                        5d5766cf5d5766cf5d5766cf5d5766cf5d5766cf5d5766cf5d5766cf5d5766cf

        2,000 sightings were found, and coverage is INCOMPLETE: there may be more.
        0 of 401 accounts: management events searched; 401 not known.
        Not active, so nobody can look into them: n1 (122222222222).
        ");
    }

    #[test]
    fn a_clean_sweep_has_nothing_else_to_say() {
        let rows = [place(
            "111111111111",
            Some("eu-west-1"),
            Some("a"),
            Outcome::searched(),
        )];
        let clean = ending(RunStatus::Complete, &rows, 0);
        assert!(
            !clean.contains("Not covered") && !clean.contains("Found"),
            "{clean}"
        );
    }
}
