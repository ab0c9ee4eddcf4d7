//! Writes the differences between two runs, each as it is found, as text or as one JSON object.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::compared_run::ComparedRun;
use super::diff_counts::DiffCounts;
use crate::report::{escape, escape_json, sighting_row};
use crate::sweep::Difference;
use dragnet_model::format::count;
use dragnet_model::time::{UNKNOWN_TIME_MS, format_ms};
use dragnet_model::{Coverage, Region, Sighting, Source, SourceStatus};

/// How coverage changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CoverageChange {
    Gained,
    Lost,
    /// Covered in both runs or in none, for another reason.
    Changed,
}

impl CoverageChange {
    fn between(before: bool, after: bool) -> Self {
        match (before, after) {
            (false, true) => Self::Gained,
            (true, false) => Self::Lost,
            (true, true) | (false, false) => Self::Changed,
        }
    }

    /// The word in JSON.
    fn word(self) -> &'static str {
        match self {
            Self::Gained => "gained",
            Self::Lost => "lost",
            Self::Changed => "changed",
        }
    }

    /// The beginning of a line of text.
    fn label(self) -> &'static str {
        match self {
            Self::Gained => "+ covered ",
            Self::Lost => "- lost    ",
            Self::Changed => "~ changed ",
        }
    }
}

/// Writes differences in the order sightings, coverage, sources.
pub(super) struct DiffWriter<'a> {
    out: &'a mut dyn Write,
    json: bool,
    /// Whether the current JSON array has no element yet.
    is_first: bool,
    before: &'a ComparedRun,
    after: &'a ComparedRun,
    counts: DiffCounts,
}

impl<'a> DiffWriter<'a> {
    /// Writes which runs are compared, with notes on how far they can be.
    pub(super) fn start(
        json: bool,
        before: &'a ComparedRun,
        after: &'a ComparedRun,
        notes: &[String],
        out: &'a mut dyn Write,
    ) -> io::Result<Self> {
        let mut writer = Self {
            out,
            json,
            is_first: true,
            before,
            after,
            counts: DiffCounts::default(),
        };
        if json {
            let before = to_json(&before.to_json())?;
            let after = to_json(&after.to_json())?;
            let notes = to_json(&notes)?;
            write!(
                writer.out,
                "{{\"before\": {before},\n\"after\": {after},\n\"notes\": {notes},\n\"sightings\": ["
            )?;
        } else {
            writer.line(&format!("Comparing {} with {}", before.id, after.id))?;
            for note in notes {
                writer.line(&format!("Note: {note}."))?;
            }
        }
        Ok(writer)
    }

    pub(super) fn write_sighting(&mut self, difference: &Difference<Sighting>) -> io::Result<()> {
        match (&difference.before, &difference.after) {
            (None, Some(new)) => {
                self.counts.sightings_new += 1;
                self.write_one_sighting("new", new)
            }
            (Some(removed), None) => {
                self.counts.sightings_removed += 1;
                self.write_one_sighting("removed", removed)
            }
            (Some(before), Some(after)) => {
                self.counts.sightings_changed += 1;
                self.write_changed_sighting(before, after)
            }
            (None, None) => Ok(()),
        }
    }

    fn write_one_sighting(&mut self, change: &str, sighting: &Sighting) -> io::Result<()> {
        let is_new = change == "new";
        let run = if is_new { self.after } else { self.before };
        let other = if is_new { self.before } else { self.after };
        let time_ms = sighting.details.time_ms;
        let is_outside = time_ms != UNKNOWN_TIME_MS && !other.window.contains_ms(time_ms);
        if self.json {
            return self.element(&json!({
                "change": change,
                "outside_other_window": is_outside,
                "sighting": sighting_row(sighting, &run.names),
            }));
        }
        let sign = if is_new { '+' } else { '-' };
        let note = if is_outside {
            " (outside of the other window)"
        } else {
            ""
        };
        self.line(&format!("{sign} {change:<8}{}{note}", describe(sighting)))
    }

