//! `report.md`: the run for a ticket, in Markdown.
//!
//! It has the verdict and the sections of the run report, the affected accounts, and the first
//! sightings. Text that an attacker wrote cannot format anything or make a link.

use std::io::{self, Write};

use super::ReportedEvent;
use super::event::{EventTime, TimeKind, source_address};
use crate::report::account_names::account_with_name;
use crate::report::page::{Page, Style};
use crate::report::sections::write_sections;
use crate::report::verdict::verdict;
use crate::report::{AccountNames, ReportError, RunReport, escape_markdown};
use dragnet_model::OwnCall;
use dragnet_model::format::{count, plural};
use dragnet_model::time::format_ms;

/// How many sightings the table has. Issue trackers limit the size of a text, and people read fewer.
const MOST_SIGHTINGS: usize = 100;
/// How many accounts the table has.
const MOST_ACCOUNTS: usize = 100;
/// The most characters of a value in the table, so that it stays readable.
const LONGEST_VALUE: usize = 200;
/// The most characters of an item of a list.
const LONGEST_ITEM: usize = 1_000;

/// Writes the ticket.
pub(super) fn write_ticket<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    events: &mut dyn Iterator<Item = Result<ReportedEvent, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let summary = report.summary;
    writeln!(out, "# Sweep {}\n", escape_markdown(&summary.run_id))?;
    for (number, line) in verdict(report).iter().enumerate() {
        let line = escape_markdown(line);
        if number == 0 {
            writeln!(out, "**{line}**\n")?;
        } else {
            writeln!(out, "- {line}")?;
        }
    }
    writeln!(out, "\n## Search and coverage\n")?;
    write_sections(report, &mut MarkdownPage { out })?;
    write_accounts(report, out)?;
    write_events(report.names, events, out)?;
    writeln!(
        out,
        "\nDragnet {}, called by {}. All sightings are in the files of the run.",
        escape_markdown(&summary.tool_version),
        escape_markdown(&summary.caller_arn)
    )?;
    Ok(out.flush()?)
}

/// Writes labelled items as a list.
struct MarkdownPage<'a> {
    out: &'a mut dyn Write,
}

impl Page for MarkdownPage<'_> {
    fn heading(&mut self, text: &str, _: Style) -> io::Result<()> {
        writeln!(self.out, "\n## {}\n", escape_markdown(text))
    }

    fn row(&mut self, label: &str, lead: &str, text: &str) -> io::Result<()> {
        let text = format!("{} {text}", lead.trim());
        let text = escape_markdown(&cut(text.trim(), LONGEST_ITEM));
        if label.is_empty() {
            writeln!(self.out, "- {text}")
        } else {
            writeln!(self.out, "- **{}:** {text}", escape_markdown(label))
        }
    }
}

/// Writes the accounts in which something was found, those with the most sightings first.
fn write_accounts(report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let accounts = report.sightings.by_account();
    if accounts.different() == 0 {
        return Ok(());
    }
    writeln!(out, "\n## Affected accounts\n")?;
    writeln!(out, "| account | sightings |\n| --- | ---: |")?;
    for (account, number) in accounts.top(MOST_ACCOUNTS) {
        let account = escape_markdown(&account_with_name(account, report.names));
        writeln!(out, "| {account} | {} |", count(number))?;
    }
    write_left_out(accounts.different() as u64, MOST_ACCOUNTS, "account", out)
}

/// Writes the first sightings as a table. All of them are read, so that an unreadable one is an
/// error here as in the other files.
fn write_events<E: std::error::Error + 'static>(
    names: &AccountNames,
    events: &mut dyn Iterator<Item = Result<ReportedEvent, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let mut total: u64 = 0;
    for event in events {
        let event = event.map_err(ReportError::Rows)?;
        if total == 0 {
            writeln!(out, "\n## Sightings\n")?;
            let columns = "time | account | Region | event | principal | from | outcome | found by";
            writeln!(out, "| {columns} |\n|{}", " --- |".repeat(8))?;
        }
        if total < MOST_SIGHTINGS as u64 {
            write_event(&event, names, out)?;
        }
        total += 1;
    }
    Ok(write_left_out(total, MOST_SIGHTINGS, "sighting", out)?)
}

