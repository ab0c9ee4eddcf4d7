//! `dragnet runs diff`: reports how the sightings and the coverage of two runs differ.
//!
//! Both runs are read at the same time, and each difference is written when it is found, so memory
//! does not grow with the runs.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use super::super::CommandError;
use super::compared_run::ComparedRun;
use super::diff_counts::DiffCounts;
use super::diff_writer::DiffWriter;
use crate::store::RunRegistry;
use crate::sweep::{compare_coverage, compare_sightings, compare_sources, merged_sightings};
use dragnet_model::format::plural;

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
    let one: BTreeSet<String> = before.facts.indicators.get_as()?;
    let other: BTreeSet<String> = after.facts.indicators.get_as()?;
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
    if before.stored_hunts()? != after.stored_hunts()? {
        notes.push("the runs have different hunts".to_owned());
    }
    if before.facts.scope.get_or_default()? != after.facts.scope.get_or_default()? {
        notes.push("the scopes differ".to_owned());
    }
    if before.stored_required_kinds()? != after.stored_required_kinds()? {
        notes.push("the runs require different kinds of logs".to_owned());
    }
    if before.facts.practice.text() != after.facts.practice.text() {
        notes.push("only one of the runs is of the practice range".to_owned());
    }
    for run in [before, after] {
        if !run.facts.was_swept() {
            notes.push(format!(
                "run {} did not end: what it did not reach counts as not covered",
                run.id
            ));
        }
    }
    Ok(notes)
}
