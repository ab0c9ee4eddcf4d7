//! `report.html`: the run as one page for other people. It is a single file that loads and executes
//! nothing, and text that an attacker wrote is only ever text on it.

use std::fmt;
use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quick_xml::escape::escape as markup_escape;
use sha2::{Digest, Sha256};

use super::evidence::account_with_name;
use super::page::{Page, Style};
use super::terminal::{verdict_style, write_sections};
use super::verdict::verdict;
use super::{AccountNames, ReportError, RunReport, count, escape, time};
use dragnet_model::{OwnCall, Sighting};

/// The maximum number of sightings on the page, so that browsers can open it. The other files
/// contain all of them.
const MOST_SIGHTINGS: usize = 1_000;
/// The maximum number of characters of a message.
const LONGEST_MESSAGE: usize = 4_000;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.3rem}h2{font-size:1.1rem;margin-top:2rem}\
.good{border-left:.4rem solid #1a7f37;padding-left:1rem}\
.plain{border-left:.4rem solid #8c959f;padding-left:1rem}\
.bad{border-left:.4rem solid #cf222e;padding-left:1rem}\
table{border-collapse:collapse;width:100%}\
td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;overflow-wrap:anywhere}\
th{white-space:nowrap;font-weight:600}\
.lead{text-align:right;white-space:nowrap}\
.sightings td,.sightings th{border-top:1px solid #8c959f55;font-size:.85rem;white-space:normal}\
pre{white-space:pre-wrap;font-size:.8rem;margin:.3rem 0}";

/// Writes the page. `rows` are the sightings of the run, sorted.
///
/// # Errors
/// Returns an error if a row cannot be read, or if `out` cannot be written.
pub fn write_html<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    write_header(report, out)?;
    let mut page = HtmlPage {
        out,
        is_open: false,
    };
    write_sections(report, &mut page)?;
    page.close()?;
    write_sightings(report, rows, out)?;
    Ok(writeln!(out, "</body></html>")?)
}

/// Writes everything up to the sections: the head of the document and the verdict.
fn write_header(report: &RunReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    // The policy allows exactly this style, so injected styles and scripts are ignored.
    let style_hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let class = match verdict_style(report.summary) {
        Style::Good => "good",
        Style::Plain => "plain",
        Style::Bad => "bad",
    };
    let run_id = HtmlText(&report.summary.run_id);
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{style_hash}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>dragnet {run_id}</title>\n<style>{STYLE}</style></head><body>\n\
         <h1>Sweep {run_id}</h1>\n<div class=\"{class}\">"
    )?;
    for line in verdict(report) {
        writeln!(out, "<p>{}</p>", HtmlText(&line))?;
    }
    writeln!(out, "</div>")
}

/// Untrusted text on the page: deceptive characters are shown as escapes, and markup is escaped.
/// Nothing else than this and the text of this module is written to the page.
struct HtmlText<'a>(&'a str);

impl fmt::Display for HtmlText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&markup_escape(escape(self.0)))
    }
}

/// Writes labelled items as tables under headings.
struct HtmlPage<'a> {
    out: &'a mut dyn Write,
    is_open: bool,
}

impl HtmlPage<'_> {
    fn close(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_open) {
            writeln!(self.out, "</table>")?;
        }
        Ok(())
    }
}

impl Page for HtmlPage<'_> {
    fn heading(&mut self, text: &str, _: Style) -> io::Result<()> {
        self.close()?;
        writeln!(self.out, "<h2>{}</h2>", HtmlText(text))
    }

    fn row(&mut self, label: &str, lead: &str, text: &str) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_open, true) {
            writeln!(self.out, "<table>")?;
        }
        let label = HtmlText(label);
        let lead = HtmlText(lead.trim());
        let text = HtmlText(text);
        writeln!(
            self.out,
            "<tr><th>{label}</th><td class=\"lead\">{lead}</td><td>{text}</td></tr>"
        )
    }
}

fn write_sightings<E: std::error::Error + 'static>(
    report: &RunReport<'_>,
    rows: impl IntoIterator<Item = Result<Sighting, E>>,
    out: &mut dyn Write,
) -> Result<(), ReportError<E>> {
    let total = report.summary.sightings;
    if total == 0 {
        return Ok(());
    }
    writeln!(out, "<h2>Sightings</h2>")?;
    if total > MOST_SIGHTINGS as u64 {
        writeln!(
            out,
            "<p>The first {MOST_SIGHTINGS} of {}.</p>",
            count(total)
        )?;
    }
    writeln!(
        out,
        "<table class=\"sightings\"><tr><th>When</th><th>Where</th><th>What</th><th>Who</th><th>From</th>\
         <th>Found by</th></tr>"
    )?;
    for sighting in rows.into_iter().take(MOST_SIGHTINGS) {
        write_sighting(&sighting.map_err(ReportError::Rows)?, report.names, out)?;
    }
    Ok(writeln!(out, "</table>")?)
}

fn write_sighting(
    sighting: &Sighting,
    names: &AccountNames,
    out: &mut dyn Write,
) -> io::Result<()> {
    let event = &sighting.details;
    let account = account_with_name(&event.account, names);
    let location = format!("{account} {}", event.region);
    let call = [&*event.event_name, &*event.error_code].join(" ");
    let found_by: Vec<&str> = sighting
        .indicators
        .iter()
        .chain(&sighting.hunts)
        .map(String::as_str)
        .collect();
    let cells = [
        &time(event.time_ms),
        &location,
        call.trim(),
        &event.identity.arn,
        &event.source_ip,
        &found_by.join("; "),
    ];
    let cells: String = cells
        .iter()
        .flat_map(|cell| {
            [
                "<td>".to_owned(),
                HtmlText(cell).to_string(),
                "</td>".to_owned(),
            ]
        })
        .collect();
    let message: String = sighting.message.chars().take(LONGEST_MESSAGE).collect();
    let more = if message.len() < sighting.message.len() {
        " …"
    } else {
        ""
    };
    writeln!(
        out,
        "<tr>{cells}</tr><tr><td colspan=\"6\"><details><summary>{}</summary><pre>{}{more}</pre></details></td></tr>",
        HtmlText(&format!(
            "{} {} {}{}",
            sighting.stored.account,
            sighting.stored.region,
            sighting.stored.log_group,
            own_call_remark(sighting.own_call)
        )),
        HtmlText(&message)
    )
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
