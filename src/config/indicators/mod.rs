//! Indicator lists, as people and tools share them.
//!
//! ```text
//! text   one per line      192.0.2.1   # a comment       line.rs
//! table  CSV and the like  domain,evil.example           table.rs
//! JSON   STIX, MISP, OTX, findings of AWS                json.rs, stix.rs, misp.rs, finding.rs
//! ```
//! The format is recognised by the content. An entry is searched for, or it is reported: entries
//! that are not understood with their line and the reason, entries of types that no cloud log
//! contains (a mutex, a registry key) by their number. None becomes a text that is never found.

mod decode;
mod finding;
mod json;
mod json_source;
mod line;
mod misp;
mod stix;
mod stix_pattern;
mod table;
mod vocabulary;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use dragnet_model::{Indicator, InvalidIndicator};

/// The file name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// The content of an indicator list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndicatorList {
    /// The indicators in the order of the file, with duplicates.
    pub indicators: Vec<Indicator>,
    /// The entries that were not understood.
    pub rejected: Vec<RejectedEntry>,
    /// What cannot be searched for: the type, and the number of its values.
    pub left_out: BTreeMap<String, usize>,
    /// When findings first and last saw what they report.
    pub seen: Option<(Timestamp, Timestamp)>,
}

/// An entry of an indicator list that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedEntry {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// Its beginning.
    pub text: String,
    /// Why it is not an indicator.
    pub problem: String,
}

impl fmt::Display for RejectedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: `{}`: {}", self.line, self.text, self.problem)
    }
}

/// The entries of a list that were not understood, and so were not searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedEntries {
    /// The list, as it was given.
    pub list: String,
    /// The number of all entries of the list.
    pub total: usize,
    /// The entries, each with its line and the reason.
    pub entries: Vec<String>,
}

/// The number of rejected entries of a list that are shown; all are in `summary.json`.
const MOST_SHOWN: usize = 5;

impl RejectedEntries {
    /// The first entries, which suffice to show what kind of mistake it is.
    pub fn shown(&self) -> &[String] {
        self.entries.get(..MOST_SHOWN).unwrap_or(&self.entries)
    }

    /// Says how many entries were not searched for: `2 of 500 entries of feed.csv`.
    pub fn sentence(&self) -> String {
        format!(
            "{} of {} entries of {}",
            self.entries.len(),
            self.total,
            self.list
        )
    }
}

/// All errors of an indicator list, so that the user can correct them at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidIndicatorList(Vec<ConfigError>);

impl fmt::Display for InvalidIndicatorList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for InvalidIndicatorList {}

impl From<ConfigError> for InvalidIndicatorList {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

/// Reads an indicator list; `-` is standard input.
///
/// # Errors
/// The file cannot be read, is damaged, or has no indicator.
pub fn load_indicators(path: &Path) -> Result<IndicatorList, InvalidIndicatorList> {
    let origin = path.display().to_string();
    let read = if path == Path::new(STANDARD_INPUT) {
        decode::read_text(io::stdin().lock())
    } else {
        File::open(path).and_then(decode::read_text)
    };
    let text = read.map_err(|error| ConfigError::unreadable(&origin, &error))?;
    parse(&text, &origin)
}

impl IndicatorList {
    /// The number of entries, searched for or not.
    pub fn entries(&self) -> usize {
        self.indicators.len() + self.rejected.len() + self.left_out.values().sum::<usize>()
    }

