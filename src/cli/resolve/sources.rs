//! Resolves the settings of `sources`.

use std::time::Duration;

use super::load_config;
use crate::cli::{GlobalArguments, SourcesArguments, TimeArg, UsageError};
use crate::settings::{ListOutput, Reach, ResolveContext, SourcesSettings};
use dragnet_model::TimeWindow;

/// `sources` shows what a sweep of the last 24 hours would find.
const WINDOW: TimeArg = TimeArg::Ago(Duration::from_hours(24));

impl SourcesSettings {
    /// Resolves the arguments of `sources`.
    ///
    /// # Errors
    /// The arguments, the configuration or the accounts file are wrong; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &SourcesArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        Ok(Self {
            reach: Reach::resolve(global, &arguments.scope, &load_config(global, context)?)?,
            window: TimeWindow::new(WINDOW.resolve(context.now), context.now)?,
            output: ListOutput::resolve(global.json, &arguments.format)?,
        })
    }
}
