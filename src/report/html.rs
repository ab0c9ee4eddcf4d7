//! `report.html`: the run as one page for other people. It is a single file that loads and executes
//! nothing, and text that an attacker wrote is only ever text on it.
//!
//! The page is the template `templates/report.html`, which `askama.toml` connects with the escaper.

use std::fmt;
use std::io::{self, Write};

use askama::Template;
use askama::filters::Escaper;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quick_xml::escape::escape as markup_escape;
use sha2::{Digest, Sha256};

use super::account_names::{AccountNames, account_with_name};
use super::page::{Page, Style};
use super::sections::write_sections;
use super::verdict::{verdict, verdict_style};
use super::{ReportError, RunReport, escape};
use dragnet_model::format::count;
use dragnet_model::time::{UNKNOWN_TIME_MS, format_ms};
use dragnet_model::{OwnCall, Sighting};

/// The maximum number of sightings on the page, so that browsers can open it. The other files
/// contain all of them.
const MOST_SIGHTINGS: usize = 1_000;
/// The maximum number of characters of a message.
const LONGEST_MESSAGE: usize = 4_000;

const STYLE: &str = include_str!("templates/report.css");

/// Writes the page. `rows` are the sightings of the run, sorted.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_html<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let mut sections = Sections::default();
    write_sections(report, &mut sections)?;
    let page = ReportPage {
        run_id: &report.summary.run_id,
        style: STYLE,
        style_hash: BASE64_STANDARD.encode(Sha256::digest(STYLE)),
        verdict_class: match verdict_style(report.summary) {
            Style::Good => "good",
            Style::Plain => "plain",
            Style::Bad => "bad",
        },
        verdict: verdict(report),
        sections: sections.0,
        sightings: read_sightings(report, rows)?,
    };
    page.write_into(out)?;
    // askama drops the newline at the end of a template.
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

/// The content of the template. Every text may be untrusted.
#[derive(Template)]
#[template(path = "report.html", config = "src/report/askama.toml")]
struct ReportPage<'a> {
    run_id: &'a str,
    style: &'static str,
    /// The hash of the style, with which the policy of the page allows it.
    style_hash: String,
    verdict_class: &'static str,
    verdict: Vec<String>,
    sections: Vec<Section>,
    sightings: Option<SightingTable>,
}

/// Labelled items under a heading.
#[derive(Default)]
struct Section {
    heading: Option<String>,
    items: Vec<Item>,
}

struct Item {
    label: String,
    lead: String,
    text: String,
}

/// Collects the sections for the template.
#[derive(Default)]
struct Sections(Vec<Section>);

impl Page for Sections {
    fn heading(&mut self, text: &str, _: Style) -> io::Result<()> {
        self.0.push(Section {
            heading: Some(text.to_owned()),
            ..Section::default()
        });
        Ok(())
    }

    fn row(&mut self, label: &str, lead: &str, text: &str) -> io::Result<()> {
        if self.0.is_empty() {
            self.0.push(Section::default());
        }
        if let Some(section) = self.0.last_mut() {
            section.items.push(Item {
                label: label.to_owned(),
                lead: lead.trim().to_owned(),
                text: text.to_owned(),
            });
        }
        Ok(())
    }
}

/// The first sightings of the run.
struct SightingTable {
    shown: usize,
    total: String,
    /// Whether there are more sightings than the page shows.
    is_cut_off: bool,
    rows: Vec<SightingRow>,
}

/// Reads the sightings that the page shows. Returns `None` if there are none.
fn read_sightings<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
) -> Result<Option<SightingTable>, ReportError<E>> {
    let total = report.summary.sightings;
    if total == 0 {
        return Ok(None);
    }
    let rows = rows
        .into_iter()
        .take(MOST_SIGHTINGS)
        .map(|row| row.map(|sighting| SightingRow::new(&sighting, report.names)))
        .collect::<Result<Vec<_>, E>>()
        .map_err(ReportError::Rows)?;
    Ok(Some(SightingTable {
        shown: MOST_SIGHTINGS,
        total: count(total),
        is_cut_off: total > MOST_SIGHTINGS as u64,
        rows,
    }))
}

struct SightingRow {
    time: String,
    location: String,
    call: String,
    principal: String,
    source_ip: String,
    found_by: String,
    /// Where the event is stored, and whether it is a call of Dragnet itself.
    origin: String,
    message: String,
}

impl SightingRow {
    fn new(sighting: &Sighting, names: &AccountNames) -> Self {
        let event = &sighting.details;
        let account = account_with_name(&event.account, names);
        let call = [&*event.event_name, &*event.error_code].join(" ");
        let found_by: Vec<&str> = sighting
            .indicators
            .iter()
            .chain(&sighting.hunts)
            .map(String::as_str)
            .collect();
        Self {
            time: if event.time_ms == UNKNOWN_TIME_MS {
                "no known time".to_owned()
            } else {
                format_ms(event.time_ms)
            },
            location: format!("{account} {}", event.region),
            call: call.trim().to_owned(),
            principal: event.identity.arn.to_string(),
            source_ip: event.source_ip.to_string(),
            found_by: found_by.join("; "),
            origin: format!(
                "{} {} {}{}",
                sighting.stored.account,
                sighting.stored.region,
                sighting
                    .stored
                    .source
                    .place_name(&sighting.stored.log_group),
                own_call_remark(sighting.own_call)
            ),
            message: cut_message(&sighting.message),
        }
    }
}

