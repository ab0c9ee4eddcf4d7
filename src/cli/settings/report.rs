//! The settings of reports that are made again.

use std::path::PathBuf;

use super::super::{GlobalArguments, ReportArguments, UsageError};
use super::{ResolveContext, load_config, run_dir};
use crate::config::{Format, Report};

/// All that `report` needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSettings {
    /// The run's directory.
    pub run_dir: PathBuf,
    /// The forms of the file of sightings: none twice.
    pub formats: Vec<Format>,
}

impl ReportSettings {
    /// Resolves the arguments of `report`.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &ReportArguments,
        surroundings: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, surroundings)?;
        Ok(Self {
            run_dir: run_dir(&arguments.run, surroundings),
            formats: formats(&arguments.formats, &config.report),
        })
    }
}

/// The formats of the arguments, else of the configuration; each once.
pub(super) fn formats(given: &[Format], config: &Report) -> Vec<Format> {
    let mut formats = Vec::new();
    for format in if given.is_empty() {
        &config.formats
    } else {
        given
    } {
        if !formats.contains(format) {
            formats.push(*format);
        }
    }
    formats
}