    fn write_changed_sighting(&mut self, before: &Sighting, after: &Sighting) -> io::Result<()> {
        let fields = changed_fields(before, after);
        if self.json {
            return self.element(&json!({
                "change": "changed",
                "fields": fields,
                "before": sighting_row(before, &self.before.names),
                "sighting": sighting_row(after, &self.after.names),
            }));
        }
        self.line(&format!(
            "~ changed {} ({})",
            describe(after),
            fields.join(", ")
        ))
    }

    /// Begins with the coverage, after the last sighting.
    pub(super) fn start_coverage(&mut self) -> io::Result<()> {
        self.start_array("coverage")
    }

    pub(super) fn write_coverage(&mut self, difference: &Difference<Coverage>) -> io::Result<()> {
        let Difference { before, after } = difference;
        let Some(row) = after.as_ref().or(before.as_ref()) else {
            return Ok(());
        };
        let is_covered = |row: Option<&Coverage>| row.is_some_and(|row| row.outcome.is_covered());
        let change =
            CoverageChange::between(is_covered(before.as_ref()), is_covered(after.as_ref()));
        match change {
            CoverageChange::Gained => self.counts.coverage_gained += 1,
            CoverageChange::Lost => self.counts.coverage_lost += 1,
            CoverageChange::Changed => self.counts.coverage_changed += 1,
        }
        let region = row.region.as_ref().map_or("", Region::as_str);
        let group = row.log_group.as_deref().unwrap_or_default();
        if self.json {
            return self.element(&json!({
                "change": change.word(),
                "account_id": row.account.to_string(),
                "account_name": row.account_name,
                "region": region,
                "log_group": group,
                "before": outcome_json(before.as_ref()),
                "after": outcome_json(after.as_ref()),
            }));
        }
        let place = [row.account_name.as_str(), region, group];
        let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
        self.line(&format!(
            "{}{} {}: {}, was {}",
            change.label(),
            row.account,
            place.join(" "),
            outcome_text(after.as_ref()),
            outcome_text(before.as_ref())
        ))
    }

    /// Begins with the log sources, after the last row of the coverage.
    pub(super) fn start_sources(&mut self) -> io::Result<()> {
        self.start_array("sources")
    }

    pub(super) fn write_source(&mut self, difference: &Difference<Source>) -> io::Result<()> {
        let Difference { before, after } = difference;
        let Some(source) = after.as_ref().or(before.as_ref()) else {
            return Ok(());
        };
        let before = before.as_ref().map(|source| source.status);
        let after = after.as_ref().map(|source| source.status);
        let is_covered =
            |status: Option<SourceStatus>| status.is_some_and(SourceStatus::is_covered);
        let change = CoverageChange::between(is_covered(before), is_covered(after));
        match change {
            CoverageChange::Gained => self.counts.sources_gained += 1,
            CoverageChange::Lost => self.counts.sources_lost += 1,
            CoverageChange::Changed => self.counts.sources_changed += 1,
        }
        let before = before.map(SourceStatus::as_str);
        let after = after.map(SourceStatus::as_str);
        if self.json {
            return self.element(&json!({
                "change": change.word(),
                "event_account_id": source.target.account.to_string(),
                "event_region": source.target.region.as_str(),
                "source": source.kind.as_str(),
                "via": source.via,
                "before": before,
                "after": after,
            }));
        }
        let via = if source.via.is_empty() {
            String::new()
        } else {
            format!(" via {}", source.via)
        };
        self.line(&format!(
            "{}{} {}{via}: {}, was {}",
            change.label(),
            source.target,
            source.kind,
            after.unwrap_or(ABSENT),
            before.unwrap_or(ABSENT)
        ))
    }

