//! The files of a run: views of `run.db`, which can be made again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::CommandError;
use crate::cli::settings::SweepSettings;
use crate::config::Format;
use crate::model::{RunId, TimeWindow};
use crate::report::{
    AccountNames, CoverageTally, Ending, Manifest, ManifestFile, ReportError, RunStatus, SightingTally, Summary,
    write_calls, write_coverage, write_json, write_sightings,
};
use crate::store::{Entry, Journal, JournalClosed, RunDir, RunReader, StoreError};
use crate::sweep::{NAMED_ACCOUNTS_ONLY, merged_sightings};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const MANIFEST: &str = "manifest.json";

/// The files of a run, and what is in them in numbers.
#[derive(Debug)]
pub struct RunFiles {
    /// The numbers.
    pub summary: Summary,
    /// The sightings, counted.
    pub sightings: SightingTally,
    /// The coverage, counted.
    pub coverage: CoverageTally,
    /// The accounts' names.
    pub names: AccountNames,
    /// The files' names.
    pub files: Vec<String>,
    /// SHA-256 of the manifest, in hex.
    pub manifest_sha256: String,
}

impl RunFiles {
    /// What is printed of them at the end; `directory` is the run's, as a person knows it.
    pub fn ending<'a>(&'a self, directory: &'a str, color: bool) -> Ending<'a> {
        Ending {
            summary: &self.summary,
            sightings: &self.sightings,
            coverage: &self.coverage,
            names: &self.names,
            directory,
            files: &self.files,
            manifest_sha256: &self.manifest_sha256,
            color,
        }
    }
}

/// Writes down what a run is about, before it begins.
pub(super) async fn write_facts(
    journal: &Journal,
    run_id: &RunId,
    started: Timestamp,
    settings: &SweepSettings,
) -> Result<(), JournalClosed> {
    let indicators: Vec<String> = settings.indicators.iter().map(ToString::to_string).collect();
    let hashed = (&settings.reach, settings.window.from_ms(), settings.window.to_ms(), &indicators);
    for (key, value) in [
        ("run_id", run_id.to_string()),
        ("tool_version", VERSION.to_owned()),
        ("started", started.to_string()),
        ("from", settings.window.from().to_string()),
        ("to", settings.window.to().to_string()),
        ("indicators", as_json(&indicators)),
        ("scope", as_json(&settings.reach.scope)),
        (NAMED_ACCOUNTS_ONLY, (!settings.reach.scope.include_accounts.is_empty()).to_string()),
        ("settings_sha256", sha256(as_json(&hashed).as_bytes())),
    ] {
        journal.write(Entry::Fact { key, value }).await?;
    }
    Ok(())
}

/// Writes down how and when a run ended: `swept`, `interrupted` or `failed`.
pub(super) async fn write_end(journal: &Journal, ended: &str, finished: Timestamp) -> Result<(), JournalClosed> {
    journal.write(Entry::Fact { key: "ended", value: ended.to_owned() }).await?;
    journal.write(Entry::Fact { key: "finished", value: finished.to_string() }).await
}

/// Writes the files of a run whose database is complete.
///
/// # Errors
/// The database is damaged, or the disk takes no more.
pub fn write_run_files(dir: &RunDir, formats: &[Format]) -> Result<RunFiles, CommandError> {
    let reader = RunReader::open(dir)?;
    let facts = Facts { run: dir.path().display().to_string(), facts: reader.facts()? };
    let names: AccountNames =
        reader.accounts()?.into_iter().map(|account| (account.id.to_string(), account.name)).collect();
    let mut files = vec!["run.db".to_owned()];
    let sightings = write_all_sightings(dir, &reader, formats, &names, &mut files)?;
    let coverage = write_coverage_file(dir, &reader)?;
    dir.write_file("calls.csv", |out| reader.calls(|rows| write_calls(rows, out)))?;
    let summary = summary(&facts, &reader, &coverage, &sightings)?;
    dir.write_file("summary.json", |out| write_json(&summary, out).map_err(ReportError::<StoreError>::from))?;
    files.extend(["coverage.csv", "calls.csv", "summary.json"].map(str::to_owned));
    // The database's hash is that of the closed file.
    reader.close()?;
    write_manifest(dir, &summary, facts.text("settings_sha256")?, &files)?;
    files.push(MANIFEST.to_owned());
    let (_, manifest_sha256) = dir.digest(MANIFEST)?;
    Ok(RunFiles { summary, sightings, coverage, names, files, manifest_sha256 })
}

