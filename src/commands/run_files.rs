//! The files of a run: views of `run.db`, which can be written again at any time.

use std::path::Path;
use std::sync::Arc;

use super::CommandError;
use super::coverage_judge::load_coverage_judge;
use super::evidence_files::{EVIDENCE_FILES, count_evidence, write_evidence_files};
use super::follow_files::FollowedLineage;
use super::html_report::{HTML_REPORT, write_html_report};
use super::hunt_files::HuntReports;
use super::manifest::{DATABASE, DatabaseOrigin, extend_manifest, find_origin};
use super::new_run::VERSION;
use super::report_formats::write_report_formats;
use super::run_summary::{Counted, summarize};
use crate::config::Format;
use crate::follow::FollowReport;
use crate::geoip::GeoIp;
use crate::report::{
    AccountNames, CoverageTally, EvidenceTally, ReportError, RunReport, SightingColumns,
    SightingTally, Summary, write_calls, write_coverage, write_extended_sightings, write_json,
};
use crate::store::{
    MANIFEST, Manifest, RunDir, RunFacts, RunReader, RunRegistry, StoreError,
    refuse_changed_database,
};
use crate::sweep::{CoverageJudge, MergeSource, merged_sightings};

/// The files of a run and their content in numbers.
#[derive(Debug)]
pub struct RunFiles {
    /// The summary.
    pub summary: Summary,
    /// The counts of the sightings.
    pub sightings: SightingTally,
    /// The counts of the coverage.
    pub coverage: CoverageTally,
    /// The counts of log sources, tampering and hours.
    pub evidence: EvidenceTally,
    /// The names of the accounts.
    pub names: AccountNames,
    /// The lineage, if credentials were followed.
    pub follow: Option<FollowReport>,
    /// Where addresses belong, if the user gave files for that.
    pub geoip: Option<Arc<GeoIp>>,
    /// The names of the files.
    pub files: Vec<String>,
    /// The SHA-256 of the manifest, in hex, if there is one.
    pub manifest_sha256: Option<String>,
    /// Why the manifest is not signed, although signing is configured.
    pub signature_problem: Option<String>,
}

impl RunFiles {
    /// Whether resuming the run may close a gap: something that is required was denied, or failed.
    /// What is not stored anywhere stays a gap, and so does a rejected entry of a list.
    pub(super) fn has_gaps_to_retry(&self) -> bool {
        self.coverage.has_fixable_gaps()
            || (self.summary.scope.requires_sources()
                && !self.evidence.has_required_sources(&self.summary.required))
    }

    /// Returns the run report, for a run in `directory`.
    pub fn run_report<'a>(&'a self, directory: &'a str, color: bool) -> RunReport<'a> {
        RunReport {
            summary: &self.summary,
            sightings: &self.sightings,
            coverage: &self.coverage,
            evidence: &self.evidence,
            names: &self.names,
            directory,
            files: &self.files,
            manifest_sha256: self.manifest_sha256.as_deref(),
            geoip: self.geoip.as_deref(),
            color,
        }
    }
}

/// Opens the directory of a run.
pub(super) fn open_run(path: &Path) -> Result<RunDir, CommandError> {
    // A path that cannot be checked counts as existing, so that opening it reports the error.
    if !path.try_exists().unwrap_or(true) {
        return Err(CommandError::UnknownRun(path.display().to_string()));
    }
    Ok(RunDir::open(path)?)
}