    /// Returns the list, if every entry of it was understood.
    ///
    /// # Errors
    /// Some were not; the error names all of them.
    pub fn require_complete(self, origin: &Path) -> Result<Self, InvalidIndicatorList> {
        if self.rejected.is_empty() {
            return Ok(self);
        }
        let origin = origin.display().to_string();
        let errors = self.rejected.iter().map(|entry| {
            let problem = format!("`{}` is not an indicator: {}", entry.text, entry.problem);
            ConfigError::new(&origin, Some(entry.line), problem)
        });
        Err(InvalidIndicatorList(errors.collect()))
    }
}

fn parse(text: &str, origin: &str) -> Result<IndicatorList, InvalidIndicatorList> {
    let mut listing = Listing::default();
    if is_json(text) {
        json::read(text, &mut listing)
            .map_err(|(line, problem)| ConfigError::new(origin, line, problem))?;
    } else if let Some(table) = table::Table::recognize(text) {
        table.read(&mut listing);
    } else {
        line::read(text, &mut listing);
    }
    let Listing { list } = listing;
    if list.indicators.is_empty() {
        return Err(describe_empty(list, origin));
    }
    Ok(list)
}

/// Whether a text is meant as JSON. Lines may begin with a bracket too: `[2001:db8::1]:443`,
/// `[Adblock Plus]`.
fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    match text.strip_prefix('[') {
        Some(rest) => rest.trim_start().starts_with(['{', '[', '"', ']']),
        None => text.starts_with('{'),
    }
}

/// Says why a list has no indicator: it is empty, everything in it was left out, or nothing was
/// understood.
fn describe_empty(list: IndicatorList, origin: &str) -> InvalidIndicatorList {
    if !list.rejected.is_empty() {
        let complete = list.require_complete(Path::new(origin));
        return complete
            .err()
            .unwrap_or_else(|| InvalidIndicatorList(Vec::new()));
    }
    let left_out: Vec<String> = list
        .left_out
        .iter()
        .map(|(what, count)| format!("{count} of {what}"))
        .collect();
    let message = if left_out.is_empty() {
        "it contains no indicator".to_owned()
    } else {
        format!(
            "it contains no indicator that can be searched for: {}",
            left_out.join(", ")
        )
    };
    ConfigError::new(origin, None, message).into()
}

/// The file is not in the format that its beginning suggests: the line, if it is known, and the
/// problem.
type Malformed = (Option<usize>, String);

/// The longest part of an entry that is shown.
const LONGEST_SHOWN: usize = 120;

/// The content that has been read so far.
#[derive(Debug, Default)]
struct Listing {
    list: IndicatorList,
}

impl Listing {
    fn add(&mut self, line: usize, indicator: Result<Indicator, InvalidIndicator>) {
        match indicator {
            Ok(indicator) => self.list.indicators.push(indicator),
            Err(error) => self.reject(line, error.text(), error.problem().to_owned()),
        }
    }

    fn add_all(&mut self, line: usize, indicators: Vec<Indicator>) {
        for indicator in indicators {
            self.add(line, Ok(indicator));
        }
    }

    fn reject(&mut self, line: usize, text: &str, problem: String) {
        self.list.rejected.push(RejectedEntry {
            line,
            text: text.chars().take(LONGEST_SHOWN).collect(),
            problem,
        });
    }

    fn leave_out(&mut self, what: impl Into<String>) {
        *self.list.left_out.entry(what.into()).or_default() += 1;
    }

