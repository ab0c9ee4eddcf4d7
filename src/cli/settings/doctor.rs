//! The settings of `doctor`.

use super::super::{DoctorArguments, GlobalArguments, UsageError};
use super::{Reach, ResolveContext, load_config};

/// The settings of `doctor`.
#[derive(Clone, Debug, PartialEq)]
pub struct DoctorSettings {
    /// Identity, accounts, scope and limits.
    pub reach: Reach,
    /// Whether only to remove the stored MFA session.
    pub forget: bool,
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
        Ok(Self {
            reach,
            forget: arguments.forget,
        })
    }
}
