//! `report.html`: the run as one page for other people. It is a single file that loads nothing, and
//! text that an attacker wrote is only ever text on it.
//!
//! The page is written in three parts: the template `templates/report.html` up to the sightings,
//! then a row for each sighting as it is read, then `templates/end.html`. The page can be read
//! without its script, which only sorts, filters and expands. `askama.toml` connects the templates
//! with the escaper.

mod lineage;
mod lists;
mod matrix;
mod occurrences;
mod overview;
mod principal_cards;
mod record_text;
mod rows;
mod timeline;

use std::fmt;
use std::io::{self, Write};

use askama::Template;
use askama::filters::Escaper;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quick_xml::escape::escape as markup_escape;
use sha2::{Digest, Sha256};

use super::page::{Page, Style};
use super::sections::{write_facts, write_findings, write_source_findings};
use super::{LineageGraph, PageTally, ReportError, RunReport, escape};
use crate::geoip::describe_address;
use dragnet_model::format::{count, plural};
use dragnet_model::{Sighting, Source};
use lineage::LineageSection;
use lists::{Counted, GapGroup, GapList, Indicators, Sources, gap_groups, top_counted};
use matrix::Matrix;
use overview::Overview;
use principal_cards::Principals;
use rows::{MOST_RECORDS, MOST_ROWS, RowWriter, Shown};
use timeline::Timeline;

/// How many addresses and user agents are listed.
const MOST_LISTED: usize = 15;

const STYLE: &str = include_str!("templates/report.css");
const SCRIPT: &str = include_str!("templates/report.js");

/// What the page shows besides the run report.
#[derive(Clone, Copy, Debug)]
pub struct PageInput<'a> {
    /// The counts of a pass over the sightings and the coverage.
    pub tally: &'a PageTally,
    /// The rows of `sources.csv`.
    pub sources: &'a [Source],
    /// The files of the run that are written before the page, each with its SHA-256 in hex. The
    /// hash of the manifest cannot be on the page, because the manifest contains that of the page.
    pub file_hashes: &'a [(String, String)],
    /// The lineage, if credentials were followed.
    pub lineage: Option<&'a LineageGraph>,
}

/// Writes the page. `rows` are the sightings of the run, sorted; they are written as they are read.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_html<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    input: PageInput<'_>,
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let page = ReportPage::new(report, input)?;
    page.write_into(out)?;
    // askama drops the newline at the end of a template.
    writeln!(out)?;
    let writer = RowWriter::new(report.names, &input.tally.hours);
    let shown = writer.write(rows, out)?;
    PageEnd::new(report, input, shown)?.write_into(out)?;
    Ok(writeln!(out)?)
}

/// Untrusted text on the page: deceptive characters are shown as escapes, and markup is escaped.
/// askama writes every expression of a template with it.
#[derive(Clone, Copy)]
struct HtmlEscaper;

impl Escaper for HtmlEscaper {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        dest.write_str(&markup_escape(escape(string)))
    }
}

/// Returns the source expression with which the policy of the page allows a style or script.
///
/// Source: Content Security Policy Level 3, "hash-source".
fn source_hash(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

/// The page up to the sightings. Every text may be untrusted, except the hashes and classes.
#[derive(Template)]
#[template(path = "report.html", config = "src/report/askama.toml")]
struct ReportPage<'a> {
    run_id: &'a str,
    style: &'static str,
    style_hash: String,
    script_hash: String,
    overview: Overview,
    file_hashes: &'a [(String, String)],
    has_lineage: bool,
    lineage: LineageSection,
    timeline: Timeline,
    matrix: Matrix,
    principals: Principals,
    addresses: Vec<Counted>,
    user_agents: Vec<Counted>,
    indicators: Indicators,
    findings: Vec<Section>,
    has_sightings: bool,
    limits: String,
}

