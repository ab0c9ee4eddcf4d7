//! The indicators of a sweep, from the arguments and from files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::super::{InvalidIndicators, UsageError};
use crate::config::{IndicatorList, load_indicators};
use crate::model::Indicator;

/// The maximum number of indicators of a sweep; the search was measured with this number.
const MOST: usize = 10_000;

/// The indicators of a sweep.
pub(super) struct Resolved {
    /// At least one, without duplicates, in the order given: arguments first.
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
    given: &[String],
    files: &[PathBuf],
    directory: &Path,
) -> Result<Resolved, UsageError> {
    let mut all = Vec::new();
    let mut left_out = Vec::new();
    let mut wrong = InvalidIndicators::default();
    for text in given {
        match text.parse::<Indicator>() {
            Ok(indicator) => all.push(indicator),
            Err(error) => wrong.invalid.push(error),
        }
    }
    for file in files {
        match load_indicators(&directory.join(file)) {
            Ok(list) => {
                left_out.extend(told(file, &list));
                all.extend(list.indicators);
            }
            Err(error) => wrong.lists.push(error),
        }
    }
    if !wrong.invalid.is_empty() || !wrong.lists.is_empty() {
        return Err(wrong.into());
    }
    let mut seen = HashSet::new();
    all.retain(|indicator| seen.insert(indicator.value().clone()));
    if all.len() > MOST {
        return Err(UsageError::TooManyIndicators {
            given: all.len(),
            most: MOST,
        });
    }
    Ok(Resolved {
        indicators: all,
        left_out,
    })
}

fn told(file: &Path, list: &IndicatorList) -> Option<String> {
    let parts: Vec<String> = list
        .left_out
        .iter()
        .map(|(what, count)| format!("{count} of {what}"))
        .collect();
    (!parts.is_empty()).then(|| format!("{}: {}", file.display(), parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(given: &[&str], files: &[(&str, &str)]) -> Result<Resolved, String> {
        let temp = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(temp.path().join(name), text).unwrap();
        }
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        let files: Vec<PathBuf> = files.iter().map(|(name, _)| PathBuf::from(name)).collect();
        resolve(&given, &files, temp.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn duplicates_fold_by_what_they_mean() {
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
    fn all_that_is_wrong_is_named_at_once() {
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
    fn ten_thousand_are_enough_and_more_are_refused() {
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
    fn what_a_file_holds_beside_indicators_is_told() {
        let resolved = resolved(
            &[],
            &[(
                "list.csv",
                "type,value\nip,192.0.2.1\nmutex,a\nmutex,b\nyara,c\n",
            )],
        )
        .unwrap();
        assert_eq!(resolved.left_out, ["list.csv: 2 of mutex, 1 of yara"]);
    }
}
