//! The indicators of a sweep, from text and from files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{InvalidIndicators, SettingsError};
use crate::config::{IndicatorList, InvalidIndicatorList, RejectedEntries, load_indicators};
use dragnet_model::Indicator;

/// The maximum number of indicators of a sweep; the search was measured with this number.
const MAX_INDICATORS: usize = 10_000;

/// The indicators of a sweep.
pub(crate) struct ResolvedIndicators {
    /// Without duplicates, in the order given: those that are no files first.
    pub(crate) indicators: Vec<Indicator>,
    /// The types that were left out, one line per file.
    pub(crate) left_out: Vec<String>,
    /// The entries that were not understood, by list.
    pub(crate) rejected: Vec<RejectedEntries>,
    /// When findings in the lists first and last saw what they report.
    pub(crate) seen: Option<(Timestamp, Timestamp)>,
}

/// Reads all indicators. Indicators that mean the same are combined under the first spelling.
///
/// # Errors
/// Some indicators are invalid (the error names all of them), a file cannot be used, or there are
/// too many.
pub(crate) fn resolve_indicators(
    values: &[String],
    files: &[PathBuf],
    directory: &Path,
    strict: bool,
) -> Result<ResolvedIndicators, SettingsError> {
    let mut all = Vec::new();
    let mut left_out = Vec::new();
    let mut rejected = Vec::new();
    let mut seen = None;
    let mut errors = InvalidIndicators::default();
    for text in values {
        match text.parse::<Indicator>() {
            Ok(indicator) => all.push(indicator),
            Err(error) => errors.invalid.push(error),
        }
    }
    for file in files {
        match load(file, directory, strict) {
            Ok(list) => {
                left_out.extend(describe_left_out(file, &list));
                rejected.extend(describe_rejected(file, &list));
                seen = combine_windows(seen, list.seen);
                all.extend(list.indicators);
            }
            Err(error) => errors.lists.push(error),
        }
    }
    if !errors.invalid.is_empty() || !errors.lists.is_empty() {
        return Err(errors.into());
    }
    let mut distinct = HashSet::new();
    all.retain(|indicator| distinct.insert(indicator.value().clone()));
    if all.len() > MAX_INDICATORS {
        return Err(SettingsError::TooManyIndicators {
            count: all.len(),
            maximum: MAX_INDICATORS,
        });
    }
    Ok(ResolvedIndicators {
        indicators: all,
        left_out,
        rejected,
        seen,
    })
}

/// Loads a list; `-` is standard input. A strict list must be understood completely.
fn load(
    file: &Path,
    directory: &Path,
    strict: bool,
) -> Result<IndicatorList, InvalidIndicatorList> {
    let path = if file == Path::new("-") {
        file.to_owned()
    } else {
        directory.join(file)
    };
    let list = load_indicators(&path)?;
    if strict {
        return list.require_complete(&path);
    }
    Ok(list)
}

fn describe_rejected(file: &Path, list: &IndicatorList) -> Option<RejectedEntries> {
    (!list.rejected.is_empty()).then(|| RejectedEntries {
        list: file.display().to_string(),
        total: list.entries(),
        entries: list.rejected.iter().map(ToString::to_string).collect(),
    })
}

fn combine_windows(
    one: Option<(Timestamp, Timestamp)>,
    other: Option<(Timestamp, Timestamp)>,
) -> Option<(Timestamp, Timestamp)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}

fn describe_left_out(file: &Path, list: &IndicatorList) -> Option<String> {
    let parts: Vec<String> = list
        .left_out
        .iter()
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    (!parts.is_empty()).then(|| format!("{}: {}", file.display(), parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(values: &[&str], files: &[(&str, &str)]) -> Result<ResolvedIndicators, String> {
        let temp = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(temp.path().join(name), text).unwrap();
        }
        let values: Vec<String> = values.iter().map(|text| (*text).to_owned()).collect();
        let files: Vec<PathBuf> = files.iter().map(|(name, _)| PathBuf::from(name)).collect();
        resolve_indicators(&values, &files, temp.path(), false).map_err(|error| error.to_string())
    }

    #[test]
    fn duplicates_are_removed_by_value() {
        let list = "2001:DB8:0::1\nip,192.0.2.7\nEVIL.example\n".replace("ip,", "ip:");
        let resolved = resolved(
            &["2001:db8::1", "evil.example", "evil.example"],
            &[("list", &list)],
        )
        .unwrap();
        let names: Vec<String> = resolved
            .indicators
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["2001:db8::1", "evil.example", "192.0.2.7"]);
        assert!(resolved.left_out.is_empty());
    }

    #[test]
    fn all_errors_are_reported_together() {
        let error = resolved(
            &["192.0.2.999"],
            &[("a", "192.0.2.1\narn:aws\n"), ("b", "# nothing\n")],
        )
        .err()
        .unwrap();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[0].contains("192.0.2.999"), "{error}");
        assert!(
            lines[1].ends_with("/b: it contains no indicator"),
            "{error}"
        );
    }

    #[test]
    fn entries_that_are_not_understood_are_kept_with_their_lines() {
        let resolved = resolved(&[], &[("feed", "192.0.2.1\nmimikatz\n192.0.2.999\n")]).unwrap();
        let [rejected] = resolved.rejected.as_slice() else {
            panic!("{:?}", resolved.rejected);
        };
        assert_eq!((rejected.list.as_str(), rejected.total), ("feed", 3));
        assert!(rejected.entries[0].starts_with("line 2: `mimikatz`: "));
        assert!(rejected.entries[1].starts_with("line 3: `192.0.2.999`: "));
    }

    #[test]
    fn more_than_the_maximum_is_rejected() {
        let list = |count: u32| {
            let lines: Vec<String> = (0..count)
                .map(|n| format!("10.0.{}.{}", n / 250, n % 250))
                .collect();
            lines.join("\n")
        };
        assert_eq!(
            resolved(&[], &[("list", &list(10_000))])
                .unwrap()
                .indicators
                .len(),
            10_000
        );
        assert!(
            resolved(&[], &[("list", &list(10_001))])
                .err()
                .unwrap()
                .starts_with("10001 indicators")
        );
    }

    #[test]
    fn unsupported_types_are_counted() {
        let resolved = resolved(
            &[],
            &[(
                "list.csv",
                "type,value\nip,192.0.2.1\nmutex,a\nmutex,b\nyara,c\n",
            )],
        )
        .unwrap();
        assert_eq!(resolved.left_out, ["list.csv: 2 mutex, 1 yara"]);
    }
}