    fn extend_window(&mut self, time: Timestamp) {
        let (first, last) = self.list.seen.unwrap_or((time, time));
        self.list.seen = Some((first.min(time), last.max(time)));
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// Returns the content of a list, each indicator as `kind:value`, or the errors.
    pub(super) fn read(text: &str) -> Result<Vec<String>, String> {
        let list = parse(text, "file").map_err(|error| error.to_string())?;
        Ok(list
            .indicators
            .iter()
            .map(|indicator| format!("{}:{indicator}", indicator.kind()))
            .collect())
    }

    /// Returns the entries of a list that were not understood, each as `line text`.
    pub(super) fn rejected(text: &str) -> Vec<String> {
        let list = parse(text, "file").unwrap();
        list.rejected
            .iter()
            .map(|entry| format!("{} {}", entry.line, entry.text))
            .collect()
    }

    /// Returns when the findings of a list first and last saw what they report.
    pub(super) fn window(text: &str) -> Option<(String, String)> {
        let (first, last) = parse(text, "file").unwrap().seen?;
        Some((first.to_string(), last.to_string()))
    }

    /// Returns what was left out of a list, each as `n x what`.
    pub(super) fn left_out(text: &str) -> Vec<String> {
        let list = parse(text, "file").unwrap();
        list.left_out
            .into_iter()
            .map(|(what, count)| format!("{count} x {what}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::read;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formats_are_recognised() {
        assert_eq!(
            read("\u{feff}# ours\n192.0.2.1\n").unwrap(),
            ["ip:192.0.2.1"]
        );
        assert_eq!(
            read("type,value\nip,192.0.2.1\n").unwrap(),
            ["ip:192.0.2.1"]
        );
        assert!(
            read("{\"type\":\"report\"}")
                .unwrap_err()
                .contains("expected STIX, MISP")
        );
        assert!(
            read("{\"type\":")
                .unwrap_err()
                .starts_with("file:1: it is not JSON")
        );
    }

    #[test]
    fn an_empty_list_is_an_error() {
        for empty in [
            "",
            "# nothing\n",
            "type,value\n",
            r#"{"type":"bundle","objects":[]}"#,
        ] {
            assert_eq!(
                read(empty).unwrap_err(),
                "file: it contains no indicator",
                "{empty}"
            );
        }
        let absent = load_indicators(Path::new("/nowhere/list"))
            .unwrap_err()
            .to_string();
        assert!(
            absent.starts_with("/nowhere/list: cannot be read"),
            "{absent}"
        );
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic(text in any::<String>()) {
            _ = parse(&text, "file");
        }

        #[test]
        fn no_malformed_bundle_causes_a_panic(
            text in r#"(\{"type":"bundle","objects":\[\{"type":"indicator","pattern":")?[\[\]{}:='", a-z0-9\\.#\n]{0,60}("\}\]\})?"#,
        ) {
            _ = parse(&text, "file");
        }

        /// Random edits of valid files in every format: whatever is still accepted can be stored.
        #[test]
        fn no_edited_list_causes_a_panic(
            good in prop::sample::select(&GOOD[..]),
            edits in prop::collection::vec(
                (any::<prop::sample::Index>(), 0..4_usize, r#"[\[\]{}:='",|#\\ \n]{0,2}|\PC{0,2}|null|1e999|192.0.2."#),
                1..6,
            ),
        ) {
            let mut text: Vec<char> = good.chars().collect();
            for (at, removed, added) in edits {
                let from = at.index(text.len() + 1);
                let to = (from + removed).min(text.len());
                text.splice(from..to, added.chars());
            }
            let list = parse(&text.iter().collect::<String>(), "file").unwrap_or_default();
            for indicator in list.indicators {
                let stored = String::from(indicator.clone());
                prop_assert_eq!(Indicator::try_from(stored).map_err(|error| error.to_string()), Ok(indicator));
            }
        }
    }

    const GOOD: [&str; 4] = [
        "192.0.2.1 # a comment\nregex:^a(b|c)+$\nuser: ben\nhxxps://evil[.]example/a\n2001:db8::/32\n",
        "type,value,comment\nip,192.0.2.1,\"a, b\"\nregex,\"^a,b$\",\nsha1,da39a3ee5e6b4b0d3255bfef95601890afd80709,x\n",
        r#"{"type":"bundle","objects":[{"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.1' OR (domain-name:value IN ('evil.example', 'b.example') AND file:hashes.'SHA-256' MATCHES 'a\\'b')] FOLLOWEDBY [url:value LIKE 'x%'] WITHIN 5 SECONDS"},{"type":"ipv6-addr","value":"2001:db8::1"}]}"#,
        r#"{"Event":{"Attribute":[{"type":"ip-dst|port","value":"192.0.2.2|443","to_ids":"1"},{"type":"domain|ip","value":"evil.example|2001:db8::1"}],"Object":[{"Attribute":[{"type":"user-agent","value":"a|b","to_ids":1}]}]}}"#,
    ];
}