fn write_event(event: &ReportedEvent, names: &AccountNames, out: &mut dyn Write) -> io::Result<()> {
    let sighting = &event.sighting;
    let details = &sighting.details;
    let time = EventTime::from_sighting(sighting);
    let time = match time.kind {
        TimeKind::Event => format_ms(time.ms),
        TimeKind::Unknown => "unknown".to_owned(),
        kind => format!("{} ({kind})", format_ms(time.ms)),
    };
    let from = source_address(event).map_or_else(
        || details.source_ip.to_string(),
        |address| address.to_string(),
    );
    let mut found_by = [&sighting.indicators[..], &sighting.hunts[..]]
        .concat()
        .join("; ");
    if sighting.own_call == OwnCall::Yes {
        found_by.push_str(" (a call of Dragnet itself)");
    }
    let row: [&str; 8] = [
        &time,
        &account_with_name(&details.account, names),
        &details.region,
        event_name(event),
        &details.identity.arn,
        &from,
        outcome(event),
        &found_by,
    ];
    let row = row.map(|value| escape_markdown(&cut(value, LONGEST_VALUE)));
    writeln!(out, "| {} |", row.join(" | "))
}

fn event_name(event: &ReportedEvent) -> &str {
    if event.flow.is_some() {
        "network flow"
    } else if event.sighting.details.event_name.is_empty() {
        "log line"
    } else {
        &event.sighting.details.event_name
    }
}

fn outcome(event: &ReportedEvent) -> &str {
    let details = &event.sighting.details;
    if let Some(flow) = &event.flow {
        flow.field("action").unwrap_or_default()
    } else if !details.error_code.is_empty() {
        &details.error_code
    } else if !details.is_cloudtrail() {
        ""
    } else if details.succeeded() {
        "success"
    } else {
        "failure"
    }
}

/// Returns the beginning of a text that is longer than this number of characters.
fn cut(text: &str, longest: usize) -> String {
    let cut: String = text.chars().take(longest).collect();
    if cut.len() < text.len() {
        cut + "…"
    } else {
        cut
    }
}

/// Writes how many rows a table does not have.
fn write_left_out(total: u64, shown: usize, noun: &str, out: &mut dyn Write) -> io::Result<()> {
    match total.saturating_sub(shown as u64) {
        0 => Ok(()),
        more => writeln!(out, "\nNot shown: {}.", plural(more, noun)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReportFormat;
    use super::super::testing::{cloudtrail, flow_line, log_line, report_of};
    use super::*;

    #[test]
    fn a_ticket_has_the_verdict_the_accounts_and_the_sightings() {
        let text = report_of(
            ReportFormat::Ticket,
            &[cloudtrail("{}"), flow_line(), log_line("x")],
        );
        for part in [
            "# Sweep 20260302T120000Z-3f9a\n",
            "coverage is INCOMPLETE",
            "| prod (111111111111) | 3 |\n",
            "| 2026-03-01T12:00:00.000Z | prod (111111111111) | eu-west-1 | GetObject | \
             arn:aws:sts::111111111111:assumed-role/Admin/alice | 192.0.2.1 | AccessDenied | \
             192.0.2.1; alice; iam-access-key |\n",
            "| network flow |  | 192.0.2.1 | REJECT |",
            "| log line |",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("Not shown"), "{text}");
    }

    #[test]
    fn more_sightings_than_fit_are_counted() {
        let events = vec![log_line("x"); MOST_SIGHTINGS + 7];
        let text = report_of(ReportFormat::Ticket, &events);
        assert_eq!(text.matches("| log line |").count(), MOST_SIGHTINGS);
        assert!(text.contains("\nNot shown: 7 sightings.\n"), "{text}");
    }

    #[test]
    fn hostile_text_stays_text() {
        let mut event = cloudtrail("");
        event.sighting.details.event_name = "a|b\n# <img src=x> [x](http://e) \u{202e}".into();
        event.sighting.details.identity.arn = "x".repeat(10_000).into();
        let text = report_of(ReportFormat::Ticket, &[event]);
        assert!(
            text.contains("| a\\|b\\\\u{a}\\# \\<img src=x\\> \\[x\\](http\\://e) \\\\u{202e} |"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() < 2_000), "{text}");
    }
}
