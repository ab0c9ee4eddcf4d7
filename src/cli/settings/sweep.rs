//! The settings of a sweep.

use std::path::PathBuf;

use super::super::{GlobalArguments, InvalidIndicators, SweepArguments, UsageError};
use super::{Reach, Surroundings, load_config, report, window};
use crate::config::Format;
use crate::model::{Indicator, TimeWindow};

/// All that a sweep needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSettings {
    /// As whom, where, and how hard.
    pub reach: Reach,
    /// When.
    pub window: TimeWindow,
    /// What to look for: at least one, none twice, in the order given.
    pub indicators: Vec<Indicator>,
    /// The forms of the file of sightings: none twice.
    pub formats: Vec<Format>,
    /// The directory in which the run's own directory is made.
    pub out_dir: PathBuf,
    /// Whether a sighting changes the exit code.
    pub fail_on_sighting: bool,
}

impl SweepSettings {
    /// Resolves the arguments of `sweep`.
    ///
    /// # Errors
    /// Anything that is wrong with arguments, configuration or accounts file; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &SweepArguments,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, UsageError> {
        let indicators = indicators(&arguments.indicators)?;
        let window = window::resolve(arguments, surroundings.now)?;
        let config = load_config(global, surroundings)?;
        Ok(Self {
            formats: report::formats(&arguments.formats, &config.report),
            reach: Reach::resolve(global, &arguments.scope, config)?,
            window,
            indicators,
            out_dir: surroundings.working_directory.join(&arguments.out),
            fail_on_sighting: arguments.fail_on_sighting,
        })
    }
}

fn indicators(given: &[String]) -> Result<Vec<Indicator>, InvalidIndicators> {
    let mut indicators: Vec<Indicator> = Vec::new();
    let mut wrong = InvalidIndicators { invalid: Vec::new(), given_twice: Vec::new() };
    for text in given {
        match text.parse::<Indicator>() {
            // By what they mean: one address has many spellings.
            Ok(again) if indicators.iter().any(|one| one.value() == again.value()) => {
                wrong.given_twice.push(again.to_string());
            }
            Ok(indicator) => indicators.push(indicator),
            Err(error) => wrong.invalid.push(error),
        }
    }
    if wrong.invalid.is_empty() && wrong.given_twice.is_empty() { Ok(indicators) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::testing::{parse_sweep, with_surroundings};

    fn resolve(rest: &[&str]) -> Result<SweepSettings, UsageError> {
        let (global, arguments) = parse_sweep(rest);
        with_surroundings(|surroundings| SweepSettings::resolve(&global, &arguments, surroundings))
    }

    #[test]
    fn everything_has_a_default() {
        let settings = resolve(&["192.0.2.1", "AKIAIOSFODNN7EXAMPLE"]).unwrap();
        assert_eq!(settings.indicators.len(), 2);
        assert_eq!(settings.formats, Format::ALL);
        assert!(settings.out_dir.ends_with("runs") && !settings.fail_on_sighting);
        assert!(settings.reach.directory.discover);
        assert_eq!(resolve(&["a", "--format", "json,csv,json"]).unwrap().formats, [Format::Json, Format::Csv]);
    }

    #[test]
    fn all_wrong_indicators_are_named_at_once() {
        let message = resolve(&["192.0.2.999", "2001:db8::1", "2001:DB8:0::1", "arn:aws:iam"]).unwrap_err().to_string();
        let lines: Vec<&str> = message.lines().collect();
        assert_eq!(lines.len(), 3, "{message}");
        assert!(lines[0].contains("192.0.2.999") && lines[1].contains("arn:aws:iam") && lines[2].ends_with("twice"));
    }
}