/// Reads a run without writing anything. `registry` lists the runs of this machine.
///
/// # Errors
/// The database is damaged, or is not the one in the manifest.
pub fn read_run(dir: &RunDir, registry: &RunRegistry) -> Result<RunFiles, CommandError> {
    refuse_changed_database(dir)?;
    let reader = RunReader::open_without_indexes(dir)?;
    reader.verify()?;
    let facts = reader.facts()?;
    let sightings = count_sightings(MergeSource {
        reader: &reader,
        registry,
    })?;
    let judge = load_coverage_judge(&facts, &reader)?;
    let required = facts.required_kinds.get_or_default()?;
    let coverage = judge.judged_coverage(&reader, |rows| {
        let mut tally = CoverageTally::new(required);
        for row in rows {
            tally.add(&row?);
        }
        Ok::<_, CommandError>(tally)
    })?;
    let evidence = count_evidence(&reader, &judge, facts.window()?)?;
    let hunts = HuntReports::from_run(&facts, &reader, &judge.sources)?.count()?;
    let source = MergeSource {
        reader: &reader,
        registry,
    };
    let followed = FollowedLineage::load(source, &judge.sources)?;
    let counted = Counted {
        sightings: &sightings,
        coverage: &coverage,
        evidence: &evidence,
        hunts,
        follow: followed.as_ref().map(FollowedLineage::summary),
        complete_until: judge.complete_until(),
    };
    let summary = summarize(&facts, &reader, counted)?;
    let files = dir.file_names()?;
    let has_manifest = files.iter().any(|name| name == MANIFEST);
    let manifest_sha256 = has_manifest
        .then(|| dir.digest(MANIFEST))
        .transpose()?
        .map(|(_, sha256)| sha256);
    Ok(RunFiles {
        summary,
        sightings,
        coverage,
        evidence,
        names: account_names(&reader)?,
        follow: followed.map(|followed| followed.report),
        geoip: None,
        files,
        manifest_sha256,
        signature_problem: None,
    })
}

/// Writes the files of a run. Its database must be complete. `registry` lists the runs of this
/// machine.
///
/// # Errors
/// The database is damaged or is not the one in the manifest, or writing fails.
pub fn write_run_files(
    dir: &RunDir,
    formats: &[Format],
    registry: &RunRegistry,
) -> Result<RunFiles, CommandError> {
    let origin = find_origin(dir, false)?;
    write_files_from(dir, origin, formats, registry, None)
}

/// Writes the files of a run like [`write_run_files`], from a database of this origin, and with
/// where addresses belong.
pub(super) fn write_files_from(
    dir: &RunDir,
    origin: DatabaseOrigin,
    formats: &[Format],
    registry: &RunRegistry,
    geoip: Option<Arc<GeoIp>>,
) -> Result<RunFiles, CommandError> {
    let reader = match origin {
        DatabaseOrigin::Original => RunReader::open(dir)?,
        DatabaseOrigin::Changed => RunReader::open_changed(dir)?,
    };
    let source = MergeSource {
        reader: &reader,
        registry,
    };
    let facts = reader.facts()?;
    let names = account_names(&reader)?;
    let mut files = vec![DATABASE.to_owned()];
    let judge = load_coverage_judge(&facts, &reader)?;
    let followed = FollowedLineage::load(source, &judge.sources)?;
    let lineage = followed.as_ref().map(|followed| &followed.state.lineage);
    let columns = SightingColumns {
        names: &names,
        lineage,
        geoip: geoip.as_deref(),
    };
    let sightings = write_all_sightings(dir, source, formats, columns, &mut files)?;
    if let Some(followed) = &followed {
        followed.write(dir, &mut files)?;
    }
    let coverage = write_coverage_file(dir, &facts, &reader, &judge)?;
    write_evidence_files(dir, &reader, &judge.sources, &names)?;
    let evidence = count_evidence(&reader, &judge, facts.window()?)?;
    let hunts = HuntReports::from_run(&facts, &reader, &judge.sources)?.write(dir, &mut files)?;
    dir.write_file("calls.csv", |out| {
        reader.calls(|rows| write_calls(rows, out))
    })?;
    let counted = Counted {
        sightings: &sightings,
        coverage: &coverage,
        evidence: &evidence,
        hunts,
        follow: followed.as_ref().map(FollowedLineage::summary),
        complete_until: judge.complete_until(),
    };
    let summary = summarize(&facts, &reader, counted)?;
    dir.write_file("summary.json", |out| {
        write_json(&summary, out).map_err(ReportError::<StoreError>::from)
    })?;
    files.push("coverage.csv".to_owned());
    files.extend(EVIDENCE_FILES.map(str::to_owned));
    files.extend(["calls.csv", "summary.json"].map(str::to_owned));
    let mut run = RunFiles {
        summary,
        sightings,
        coverage,
        evidence,
        names,
        follow: followed.map(|followed| followed.report),
        geoip,
        files,
        manifest_sha256: None,
        signature_problem: None,
    };
    if formats.contains(&Format::Html) {
        let report = run.run_report("", false);
        write_html_report(dir, source, &judge, &report, run.follow.as_ref())?;
        run.files.push(HTML_REPORT.to_owned());
    }
    let written = write_report_formats(dir, source, formats, &run.run_report("", false))?;
    run.files.extend(written);
    // The hash of the database must be computed after it is closed.
    reader.close()?;
    let manifest = new_manifest(&run.summary, settings_sha256(&facts)?);
    add_to_manifest(dir, manifest, origin, &mut run)?;
    Ok(run)
}

