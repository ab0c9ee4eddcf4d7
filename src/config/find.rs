//! Finds the configuration file and the state directory.

use std::path::{Path, PathBuf};

const FILE: &str = "dragnet.toml";

/// Looks up an environment variable. It is passed in, so that only `main` reads the environment of
/// the process and tests do not depend on it.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Returns the file to read: `argument` (from `--config`), else the file that `DRAGNET_CONFIG`
/// names, else the first that exists of `dragnet.toml` in the working directory and
/// `dragnet/dragnet.toml` in `XDG_CONFIG_HOME` (default `~/.config`). `None` means that the
/// defaults apply.
///
/// A file that was named explicitly is returned even if it does not exist, so that reading it
/// reports the error.
pub fn find(
    argument: Option<&Path>,
    environment: Environment<'_>,
    working_directory: &Path,
) -> Option<PathBuf> {
    if let Some(named) = named_file(argument, environment) {
        return Some(named);
    }
    let candidates = [
        Some(working_directory.join(FILE)),
        file_in_config_home(environment),
    ];
    // A file that cannot be checked counts as existing: an error is better than silently using
    // other settings.
    candidates
        .into_iter()
        .flatten()
        .find(|path| path.try_exists().unwrap_or(true))
}

/// Returns the file that [`find`] returns, if it is only used because it is in the working directory:
/// the user did not name it, and it is not the one in `XDG_CONFIG_HOME`. It may come from somebody
/// else, for example with a folder of evidence.
pub fn find_in_working_directory(
    argument: Option<&Path>,
    environment: Environment<'_>,
    working_directory: &Path,
) -> Option<PathBuf> {
    if named_file(argument, environment).is_some() {
        return None;
    }
    let found = find(argument, environment, working_directory)?;
    let is_own = file_in_config_home(environment).is_some_and(|own| own == found);
    (!is_own && found == working_directory.join(FILE)).then_some(found)
}

/// Returns the file that the argument or `DRAGNET_CONFIG` names.
fn named_file(argument: Option<&Path>, environment: Environment<'_>) -> Option<PathBuf> {
    argument
        .map(Path::to_owned)
        .or_else(|| path_variable(environment, "DRAGNET_CONFIG"))
}

fn file_in_config_home(environment: Environment<'_>) -> Option<PathBuf> {
    let config_home = path_variable(environment, "XDG_CONFIG_HOME")
        .or_else(|| path_variable(environment, "HOME").map(|home| home.join(".config")))?;
    Some(config_home.join("dragnet").join(FILE))
}

fn path_variable(environment: Environment<'_>, name: &str) -> Option<PathBuf> {
    environment(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Returns the directory for persistent state: `dragnet` in `XDG_STATE_HOME` (default
/// `~/.local/state`). `None` if neither that variable nor `HOME` is usable.
///
/// Source: XDG Base Directory Specification: a relative path in the variable is ignored.
pub fn state_directory(environment: Environment<'_>) -> Option<PathBuf> {
    let absolute = |name: &str| {
        environment(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("dragnet"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn search_order() {
        let here = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        let home_path = home.path().display().to_string();
        let variables = move |name: &str| (name == "HOME").then(|| home_path.clone());
        let found = |argument: Option<&str>| find(argument.map(Path::new), &variables, here.path());
        let unnamed = |argument: Option<&str>| {
            find_in_working_directory(argument.map(Path::new), &variables, here.path())
        };

        assert_eq!((found(None), unnamed(None)), (None, None));
        let in_home = home.path().join(".config/dragnet/dragnet.toml");
        fs::create_dir_all(in_home.parent().unwrap()).unwrap();
        fs::write(&in_home, "").unwrap();
        assert_eq!((found(None), unnamed(None)), (Some(in_home.clone()), None));
        fs::write(here.path().join("dragnet.toml"), "").unwrap();
        assert_eq!(found(None), Some(here.path().join("dragnet.toml")));
        assert_eq!(unnamed(None), found(None));
        assert_eq!(found(Some("x.toml")), Some("x.toml".into()));
        assert_eq!(unnamed(Some("dragnet.toml")), None, "the user named it");
        let own_directory = in_home.parent().unwrap();
        let own = find_in_working_directory(None, &variables, own_directory);
        assert_eq!(own, None, "it is the file of the user");
        let named = |name: &str| (name == "DRAGNET_CONFIG").then(|| "y.toml".to_owned());
        assert_eq!(find(None, &named, here.path()), Some("y.toml".into()));
    }

    #[test]
    fn state_directory_follows_the_xdg_specification() {
        let with = |state: &str| {
            let state = state.to_owned();
            state_directory(&move |name: &str| match name {
                "XDG_STATE_HOME" => Some(state.clone()),
                "HOME" => Some("/home/alice".to_owned()),
                _ => None,
            })
        };
        assert_eq!(with("/var/state"), Some("/var/state/dragnet".into()));
        assert_eq!(
            with("relative"),
            Some("/home/alice/.local/state/dragnet".into())
        );
        assert_eq!(state_directory(&|_| None), None);
    }
}
