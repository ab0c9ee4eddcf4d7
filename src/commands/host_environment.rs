//! The machine that a command runs on, read once.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use jiff::Timestamp;
use secrecy::SecretString;

use super::mfa_code;
use crate::cli::GlobalArguments;
use crate::cli::settings::{GlobalSettings, ResolveContext};
use crate::config;

/// What settings may depend on.
#[derive(Clone, Debug)]
pub(super) struct HostEnvironment {
    working_directory: PathBuf,
    stdin_is_terminal: bool,
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
}

impl HostEnvironment {
    /// This machine, as it is now.
    pub fn here() -> io::Result<Self> {
        Ok(Self {
            working_directory: std::env::current_dir()?,
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
        })
    }

    /// The surroundings that settings are resolved in, at the time `now`.
    pub fn at(&self, now: Timestamp) -> ResolveContext<'_> {
        ResolveContext {
            environment: &variable,
            working_directory: &self.working_directory,
            now,
            stdout_is_terminal: self.stdout_is_terminal,
            stderr_is_terminal: self.stderr_is_terminal,
        }
    }

    /// The settings of every command; none of them depends on the time.
    pub fn global_settings(&self, arguments: &GlobalArguments) -> GlobalSettings {
        GlobalSettings::resolve(arguments, &self.at(Timestamp::UNIX_EPOCH))
    }

    /// Whether a person can be asked.
    pub fn can_ask(&self) -> bool {
        self.stdin_is_terminal && self.stderr_is_terminal
    }

    /// The MFA code that the environment holds for this run.
    pub fn mfa_code() -> Option<SecretString> {
        variable(mfa_code::VARIABLE)
            .filter(|code| !code.is_empty())
            .map(SecretString::from)
    }

    /// Where Dragnet keeps what outlives a command.
    pub fn state_directory() -> Option<PathBuf> {
        config::state_directory(&variable)
    }

    /// A path as the person knows it: from where they are, if it is below.
    pub fn shown(&self, path: &std::path::Path) -> String {
        path.strip_prefix(&self.working_directory)
            .unwrap_or(path)
            .display()
            .to_string()
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
