//! Resolves the hunts of a sweep: hunts of the catalogue, and the queries and the filter pattern of
//! the command line.

use std::collections::BTreeMap;

use crate::cli::SweepArguments;
use crate::config::Hunts;
use crate::settings::{SettingsError, check_hunt, load_hunts, with_unique_names};
use dragnet_model::{Hunt, HuntSource, Severity};

/// The names of hunts that come from the command line.
const QUERY: &str = "query-string";
const PATTERN: &str = "filter-pattern";

/// The maximum length of a filter pattern, in characters. Source: CloudWatch Logs API,
/// `FilterLogEvents`.
const MAX_PATTERN_LENGTH: usize = 1_024;

/// The query that reports every event: for `--filter-pattern` those that match the pattern.
pub(super) const ALL_EVENTS: &str = "fields @timestamp, @message";

/// Resolves the hunts of a sweep. A hunt that is requested with several values becomes several
/// hunts.
///
/// # Errors
/// There is no such hunt, a value is missing or wrong, or a query cannot be evaluated locally.
pub(super) fn resolve(
    arguments: &SweepArguments,
    config: &Hunts,
) -> Result<Vec<Hunt>, SettingsError> {
    let mut hunts = load_hunts(&arguments.hunts, config)?;
    hunts.extend(
        arguments
            .query_strings
            .iter()
            .map(|query| command_line_hunt(QUERY, "Query from the command line", query)),
    );
    if let Some(pattern) = &arguments.filter_pattern {
        if pattern.chars().count() > MAX_PATTERN_LENGTH || pattern.trim().is_empty() {
            let problem =
                format!("a filter pattern must have 1 to {MAX_PATTERN_LENGTH} characters");
            return Err(SettingsError::HuntQuery {
                name: format!("--{PATTERN}"),
                problem,
            });
        }
        let hunt = command_line_hunt(PATTERN, "Events that match a filter pattern", ALL_EVENTS);
        let parameters = BTreeMap::from([("pattern".to_owned(), pattern.clone())]);
        hunts.push(Hunt {
            parameters,
            filter_pattern: Some(pattern.clone()),
            ..hunt
        });
    }
    hunts
        .iter()
        .try_for_each(|hunt| check_hunt(hunt, arguments.engine.engine, "use --engine insights"))?;
    Ok(with_unique_names(hunts))
}

fn command_line_hunt(name: &str, title: &str, query: &str) -> Hunt {
    Hunt {
        name: name.to_owned(),
        title: title.to_owned(),
        source: HuntSource::Any,
        severity: Severity::Informational,
        techniques: Vec::new(),
        parameters: BTreeMap::new(),
        query: query.to_owned(),
        filter_pattern: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::resolve::testing::parse_sweep;

    fn hunts(rest: &[&str]) -> Result<Vec<Hunt>, String> {
        resolve(&parse_sweep(rest).1, &Hunts::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn hunt_file_with_an_unknown_command_runs_on_insights() {
        let temp = tempfile::tempdir().unwrap();
        let text = "name = \"new\"\ntitle = \"t\"\nsource = \"any\"\nseverity = \"low\"\n\
                    query = \"filter a = 1 | newcommand a\"\n";
        std::fs::write(temp.path().join("new.toml"), text).unwrap();
        let config = Hunts {
            folder: Some(temp.path().to_owned()),
        };
        let resolved = |engine: &str| {
            let arguments = parse_sweep(&["--hunt", "new", "--engine", engine]).1;
            resolve(&arguments, &config).map_err(|error| error.to_string())
        };
        assert_eq!(resolved("insights").unwrap().len(), 1);
        for engine in ["auto", "filter"] {
            let error = resolved(engine).unwrap_err();
            assert!(
                error.contains("`newcommand`; if it is new, Insights can run the query unchanged")
                    && error.ends_with("use --engine insights"),
                "{error}"
            );
        }
        // A file that is not used does not prevent other hunts.
        let other = parse_sweep(&["--hunt", "root-use"]).1;
        assert_eq!(resolve(&other, &config).unwrap().len(), 1);
    }

    #[test]
    fn hunt_names_are_unique() {
        let requests = [
            "--hunt",
            "source-ip:source_ip=192.0.2.1",
            "--hunt",
            "source-ip:source_ip=192.0.2.2",
            "--hunt",
            "source-ip:source_ip=192.0.2.1",
            "--query-string",
            "filter a = 1",
            "--query-string",
            "filter a = 2",
        ];
        let names: Vec<String> = hunts(&requests)
            .unwrap()
            .into_iter()
            .map(|hunt| hunt.name)
            .collect();
        assert_eq!(
            names,
            ["source-ip", "source-ip-2", "query-string", "query-string-2"]
        );
    }

    #[test]
    fn invalid_queries_are_rejected_with_the_reason() {
        let pattern = ["--query-string", "fields @message | pattern @message"];
        assert_eq!(hunts(&pattern).unwrap().len(), 1, "Insights can run it");
        let filter_only = hunts(&[&pattern[..], &["--engine", "filter"]].concat()).unwrap_err();
        assert!(
            filter_only.contains("only Insights can run this query: line 1"),
            "{filter_only}"
        );
        for unknown in ["filter a = 1 | newcommand x", "stats newfunction(a, b=1)"] {
            let query = ["--query-string", unknown];
            for engine in ["auto", "filter"] {
                let error = hunts(&[&query[..], &["--engine", engine]].concat()).unwrap_err();
                assert!(
                    error.contains("unknown") && error.ends_with("use --engine insights"),
                    "{error}"
                );
            }
            let accepted = hunts(&[&query[..], &["--engine", "insights"]].concat());
            assert_eq!(accepted.unwrap().len(), 1, "Insights decides");
        }
        let long = format!("pattern @message # {}", "x".repeat(9_800));
        assert!(
            hunts(&["--query-string", &long])
                .unwrap_err()
                .contains("9800 characters")
        );
        assert!(
            hunts(&[
                "--query-string",
                "source logGroups(namePrefix: ['/a']) | pattern @message"
            ])
            .unwrap_err()
            .contains("--log-group")
        );
        assert!(
            hunts(&["--query-string", "filter a ="])
                .unwrap_err()
                .contains("line 1, column")
        );
        assert!(
            hunts(&[
                "--query-string",
                "SOURCE logGroups(namePrefix: ['/a']) | filter a = 1"
            ])
            .unwrap_err()
            .contains("--log-group")
        );
        assert!(
            hunts(&["--filter-pattern", &"x".repeat(1_025)])
                .unwrap_err()
                .contains("1024 characters")
        );
        assert_eq!(
            hunts(&["--filter-pattern", "-DEBUG"]).unwrap()[0]
                .filter_pattern
                .as_deref(),
            Some("-DEBUG")
        );
    }
}
