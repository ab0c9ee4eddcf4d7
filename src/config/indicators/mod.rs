//! The files of `--indicators`: lists of indicators in the formats of threat intelligence.
//!
//! ```text
//! text   one per line      192.0.2.1   # a comment
//! CSV    type,value        domain,evil.example
//! STIX   a 2.1 bundle      patterns of indicators, and observables
//! MISP   an event          attributes meant for detection
//! ```
//! The format is recognized by the content. One invalid value makes the whole file invalid, and the
//! error names its line: otherwise a mistyped indicator would be searched for and never found.
//! Types that no cloud log contains (a mutex, a registry key) are left out and reported.

mod csv;
mod json;
mod misp;
mod stix;
mod stix_pattern;
mod text;
mod vocabulary;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use super::ConfigError;
use crate::model::{Indicator, InvalidIndicator};

/// The content of an indicator list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndicatorList {
    /// The indicators in the order of the file, with duplicates.
    pub indicators: Vec<Indicator>,
    /// What cannot be searched for: the type, and the number of its values.
    pub left_out: BTreeMap<String, usize>,
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

/// Reads an indicator list.
///
/// # Errors
/// The file cannot be read, is in none of the formats, contains invalid indicators, or has no
/// indicator. The errors name the lines.
pub fn load_indicators(path: &Path) -> Result<IndicatorList, InvalidIndicatorList> {
    let origin = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&origin, &error))?;
    parse(&text, &origin)
}

fn parse(text: &str, origin: &str) -> Result<IndicatorList, InvalidIndicatorList> {
    // Spreadsheets and PowerShell write a byte order mark at the start of a file.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = ListBuilder::default();
    let malformed = |(line, problem): Malformed| ConfigError::new(origin, line, problem);
    if text.trim_start().starts_with(['{', '[']) {
        json::read(text, &mut builder).map_err(malformed)?;
    } else if csv::is_csv(text) {
        csv::read(text, &mut builder).map_err(malformed)?;
    } else {
        text::read(text, &mut builder);
    }
    let ListBuilder { list, invalid } = builder;
    if !invalid.is_empty() {
        let errors = invalid
            .into_iter()
            .map(|(line, error)| ConfigError::new(origin, Some(line), error.to_string()));
        return Err(InvalidIndicatorList(errors.collect()));
    }
    if list.indicators.is_empty() {
        return Err(ConfigError::new(origin, None, "no indicator that can be searched for").into());
    }
    Ok(list)
}

/// The file is not in the format that its beginning suggests: the line, if it is known, and the
/// problem.
type Malformed = (Option<usize>, String);

/// The content that has been read so far.
#[derive(Debug, Default)]
struct ListBuilder {
    list: IndicatorList,
    /// The invalid indicators, with their lines.
    invalid: Vec<(usize, InvalidIndicator)>,
}

impl ListBuilder {
    fn add(&mut self, line: usize, indicator: Result<Indicator, InvalidIndicator>) {
        match indicator {
            Ok(indicator) => self.list.indicators.push(indicator),
            Err(error) => self.invalid.push((line, error)),
        }
    }

    fn leave_out(&mut self, what: impl Into<String>) {
        *self.list.left_out.entry(what.into()).or_default() += 1;
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
    fn formats_are_detected() {
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
                .contains("STIX 2.1 bundle or a MISP event")
        );
        assert!(
            read("{\"type\":")
                .unwrap_err()
                .starts_with("file:1: unexpected JSON")
        );
    }

    #[test]
    fn file_without_indicators_is_rejected() {
        for empty in [
            "",
            "# nothing\n",
            "type,value\n",
            r#"{"type":"bundle","objects":[]}"#,
        ] {
            assert_eq!(
                read(empty).unwrap_err(),
                "file: no indicator that can be searched for",
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
        fn any_file_does_not_panic(text in any::<String>()) {
            _ = parse(&text, "file");
        }

        #[test]
        fn malformed_stix_does_not_panic(
            text in r#"(\{"type":"bundle","objects":\[\{"type":"indicator","pattern":")?[\[\]{}:='", a-z0-9\\.#\n]{0,60}("\}\]\})?"#,
        ) {
            _ = parse(&text, "file");
        }

        /// Random edits of valid files in every format: whatever is still accepted can be stored.
        #[test]
        fn edited_file_does_not_panic(
            valid in prop::sample::select(&VALID[..]),
            edits in prop::collection::vec(
                (any::<prop::sample::Index>(), 0..4_usize, r#"[\[\]{}:='",|#\\ \n]{0,2}|\PC{0,2}|null|1e999|192.0.2."#),
                1..6,
            ),
        ) {
            let mut text: Vec<char> = valid.chars().collect();
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

    const VALID: [&str; 4] = [
        "192.0.2.1 # a comment\nregex:^a(b|c)+$\nuser: ben\nhxxps://evil[.]example/a\n2001:db8::/32\n",
        "type,value,comment\nip,192.0.2.1,\"a, b\"\nregex,\"^a,b$\",\nsha1,da39a3ee5e6b4b0d3255bfef95601890afd80709,x\n",
        r#"{"type":"bundle","objects":[{"type":"indicator","pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.1' OR (domain-name:value IN ('evil.example', 'b.example') AND file:hashes.'SHA-256' MATCHES 'a\\'b')] FOLLOWEDBY [url:value LIKE 'x%'] WITHIN 5 SECONDS"},{"type":"ipv6-addr","value":"2001:db8::1"}]}"#,
        r#"{"Event":{"Attribute":[{"type":"ip-dst|port","value":"192.0.2.2|443","to_ids":"1"},{"type":"domain|ip","value":"evil.example|2001:db8::1"}],"Object":[{"Attribute":[{"type":"user-agent","value":"a|b","to_ids":1}]}]}}"#,
    ];
}
