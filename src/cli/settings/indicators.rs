//! The indicators of a sweep, from the arguments and from files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::super::{InvalidIndicators, UsageError};
use crate::config::{IndicatorList, load_indicators};
use crate::model::Indicator;

/// The maximum number of indicators of a sweep; the search was measured with this number.
const MAX_INDICATORS: usize = 10_000;

/// The indicators of a sweep.
pub(super) struct Resolved {
    /// Without duplicates, in the order given: arguments first.
    pub(super) indicators: Vec<Indicator>,
    /// The types that were left out, one line per file.
    pub(super) left_out: Vec<String>,
}

/// Reads all indicators. Indicators that mean the same are combined under the first spelling.
///
/// # Errors
/// Some indicators are invalid (the error names all of them), a file cannot be used, or there are
/// too many.
pub(super) fn resolve(
    arguments: &[String],
    files: &[PathBuf],
    directory: &Path,
) -> Result<Resolved, UsageError> {
    let mut all = Vec::new();
    let mut left_out = Vec::new();
    let mut errors = InvalidIndicators::default();
    for text in arguments {
        match text.parse::<Indicator>() {
            Ok(indicator) => all.push(indicator),
            Err(error) => errors.invalid.push(error),
        }
    }
    for file in files {
        match load_indicators(&directory.join(file)) {
            Ok(list) => {
                left_out.extend(describe_left_out(file, &list));
                all.extend(list.indicators);
            }
            Err(error) => errors.lists.push(error),
        }
    }
    if !errors.invalid.is_empty() || !errors.lists.is_empty() {
        return Err(errors.into());
    }
    let mut seen = HashSet::new();
    all.retain(|indicator| seen.insert(indicator.value().clone()));
    if all.len() > MAX_INDICATORS {
        return Err(UsageError::TooManyIndicators {
            count: all.len(),
            maximum: MAX_INDICATORS,
        });
    }
    Ok(Resolved {
        indicators: all,
        left_out,
    })
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

    fn resolved(arguments: &[&str], files: &[(&str, &str)]) -> Result<Resolved, String> {
        let temp = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(temp.path().join(name), text).unwrap();
        }
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let files: Vec<PathBuf> = files.iter().map(|(name, _)| PathBuf::from(name)).collect();
        resolve(&arguments, &files, temp.path()).map_err(|error| error.to_string())
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
        assert!(
            lines[0].contains("192.0.2.999") && lines[1].contains("/a:2: `arn:aws`"),
            "{error}"
        );
        assert!(
            lines[2].ends_with("/b: no indicator that can be searched for"),
            "{error}"
        );
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
