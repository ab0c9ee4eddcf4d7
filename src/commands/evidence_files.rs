//! The files of a run about log sources and trail integrity.

use std::collections::BTreeSet;

use crate::report::{
    AccountNames, EvidenceTally, HourGapTally, OtherSourceTally, ReportError, SourceTally,
    TamperingTally, write_hours, write_sources, write_tampering,
};
use crate::store::{RunDir, RunReader, StoreError};
use crate::sweep::{CoverageJudge, Sources};
use dragnet_model::TimeWindow;

/// The names of the files.
pub(super) const EVIDENCE_FILES: [&str; 3] = ["sources.csv", "tampering.csv", "hours.csv"];

/// Writes the files.
pub(super) fn write_evidence_files(
    dir: &RunDir,
    reader: &RunReader,
    sources: &Sources,
    names: &AccountNames,
) -> Result<(), ReportError<StoreError>> {
    let [sources_csv, tampering_csv, hours_csv] = EVIDENCE_FILES;
    let log_buckets = log_buckets(reader)?;
    dir.write_file(sources_csv, |out| write_sources(&sources.rows, out))?;
    dir.write_file(tampering_csv, |out| {
        reader.tampering(|rows| write_tampering(rows, names, &log_buckets, out))
    })?;
    dir.write_file(hours_csv, |out| reader.hours(|rows| write_hours(rows, out)))
}

/// Counts the content of the files without writing them.
pub(super) fn count_evidence(
    reader: &RunReader,
    judge: &CoverageJudge,
    window: TimeWindow,
) -> Result<EvidenceTally, StoreError> {
    let log_buckets = log_buckets(reader)?;
    let tampering = reader.tampering(|rows| {
        let mut tally = TamperingTally::default();
        for call in rows {
            let call = call?;
            tally.add(&call, call.severity(&log_buckets));
        }
        Ok::<_, StoreError>(tally)
    })?;
    let hour_gaps = reader.hours(|rows| {
        let mut tally = HourGapTally::new(window, judge.complete_until());
        for hour in rows {
            tally.add(&hour?);
        }
        Ok::<_, StoreError>(tally.longest())
    })?;
    Ok(EvidenceTally {
        sources: SourceTally::from_lookups(&judge.sources.cloudtrail),
        other_sources: OtherSourceTally::from_rows(&judge.sources.rows),
        tampering,
        hour_gaps,
    })
}

/// Returns the buckets to which the log sources of the run deliver.
fn log_buckets(reader: &RunReader) -> Result<BTreeSet<String>, StoreError> {
    let sources = reader.log_sources()?;
    let buckets = sources.into_iter().filter_map(|source| source.bucket);
    Ok(buckets.map(|bucket| bucket.name).collect())
}
