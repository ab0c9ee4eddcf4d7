//! Resolves the settings of `doctor`.

use std::time::Duration;

use super::{load_config, required};
use crate::cli::{DoctorArguments, GlobalArguments, TimeArg, UsageError};
use crate::settings::{AthenaSettings, DoctorSettings, Reach, ResolveContext};
use dragnet_model::{LogKind, RequiredKinds, TimeWindow};

/// The default of `sweep`.
const SINCE: TimeArg = TimeArg::Ago(Duration::from_hours(24));

impl DoctorSettings {
    /// Resolves the arguments of `doctor`.
    ///
    /// # Errors
    /// The arguments, the configuration or the accounts file are wrong; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &DoctorArguments,
        context: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let config = load_config(global, context)?;
        let reach = Reach::resolve(global, &arguments.scope, &config)?;
        let since = arguments.since.unwrap_or(SINCE);
        let required = if arguments.required.is_empty() {
            RequiredKinds::new([LogKind::Management])
        } else {
            required::from_arguments(&arguments.required)
        };
        Ok(Self {
            reach,
            forget: arguments.forget,
            window: TimeWindow::new(since.resolve(context.now), context.now)?,
            required,
            athena: AthenaSettings::new(&config.athena, false),
        })
    }
}
