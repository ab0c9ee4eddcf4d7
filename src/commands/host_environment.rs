//! The host environment of a command, read once.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use console::Term;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::cli::GlobalArguments;
use crate::config;
use crate::settings::{GlobalSettings, ResolveContext};
use crate::store::RunRegistry;

/// The environment variable with an MFA code for this run.
pub(super) const MFA_CODE_VARIABLE: &str = "DRAGNET_MFA_CODE";

/// The environment variable with the key of the shards, which all machines of a sweep share.
pub(super) const SHARD_KEY_VARIABLE: &str = "DRAGNET_SHARD_KEY";

/// The working directory, and which standard streams are terminals.
#[derive(Clone, Debug)]
pub(super) struct HostEnvironment {
    working_directory: PathBuf,
    stdin_is_terminal: bool,
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
}

impl HostEnvironment {
    /// Reads the current environment.
    pub(super) fn detect() -> io::Result<Self> {
        Ok(Self {
            working_directory: std::env::current_dir()?,
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
        })
    }

    /// Returns the context for resolving settings at the time `now`.
    pub(super) fn resolve_context(&self, now: Timestamp) -> ResolveContext<'_> {
        ResolveContext {
            environment: &read_variable,
            working_directory: &self.working_directory,
            now,
            stdout_is_terminal: self.stdout_is_terminal,
            stderr_is_terminal: self.stderr_is_terminal,
        }
    }

    /// Resolves the settings that every command has; none of them depends on the time.
    pub(super) fn global_settings(&self, arguments: &GlobalArguments) -> GlobalSettings {
        GlobalSettings::resolve(arguments, &self.resolve_context(Timestamp::UNIX_EPOCH))
    }

    /// Whether the user can be prompted on the terminal.
    pub(super) fn can_prompt(&self) -> bool {
        self.stdin_is_terminal && self.stderr_is_terminal
    }

    /// Returns the MFA code of the environment variable.
    pub(super) fn mfa_code() -> Option<SecretString> {
        read_variable(MFA_CODE_VARIABLE)
            .filter(|code| !code.is_empty())
            .map(SecretString::from)
    }

    /// Returns the key of the shards in the environment variable.
    pub(super) fn shard_key() -> Option<SecretString> {
        read_variable(SHARD_KEY_VARIABLE)
            .filter(|key| !key.is_empty())
            .map(SecretString::from)
    }

    /// Returns the directory for persistent state.
    pub(super) fn state_directory() -> Option<PathBuf> {
        config::state_directory(&read_variable)
    }

    /// Returns the runs of this machine.
    pub(super) fn run_registry() -> RunRegistry {
        RunRegistry::new(Self::state_directory())
    }

    /// Returns the shortest name of a run that every command takes: its id if it is in `./runs`,
    /// else its directory.
    pub(super) fn run_name(&self, directory: &Path) -> String {
        let id = directory.file_name();
        match id {
            Some(id) if directory == self.working_directory.join("runs").join(id) => {
                id.display().to_string()
            }
            _ => self.display_path(directory),
        }
    }

    /// Returns the number of columns of the terminal, if stdout is one.
    pub(super) fn columns(&self) -> Option<u16> {
        let size = Term::stdout().size_checked();
        size.map(|(_, columns)| columns)
            .filter(|_| self.stdout_is_terminal)
    }

    /// Returns a path relative to the working directory, if it is below it.
    pub(super) fn display_path(&self, path: &Path) -> String {
        path.strip_prefix(&self.working_directory)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}

fn read_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
