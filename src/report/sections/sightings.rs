//! The section about the sightings: how many, when, and by account, principal and address.

use std::io;

use crate::report::account_names::account_with_name;
use crate::report::page::{Page, Style};
use crate::report::{RunReport, SightingTally, TopCounts};
use dragnet_model::format::{count, plural};
use dragnet_model::time::format_ms;

/// How many accounts, principals or addresses are named.
const MOST_LISTED: usize = 10;

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
    write_top_counts(page, "by address", tally.by_address(), str::to_owned)?;
    if report.summary.indicators.len() > 1 {
        write_top_counts(page, "by indicator", tally.by_indicator(), str::to_owned)?;
    }
    Ok(())
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
