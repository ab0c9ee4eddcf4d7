//! Resolves arguments, configuration, environment and time into settings.

mod collect;
mod contain;
mod doctor;
mod files;
mod global;
mod hunts;
mod list;
mod list_output;
mod reach;
mod report;
mod required;
mod run;
mod sources;
mod sweep;
mod sweep_hunts;
mod watch;
mod window;

use std::path::PathBuf;

use super::{GlobalArguments, UsageError};
use crate::config::{self, Config};
use crate::settings::{ResolveContext, SettingsError};

pub use run::run_dir;

/// Loads the configuration file. In practice mode it is only loaded if `--config` names it, so that
/// production settings do not affect practice.
///
/// # Errors
/// The file cannot be read, or is not a valid configuration.
pub fn load_config(
    arguments: &GlobalArguments,
    context: &ResolveContext<'_>,
) -> Result<Config, UsageError> {
    let config = config_file(arguments, context)
        .map(|path| Config::load(&path))
        .transpose()
        .map_err(SettingsError::from)?
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

/// Returns the configuration file that is used. `None` means that the defaults apply.
pub fn config_file(arguments: &GlobalArguments, context: &ResolveContext<'_>) -> Option<PathBuf> {
    let named = arguments.config.as_deref();
    if arguments.practice && named.is_none() {
        return None;
    }
    config::find(named, context.environment, context.working_directory)
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
mod testing {
    use clap::Parser;

    use crate::cli::{Arguments, Command, GlobalArguments, ListArguments, SweepArguments};

    pub(super) fn parse_sweep(rest: &[&str]) -> (GlobalArguments, SweepArguments) {
        let arguments = Arguments::try_parse_from([&["dragnet", "sweep"], rest].concat()).unwrap();
        let Command::Sweep(sweep) = arguments.command else {
            panic!("not a sweep")
        };
        (arguments.global, *sweep)
    }

    pub(super) fn parse_list(rest: &[&str]) -> (GlobalArguments, ListArguments) {
        let arguments = Arguments::try_parse_from([&["dragnet", "list"], rest].concat()).unwrap();
        let Command::List(list) = arguments.command else {
            panic!("not a list")
        };
        (arguments.global, list)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::settings::testing::with_resolve_context;

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
