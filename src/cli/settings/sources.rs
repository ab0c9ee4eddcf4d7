//! The settings of `sources`.

use std::time::Duration;

use super::super::{GlobalArguments, OutputFormat, SourcesArguments, TimeArg, UsageError};
use super::{Reach, ResolveContext, load_config};
use crate::model::TimeWindow;

/// What a sweep would find of the last day is what is told.
const WINDOW: TimeArg = TimeArg::Ago(Duration::from_hours(24));

/// All that `sources` needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct SourcesSettings {
    /// As whom, where, and how hard.
    pub reach: Reach,
    /// The time for which sources are judged.
    pub window: TimeWindow,
    /// How to print them.
    pub output: OutputFormat,
}

impl SourcesSettings {
    /// Resolves the arguments of `sources`.
    ///
    /// # Errors
    /// Anything that is wrong with arguments, configuration or accounts file; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &SourcesArguments,
        surroundings: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let usual = if global.json {
            OutputFormat::Json
        } else {
            OutputFormat::Table
        };
        Ok(Self {
            reach: Reach::resolve(global, &arguments.scope, load_config(global, surroundings)?)?,
            window: TimeWindow::new(WINDOW.resolve(surroundings.now), surroundings.now)?,
            output: arguments.output.unwrap_or(usual),
        })
    }
}