fn write_all_sightings(
    dir: &RunDir,
    reader: &RunReader,
    formats: &[Format],
    names: &AccountNames,
    files: &mut Vec<String>,
) -> Result<SightingTally, ReportError<StoreError>> {
    for format in formats {
        let name = format!("sightings.{format}");
        dir.write_file(&name, |out| merged_sightings(reader, |rows| write_sightings(*format, rows, names, out)))?;
        files.push(name);
    }
    let mut tally = SightingTally::default();
    merged_sightings(reader, |rows| {
        for sighting in rows {
            tally.add(&sighting?);
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(tally)
}

fn write_coverage_file(dir: &RunDir, reader: &RunReader) -> Result<CoverageTally, ReportError<StoreError>> {
    let mut tally = CoverageTally::default();
    dir.write_file("coverage.csv", |out| {
        reader.coverage(|rows| {
            let counted = rows.inspect(|row| row.iter().for_each(|row| tally.add(row)));
            write_coverage(counted, out)
        })
    })?;
    Ok(tally)
}

fn write_manifest(
    dir: &RunDir,
    summary: &Summary,
    settings_sha256: String,
    files: &[String],
) -> Result<(), CommandError> {
    let listed = files.iter().map(|name| {
        let (bytes, sha256) = dir.digest(name)?;
        Ok(ManifestFile { name: name.clone(), bytes, sha256 })
    });
    let manifest = Manifest {
        run_id: summary.run_id.clone(),
        tool_version: VERSION.to_owned(),
        settings_sha256,
        caller_arn: summary.caller_arn.clone(),
        files: listed.collect::<Result<_, StoreError>>()?,
    };
    dir.write_file(MANIFEST, |out| write_json(&manifest, out).map_err(ReportError::<StoreError>::from))?;
    Ok(())
}

fn summary(
    facts: &Facts,
    reader: &RunReader,
    coverage: &CoverageTally,
    sightings: &SightingTally,
) -> Result<Summary, CommandError> {
    let calls = reader.calls_by_operation()?;
    let counted = |of: fn(&crate::store::CallCounts) -> u64| {
        calls.iter().map(|(operation, counts)| (operation.clone(), of(counts))).filter(|(_, n)| *n > 0).collect()
    };
    let window =
        TimeWindow::new(facts.parsed("from")?, facts.parsed("to")?).map_err(|error| facts.damaged("window", &error))?;
    Ok(Summary {
        run_id: facts.text("run_id")?,
        tool_version: facts.text("tool_version")?,
        status: status(facts, coverage),
        started: facts.parsed("started")?,
        // A run that was killed has no end.
        finished: facts.parsed("finished").or_else(|_| facts.parsed("started"))?,
        window: window.into(),
        indicators: facts.json("indicators")?,
        hunts: Vec::new(),
        accounts: coverage.accounts(),
        targets: coverage.targets(),
        log_groups: coverage.log_groups(),
        sightings: sightings.total(),
        events_examined: coverage.events(),
        bytes_scanned: coverage.bytes(),
        api_calls: counted(|counts| counts.made),
        throttled: counted(|counts| counts.throttled),
        caller_arn: facts.text("caller_arn").unwrap_or_default(),
        scope: facts.json("scope")?,
    })
}

/// Only a run that came to its own end and left no gap is complete.
fn status(facts: &Facts, coverage: &CoverageTally) -> RunStatus {
    match facts.facts.get("ended").map(String::as_str) {
        Some("swept") if coverage.is_complete() => RunStatus::Complete,
        Some("swept") => RunStatus::Incomplete,
        Some("failed") => RunStatus::Failed,
        _ => RunStatus::Interrupted,
    }
}

/// The facts of a run, read back.
struct Facts {
    run: String,
    facts: BTreeMap<String, String>,
}

impl Facts {
    fn text(&self, key: &str) -> Result<String, CommandError> {
        self.facts.get(key).cloned().ok_or_else(|| self.damaged(key, &"it is missing"))
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Result<T, CommandError> {
        self.text(key)?.parse().map_err(|error| self.damaged(key, &error))
    }

    fn json<T: DeserializeOwned>(&self, key: &str) -> Result<T, CommandError> {
        serde_json::from_str(&self.text(key)?).map_err(|error| self.damaged(key, &error))
    }

    fn damaged(&self, key: &str, problem: &dyn std::fmt::Display) -> CommandError {
        CommandError::Facts { run: self.run.clone(), problem: format!("its fact `{key}`: {problem}") }
    }
}

fn as_json(value: &impl Serialize) -> String {
    // Settings are strings, numbers and lists of them, which always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
