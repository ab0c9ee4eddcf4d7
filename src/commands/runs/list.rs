//! `dragnet runs list`.

use std::io::{self, BufReader, Write};
use std::path::Path;

use serde::Serialize;

use super::super::CommandError;
use super::super::facts::Facts;
use crate::model::RunId;
use crate::report::{Table, write_json};
use crate::store::{RunDir, RunReader, StoreError};

/// A run in the list. All texts are untrusted, because the run directory may come from someone
/// else.
#[derive(Serialize)]
struct ListedRun {
    run_id: String,
    status: String,
    started: String,
    indicators: Vec<String>,
    /// `None` if the run has no summary.
    sightings: Option<u64>,
}

/// Lists the runs in `parent`, oldest first. A run that cannot be read is listed as damaged.
pub(super) fn list(parent: &Path, json: bool, out: &mut dyn Write) -> Result<(), CommandError> {
    let mut ids = run_ids(parent).map_err(|source| StoreError::File {
        action: "read",
        path: parent.to_owned(),
        source,
    })?;
    ids.sort();
    let runs: Vec<ListedRun> = ids.iter().map(|id| read_or_damaged(parent, id)).collect();
    if json {
        return Ok(write_json(&runs, out)?);
    }
    let mut table = Table::new(&["run", "status", "started", "sightings", "searched for"]);
    for run in runs {
        let sightings = run
            .sightings
            .map(|number| number.to_string())
            .unwrap_or_default();
        table.push(vec![
            run.run_id,
            run.status,
            run.started,
            sightings,
            run.indicators.join(", "),
        ]);
    }
    Ok(table.write_text(None, out)?)
}

fn run_ids(parent: &Path) -> io::Result<Vec<RunId>> {
    let entries = match std::fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        ids.extend(
            entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok()),
        );
    }
    Ok(ids)
}

fn read_or_damaged(parent: &Path, id: &RunId) -> ListedRun {
    let damaged = |error: &CommandError| ListedRun {
        run_id: id.to_string(),
        status: format!("damaged: {error}"),
        started: String::new(),
        indicators: Vec::new(),
        sightings: None,
    };
    read(&parent.join(id.as_str()), id).unwrap_or_else(|error| damaged(&error))
}

fn read(path: &Path, id: &RunId) -> Result<ListedRun, CommandError> {
    let dir = RunDir::open(path)?;
    let facts = Facts::read(&dir, &RunReader::open_without_indexes(&dir)?)?;
    let summary = dir.open_file("summary.json").ok();
    let summary: Option<serde_json::Value> =
        summary.and_then(|file| serde_json::from_reader(BufReader::new(file)).ok());
    let summary_value = |key: &str| summary.as_ref().and_then(|summary| summary.get(key));
    let status = match facts.get("ended") {
        // A killed or running run has not ended, and its summary may be from before it was resumed.
        None => "unfinished",
        Some(_) => summary_value("status")
            .and_then(serde_json::Value::as_str)
            .unwrap_or("unreported"),
    };
    Ok(ListedRun {
        run_id: id.to_string(),
        status: status.to_owned(),
        started: facts.text("started")?,
        indicators: facts.json("indicators")?,
        sightings: summary_value("sightings").and_then(serde_json::Value::as_u64),
    })
}
