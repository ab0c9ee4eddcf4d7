//! The settings of an examination.

use super::super::{DoctorArguments, GlobalArguments, UsageError};
use super::{Reach, ResolveContext, load_config};

/// All that `doctor` needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct DoctorSettings {
    /// As whom, where, and how hard.
    pub reach: Reach,
    /// Whether only the kept MFA session is to be removed.
    pub forget: bool,
}

impl DoctorSettings {
    /// Resolves the arguments of `doctor`.
    ///
    /// # Errors
    /// Anything that is wrong with arguments, configuration or accounts file; no AWS call was made.
    pub fn resolve(
        global: &GlobalArguments,
        arguments: &DoctorArguments,
        surroundings: &ResolveContext<'_>,
    ) -> Result<Self, UsageError> {
        let reach = Reach::resolve(global, &arguments.scope, load_config(global, surroundings)?)?;
        Ok(Self {
            reach,
            forget: arguments.forget,
        })
    }
}
