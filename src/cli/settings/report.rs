//! The settings of `report`.

use std::path::PathBuf;

use super::super::{GlobalArguments, ReportArguments, UsageError};
use super::{ResolveContext, load_config, run_dir};
use crate::config::{Format, Report};

/// The settings of `report`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSettings {
    /// The directory of the run.
    pub run_dir: PathBuf,
    /// The formats, without duplicates.
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

/// Returns the formats of the arguments, else those of the configuration, without duplicates.
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
