//! The hunts of a sweep: hunts of the catalogue, and the queries and the filter pattern of the
//! command line.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use super::super::{EngineChoice, GlobalArguments, HuntsCommand, SweepArguments, UsageError};
use super::{ResolveContext, load_config};
use crate::config::{Catalogue, Hunts};
use dragnet_model::{Hunt, HuntSource, Severity};
use insights_ql::{Query, QueryErrorKind, begins_with_source};

/// The names of hunts that come from the command line.
const QUERY: &str = "query-string";
const PATTERN: &str = "filter-pattern";

/// The maximum length of a filter pattern, in characters. Source: CloudWatch Logs API,
/// `FilterLogEvents`.
const MAX_PATTERN_LENGTH: usize = 1_024;

/// The maximum length of a passthrough query, in characters: 10,000 less the filter that precedes
/// it. Source: CloudWatch Logs API, `StartQuery`.
const MAX_PASSTHROUGH_LENGTH: usize = 9_800;

/// The query for `--filter-pattern`, which reports every event that matches the pattern.
const ALL_EVENTS: &str = "fields @timestamp, @message";

/// Resolves the hunts of a sweep. A hunt that is requested with several values becomes several
/// hunts.
///
/// # Errors
/// There is no such hunt, a value is missing or wrong, or a query cannot be evaluated locally.
pub(super) fn resolve(arguments: &SweepArguments, config: &Hunts) -> Result<Vec<Hunt>, UsageError> {
    let mut hunts = load_requested(&arguments.hunts, config)?;
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
            return Err(UsageError::HuntQuery {
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
        .try_for_each(|hunt| check(hunt, arguments.engine.engine, "use --engine insights"))?;
    Ok(with_unique_names(hunts))
}

/// Loads the catalogue, and resolves hunts of it.
///
/// # Errors
/// As with [`resolve`].
pub(super) fn resolve_catalogue_hunts(
    requests: &[String],
    config: &Hunts,
) -> Result<Vec<Hunt>, UsageError> {
    let hunts = load_requested(requests, config)?;
    // A watch never uses Insights, which would cost money.
    hunts.iter().try_for_each(|hunt| {
        check(
            hunt,
            EngineChoice::Filter,
            "run it with `dragnet sweep --engine insights --hunt`",
        )
    })?;
    Ok(with_unique_names(hunts))
}

fn load_requested(requests: &[String], config: &Hunts) -> Result<Vec<Hunt>, UsageError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let catalogue = Catalogue::load(config.folder.as_deref())?;
    requests
        .iter()
        .map(|request| Ok(catalogue.resolve(request)?))
        .collect()
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

/// Checks that a query can run on the chosen engine. `advice` says how Insights could run it.
fn check(hunt: &Hunt, engine: EngineChoice, advice: &str) -> Result<(), UsageError> {
    let reject = |problem: String| {
        Err(UsageError::HuntQuery {
            name: hunt.name.clone(),
            problem,
        })
    };
    if begins_with_source(&hunt.query) {
        return reject("SOURCE cannot be used here: select log groups with --log-group".to_owned());
    }
    match Query::parse_local(&hunt.query) {
        Err(error) if error.kind == QueryErrorKind::Malformed => reject(error.to_string()),
        Err(error) if error.kind == QueryErrorKind::Unknown && engine != EngineChoice::Insights => {
            reject(format!(
                "{error}; if it is new, Insights can run the query unchanged: {advice}"
            ))
        }
        Err(error) if engine == EngineChoice::Filter => reject(format!(
            "only Insights can run this query: {error}; {advice}"
        )),
        Err(_) if hunt.query.trim().chars().count() > MAX_PASSTHROUGH_LENGTH => reject(format!(
            "a query that only Insights can run must have at most {MAX_PASSTHROUGH_LENGTH} characters"
        )),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes names unique: the second hunt of a name becomes `name-2`. Hunts with the same name and
/// query are combined.
fn with_unique_names(hunts: Vec<Hunt>) -> Vec<Hunt> {
    let mut names = HashSet::new();
    let mut queries = HashSet::new();
    let mut named = Vec::new();
    for hunt in hunts {
        if !queries.insert((hunt.name.clone(), hunt.query.clone())) {
            continue;
        }
        let mut candidates = std::iter::once(hunt.name.clone())
            .chain((2..).map(|n: u32| format!("{}-{n}", hunt.name)));
        let name = candidates
            .find(|name| !names.contains(name))
            .unwrap_or_default();
        names.insert(name.clone());
        named.push(Hunt { name, ..hunt });
    }
    named
}

/// The settings of `hunts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HuntsSettings {
    /// All available hunts.
    pub catalogue: Catalogue,
    /// The files to check; if empty, the catalogue.
    pub files: Vec<PathBuf>,
}

impl HuntsSettings {
    /// Resolves the arguments of `hunts`.
    ///
    /// # Errors
    /// The configuration or the catalogue cannot be used.
    pub fn resolve(
        global: &GlobalArguments,
        command: &HuntsCommand,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, context)?;
        let files = match command {
            HuntsCommand::Check { files } => files
                .iter()
                .map(|file| context.working_directory.join(file))
                .collect(),
            HuntsCommand::List | HuntsCommand::Show { .. } => Vec::new(),
        };
        // The folder is not loaded if files are given, so that an invalid file in it does not
        // prevent the check of others.
        let folder = config.hunts.folder.filter(|_| files.is_empty());
        Ok(Self {
            catalogue: Catalogue::load(folder.as_deref())?,
            files,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::testing::parse_sweep;

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
        let watched = resolve_catalogue_hunts(&["new".to_owned()], &config).unwrap_err();
        assert!(
            watched
                .to_string()
                .contains("dragnet sweep --engine insights --hunt"),
            "{watched}"
        );
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
