//! The settings of `doctor`.

use std::time::Duration;

use super::super::{DoctorArguments, GlobalArguments, TimeArg, UsageError};
use super::{Reach, ResolveContext, load_config, required};
use dragnet_model::{LogKind, RequiredKinds, TimeWindow};

/// The default of `sweep`.
const SINCE: TimeArg = TimeArg::Ago(Duration::from_hours(24));

/// The settings of `doctor`.
#[derive(Clone, Debug, PartialEq)]
pub struct DoctorSettings {
    /// Identity, accounts, scope and limits.
    pub reach: Reach,
    /// Whether only to remove the stored MFA session.
    pub forget: bool,
    /// The window of the sweep that is predicted.
    pub window: TimeWindow,
    /// The kinds of logs that this sweep has to cover.
    pub required: RequiredKinds,
}

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
        let reach = Reach::resolve(global, &arguments.scope, load_config(global, context)?)?;
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
        })
    }
}
