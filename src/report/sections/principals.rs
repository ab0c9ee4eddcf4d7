//! The section about the principals: when each was seen, what it did, and what it created.

use std::io;

use crate::geoip::describe_address;
use crate::report::account_names::account_with_name;
use crate::report::page::{Page, Style};
use crate::report::{AbusedCount, NameCounts, PrincipalSummary, RunReport};
use dragnet_model::format::{count, plural};
use dragnet_model::time::format_ms;

/// How many principals are described.
const MOST_DESCRIBED: usize = 5;

/// How many names, calls or resources of one kind are listed.
const MOST_LISTED: usize = 8;

/// How many Regions, and how many addresses, are listed.
const MOST_PLACES: usize = 6;

pub(super) fn write_principals(page: &mut dyn Page, report: &RunReport<'_>) -> io::Result<()> {
    let summaries = report.sightings.principals();
    if summaries.principals.is_empty() {
        return Ok(());
    }
    page.heading("Principals", Style::Plain)?;
    for summary in summaries.principals.iter().take(MOST_DESCRIBED) {
        write_principal(page, summary, report)?;
    }
    let more = summaries.principals.len().saturating_sub(MOST_DESCRIBED);
    match (more as u64, summaries.others) {
        (0, 0) => Ok(()),
        (more, 0) => page.item("", &format!("and {}", plural(more, "more principal"))),
        (more, others) => {
            let more = count(more);
            let others = plural(others, "sighting");
            page.item("", &format!("and {more} more, and {others} of others"))
        }
    }
}

fn write_principal(
    page: &mut dyn Page,
    summary: &PrincipalSummary,
    report: &RunReport<'_>,
) -> io::Result<()> {
    let names = report.names;
    page.item("principal", &summary.principal)?;
    page.item("  seen", &describe_times(summary))?;
    let accounts: Vec<String> = summary
        .accounts
        .in_order()
        .into_iter()
        .map(|account| account_with_name(account, names))
        .collect();
    write_list(page, "  in accounts", &accounts)?;
    write_list(page, "  in Regions", &owned(&summary.regions.in_order()))?;
    write_list(page, "  sessions", &owned(&summary.sessions.in_order()))?;
    write_described_counts(page, "  addresses", &summary.addresses, |address| {
        describe_address(report.geoip, address)
    })?;
    write_counts(page, "  user agents", &summary.user_agents)?;
    write_counts(page, "  succeeded", &summary.succeeded)?;
    write_counts(page, "  failed", &summary.failed)?;
    write_counts(page, "  errors", &summary.errors)?;
    let abused: Vec<String> = summary.abused.iter().map(describe_abused).collect();
    write_lines(page, "  often abused", &abused)?;
    let created: Vec<String> = summary
        .created
        .iter()
        .map(|created| {
            let account = account_with_name(&created.account, names);
            format!("{} {} in {account}", created.event_name, created.resource)
        })
        .collect();
    write_lines(page, "  created", &created)?;
    let issued: Vec<String> = summary
        .issued
        .iter()
        .map(|issued| format!("{}: {}", issued.holder, list(&issued.keys)))
        .collect();
    write_lines(page, "  issued keys", &issued)?;
    if summary.has_more {
        page.item("", "and more, which are in the files of the run")?;
    }
    Ok(())
}

fn describe_times(summary: &PrincipalSummary) -> String {
    let number = plural(summary.sightings, "sighting");
    let untrusted = match summary.untrusted {
        0 => String::new(),
        untrusted => format!(", {} not delivered by a trail", count(untrusted)),
    };
    match (summary.first_seen_ms, summary.last_seen_ms) {
        (Some(first), Some(last)) => {
            let first = format_ms(first);
            let last = format_ms(last);
            format!("{first} to {last}, {number}{untrusted}")
        }
        _ => format!("{number}{untrusted}"),
    }
}

fn describe_abused(call: &AbusedCount) -> String {
    let failed = match call.failed {
        0 => String::new(),
        failed => format!(", {} failed", count(failed)),
    };
    format!(
        "{} {}{failed}: {} ({})",
        count(call.succeeded),
        call.event_name,
        call.reason,
        call.technique
    )
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Joins the first of a list.
fn list(items: &[String]) -> String {
    let shown = items.get(..MOST_PLACES).unwrap_or(items).join(", ");
    match items.len().saturating_sub(MOST_PLACES) {
        0 => shown,
        more => format!("{shown} and {} more", count(more as u64)),
    }
}

fn write_list(page: &mut dyn Page, label: &str, items: &[String]) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    page.item(label, &list(items))
}

/// Writes each item on a separate line.
fn write_lines(page: &mut dyn Page, label: &str, items: &[String]) -> io::Result<()> {
    let mut label = label;
    for item in items.iter().take(MOST_LISTED) {
        page.item(label, item)?;
        label = "";
    }
    match items.len().saturating_sub(MOST_LISTED) {
        0 => Ok(()),
        more => page.item("", &format!("and {} more", count(more as u64))),
    }
}

/// Writes the most frequent names with their numbers.
fn write_counts(page: &mut dyn Page, label: &str, counts: &NameCounts) -> io::Result<()> {
    write_described_counts(page, label, counts, str::to_owned)
}

fn write_described_counts(
    page: &mut dyn Page,
    label: &str,
    counts: &NameCounts,
    describe: impl Fn(&str) -> String,
) -> io::Result<()> {
    let named: Vec<String> = counts
        .top(MOST_LISTED)
        .into_iter()
        .map(|(name, number)| format!("{} {}", count(number), describe(name)))
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let more = counts.different().saturating_sub(MOST_LISTED);
    let more = match (more as u64, counts.others()) {
        (0, 0) => String::new(),
        (more, 0) => format!(" and {} more", count(more)),
        (_, _) => " and many more".to_owned(),
    };
    page.item(label, &format!("{}{more}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::TerminalPage;
    use crate::report::testing::{sighting, written};
    use crate::report::{
        AccountNames, CoverageTally, EvidenceTally, RunStatus, SightingTally, testing,
    };

    #[test]
    fn principal_is_described_and_escaped() {
        let mut tally = SightingTally::default();
        let mut found = sighting("{}");
        found.details.record_id = "e".into();
        found.details.event_source = "s3.amazonaws.com".into();
        found.details.user_agent = "\u{1b}[2Jagent".into();
        tally.add(&found);
        found.details.error_code = "AccessDenied".into();
        found.trusted = false;
        tally.add(&found);
        let summary = testing::summary(RunStatus::Complete);
        let report = RunReport {
            summary: &summary,
            sightings: &tally,
            coverage: &CoverageTally::default(),
            evidence: &EvidenceTally::default(),
            names: &AccountNames::from([("111111111111".to_owned(), "prod".to_owned())]),
            directory: "",
            files: &[],
            manifest_sha256: None,
            geoip: None,
            color: false,
        };
        let text = written(|out| {
            let mut page = TerminalPage {
                out,
                color: false,
                width: 80,
            };
            write_principals(&mut page, &report)
        });
        insta::assert_snapshot!(text, @r"

        Principals
          principal        arn:aws:iam::111111111111:user/alice
            seen           2026-03-01T12:00:00.000Z to 2026-03-01T12:00:00.000Z, 2
                           sightings, 1 not delivered by a trail
            in accounts    prod (111111111111)
            in Regions     eu-west-1
            addresses      2 192.0.2.1
            user agents    2 \u{1b}[2Jagent
            succeeded      1 ListBuckets
            failed         1 ListBuckets
            errors         1 AccessDenied
            often abused   1 ListBuckets, 1 failed: lists what can be stolen (T1619)
        ");
    }
}
