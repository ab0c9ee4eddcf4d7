//! The sections of the run report, which the terminal and `report.html` have in common.
//!
//! They are in the order of a responder's questions: what was searched for, what was found, and what
//! was not covered.

mod evidence;
mod facts;
mod gaps;
mod principals;
mod sightings;

use std::io;

pub(super) use facts::write_facts;
pub(super) use gaps::write_gaps;

use super::page::{Page, Style};
use super::{Gap, HuntSummary, RunReport};
use dragnet_model::format::count;

/// Writes all sections except the files and the verdict.
pub(super) fn write_sections(report: &RunReport<'_>, page: &mut dyn Page) -> io::Result<()> {
    write_found(report, page)?;
    write_further_sections(report, page)
}

/// Writes what was searched for, and the sightings in numbers.
pub(super) fn write_found(report: &RunReport<'_>, page: &mut dyn Page) -> io::Result<()> {
    facts::write_facts(page, report)?;
    sightings::write_sightings(page, report)?;
    sightings::write_indicators(page, report)
}

/// Writes the sections after those of [`write_found`].
pub(super) fn write_further_sections(
    report: &RunReport<'_>,
    page: &mut dyn Page,
) -> io::Result<()> {
    principals::write_principals(page, report)?;
    write_hunts(page, &report.summary.hunts)?;
    evidence::write_tampering_calls(page, &report.evidence.tampering, report.names)?;
    write_coverage_gaps(page, report)?;
    write_source_findings(report, page)
}

/// Writes the sections about hunts and tampering.
pub(super) fn write_findings(report: &RunReport<'_>, page: &mut dyn Page) -> io::Result<()> {
    write_hunts(page, &report.summary.hunts)?;
    evidence::write_tampering_calls(page, &report.evidence.tampering, report.names)
}

/// Writes the sections about CloudTrail that was not searched, and about hours without records.
pub(super) fn write_source_findings(report: &RunReport<'_>, page: &mut dyn Page) -> io::Result<()> {
    evidence::write_source_gaps(page, &report.evidence.sources, report.names)?;
    evidence::write_liveness(page, report.summary.liveness)?;
    evidence::write_bucket_reads(page, &report.summary.bucket_reads)?;
    write_hours(report, page)
}

fn write_hours(report: &RunReport<'_>, page: &mut dyn Page) -> io::Result<()> {
    let heading = if report.summary.is_about_files_alone() {
        "Hours without a record in the files, although others have many"
    } else {
        "Hours in which a usually active account recorded nothing"
    };
    evidence::write_hour_gaps(page, heading, &report.evidence.hour_gaps, report.names)
}

fn write_hunts(page: &mut dyn Page, hunts: &[HuntSummary]) -> io::Result<()> {
    if hunts.is_empty() {
        return Ok(());
    }
    let has_rows = hunts.iter().any(|hunt| hunt.rows > 0);
    let style = if has_rows { Style::Bad } else { Style::Plain };
    page.heading("Hunts", style)?;
    for hunt in hunts {
        page.item("", &hunt.sentence())?;
        for row in &hunt.preview {
            page.row("", "  ", row)?;
        }
        let shown = hunt.preview.len() as u64;
        if shown > 0 && hunt.rows > shown {
            let more = count(hunt.rows - shown);
            page.row(
                "",
                "  ",
                &format!("and {more} more in hunts/{}.csv", hunt.name),
            )?;
        }
    }
    Ok(())
}

/// Writes what was not covered, first what the reader can do something about.
fn write_coverage_gaps(page: &mut dyn Page, report: &RunReport<'_>) -> io::Result<()> {
    let coverage = report.coverage;
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
    write_gaps(page, "Out of scope", Style::Plain, &coverage.out_of_scope())
}
