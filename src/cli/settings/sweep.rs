//! The settings of a sweep.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::{EngineChoice, GlobalArguments, SweepArguments, UsageError};
use super::indicators::{self, Resolved};
use super::{Reach, ResolveContext, hunts, load_config, report, window};
use crate::config::Format;
use crate::model::{Hunt, Indicator, TimeWindow};

/// All that a sweep needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSettings {
    /// As whom, where, and how hard.
    pub reach: Reach,
    /// When.
    pub window: TimeWindow,
    /// What to look for: none twice, in the order given; at least one, unless there are hunts.
    pub indicators: Vec<Indicator>,
    /// What to hunt for: each under a name of its own.
    pub hunts: Vec<Hunt>,
    /// What the lists of indicators hold that cannot be looked for, in lines for people.
    pub left_out: Vec<String>,
    /// The forms of the file of sightings: none twice.
    pub formats: Vec<Format>,
    /// The directory in which the run's own directory is made.
    pub out_dir: PathBuf,
    /// Whether a sighting changes the exit code.
    pub fail_on_sighting: bool,
    /// Whether to look for calls that tamper with records, and to count records by hour.
    pub silence: bool,
    /// What reads log groups, and how.
    pub engines: EngineSettings,
}

/// What reads log groups, and how.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineSettings {
    /// Which engine.
    pub choice: EngineChoice,
    /// What Insights may cost, in US dollars.
    pub max_scan_cost: f64,
    /// Whether masked data is asked for in clear.
    pub unmask: bool,
}

impl SweepSettings {
    /// Resolves the arguments of `sweep`.
    ///
    /// # Errors
    /// Anything that is wrong with arguments, configuration or accounts file; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &SweepArguments,
        surroundings: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let directory = surroundings.working_directory;
        let Resolved {
            indicators,
            left_out,
        } = indicators::resolve(&arguments.indicators, &arguments.indicator_files, directory)?;
        let window = window::resolve(arguments, surroundings.now)?;
        let config = load_config(global, surroundings)?;
        Ok(Self {
            hunts: hunts::resolve(arguments, &config.hunts)?,
            formats: report::formats(&arguments.formats, &config.report),
            reach: Reach::resolve(global, &arguments.scope, config)?,
            window,
            indicators,
            left_out,
            out_dir: directory.join(&arguments.out),
            fail_on_sighting: arguments.fail_on_sighting,
            silence: !arguments.no_silence,
            engines: EngineSettings {
                choice: arguments.engine.engine,
                max_scan_cost: arguments.engine.max_scan_cost,
                unmask: arguments.engine.unmask,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::testing::{parse_sweep, with_resolve_context};

    fn resolve(rest: &[&str]) -> Result<SweepSettings, UsageError> {
        let (global, arguments) = parse_sweep(rest);
        with_resolve_context(|surroundings| {
            SweepSettings::resolve(&global, &arguments, surroundings)
        })
    }

    #[test]
    fn everything_has_a_default() {
        let settings = resolve(&["192.0.2.1", "AKIAIOSFODNN7EXAMPLE"]).unwrap();
        assert_eq!(settings.indicators.len(), 2);
        assert_eq!(settings.formats, Format::DEFAULT);
        assert!(settings.out_dir.ends_with("runs") && !settings.fail_on_sighting);
        assert!(settings.reach.directory.discover);
        assert_eq!(
            resolve(&["a", "--format", "json,csv,json"])
                .unwrap()
                .formats,
            [Format::ALL[2], Format::ALL[0]]
        );
    }
}
