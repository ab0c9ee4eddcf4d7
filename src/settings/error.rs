//! The errors of settings.

use std::fmt;

use crate::config::{ConfigError, InvalidHunt, InvalidIndicatorList};
use dragnet_model::InvalidIndicator;

/// Settings cannot be resolved from the configuration, from a file that it names, or from a run.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The configuration, the accounts file or the targets file is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Some indicators are invalid, or an indicator list cannot be used.
    #[error(transparent)]
    Indicators(#[from] InvalidIndicators),
    /// There are more indicators than one sweep supports.
    #[error(
        "{count} indicators are more than the maximum of {maximum}: split them into several sweeps"
    )]
    TooManyIndicators {
        /// The number of indicators without duplicates.
        count: usize,
        /// The maximum.
        maximum: usize,
    },
    /// A hunt was requested incorrectly.
    #[error(transparent)]
    Hunt(#[from] InvalidHunt),
    /// A query cannot be evaluated on the events of `FilterLogEvents`.
    #[error("{name}: {problem}")]
    HuntQuery {
        /// The name of the hunt, or of the option.
        name: String,
        /// The reason.
        problem: String,
    },
    /// A quota of the configuration names an unknown operation.
    #[error("limits.quotas: unknown operation `{operation}`{}", did_you_mean(*nearest))]
    Operation {
        /// The name in the configuration.
        operation: String,
        /// The nearest known name.
        nearest: Option<&'static str>,
    },
    /// Organizations is not used, and no account is listed.
    #[error(
        "no accounts to search: organization.discover is false, and no account is listed; add [[accounts]] or use \
         --accounts-file"
    )]
    NoAccounts,
    /// The settings that are stored in the run do not have the format of this version.
    #[error("failed to read the settings of the run: {0}")]
    RunSettings(String),
    /// The settings of the run, combined with the configuration, differ from those that it was
    /// created with.
    #[error(
        "the settings do not match those with which the run was created (external ids come from the configuration): \
         name its configuration file with --config"
    )]
    OtherSettings,
    /// A sink cannot be used.
    #[error("sink `{sink}`: {problem}")]
    Sink {
        /// The name of the sink.
        sink: String,
        /// The problem.
        problem: String,
    },
    /// No directory for persistent state can be determined.
    #[error("no state directory: set HOME or XDG_STATE_HOME")]
    NoStateDirectory,
}

/// Returns the end of a message about an unknown name, given the name that is most like it.
pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest
        .map(|near| format!(": did you mean `{near}`?"))
        .unwrap_or_default()
}

/// All errors of the indicators and indicator lists, so that the user can correct them at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvalidIndicators {
    pub(super) invalid: Vec<InvalidIndicator>,
    pub(super) lists: Vec<InvalidIndicatorList>,
}

/// The maximum number of lines; these suffice to show what kind of mistake it is.
const MAX_LINES: usize = 20;

impl fmt::Display for InvalidIndicators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = self.invalid.iter().map(ToString::to_string);
        let errors: Vec<String> = arguments
            .chain(self.lists.iter().map(ToString::to_string))
            .collect();
        let text = errors.join("\n");
        let lines: Vec<&str> = text.lines().collect();
        f.write_str(&lines.get(..MAX_LINES).unwrap_or(&lines).join("\n"))?;
        match lines.len().checked_sub(MAX_LINES) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for InvalidIndicators {}
