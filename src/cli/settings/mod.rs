//! Resolved settings: arguments, configuration, environment and time, combined once.

mod contain;
mod contain_logs;
mod directory;
mod doctor;
mod global;
mod hunts;
mod indicators;
mod list;
mod reach;
mod report;
mod required;
mod run;
mod sink;
mod sources;
mod stored;
mod sweep;
mod watch;
mod window;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{GlobalArguments, UsageError};
use crate::config::{self, Config, Environment};

pub use contain::{ContainSettings, PlanSettings};
pub use directory::Directory;
pub use doctor::DoctorSettings;
pub use global::{GlobalSettings, ProgressStyle, Verbosity};
pub use hunts::HuntsSettings;
pub use list::ListSettings;
pub use reach::Reach;
pub use report::ReportSettings;
pub use run::run_dir;
pub use sink::{SinkEndpoint, SinkSettings};
pub use sources::SourcesSettings;
pub use sweep::{EngineSettings, SweepSettings};
pub use watch::{MonitoredContainment, ScheduleSettings, WatchSettings};

/// The inputs of settings other than arguments and configuration.
#[derive(Clone, Copy)]
pub struct ResolveContext<'a> {
    /// The environment variables.
    pub environment: Environment<'a>,
    /// The directory to which paths are relative.
    pub working_directory: &'a Path,
    /// The current time; in practice mode, that of the practice range.
    pub now: Timestamp,
    /// Whether stdout is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether stderr is a terminal.
    pub stderr_is_terminal: bool,
}

/// Loads the configuration file. In practice mode it is only loaded if `--config` names it, so that
/// production settings do not affect practice.
///
/// # Errors
/// The file cannot be read, or is not a valid configuration.
pub fn load_config(
    arguments: &GlobalArguments,
    context: &ResolveContext<'_>,
) -> Result<Config, UsageError> {
    let named = arguments.config.as_deref();
    if arguments.practice && named.is_none() {
        return Ok(Config::default());
    }
    let path = config::find(named, context.environment, context.working_directory);
    let config = path
        .map(|path| Config::load(&path))
        .transpose()?
        .unwrap_or_default();
    // The folder may come from somebody else, and a program of its file would run as the user.
    if let Some(key) = config.program_key()
        && let Some(path) = unnamed_config(arguments, context)
    {
        return Err(UsageError::ProgramInWorkingDirectory {
            path: path.display().to_string(),
            key,
        });
    }
    Ok(config)
}

/// Returns the configuration file that is only used because it is in the working directory.
pub fn unnamed_config(
    arguments: &GlobalArguments,
    context: &ResolveContext<'_>,
) -> Option<PathBuf> {
    let named = arguments.config.as_deref();
    if arguments.practice && named.is_none() {
        return None;
    }
    config::find_in_working_directory(named, context.environment, context.working_directory)
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::cli::{Arguments, Command, ListArguments, SweepArguments};
    use clap::Parser;

    /// Calls `test` with noon of 2 March 2026, an empty environment and an empty directory.
    pub(in crate::cli) fn with_resolve_context<T>(
        test: impl FnOnce(&ResolveContext<'_>) -> T,
    ) -> T {
        let empty = tempfile::tempdir().unwrap();
        test(&ResolveContext {
            environment: &|_| None,
            working_directory: empty.path(),
            now: "2026-03-02T12:00:00Z".parse().unwrap(),
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        })
    }

    pub(in crate::cli) fn parse_sweep(rest: &[&str]) -> (GlobalArguments, SweepArguments) {
        let arguments = Arguments::try_parse_from([&["dragnet", "sweep"], rest].concat()).unwrap();
        let Command::Sweep(sweep) = arguments.command else {
            panic!("not a sweep")
        };
        (arguments.global, *sweep)
    }

    pub(in crate::cli) fn parse_list(rest: &[&str]) -> (GlobalArguments, ListArguments) {
        let arguments = Arguments::try_parse_from([&["dragnet", "list"], rest].concat()).unwrap();
        let Command::List(list) = arguments.command else {
            panic!("not a list")
        };
        (arguments.global, list)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::with_resolve_context;
    use super::*;
    use std::fs;

    #[test]
    fn file_of_the_working_directory_runs_no_program() {
        with_resolve_context(|context| {
            let file = context.working_directory.join("dragnet.toml");
            let unnamed = GlobalArguments::default();
            for (table, key) in [
                ("report", "sign_command"),
                ("report", "verify_command"),
                ("identity", "mfa_command"),
            ] {
                fs::write(&file, format!("[{table}]\n{key} = [\"touch\", \"x\"]")).unwrap();
                let error = load_config(&unnamed, context).unwrap_err().to_string();
                assert!(
                    error.contains(&format!("{table}.{key}")) && error.contains("--config"),
                    "{error}"
                );
            }
            assert_eq!(unnamed_config(&unnamed, context), Some(file.clone()));
            let named = GlobalArguments {
                config: Some(file),
                ..GlobalArguments::default()
            };
            assert!(load_config(&named, context).is_ok());
            assert_eq!(unnamed_config(&named, context), None);
        });
    }

    #[test]
    fn practice_ignores_the_default_configuration_file() {
        with_resolve_context(|context| {
            let file = context.working_directory.join("dragnet.toml");
            fs::write(&file, "[identity]\nprofile = \"production\"").unwrap();
            let profile = |arguments: GlobalArguments| {
                load_config(&arguments, context).unwrap().identity.profile
            };
            assert_eq!(
                profile(GlobalArguments::default()).as_deref(),
                Some("production")
            );
            let practice = GlobalArguments {
                practice: true,
                ..GlobalArguments::default()
            };
            assert_eq!(profile(practice.clone()), None);
            assert_eq!(
                profile(GlobalArguments {
                    config: Some(file),
                    ..practice
                })
                .as_deref(),
                Some("production")
            );
        });
    }
}
