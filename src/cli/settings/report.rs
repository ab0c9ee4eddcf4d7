//! The settings of reports that are made again.

use std::path::PathBuf;

use super::super::{GlobalArguments, ReportArguments, UsageError};
use super::{Surroundings, load_config};
use crate::config::{Format, Report};
use crate::model::RunId;

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
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, surroundings)?;
        let run_dir = surroundings.working_directory.join(&arguments.run);
        let id = arguments.run.to_str().and_then(|text| text.parse::<RunId>().ok());
        let run_dir = match id {
            Some(id) if !run_dir.exists() => surroundings.working_directory.join("runs").join(id.as_str()),
            _ => run_dir,
        };
        Ok(Self { run_dir, formats: formats(&arguments.formats, &config.report) })
    }
}

/// The formats of the arguments, else of the configuration; each once.
pub(super) fn formats(given: &[Format], config: &Report) -> Vec<Format> {
    let mut formats = Vec::new();
    for format in if given.is_empty() { &config.formats } else { given } {
        if !formats.contains(format) {
            formats.push(*format);
        }
    }
    formats
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::testing::with_surroundings;

    #[test]
    fn a_run_is_named_by_its_directory_or_its_id() {
        with_surroundings(|surroundings| {
            let run_dir = |run: &str| {
                let arguments = ReportArguments { run: run.into(), formats: Vec::new() };
                let settings = ReportSettings::resolve(&GlobalArguments::default(), &arguments, surroundings).unwrap();
                settings.run_dir.strip_prefix(surroundings.working_directory).unwrap().to_owned()
            };
            assert_eq!(run_dir("20260301T120000Z-3f9a"), PathBuf::from("runs/20260301T120000Z-3f9a"));
            assert_eq!(run_dir("elsewhere/x"), PathBuf::from("elsewhere/x"));
        });
    }
}
