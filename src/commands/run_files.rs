//! The files of a run: views of `run.db`, which can be written again at any time.

use std::path::Path;

use jiff::Timestamp;

use super::CommandError;
use super::evidence_files::{EVIDENCE_FILES, count_evidence, write_evidence_files};
use super::facts::{Facts, INDICATOR_KINDS, REJECTED_ENTRIES, REQUIRED_KINDS, VERSION};
use super::hunt_files::HuntReports;
use super::manifest::{DATABASE, DatabaseOrigin, extend_manifest, find_origin};
use crate::config::{Format, RejectedEntries, Scope};
use crate::report::{
    AccountNames, CoverageTally, EvidenceTally, HuntSummary, IndicatorSummary, InsightsUse,
    NEVER_IN_LOGS, ReportError, RunReport, RunStatus, SightingTally, Summary, SummaryWindow,
    write_calls, write_coverage, write_html, write_json, write_sightings,
};
use crate::store::{
    MANIFEST, Manifest, RunDir, RunReader, RunRegistry, StoreError, refuse_changed_database,
};
use crate::sweep::{
    CoverageJudge, MergeSource, SLOWED_RATES, UNMATCHED_SELECTORS, UnmatchedSelectors,
    merged_sightings,
};
use dragnet_model::{RequiredKinds, RunId};

/// The name of the HTML report.
const HTML_REPORT: &str = "report.html";

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
    let facts = Facts::read(dir, &reader)?;
    let sightings = count_sightings(MergeSource {
        reader: &reader,
        registry,
    })?;
    let judge = facts.coverage_judge(&reader)?;
    let required: RequiredKinds = facts.optional_json(REQUIRED_KINDS)?;
    let coverage = judge.judged_coverage(&reader, |rows| {
        let mut tally = CoverageTally::new(required);
        for row in rows {
            tally.add(&row?);
        }
        Ok::<_, CommandError>(tally)
    })?;
    let evidence = count_evidence(&reader, &judge, facts.window()?)?;
    let hunts = HuntReports::from_run(&facts, &reader, &judge.sources)?.count()?;
    let counted = Counted {
        sightings: &sightings,
        coverage: &coverage,
        evidence: &evidence,
        hunts,
        complete_until: judge.complete_until(),
    };
    let summary = summary(&facts, &reader, counted)?;
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
    write_files_from(dir, origin, formats, registry)
}

/// Writes the files of a run like [`write_run_files`], from a database of this origin.
pub(super) fn write_files_from(
    dir: &RunDir,
    origin: DatabaseOrigin,
    formats: &[Format],
    registry: &RunRegistry,
) -> Result<RunFiles, CommandError> {
    let reader = match origin {
        DatabaseOrigin::Original => RunReader::open(dir)?,
        DatabaseOrigin::Changed => RunReader::open_changed(dir)?,
    };
    let source = MergeSource {
        reader: &reader,
        registry,
    };
    let facts = Facts::read(dir, &reader)?;
    let names = account_names(&reader)?;
    let mut files = vec![DATABASE.to_owned()];
    let sightings = write_all_sightings(dir, source, formats, &names, &mut files)?;
    let judge = facts.coverage_judge(&reader)?;
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
        complete_until: judge.complete_until(),
    };
    let summary = summary(&facts, &reader, counted)?;
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
        files,
        manifest_sha256: None,
        signature_problem: None,
    };
    if formats.contains(&Format::Html) {
        write_html_report(dir, source, &run)?;
        run.files.push(HTML_REPORT.to_owned());
    }
    // The hash of the database must be computed after it is closed.
    reader.close()?;
    let manifest = new_manifest(&run.summary, facts.settings_sha256()?);
    extend_manifest(dir, manifest, origin, &run.files)?;
    run.files.push(MANIFEST.to_owned());
    run.manifest_sha256 = Some(dir.digest(MANIFEST)?.1);
    Ok(run)
}

fn write_html_report(
    dir: &RunDir,
    source: MergeSource<'_>,
    run: &RunFiles,
) -> Result<(), ReportError<StoreError>> {
    let report = run.run_report("", false);
    dir.write_file(HTML_REPORT, |out| {
        merged_sightings(source, |rows| write_html(&report, rows, out))
    })
}

