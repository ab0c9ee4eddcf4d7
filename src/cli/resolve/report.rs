//! Resolves the settings of `report`.

use super::{load_config, run_dir};
use crate::cli::{GlobalArguments, ReportArguments, UsageError};
use crate::config::{Format, Report};
use crate::settings::{ReportSettings, ResolveContext};

impl ReportSettings {
    /// Resolves the arguments of `report`.
    ///
    /// # Errors
    /// The configuration cannot be used.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &ReportArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, context)?;
        let mut formats = resolve_formats(&arguments.formats, &config.report);
        if arguments.open && !formats.contains(&Format::Html) {
            formats.push(Format::Html);
        }
        Ok(Self {
            run_dir: run_dir(&arguments.run, context)?,
            formats,
            opens_page: arguments.open,
        })
    }
}

/// Returns the formats of the arguments, else those of the configuration, without duplicates.
pub(super) fn resolve_formats(arguments: &[Format], config: &Report) -> Vec<Format> {
    let selected: &[Format] = if arguments.is_empty() {
        &config.formats
    } else {
        arguments
    };
    let mut formats = Vec::new();
    for format in selected {
        if !formats.contains(format) {
            formats.push(*format);
        }
    }
    formats
}
