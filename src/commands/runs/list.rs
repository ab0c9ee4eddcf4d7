//! `dragnet runs list`.

use std::io::{BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::CommandError;
use crate::commands::list_output::print_list;
use crate::report::{Table, escape};
use crate::settings::{ListOutput, OutputFormat};
use crate::store::{RunDir, RunReader, StoreError, list_runs};
use dragnet_model::RunId;
use dragnet_model::format::count;

/// A run in the list. All texts are untrusted, because the run directory may come from someone
/// else.
#[derive(Serialize)]
struct ListedRun {
    run_id: String,
    status: String,
    started: String,
    indicators: Vec<String>,
    hunts: Vec<String>,
    /// `None` if the run has no summary.
    sightings: Option<u64>,
}

/// The part of a stored hunt that is listed.
#[derive(Deserialize)]
struct NamedHunt {
    name: String,
}

/// Lists the runs in `parent`, oldest first. A run that cannot be read is listed as damaged. A table
/// has a line for each run, shortened to the number of columns, if there is one.
pub(super) fn list(
    parent: &Path,
    output: &ListOutput,
    columns: Option<u16>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let ids = list_runs(parent).map_err(|source| StoreError::File {
        action: "read",
        path: parent.to_owned(),
        source,
    })?;
    let runs: Vec<ListedRun> = ids.iter().map(|id| read_or_damaged(parent, id)).collect();
    let document = serde_json::to_value(&runs).map_err(std::io::Error::from)?;
    let width = columns.filter(|_| output.format == OutputFormat::Table);
    print_list(output, document, || run_table(&runs, width), None, out)
}

/// The width from which the start of a run has a column of its own; its id contains the same.
const WIDE: u16 = 100;
/// The least width of the last column.
const MIN_SEARCH: usize = 10;
/// The greatest width of a status, which is untrusted text.
const MAX_STATUS: usize = 12;
/// The number of indicators or hunts that are named.
const NAMED: usize = 3;

fn run_table(runs: &[ListedRun], width: Option<u16>) -> Table {
    let is_wide = width.is_none_or(|width| width >= WIDE);
    let mut titles = vec!["run", "status", "sightings"];
    if is_wide {
        titles.insert(1, "started (UTC)");
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for run in runs {
        let status = run.status.split(':').next().unwrap_or_default();
        let sightings = run.sightings.map(|number| number.to_string());
        let mut row = vec![
            run.run_id.clone(),
            shorten(status, MAX_STATUS),
            sightings.unwrap_or_default(),
        ];
        if is_wide {
            row.insert(1, started(run));
        }
        rows.push(row);
    }
    let space = width.map(|width| {
        let used = used_columns(&titles, &rows);
        usize::from(width).saturating_sub(used).max(MIN_SEARCH)
    });
    titles.push("searched for");
    let mut table = Table::new(&titles);
    for (mut row, run) in rows.into_iter().zip(runs) {
        let search = describe_search(run);
        row.push(shorten(&search, space.unwrap_or(usize::MAX)));
        table.push(row);
    }
    table
}

/// Returns the number of columns that these cells take, with the two spaces after each.
fn used_columns(titles: &[&str], rows: &[Vec<String>]) -> usize {
    let mut used = 0;
    for (position, title) in titles.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(position));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        used += widest.max(title.chars().count()) + 2;
    }
    used
}