impl<'a> ReportPage<'a> {
    fn new(report: &RunReport<'a>, input: PageInput<'a>) -> io::Result<Self> {
        let mut findings = Sections::default();
        write_findings(report, &mut findings)?;
        let tally = input.tally;
        let total = report.summary.sightings;
        Ok(Self {
            run_id: &report.summary.run_id,
            style: STYLE,
            style_hash: source_hash(STYLE),
            script_hash: source_hash(SCRIPT),
            overview: Overview::new(report),
            file_hashes: input.file_hashes,
            has_lineage: input.lineage.is_some(),
            lineage: input.lineage.map_or_else(LineageSection::default, |graph| {
                LineageSection::new(graph, report.names)
            }),
            timeline: Timeline::new(&tally.hours, report.names),
            matrix: Matrix::new(tally, report.names),
            principals: Principals::new(&report.sightings.principals(), report.names),
            addresses: top_counted(report.sightings.by_address(), MOST_LISTED, |address| {
                describe_address(report.geoip, address)
            }),
            user_agents: top_counted(&tally.by_user_agent, MOST_LISTED, str::to_owned),
            indicators: Indicators::new(&report.summary.indicators),
            findings: findings.0,
            has_sightings: total > 0,
            limits: describe_limits(total),
        })
    }
}

/// Returns how many of the sightings the page has at most.
fn describe_limits(total: u64) -> String {
    let rows = if total > MOST_ROWS {
        format!(
            "The first {} of {}",
            count(MOST_ROWS),
            plural(total, "sighting")
        )
    } else {
        plural(total, "sighting")
    };
    let records = if total > MOST_RECORDS {
        format!(
            "; the first {} have their record. The number of a row is that of its line in sightings.jsonl",
            count(MOST_RECORDS)
        )
    } else {
        String::new()
    };
    format!("{rows}, by event time{records}.")
}

/// The page after the sightings. Every text may be untrusted.
#[derive(Template)]
#[template(path = "end.html", config = "src/report/askama.toml")]
struct PageEnd<'a> {
    script: &'static str,
    has_left_out: bool,
    left_out: String,
    has_records_left_out: bool,
    records_left_out: String,
    run_id: &'a str,
    gaps: Vec<GapGroup>,
    gap_list: GapList,
    sources: Sources,
    source_findings: Vec<Section>,
    facts: Vec<Section>,
    settings: Vec<String>,
}

impl<'a> PageEnd<'a> {
    fn new(report: &RunReport<'a>, input: PageInput<'a>, shown: Shown) -> io::Result<Self> {
        let mut source_findings = Sections::default();
        write_source_findings(report, &mut source_findings)?;
        let mut facts = Sections::default();
        write_facts(&mut facts, report)?;
        let left_out = report.summary.sightings.saturating_sub(shown.rows);
        let expected_records = shown.rows.min(MOST_RECORDS);
        let records_left_out = expected_records.saturating_sub(shown.records);
        let settings = serde_json::to_string_pretty(&report.summary.scope)?;
        Ok(Self {
            script: SCRIPT,
            has_left_out: left_out > 0,
            left_out: plural(left_out, "more sighting"),
            has_records_left_out: records_left_out > 0,
            records_left_out: plural(records_left_out, "record"),
            run_id: &report.summary.run_id,
            gaps: gap_groups(report),
            gap_list: GapList::new(&input.tally.grid),
            sources: Sources::new(report, input.sources),
            source_findings: source_findings.0,
            facts: facts.0,
            settings: settings.lines().map(str::to_owned).collect(),
        })
    }
}

/// Labelled items under a heading.
#[derive(Default)]
struct Section {
    heading: String,
    has_heading: bool,
    items: Vec<Item>,
}

struct Item {
    has_label: bool,
    label: String,
    lead: String,
    text: String,
}

/// Collects the sections for the templates.
#[derive(Default)]
struct Sections(Vec<Section>);

impl Page for Sections {
    fn heading(&mut self, text: &str, _: Style) -> io::Result<()> {
        self.0.push(Section {
            heading: text.to_owned(),
            has_heading: true,
            items: Vec::new(),
        });
        Ok(())
    }

    fn row(&mut self, label: &str, lead: &str, text: &str) -> io::Result<()> {
        if self.0.is_empty() {
            self.0.push(Section::default());
        }
        if let Some(section) = self.0.last_mut() {
            section.items.push(Item {
                has_label: !label.is_empty(),
                label: label.to_owned(),
                lead: lead.trim().to_owned(),
                text: text.to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
