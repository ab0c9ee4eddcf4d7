//! Finds the configuration file and the state directory.

use std::path::{Path, PathBuf};

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
    let variable = |name: &str| {
        environment(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(named) = argument
        .map(Path::to_owned)
        .or_else(|| variable("DRAGNET_CONFIG"))
    {
        return Some(named);
    }
    let config_home =
        variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
    let candidates = [
        Some(working_directory.join("dragnet.toml")),
        config_home.map(|directory| directory.join("dragnet").join("dragnet.toml")),
    ];
    // A file that cannot be checked counts as existing: an error is better than silently using
    // other settings.
    candidates
        .into_iter()
        .flatten()
        .find(|path| path.try_exists().unwrap_or(true))
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

        assert_eq!(found(None), None);
        let in_home = home.path().join(".config/dragnet/dragnet.toml");
        fs::create_dir_all(in_home.parent().unwrap()).unwrap();
        fs::write(&in_home, "").unwrap();
        assert_eq!(found(None), Some(in_home));
        fs::write(here.path().join("dragnet.toml"), "").unwrap();
        assert_eq!(found(None), Some(here.path().join("dragnet.toml")));
        assert_eq!(found(Some("x.toml")), Some("x.toml".into()));
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
