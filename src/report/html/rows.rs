//! The rows of the sightings, each written as it is read. Their number and their size are limited,
//! so that browsers can open the page whatever the sightings contain.

use std::io::{self, Write};

use askama::Template;

use super::record_text::RecordText;
use crate::report::account_names::account_with_name;
use crate::report::resource::describe_resource;
use crate::report::sighting_hours::SightingHours;
use crate::report::{AccountNames, ReportError};
use dragnet_model::time::{UNKNOWN_TIME_MS, format_ms};
use dragnet_model::{OwnCall, Sighting};

/// The maximum number of sightings on the page. The other files contain all of them.
pub(super) const MOST_ROWS: u64 = 10_000;
/// How many sightings have their record on the page.
pub(super) const MOST_RECORDS: u64 = 1_000;
/// The maximum number of bytes of all rows and records.
const ALL_BYTES: usize = 7_000_000;
/// The maximum number of bytes of the records among them.
const RECORD_BYTES: usize = 3_000_000;
/// The maximum number of characters of a cell.
const LONGEST_CELL: usize = 160;

/// How many sightings the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) rows: u64,
    pub(super) records: u64,
}

/// Writes the rows of the page.
pub(super) struct RowWriter<'a> {
    names: &'a AccountNames,
    hours: &'a SightingHours,
    bytes_left: usize,
    record_bytes_left: usize,
    /// The bar of the timeline of the last row.
    last_bar: Option<i64>,
    shown: Shown,
}

impl<'a> RowWriter<'a> {
    pub(super) fn new(names: &'a AccountNames, hours: &'a SightingHours) -> Self {
        Self {
            names,
            hours,
            bytes_left: ALL_BYTES,
            record_bytes_left: RECORD_BYTES,
            last_bar: None,
            shown: Shown::default(),
        }
    }

    /// Writes the first rows, as many as the page may have.
    pub(super) fn write<E: std::error::Error + 'static>(
        mut self,
        rows: impl IntoIterator<Item = Result<Sighting, E>>,
        out: &mut dyn Write,
    ) -> Result<Shown, ReportError<E>> {
        for row in rows {
            let sighting = row.map_err(ReportError::Rows)?;
            if self.shown.rows == MOST_ROWS || !self.write_row(&sighting, out)? {
                break;
            }
        }
        Ok(self.shown)
    }

    /// Writes a row. Returns whether there was space for it.
    fn write_row(&mut self, sighting: &Sighting, out: &mut dyn Write) -> io::Result<bool> {
        let number = self.shown.rows + 1;
        let row = SightingRow::new(number, self.anchor(sighting), sighting, self.names);
        let row = row.render().map_err(io::Error::other)?;
        let Some(bytes_left) = self.bytes_left.checked_sub(row.len()) else {
            return Ok(false);
        };
        self.bytes_left = bytes_left;
        self.shown.rows = number;
        out.write_all(row.as_bytes())?;
        if number <= MOST_RECORDS && self.record_bytes_left > 0 {
            self.write_record(number, sighting, out)?;
        }
        out.write_all(b"</tbody>\n")?;
        Ok(true)
    }

    /// Writes the record of a row. The first record that does not fit is the last one that is
    /// tried.
    fn write_record(
        &mut self,
        number: u64,
        sighting: &Sighting,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let record = RecordRow::new(number, sighting);
        let record = record.render().map_err(io::Error::other)?;
        let record_bytes_left = self.record_bytes_left.checked_sub(record.len());
        let bytes_left = self.bytes_left.checked_sub(record.len());
        if let (Some(record_bytes_left), Some(bytes_left)) = (record_bytes_left, bytes_left) {
            self.record_bytes_left = record_bytes_left;
            self.bytes_left = bytes_left;
            self.shown.records += 1;
            out.write_all(record.as_bytes())
        } else {
            self.record_bytes_left = 0;
            Ok(())
        }
    }

    /// Returns the id to which the bar of the timeline links, if it is the first row of the bar;
    /// otherwise an empty text.
    fn anchor(&mut self, sighting: &Sighting) -> String {
        if sighting.own_call == OwnCall::Yes {
            return String::new();
        }
        let bar = self.hours.position(sighting.details.time_ms);
        if bar == self.last_bar {
            return String::new();
        }
        self.last_bar = bar;
        bar.map(|bar| format!("bar-{bar}")).unwrap_or_default()
    }
}

