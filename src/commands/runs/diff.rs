//! `dragnet runs diff`: reports how the sightings and the coverage of two runs differ.
//!
//! Both runs are read at the same time, and each difference is written when it is found, so memory
//! does not grow with the runs.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::super::CommandError;
use super::super::facts::{Facts, REQUIRED_KINDS};
use super::super::run_files::{account_names, open_run};
use super::diff_counts::DiffCounts;
use super::diff_writer::DiffWriter;
use crate::report::{AccountNames, plural};
use crate::store::{RunReader, RunRegistry, refuse_changed_database};
use crate::sweep::{
    CoverageJudge, MergeSource, compare_coverage, compare_sightings, compare_sources,
    merged_sightings,
};
use dragnet_model::TimeWindow;

/// One of the two runs.
pub(super) struct ComparedRun {
    pub id: String,
    pub window: TimeWindow,
    pub names: AccountNames,
    facts: Facts,
    reader: RunReader,
    judge: CoverageJudge,
}

impl ComparedRun {
    fn open(path: &Path) -> Result<Self, CommandError> {
        let dir = open_run(path)?;
        refuse_changed_database(&dir)?;
        let reader = RunReader::open_without_indexes(&dir)?;
        reader.verify()?;
        let facts = Facts::read(&dir, &reader)?;
        Ok(Self {
            id: facts.text("run_id")?,
            window: facts.window()?,
            names: account_names(&reader)?,
            judge: facts.coverage_judge(&reader)?,
            facts,
            reader,
        })
    }

    fn sightings<'r>(&'r self, registry: &'r RunRegistry) -> MergeSource<'r> {
        MergeSource {
            reader: &self.reader,
            registry,
        }
    }

    /// Returns a fact that is stored as JSON; null if the run has no such fact.
    fn json_fact(&self, key: &str) -> Result<Value, CommandError> {
        self.facts.optional_json(key)
    }
}

/// Compares two runs, and prints the differences. Returns the exit code: 0 if there are none, 3 if
/// the coverage differs, 4 if the sightings differ, 5 if both do.
pub(super) fn diff(
    paths: [&Path; 2],
    registry: &RunRegistry,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let [before, after] = paths;
    let before = ComparedRun::open(before)?;
    let after = ComparedRun::open(after)?;
    let notes = incomparable(&before, &after)?;
    let mut writer = DiffWriter::start(json, &before, &after, &notes, out)?;
    let unchanged = merged_sightings(before.sightings(registry), |rows| {
        merged_sightings(after.sightings(registry), |others| {
            compare_sightings(rows, others, &mut |difference| {
                Ok::<_, CommandError>(writer.write_sighting(&difference)?)
            })
        })
    })?;
    writer.start_coverage()?;
    before.judge.judged_coverage(&before.reader, |rows| {
        after.judge.judged_coverage(&after.reader, |others| {
            compare_coverage(rows, others, &mut |difference| {
                Ok::<_, CommandError>(writer.write_coverage(&difference)?)
            })
        })
    })?;
    writer.start_sources()?;
    let before_sources = &before.judge.sources.rows;
    for difference in compare_sources(before_sources, &after.judge.sources.rows) {
        writer.write_source(&difference)?;
    }
    let counts = writer.end(unchanged)?;
    out.flush()?;
    Ok(exit_code(&counts))
}

fn exit_code(counts: &DiffCounts) -> u8 {
    match (counts.has_coverage(), counts.has_sightings()) {
        (false, false) => 0,
        (true, false) => 3,
        (false, true) => 4,
        (true, true) => 5,
    }
}

/// Returns why a difference may come from the runs themselves and not from what happened.
fn incomparable(before: &ComparedRun, after: &ComparedRun) -> Result<Vec<String>, CommandError> {
    let mut notes = Vec::new();
    let one: BTreeSet<String> = before.facts.json("indicators")?;
    let other: BTreeSet<String> = after.facts.json("indicators")?;
    if one != other {
        let only_before = one.difference(&other).count() as u64;
        let only_after = other.difference(&one).count() as u64;
        notes.push(format!(
            "the runs searched for different indicators: {} only in {}, {} only in {}",
            plural(only_before, "indicator"),
            before.id,
            plural(only_after, "indicator"),
            after.id
        ));
    }
    if before.window != after.window {
        notes.push(format!(
            "the windows differ: {} and {}; a sighting outside of the other window is marked",
            before.window, after.window
        ));
    }
    for (key, note) in [
        ("hunts", "the runs have different hunts"),
        ("scope", "the scopes differ"),
        (REQUIRED_KINDS, "the runs require different kinds of logs"),
    ] {
        if before.json_fact(key)? != after.json_fact(key)? {
            notes.push(note.to_owned());
        }
    }
    if before.facts.get("practice") != after.facts.get("practice") {
        notes.push("only one of the runs is of the practice range".to_owned());
    }
    for run in [before, after] {
        if run.facts.get("ended") != Some("swept") {
            notes.push(format!(
                "run {} did not end: what it did not reach counts as not covered",
                run.id
            ));
        }
    }
    Ok(notes)
}

/// Returns the JSON object of a run.
pub(super) fn run_json(run: &ComparedRun) -> Value {
    json!({
        "run_id": run.id,
        "from": run.window.from().to_string(),
        "to": run.window.to().to_string(),
    })
}
