//! The settings of a sweep.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::{EngineChoice, GlobalArguments, SweepArguments, UsageError};
use super::indicators::{self, Resolved};
use super::{Reach, ResolveContext, hunts, load_config, report, required, window};
use crate::config::{Format, RejectedEntries};
use dragnet_model::{Hunt, Indicator, RequiredKinds, TimeWindow, WindowEnd};

/// The settings of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSettings {
    /// Identity, accounts, scope and limits.
    pub reach: Reach,
    /// The time range to search.
    pub window: TimeWindow,
    /// How the end of the window was chosen.
    pub window_end: WindowEnd,
    /// The kinds of logs whose gaps make the run incomplete.
    pub required: RequiredKinds,
    /// The indicators, without duplicates, in the order given; at least one, unless there are
    /// hunts.
    pub indicators: Vec<Indicator>,
    /// The hunts; their names are unique.
    pub hunts: Vec<Hunt>,
    /// What the indicator lists contain that cannot be searched for, as text lines.
    pub left_out: Vec<String>,
    /// The entries of indicator lists that were not understood.
    pub rejected: Vec<RejectedEntries>,
    /// The formats of the reports, without duplicates.
    pub formats: Vec<Format>,
    /// The directory in which the directory of the run is created.
    pub out_dir: PathBuf,
    /// Whether a sighting changes the exit code.
    pub fail_on_sighting: bool,
    /// Whether to check trail integrity: to search for tampering, and to count records by hour.
    pub check_trail_integrity: bool,
    /// How log groups are scanned.
    pub engines: EngineSettings,
}

/// How log groups are scanned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineSettings {
    /// The choice of engine.
    pub choice: EngineChoice,
    /// The maximum cost of Insights, in US dollars.
    pub max_scan_cost: f64,
    /// Whether to request masked data unmasked.
    pub unmask: bool,
}

impl SweepSettings {
    /// Resolves the arguments of `sweep`.
    ///
    /// # Errors
    /// The arguments, the configuration or the accounts file are wrong; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &SweepArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let directory = context.working_directory;
        let Resolved {
            indicators,
            left_out,
            rejected,
            seen,
        } = indicators::resolve(
            &arguments.indicators.values,
            &arguments.indicators.files,
            directory,
            arguments.indicators.strict,
        )?;
        let window = window::resolve(arguments, seen, context.now)?;
        let config = load_config(global, context)?;
        let hunts = hunts::resolve(arguments, &config.hunts)?;

        let formats = report::resolve_formats(&arguments.formats, &config.report);
        let reach = Reach::resolve(global, &arguments.scope, config)?;
        Ok(Self {
            required: required::resolve(&arguments.required, &reach.scope, &indicators, &hunts),
            hunts,
            formats,
            reach,
            window,
            window_end: window::end_of(arguments),
            indicators,
            left_out,
            rejected,
            out_dir: directory.join(&arguments.out),
            fail_on_sighting: arguments.fail_on_sighting,
            check_trail_integrity: !arguments.no_tamper_check,
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
        with_resolve_context(|context| SweepSettings::resolve(&global, &arguments, context))
    }

    #[test]
    fn defaults_apply() {
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
