//! Writes `report.html`, the page about a run.

use super::CommandError;
use super::manifest::DATABASE;
use crate::follow::FollowReport;
use crate::report::{PageInput, PageTally, RunReport, write_html};
use crate::store::{RunDir, StoreError};
use crate::sweep::{CoverageJudge, MergeSource, merged_sightings};

/// The name of the page.
pub(super) const HTML_REPORT: &str = "report.html";

/// Writes the page. The other files of the run must be written already, except the manifest.
/// `lineage` is that of a run that follows credentials.
pub(super) fn write_html_report(
    dir: &RunDir,
    source: MergeSource<'_>,
    judge: &CoverageJudge,
    report: &RunReport<'_>,
    lineage: Option<&FollowReport>,
) -> Result<(), CommandError> {
    let lineage = lineage.map(FollowReport::page_graph);
    let tally = count_page(source, judge, report)?;
    let file_hashes = hash_files(dir, report.files)?;
    let input = PageInput {
        tally: &tally,
        sources: &judge.sources.rows,
        file_hashes: &file_hashes,
        lineage: lineage.as_ref(),
    };
    dir.write_file(HTML_REPORT, |out| {
        merged_sightings(source, |rows| write_html(report, input, rows, out))
    })?;
    Ok(())
}

/// Counts what the page shows before its rows.
fn count_page(
    source: MergeSource<'_>,
    judge: &CoverageJudge,
    report: &RunReport<'_>,
) -> Result<PageTally, StoreError> {
    let mut tally = PageTally::new(report.summary, report.sightings);
    merged_sightings(source, |rows| {
        for sighting in rows {
            tally.add_sighting(&sighting?);
        }
        Ok::<_, StoreError>(())
    })?;
    judge.judged_coverage(source.reader, |rows| {
        for row in rows {
            tally.add_coverage(&row?);
        }
        Ok::<_, StoreError>(())
    })?;
    for (target, status) in &judge.sources.cloudtrail {
        tally.add_source_status(target, *status);
    }
    Ok(tally)
}

/// Returns the SHA-256 of each file. The database is still open, so its file may change.
fn hash_files(dir: &RunDir, names: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    let names = names.iter().filter(|name| *name != DATABASE);
    names
        .map(|name| {
            let (_, sha256) = dir.digest(name)?;
            Ok((name.clone(), sha256))
        })
        .collect()
}