    /// Writes the counts, and returns them. `unchanged` is the number of sightings that are the same
    /// in both runs.
    pub(super) fn end(mut self, unchanged: u64) -> io::Result<DiffCounts> {
        self.counts.sightings_unchanged = unchanged;
        let counts = self.counts;
        if self.json {
            let counts = to_json(&counts)?;
            writeln!(self.out, "\n],\n\"counts\": {counts}}}")?;
        } else {
            self.line(&format!(
                "Sightings: {} new, {} removed, {} changed, {} unchanged.",
                count(counts.sightings_new),
                count(counts.sightings_removed),
                count(counts.sightings_changed),
                count(counts.sightings_unchanged)
            ))?;
            for (name, gained, lost, changed) in [
                (
                    "Log groups and account-Regions",
                    counts.coverage_gained,
                    counts.coverage_lost,
                    counts.coverage_changed,
                ),
                (
                    "Log sources",
                    counts.sources_gained,
                    counts.sources_lost,
                    counts.sources_changed,
                ),
            ] {
                self.line(&format!(
                    "{name}: {} newly covered, {} lost, {} changed.",
                    count(gained),
                    count(lost),
                    count(changed)
                ))?;
            }
        }
        Ok(counts)
    }

    fn start_array(&mut self, name: &str) -> io::Result<()> {
        self.is_first = true;
        if self.json {
            write!(self.out, "\n],\n\"{name}\": [")?;
        }
        Ok(())
    }

    fn element(&mut self, value: &Value) -> io::Result<()> {
        let separator = if self.is_first { "" } else { "," };
        self.is_first = false;
        write!(self.out, "{separator}\n{}", to_json(value)?)
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", escape(text))
    }
}

/// What is shown for a row that a run does not have.
const ABSENT: &str = "absent";

fn to_json(value: &impl Serialize) -> io::Result<String> {
    let json = serde_json::to_string(value)?;
    Ok(escape_json(&json).into_owned())
}

fn outcome_json(row: Option<&Coverage>) -> Value {
    row.map_or(Value::Null, |row| {
        json!({
            "status": row.outcome.status.as_str(),
            "reason": row.outcome.reason_text(),
        })
    })
}

fn outcome_text(row: Option<&Coverage>) -> String {
    row.map_or_else(
        || ABSENT.to_owned(),
        |row| {
            let status = row.outcome.status.as_str();
            match row.outcome.reason {
                Some(reason) => format!("{status} ({reason})"),
                None => status.to_owned(),
            }
        },
    )
}

/// Describes a sighting in one line: time, place, call, principal and indicators.
fn describe(sighting: &Sighting) -> String {
    let details = &sighting.details;
    let event_time = format_ms(details.time_ms);
    let found: Vec<&str> = sighting
        .indicators
        .iter()
        .chain(&sighting.hunts)
        .map(String::as_str)
        .collect();
    let found = found.join(";");
    let parts: [&str; 9] = [
        &event_time,
        &details.account,
        &details.region,
        &details.event_name,
        &details.identity.arn,
        &details.source_ip,
        &sighting.stored.log_group,
        &found,
        &details.record_id,
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// Returns the columns of the reports that differ between two sightings of one event.
fn changed_fields(before: &Sighting, after: &Sighting) -> Vec<&'static str> {
    let mut fields = Vec::new();
    for (name, is_changed) in [
        ("indicators", before.indicators != after.indicators),
        (
            "matched_fields",
            before.matched_fields != after.matched_fields,
        ),
        ("hunts", before.hunts != after.hunts),
        ("copies", before.copies != after.copies),
        ("copies_differ", before.copies_differ != after.copies_differ),
        ("trusted", before.trusted != after.trusted),
        ("self", before.own_call != after.own_call),
        (
            "log_group",
            before.stored.log_group != after.stored.log_group,
        ),
        ("event_id", before.stored.event_id != after.stored.event_id),
        ("message", before.message != after.message),
    ] {
        if is_changed {
            fields.push(name);
        }
    }
    // What remains is where and when the same event was stored.
    if fields.is_empty() {
        fields.push("timestamp");
    }
    fields
}