/// Adds the written files to the manifest, and creates it if there is none. `new` is a manifest
/// without files.
fn add_to_manifest(
    dir: &RunDir,
    new: Manifest,
    origin: DatabaseOrigin,
    run: &mut RunFiles,
) -> Result<(), CommandError> {
    extend_manifest(dir, new, origin, &run.files)?;
    run.files.push(MANIFEST.to_owned());
    run.manifest_sha256 = Some(dir.digest(MANIFEST)?.1);
    Ok(())
}

fn write_all_sightings(
    dir: &RunDir,
    source: MergeSource<'_>,
    formats: &[Format],
    columns: SightingColumns<'_>,
    files: &mut Vec<String>,
) -> Result<SightingTally, ReportError<StoreError>> {
    let mut counted = None;
    for format in formats {
        let Some(form) = format.sightings_form() else {
            continue;
        };
        let name = format!("sightings.{format}");
        // Counting is not free, so only the rows of the first file are counted.
        let mut tally = counted.is_none().then(SightingTally::default);
        dir.write_file(&name, |out| {
            merged_sightings(source, |rows| {
                let rows = rows.inspect(|row| {
                    if let (Some(tally), Ok(sighting)) = (&mut tally, row) {
                        tally.add(sighting);
                    }
                });
                write_extended_sightings(form, rows, columns, out)
            })
        })?;
        counted = counted.or(tally);
        files.push(name);
    }
    // If no sightings file is written, the sightings are counted separately.
    counted.map_or_else(|| Ok(count_sightings(source)?), Ok)
}

fn count_sightings(source: MergeSource<'_>) -> Result<SightingTally, StoreError> {
    merged_sightings(source, |rows| {
        let mut tally = SightingTally::default();
        for sighting in rows {
            tally.add(&sighting?);
        }
        Ok(tally)
    })
}

pub(super) fn account_names(reader: &RunReader) -> Result<AccountNames, StoreError> {
    Ok(reader
        .accounts()?
        .into_iter()
        .map(|account| (account.id.to_string(), account.name))
        .collect())
}

fn write_coverage_file(
    dir: &RunDir,
    facts: &RunFacts,
    reader: &RunReader,
    judge: &CoverageJudge,
) -> Result<CoverageTally, CommandError> {
    let mut tally = CoverageTally::new(facts.required_kinds.get_or_default()?);
    dir.write_file("coverage.csv", |out| {
        judge.judged_coverage(reader, |rows| {
            let counted = rows.inspect(|row| row.iter().for_each(|row| tally.add(row)));
            Ok::<_, CommandError>(write_coverage(counted, out)?)
        })
    })?;
    Ok(tally)
}

/// Returns the SHA-256 of the settings, in hex.
fn settings_sha256(facts: &RunFacts) -> Result<String, CommandError> {
    let sha256 = facts.settings_sha256.required_text()?;
    if sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(sha256.to_owned())
    } else {
        let problem = "expected 64 hexadecimal digits";
        Err(facts.settings_sha256.damaged(problem).into())
    }
}

/// Returns a manifest without files.
fn new_manifest(summary: &Summary, settings_sha256: String) -> Manifest {
    Manifest {
        run_id: summary.run_id.clone(),
        tool_version: VERSION.to_owned(),
        settings_sha256,
        caller_arn: summary.caller_arn.clone(),
        files: Vec::new(),
        changed_runs: Vec::new(),
    }
}