/// Escapes untrusted text and shortens it to `width` characters.
fn shorten(text: &str, width: usize) -> String {
    let escaped = escape(text);
    if escaped.chars().count() <= width {
        return escaped.into_owned();
    }
    let mut short: String = escaped.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Returns when a run started, to the minute.
fn started(run: &ListedRun) -> String {
    let started: Option<RunId> = run.run_id.parse().ok();
    started.map_or_else(String::new, |id| {
        id.started().strftime("%Y-%m-%d %H:%M").to_string()
    })
}

/// Returns what a run searched for, or why it cannot be read: `3 indicators: a, b, c; hunt root-use`.
fn describe_search(run: &ListedRun) -> String {
    if let Some((_, problem)) = run.status.split_once(": ") {
        return problem.to_owned();
    }
    let indicators = match run.indicators.as_slice() {
        [one] => one.clone(),
        several => describe_several(several, "indicators"),
    };
    let hunts = match run.hunts.as_slice() {
        [one] => format!("hunt {one}"),
        several => describe_several(several, "hunts"),
    };
    let parts = [indicators, hunts];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

fn describe_several(names: &[String], noun: &str) -> String {
    if names.is_empty() {
        return String::new();
    }
    let mut shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    if names.len() > NAMED {
        shown.push("…");
    }
    format!("{} {noun}: {}", count(names.len() as u64), shown.join(", "))
}

fn read_or_damaged(parent: &Path, id: &RunId) -> ListedRun {
    let damaged = |error: &CommandError| ListedRun {
        run_id: id.to_string(),
        status: format!("damaged: {error}"),
        started: String::new(),
        indicators: Vec::new(),
        hunts: Vec::new(),
        sightings: None,
    };
    read(&parent.join(id.as_str()), id).unwrap_or_else(|error| damaged(&error))
}

fn read(path: &Path, id: &RunId) -> Result<ListedRun, CommandError> {
    let dir = RunDir::open(path)?;
    let facts = RunReader::open_without_indexes(&dir)?.facts()?;
    let summary = dir.open_file("summary.json").ok();
    let summary: Option<serde_json::Value> =
        summary.and_then(|file| serde_json::from_reader(BufReader::new(file)).ok());
    let summary_value = |key: &str| summary.as_ref().and_then(|summary| summary.get(key));
    let status = match facts.ended.text() {
        // A killed or running run has not ended, and its summary may be from before it was resumed.
        None => "unfinished",
        Some(_) => summary_value("status")
            .and_then(serde_json::Value::as_str)
            .unwrap_or("unreported"),
    };
    let hunts: Vec<NamedHunt> = facts.hunts.get_as_or_default()?;
    Ok(ListedRun {
        run_id: id.to_string(),
        status: status.to_owned(),
        started: facts.started.required_text()?.to_owned(),
        indicators: facts.indicators.get()?,
        hunts: hunts.into_iter().map(|hunt| hunt.name).collect(),
        sightings: summary_value("sightings").and_then(serde_json::Value::as_u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(status: &str, indicators: &[&str], hunts: &[&str]) -> ListedRun {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ListedRun {
            run_id: "20260301T120000Z-3f9a".to_owned(),
            status: status.to_owned(),
            started: "2026-03-01T12:00:00.123456789Z".to_owned(),
            indicators: texts(indicators),
            hunts: texts(hunts),
            sightings: Some(7),
        }
    }

    fn lines(runs: &[ListedRun], width: Option<u16>) -> Vec<String> {
        let mut out = Vec::new();
        run_table(runs, width).write_text(None, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_run_is_one_line_that_fits() {
        let long =
            "arn:aws:iam::111111111111:user/a-rather-long-name-of-a-user-of-the-organization";
        let many: Vec<String> = (0..500).map(|number| format!("192.0.2.{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let runs = [
            run("complete", &[long], &[]),
            run("incomplete", &many, &["root-use", "iam-access-denied"]),
            run(
                "damaged: the run database is damaged: unknown value",
                &[],
                &[],
            ),
            run("\u{1b}[2J\u{1b}[2J", &["a\nb"], &["root-use"]),
        ];
        for width in [80, 140] {
            let lines = lines(&runs, Some(width));
            assert_eq!(lines.len(), 1 + runs.len(), "{lines:#?}");
            for line in &lines {
                assert!(line.chars().count() <= usize::from(width), "{line}");
            }
            assert!(lines[1].ends_with('…') || width == 140, "{lines:#?}");
            assert!(
                lines[2].contains("500 indicators: 192.0.2.0, "),
                "{lines:#?}"
            );
            assert!(lines[3].contains("damaged") && lines[3].contains("the run database"));
            assert!(!lines[4].contains('\u{1b}'), "{lines:#?}");
        }
        let wide = lines(&runs, None);
        assert!(
            wide[1].contains("2026-03-01 12:00  ") && wide[1].ends_with(long),
            "{wide:#?}"
        );
        assert!(
            wide[2].ends_with("500 indicators: 192.0.2.0, 192.0.2.1, 192.0.2.2, …; 2 hunts: root-use, iam-access-denied"),
            "{wide:#?}"
        );
    }
}