/// Returns the beginning of a long message.
fn cut_message(message: &str) -> String {
    let cut: String = message.chars().take(LONGEST_MESSAGE).collect();
    if cut.len() < message.len() {
        cut + " …"
    } else {
        cut
    }
}

/// Returns what the row of a sighting says about calls of Dragnet itself.
fn own_call_remark(own_call: OwnCall) -> &'static str {
    match own_call {
        OwnCall::No => "",
        OwnCall::Yes => ": a call of Dragnet itself",
        OwnCall::Claimed => ": looks like a call of Dragnet, but no run on this machine made it",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::testing::{self, sighting, written};
    use crate::report::{CoverageTally, EvidenceTally, RunStatus, SightingTally};
    use crate::store::StoreError;

    fn page(found: u64, message: &str) -> String {
        let mut sightings = SightingTally::default();
        let mut hostile = sighting(message);
        hostile.details.identity.arn = "<img src=x onerror=alert(1)>\u{202e}".into();
        (0..found).for_each(|_| sightings.add(&hostile));
        let summary = crate::report::Summary {
            sightings: found,
            ..testing::summary(RunStatus::Incomplete)
        };
        let report = RunReport {
            summary: &summary,
            sightings: &sightings,
            coverage: &CoverageTally::default(),
            evidence: &EvidenceTally::default(),
            names: &AccountNames::from([("111111111111".to_owned(), "</td><script>".to_owned())]),
            directory: "",
            files: &[],
            manifest_sha256: None,
            color: false,
        };
        let rows = (0..found).map(|_| Ok::<_, StoreError>(hostile.clone()));
        written(|out| write_html(&report, rows, out))
    }

    #[test]
    fn hostile_text_is_escaped() {
        let page = page(2, "</pre><script>alert('1')</script>\u{1b}[2J");
        for hostile in ["<script", "<img", "</pre><script", "\u{1b}", "\u{202e}"] {
            assert!(!page.contains(hostile), "{hostile:?} in {page}");
        }
        assert!(
            page.contains("&lt;script&gt;alert(&apos;1&apos;)") && page.contains("\\u{202e}"),
            "{page}"
        );
        // No element is opened except by this module, and every one of them is closed.
        for element in ["table", "tr", "td", "details", "pre", "div"] {
            let start_tag = format!("<{element}");
            let end_tag = format!("</{element}>");
            let opened = page
                .split(&start_tag)
                .skip(1)
                .filter(|rest| rest.starts_with(['>', ' ']))
                .count();
            assert_eq!(opened, page.matches(&end_tag).count(), "{element}");
        }
    }

    proptest! {
        #[test]
        fn text_neither_opens_nor_closes_elements(
            text in "([<>&'\"/=!-]|script|</pre>|</td>|style|[\\u{0}-\\u{1f}\\u{7f}-\\u{9f}\\u{202a}-\\u{202e}]|\\PC){0,40}",
        ) {
            let markup = |page: &str| page.matches(['<', '>', '"']).count();
            let harmless = page(1, "x");
            let page = page(1, &text);
            prop_assert_eq!(markup(&page), markup(&harmless));
            prop_assert!(!page.contains(|c: char| c != '\n' && escape(&c.to_string()) != c.to_string()));
        }
    }

    #[test]
    fn policy_allows_only_the_own_style() {
        let page = page(1, "");
        let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
        assert!(
            page.contains(&format!(
                "content=\"default-src 'none'; style-src 'sha256-{hash}'"
            )),
            "{page}"
        );
        let style = page
            .split_once("<style>")
            .and_then(|(_, rest)| rest.split_once("</style>"))
            .unwrap()
            .0;
        assert_eq!(style, STYLE);
        assert!(!page.contains("style=") && !page.contains("http:") && !page.contains("https:"));
    }

    /// The escaper makes text harmless only where a template uses it.
    #[test]
    fn only_the_style_is_written_unescaped() {
        let template = include_str!("templates/report.html");
        assert_eq!(template.matches("safe").count(), 1);
        assert!(template.contains("<style>{{ style|safe }}</style>"));
        assert_eq!(STYLE.matches(['<', '>', '&']).count(), 0);
    }

    #[test]
    fn page_has_headings_and_labels_of_the_sections() {
        let page = page(1, "");
        assert!(
            page.contains("</div>\n<table>\n<tr><th>Searched for</th><td class=\"lead\"></td><td>"),
            "the first section has no heading: {page}"
        );
        assert!(
            page.contains("</table>\n<h2>Found: 1 sighting</h2>\n<table>\n<tr><th>between</th>"),
            "{page}"
        );
        assert!(
            page.contains("<th>by address</th><td class=\"lead\">1</td><td>192.0.2.1</td></tr>"),
            "{page}"
        );
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
        assert!(page.ends_with("</table>\n</body></html>\n"), "{page}");
    }

    #[test]
    fn page_with_many_sightings_stays_small() {
        let page = page(1_200, &"x".repeat(100_000));
        assert_eq!(page.matches("<details>").count(), MOST_SIGHTINGS);
        assert!(
            page.contains("The first 1000 of 1,200.") && page.len() < 8 << 20,
            "{}",
            page.len()
        );
    }
}
