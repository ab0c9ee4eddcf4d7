//! The run report as text: what is printed at the end of a run.
//!
//! The verdict comes last, because it stays visible on the screen.

use std::io::{self, Write};

use super::page::{Page, Style, TerminalPage, WIDTH};
use super::sections::{write_found, write_further_sections};
use super::verdict::{verdict, verdict_style};
use super::wrap::wrap;
use super::{RunReport, escape};

/// The narrowest width that is used, so that columns remain.
const NARROWEST: usize = 40;

/// Writes the run report for a terminal of 80 columns.
///
/// # Errors
/// Returns an error if `out` cannot be written.
pub fn write_run_report(report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    write_fitted_run_report(report, None, out)
}

/// Writes the run report for a terminal with `columns`; by default it has 80.
///
/// # Errors
/// Returns an error if `out` cannot be written.
pub fn write_fitted_run_report(
    report: &RunReport<'_>,
    columns: Option<u16>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let width = columns.map_or(WIDTH, usize::from).max(NARROWEST);
    let mut page = TerminalPage {
        out,
        color: report.color,
        width,
    };
    write_found(report, &mut page)?;
    report.sightings.rows().write(&mut page, report.names)?;
    write_further_sections(report, &mut page)?;
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
        .flat_map(|line| wrap(&escape(line), width))
        .try_for_each(|line| page.styled_line(&line, style))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{self, coverage_row, sighting, written};
    use crate::report::{
        AccountNames, CoverageTally, EvidenceTally, RunStatus, SightingTally, Summary,
    };
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
            geoip: None,
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
                           names, S3 server access logs (unless delivered to Logs)
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

        Indicators
                                   0  192.0.2.1 (ip)
                                   0  alice (user)

        First and last sightings
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/0
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/1
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/2
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/3
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/4
          … 1,990 more in the files of the run
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/3
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/4
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/5
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/6
          2026-03-01T12:00:00Z  pro\u{202e}d
              192.0.2.1  user/7

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
