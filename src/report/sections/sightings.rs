//! The section about the sightings: how many, when, and by account, principal and address.

use std::cmp::Reverse;
use std::io;

use crate::geoip::describe_address;
use crate::report::account_names::account_with_name;
use crate::report::page::{Page, Style};
use crate::report::{IndicatorSummary, RunReport, RunStatus, SightingTally, TopCounts};
use dragnet_model::format::{count, plural};
use dragnet_model::time::format_ms;

/// How many accounts, principals or addresses are named.
const MOST_LISTED: usize = 10;

/// How many bars show when the events of an account happened.
const BARS: usize = 24;

pub(super) fn write_sightings(page: &mut dyn Page, report: &RunReport<'_>) -> io::Result<()> {
    let tally = report.sightings;
    let own_calls = tally.own_calls();
    if tally.findings() == 0 {
        if own_calls > 0 {
            page.heading("Found: only calls of Dragnet itself", Style::Plain)?;
            let number = plural(own_calls, "sighting");
            page.item("", &format!("{number} with `self` = true"))?;
        }
        return Ok(());
    }
    let title = format!("Found: {}", plural(tally.findings(), "sighting"));
    page.heading(&title, Style::Bad)?;
    write_times(page, tally)?;
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
    write_top_counts(page, "by address", tally.by_address(), |address| {
        describe_address(report.geoip, address)
    })?;
    write_histograms(page, report)
}

/// Writes a line of bars for each account: when its events happened, between the first and the last
/// of all.
fn write_histograms(page: &mut dyn Page, report: &RunReport<'_>) -> io::Result<()> {
    let tally = report.sightings;
    let Some(span_ms) = tally.span_ms().filter(|(first, last)| first < last) else {
        return Ok(());
    };
    let mut label = "over time";
    for (account, _) in tally.by_account().top(MOST_LISTED) {
        if let Some(bars) = tally.histograms().draw(account, span_ms, BARS) {
            let name = account_with_name(account, report.names);
            page.row(label, &format!("{bars}  "), &name)?;
            label = "";
        }
    }
    Ok(())
}

/// The maximum number of indicators in the table. `summary.json` has all.
const MOST_INDICATORS: usize = 50;

/// Writes a line for each indicator, including those of which nothing was found, for readers who
/// need an answer for each. One indicator needs no table.
pub(super) fn write_indicators(page: &mut dyn Page, report: &RunReport<'_>) -> io::Result<()> {
    let indicators = &report.summary.indicators;
    if indicators.len() < 2 || report.summary.status == RunStatus::Failed {
        return Ok(());
    }
    page.heading("Indicators", Style::Plain)?;
    let mut indicators: Vec<&IndicatorSummary> = indicators.iter().collect();
    // Equal ones stay in the order in which they were given.
    indicators.sort_by_key(|indicator| Reverse(indicator.sightings));
    for indicator in indicators.iter().take(MOST_INDICATORS) {
        let seen = match (&indicator.first_seen, &indicator.last_seen) {
            (Some(first), Some(last)) => format!(", {first} to {last}"),
            _ => String::new(),
        };
        let text = format!("{} ({}){seen}", indicator.value, indicator.kind);
        page.row("", &format!("{:>9}  ", count(indicator.sightings)), &text)?;
    }
    let others = indicators.get(MOST_INDICATORS..).unwrap_or_default();
    if others.is_empty() {
        return Ok(());
    }
    let found = others.iter().filter(|one| one.sightings > 0).count();
    let text = format!(
        "and {} more, {} with sightings: see indicators in summary.json",
        count(others.len() as u64),
        count(found as u64)
    );
    page.item("", &text)
}

/// Writes when the events happened.
fn write_times(page: &mut dyn Page, tally: &SightingTally) -> io::Result<()> {
    if let Some((first, last)) = tally.span_ms() {
        page.item(
            "between",
            &format!("{} and {}", format_ms(first), format_ms(last)),
        )?;
    }
    match tally.without_time() {
        0 => Ok(()),
        number => page.item("", &format!("{} of them at no known time", count(number))),
    }
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