fn write_all_sightings(
    dir: &RunDir,
    source: MergeSource<'_>,
    formats: &[Format],
    names: &AccountNames,
    files: &mut Vec<String>,
) -> Result<SightingTally, ReportError<StoreError>> {
    let mut counted = None;
    for format in formats {
        let Format::Sightings(form) = format else {
            continue;
        };
        let name = format!("sightings.{format}");
        let mut tally = SightingTally::default();
        dir.write_file(&name, |out| {
            merged_sightings(source, |rows| {
                let rows = rows.inspect(|row| row.iter().for_each(|sighting| tally.add(sighting)));
                write_sightings(*form, rows, names, out)
            })
        })?;
        counted = Some(tally);
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
    facts: &Facts,
    reader: &RunReader,
    judge: &CoverageJudge,
) -> Result<CoverageTally, CommandError> {
    let mut tally = CoverageTally::new(facts.optional_json(REQUIRED_KINDS)?);
    dir.write_file("coverage.csv", |out| {
        judge.judged_coverage(reader, |rows| {
            let counted = rows.inspect(|row| row.iter().for_each(|row| tally.add(row)));
            Ok::<_, CommandError>(write_coverage(counted, out)?)
        })
    })?;
    Ok(tally)
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

/// The counts from writing the files.
struct Counted<'a> {
    sightings: &'a SightingTally,
    coverage: &'a CoverageTally,
    evidence: &'a EvidenceTally,
    hunts: Vec<HuntSummary>,
    /// The time up to which the records had been delivered.
    complete_until: Timestamp,
}

fn summary(
    facts: &Facts,
    reader: &RunReader,
    counted: Counted<'_>,
) -> Result<Summary, CommandError> {
    let Counted {
        sightings,
        coverage,
        evidence,
        hunts,
        complete_until,
    } = counted;
    let calls = reader.calls_by_operation()?;
    let by_operation = |count: fn(&crate::store::CallCounts) -> u64| {
        calls
            .iter()
            .map(|(operation, counts)| (operation.clone(), count(counts)))
            .filter(|(_, n)| *n > 0)
            .collect()
    };
    let scope: Scope = facts.json("scope")?;
    let insights = reader.insights_total()?;
    let required = coverage.required();
    // An account-Region without a searched log source is a gap, unless the scope does not require
    // log sources.
    let is_covered = coverage.is_complete()
        && (!scope.requires_sources() || evidence.has_required_sources(required));
    let rejected_entries: Vec<RejectedEntries> = facts.optional_json(REJECTED_ENTRIES)?;
    // Runs of older versions do not have this fact.
    let unmatched: UnmatchedSelectors = facts.optional_json(UNMATCHED_SELECTORS)?;
    let is_complete = is_covered && rejected_entries.is_empty() && unmatched.inclusions.is_empty();
    Ok(Summary {
        run_id: facts.checked_text::<RunId>("run_id")?,
        tool_version: facts.text("tool_version")?,
        status: status(facts, is_complete)?,
        started: facts.parsed("started")?,
        finished: facts.finished()?,
        window: SummaryWindow::new(facts.window()?, complete_until),
        required: required.clone(),
        not_required: coverage.not_required().clone(),
        indicators: indicator_summaries(facts, sightings)?,
        rejected_entries,
        unmatched_selectors: unmatched.texts(),
        not_looked_for: facts.json("not_looked_for")?,
        hunts,
        accounts: coverage.accounts(),
        targets: coverage.targets(),
        log_groups: coverage.log_groups(),
        sources: evidence.sources.counts(),
        tampering: evidence.tampering.by_name().clone(),
        never_in_logs: NEVER_IN_LOGS,
        sightings: sightings.total(),
        own_calls: sightings.own_calls(),
        claimed_own_calls: sightings.claimed_calls(),
        events_examined: coverage.events(),
        bytes_scanned: coverage.bytes(),
        insights: InsightsUse {
            queries: insights.queries,
            bytes_scanned: insights.bytes_scanned,
            cost_usd: insights.usd,
        },
        api_calls: by_operation(|counts| counts.made),
        throttled: by_operation(|counts| counts.throttled),
        // A killed run has no such fact.
        rates: facts.optional_json(SLOWED_RATES)?,
        caller_arn: facts.caller_arn()?,
        scope,
    })
}

/// Returns what was found of each indicator, including those of which nothing was found.
fn indicator_summaries(
    facts: &Facts,
    sightings: &SightingTally,
) -> Result<Vec<IndicatorSummary>, CommandError> {
    let names: Vec<String> = facts.json("indicators")?;
    let kinds: Vec<String> = facts.optional_json(INDICATOR_KINDS)?;
    let kinds = kinds
        .iter()
        .map(String::as_str)
        .chain(std::iter::repeat(""));
    let summaries = names
        .iter()
        .zip(kinds)
        .map(|(name, kind)| sightings.indicator(name, kind));
    Ok(summaries.collect())
}

/// Returns the status. A run is complete only if it ended normally and has no gap.
fn status(facts: &Facts, is_complete: bool) -> Result<RunStatus, CommandError> {
    match facts.get("ended") {
        Some("swept") if is_complete => Ok(RunStatus::Complete),
        Some("swept") => Ok(RunStatus::Incomplete),
        Some("failed") => Ok(RunStatus::Failed),
        // A killed run has no such fact.
        Some("interrupted") | None => Ok(RunStatus::Interrupted),
        Some(_) => Err(facts.damaged("ended", &"expected swept, failed or interrupted")),
    }
}