/// The cells of a sighting. Every text is untrusted, except the number, the anchor and the class.
#[derive(Template)]
#[template(path = "row.html", config = "src/report/askama.toml")]
struct SightingRow {
    /// The number of its line in `sightings.jsonl`.
    number: u64,
    has_anchor: bool,
    anchor: String,
    class: &'static str,
    time: String,
    account: String,
    region: String,
    service: String,
    event_name: String,
    resource: String,
    principal: String,
    access_key: String,
    source_ip: String,
    result: String,
    indicators: String,
    fields: String,
    hunts: String,
    marks: Vec<&'static str>,
}

impl SightingRow {
    fn new(number: u64, anchor: String, sighting: &Sighting, names: &AccountNames) -> Self {
        let event = &sighting.details;
        let service = event.event_source.strip_suffix(".amazonaws.com");
        Self {
            number,
            has_anchor: !anchor.is_empty(),
            anchor,
            class: if event.succeeded() { "ok" } else { "no" },
            time: time_cell(event.time_ms),
            account: cut_cell(&account_with_name(&event.account, names)),
            region: cut_cell(&event.region),
            service: cut_cell(service.unwrap_or(&event.event_source)),
            event_name: cut_cell(&event.event_name),
            resource: cut_cell(&resource_cell(sighting)),
            principal: cut_cell(&event.identity.arn),
            access_key: cut_cell(&event.identity.access_key_id),
            source_ip: cut_cell(&event.source_ip),
            result: result_cell(sighting),
            indicators: cut_cell(&sighting.indicators.join(", ")),
            fields: cut_cell(&sighting.matched_fields.join(", ")),
            hunts: cut_cell(&sighting.hunts.join(", ")),
            marks: marks(sighting),
        }
    }
}

/// Returns the resource of a call, or where any other event is stored.
fn resource_cell(sighting: &Sighting) -> String {
    if sighting.details.is_cloudtrail() {
        return describe_resource(sighting);
    }
    let stored = &sighting.stored;
    stored.source.place_name(&stored.log_group).to_owned()
}

/// Returns the time with the date apart from the time of day.
fn time_cell(time_ms: i64) -> String {
    if time_ms == UNKNOWN_TIME_MS {
        "no known time".to_owned()
    } else {
        format_ms(time_ms).replacen('T', " ", 1)
    }
}

/// Returns the error of a failed call. An event that is no CloudTrail record has no result.
fn result_cell(sighting: &Sighting) -> String {
    let event = &sighting.details;
    match &*event.error_code {
        "" if !event.succeeded() => "failed".to_owned(),
        "" => String::new(),
        error => cut_cell(error),
    }
}

/// Returns what a reader must know before trusting the row.
fn marks(sighting: &Sighting) -> Vec<&'static str> {
    let own_call = match sighting.own_call {
        OwnCall::No => None,
        OwnCall::Yes => Some("call of Dragnet"),
        OwnCall::Claimed => Some("looks like Dragnet, but is not its call"),
    };
    let is_untrusted = sighting.details.is_cloudtrail() && !sighting.trusted;
    let untrusted = is_untrusted.then_some("no trail delivered it");
    let differs = sighting.copies_differ.then_some("copies differ");
    own_call
        .into_iter()
        .chain(untrusted)
        .chain(differs)
        .collect()
}

/// Returns the beginning of a long text.
fn cut_cell(text: &str) -> String {
    let mut cut: String = text.chars().take(LONGEST_CELL).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// The record of a sighting, under its row. Every text is untrusted.
#[derive(Template)]
#[template(path = "record.html", config = "src/report/askama.toml")]
struct RecordRow {
    number: u64,
    origin: String,
    text: RecordText,
}

impl RecordRow {
    fn new(number: u64, sighting: &Sighting) -> Self {
        let stored = &sighting.stored;
        let place = stored.source.place_name(&stored.log_group);
        let copies = match sighting.copies {
            0 | 1 => String::new(),
            copies => format!(", {copies} copies"),
        };
        let origin = format!(
            "stored in {} {} {place}, event {}{copies}",
            stored.account, stored.region, stored.event_id
        );
        Self {
            number,
            origin: cut_cell(&origin),
            text: RecordText::from_sighting(sighting),
        }
    }
}
