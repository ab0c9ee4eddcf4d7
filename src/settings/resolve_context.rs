//! The inputs of settings other than arguments and configuration.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::SettingsError;
use crate::config::{Environment, state_directory};

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

impl ResolveContext<'_> {
    /// Returns the directory of the containments' journals. The practice range has its own.
    pub(crate) fn journals_directory(&self, practice: bool) -> Result<PathBuf, SettingsError> {
        self.state_directory(if practice {
            "practice-contain"
        } else {
            "contain"
        })
    }

    /// Returns a directory for persistent state.
    pub(super) fn state_directory(&self, name: &str) -> Result<PathBuf, SettingsError> {
        let state = state_directory(self.environment).ok_or(SettingsError::NoStateDirectory)?;
        Ok(state.join(name))
    }
}
