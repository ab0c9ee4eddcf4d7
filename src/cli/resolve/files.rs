//! Resolves which copies of logs on disk a sweep searches.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::{EngineArguments, ScopeArguments, SweepArguments, UsageError};
use crate::config::{Scope, SourcesRule};
use crate::search::prepare;
use crate::settings::{EngineChoice, FileSettings};
use dragnet_model::{Hunt, Indicator, IndicatorKind};

/// Resolves `--files`. AWS is searched as well only if `--sources` names what to search there.
///
/// # Errors
/// A path cannot be read, or an option selects something in AWS although AWS is not searched.
pub(super) fn resolve(
    arguments: &SweepArguments,
    directory: &Path,
) -> Result<Option<FileSettings>, UsageError> {
    if arguments.files.is_empty() {
        return Ok(None);
    }
    if arguments.filter_pattern.is_some() {
        return Err(UsageError::FilterPatternForFiles);
    }
    check_indicators(arguments, directory)?;
    let are_alone = !arguments.sources.selection.is_given();
    let option = scope_option(&arguments.scope).or_else(|| engine_option(&arguments.engine));
    if let Some(option) = option.filter(|_| are_alone) {
        return Err(UsageError::OptionForAws(option));
    }
    Ok(Some(FileSettings {
        directories: distinct_paths(arguments, directory)?,
        are_alone,
        all_times: are_alone && arguments.since.is_none() && arguments.from.is_none(),
    }))
}

/// Returns an error if there is nothing to search for: `--files` may have taken the indicator.
fn check_indicators(arguments: &SweepArguments, directory: &Path) -> Result<(), UsageError> {
    let SweepArguments {
        indicators,
        hunts,
        query_strings,
        files,
        ..
    } = arguments;
    let is_searching = !indicators.values.is_empty()
        || !indicators.files.is_empty()
        || !hunts.is_empty()
        || !query_strings.is_empty();
    if is_searching {
        return Ok(());
    }
    let is_missing = |path: &&PathBuf| directory.join(path).symlink_metadata().is_err();
    let text = |path: &Path| path.display().to_string();
    // The value that is no path need not be the only one.
    let missing = files.iter().find(is_missing);
    let known = files.iter().find(|path| Some(*path) != missing);
    Err(match (missing, known) {
        (Some(value), Some(known)) => UsageError::IndicatorAsPath {
            value: text(value),
            directory: text(known),
        },
        (Some(value), None) if is_indicator(value) => UsageError::IndicatorAsPath {
            value: text(value),
            directory: "DIRECTORY".to_owned(),
        },
        (Some(path), None) | (None, Some(path)) => UsageError::NothingForFiles {
            directory: text(path),
        },
        (None, None) => return Ok(()),
    })
}

/// Whether a path that does not exist is an indicator of a certain kind.
fn is_indicator(path: &Path) -> bool {
    let indicator = path
        .to_str()
        .and_then(|text| text.parse::<Indicator>().ok());
    indicator.is_some_and(|indicator| indicator.kind() != IndicatorKind::Text)
}

/// Returns an error if a hunt cannot be evaluated on files, because only Insights can run it.
pub(super) fn check_hunts(files: Option<&FileSettings>, hunts: &[Hunt]) -> Result<(), UsageError> {
    if files.is_none() {
        return Ok(());
    }
    // An invalid query is reported by the search.
    let passthrough = prepare(hunts).map(|(_, passthrough)| passthrough);
    match passthrough.unwrap_or_default().first() {
        Some(query) => Err(UsageError::HuntForInsights(query.hunt().name.clone())),
        None => Ok(()),
    }
}

/// Returns the scope of a search of files alone. No selector of the configuration applies to it, and
/// no log source in AWS is required.
pub(super) fn scope_of_files() -> Scope {
    Scope {
        sources: SourcesRule::Report,
        ..Scope::default()
    }
}

/// Returns the absolute paths, without those that are inside of another one: each file is read once.
fn distinct_paths(
    arguments: &SweepArguments,
    directory: &Path,
) -> Result<Vec<PathBuf>, UsageError> {
    let out_dir = std::fs::canonicalize(directory)
        .unwrap_or_else(|_| directory.to_owned())
        .join(&arguments.out);
    let mut distinct: Vec<(PathBuf, PathBuf)> = Vec::new();
    for given in &arguments.files {
        let path = directory.join(given);
        let unreadable = |problem: String| UsageError::UnreadableFiles {
            path: path.display().to_string(),
            problem,
        };
        if path.to_str().is_none() {
            return Err(unreadable("its name is not UTF-8".to_owned()));
        }
        let real = std::fs::canonicalize(&path).map_err(|error| {
            if error.kind() == ErrorKind::NotFound && is_indicator(given) {
                UsageError::IndicatorAsPath {
                    value: given.display().to_string(),
                    directory: "DIRECTORY".to_owned(),
                }
            } else {
                unreadable(error.to_string())
            }
        })?;
        if out_dir.starts_with(&real) {
            // A search would find what earlier runs and itself have found.
            let problem = "contains the directory of the runs; name the directory of the logs, or another --out";
            return Err(unreadable(problem.to_owned()));
        }
        if distinct.iter().any(|(_, other)| real.starts_with(other)) {
            continue;
        }
        distinct.retain(|(_, other)| !other.starts_with(&real));
        distinct.push((path, real));
    }
    Ok(distinct.into_iter().map(|(path, _)| path).collect())
}

/// Returns an option that selects accounts, Regions or log groups, if one was given.
fn scope_option(scope: &ScopeArguments) -> Option<&'static str> {
    let options = [
        ("--account", scope.accounts.is_empty()),
        ("--exclude-account", scope.exclude_accounts.is_empty()),
        ("--ou", scope.ous.is_empty()),
        ("--tag", scope.tags.is_empty()),
        ("--region", scope.regions.is_empty()),
        ("--exclude-region", scope.exclude_regions.is_empty()),
        ("--log-group", scope.log_groups.is_empty()),
        ("--exclude-log-group", scope.exclude_log_groups.is_empty()),
    ];
    let given = options.into_iter().find(|(_, is_empty)| !is_empty);
    given.map(|(option, _)| option)
}

fn engine_option(engine: &EngineArguments) -> Option<&'static str> {
    if engine.engine != EngineChoice::default() {
        return Some("--engine");
    }
    engine.unmask.then_some("--unmask")
}

#[cfg(test)]
mod tests {
    use crate::cli::resolve::testing::parse_sweep;
    use crate::settings::SweepSettings;
    use crate::settings::testing::with_resolve_context;

    fn settings(rest: &[&str]) -> Result<SweepSettings, String> {
        let (global, arguments) = parse_sweep(&[&["192.0.2.1"], rest].concat());
        with_resolve_context(|context| {
            std::fs::create_dir_all(context.working_directory.join("logs/inner")).unwrap();
            SweepSettings::resolve(&global, &arguments, context).map_err(|error| error.to_string())
        })
    }

    #[test]
    fn files_alone_search_all_times_unless_a_window_is_given() {
        let alone = settings(&["--files", "logs"]).unwrap();
        let files = alone.files.unwrap();
        assert!(files.are_alone && files.all_times && files.directories[0].is_absolute());
        assert!(!alone.reach.scope.requires_sources());
        let within = settings(&["--files", "logs", "--since", "24h"]).unwrap();
        assert!(!within.files.unwrap().all_times);
        assert_eq!(settings(&[]).unwrap().files, None);
    }

    #[test]
    fn named_sources_are_searched_besides() {
        let both = settings(&[
            "--files",
            "logs",
            "--sources",
            "logs",
            "--region",
            "eu-west-1",
        ]);
        let both = both.unwrap();
        let files = both.files.unwrap();
        assert!(!files.are_alone && !files.all_times);
        assert_eq!(both.reach.scope.regions.len(), 1);
    }

    #[test]
    fn options_for_aws_are_refused() {
        for (option, value) in [
            ("--account", "111111111111"),
            ("--region", "eu-west-1"),
            ("--log-group", "/a"),
            ("--engine", "filter"),
        ] {
            let error = settings(&["--files", "logs", option, value]).unwrap_err();
            assert!(
                error.starts_with(option) && error.contains("--sources logs,history"),
                "{error}"
            );
        }
        let error = settings(&["--files", "."]).unwrap_err();
        assert!(error.contains("directory of the runs"), "{error}");
        let error = settings(&["--files", "missing"]).unwrap_err();
        assert!(
            error.contains("missing") && error.contains("No such file"),
            "{error}"
        );
    }

    #[test]
    fn indicator_behind_files_is_named() {
        let error = |rest: &[&str]| {
            let (global, arguments) = parse_sweep(rest);
            with_resolve_context(|context| {
                std::fs::create_dir_all(context.working_directory.join("logs")).unwrap();
                let settings = SweepSettings::resolve(&global, &arguments, context);
                settings.unwrap_err().to_string()
            })
        };
        let taken = error(&["--files", "logs", "192.0.2.1"]);
        assert!(
            taken.starts_with("`192.0.2.1` is taken as a path of --files")
                && taken.ends_with("`dragnet sweep 192.0.2.1 --files logs`"),
            "{taken}"
        );
        let nothing = error(&["--files", "logs"]);
        assert!(
            nothing.starts_with("there is nothing to search for in logs"),
            "{nothing}"
        );
        let missing = error(&["192.0.2.1", "--files", "logs", "missing"]);
        assert!(missing.contains("No such file"), "{missing}");
        let second = error(&["192.0.2.1", "--files", "logs", "192.0.2.2"]);
        assert!(
            second.ends_with("`dragnet sweep 192.0.2.2 --files DIRECTORY`"),
            "{second}"
        );
    }

    #[test]
    fn each_file_is_read_once() {
        let paths = |rest: &[&str]| settings(rest).unwrap().files.unwrap().directories;
        let inner_first = paths(&["--files", "logs/inner", "logs", "./logs"]);
        assert_eq!(inner_first.len(), 1);
        assert!(inner_first[0].ends_with("logs"));
        assert_eq!(paths(&["--files", "logs", "logs/inner"]).len(), 1);
    }
}
