//! Usage errors: exit code 2. Most are reported before the first AWS call.

use std::fmt;

use jiff::Timestamp;

use crate::config::{ConfigError, InvalidHunt, InvalidIndicatorList, UnknownRegion};
use crate::throttle::QuotaError;
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{EmptyWindow, InvalidIndicator};

/// The arguments or the configuration are wrong, although each value alone is well formed.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// The configuration or the accounts file is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The window is empty: its end is not after its start.
    #[error(transparent)]
    Window(#[from] EmptyWindow),
    /// The window begins in the future.
    #[error("the time window starts at {}, which is in the future: it is now {}", rfc3339_ms(*from), rfc3339_ms(*now))]
    FutureWindow {
        /// The start of the window.
        from: Timestamp,
        /// The current time.
        now: Timestamp,
    },
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
    /// A Region of the arguments is unknown.
    #[error(transparent)]
    Region(#[from] UnknownRegion),
    /// A quota of the configuration names an unknown operation.
    #[error("limits.quotas: unknown operation `{operation}`{}", hint(*nearest))]
    Operation {
        /// The name in the configuration.
        operation: String,
        /// The nearest known name.
        nearest: Option<&'static str>,
    },
    /// A rate of the configuration is invalid.
    #[error("limits.quotas: {0}")]
    Quota(#[from] QuotaError),
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
    /// A run of AWS cannot be resumed with `--practice`.
    #[error("the run was created on AWS and cannot be resumed with --practice")]
    NotPractice,
    /// An option was given that resuming a run does not accept, because the run contains its
    /// settings.
    #[error(
        "--member-role and --accounts-file cannot be used with resume: the run keeps the settings that it was created \
         with"
    )]
    FixedByRun,
    /// A run can only be resumed from the account that started it.
    #[error(
        "the run was started as {original}, but the current credentials are those of {current}: use credentials of \
         the account that started it"
    )]
    OtherCaller {
        /// The caller that started the run.
        original: String,
        /// The current caller.
        current: String,
    },
    /// No run has this id, or one that begins with it.
    #[error(
        "there is no run `{given}` in {parent}{}; `dragnet runs list` lists all runs",
        nearest_runs(nearest)
    )]
    UnknownRun {
        /// The run as it was given.
        given: String,
        /// The directory of the runs.
        parent: String,
        /// The ids that are most like it.
        nearest: Vec<String>,
    },
    /// Several runs have an id that begins with this.
    #[error(
        "the run `{given}` is ambiguous: it may be {}; give more of the id",
        abridged_runs(candidates)
    )]
    AmbiguousRun {
        /// The run as it was given.
        given: String,
        /// The ids that begin with it.
        candidates: Vec<String>,
    },
    /// The run belongs to a watch.
    #[error(
        "this run belongs to a watch and cannot be resumed: the next activation reads what it missed (dragnet watch once)"
    )]
    BelongsToWatch,
    /// Insights was requested, and would cost more than the limit.
    #[error(
        "Insights would cost about {usd:.2} USD, more than --max-scan-cost {max_scan_cost:.2}; nothing was searched. \
         Raise the limit, select fewer accounts or a shorter window, or use --engine auto; --dry-run shows the plan"
    )]
    OverScanCost {
        /// The estimated cost at list prices, in US dollars.
        usd: f64,
        /// The limit, in US dollars.
        max_scan_cost: f64,
    },
    /// `--for` was given without the action that it limits.
    #[error("--for limits deny-all, which is not among the actions: add --action deny-all")]
    NothingToEnd,
    /// A configuration file of the working directory names a program.
    #[error(
        "{path} is only used because it is in the working directory, so its {key} is not run: name the file with \
         --config if it is yours, or move it to ~/.config/dragnet/dragnet.toml"
    )]
    ProgramInWorkingDirectory {
        /// The file.
        path: String,
        /// The key that names the program.
        key: &'static str,
    },
    /// No schedule is configured.
    #[error("no schedule is configured: add a [[watch.schedule]], as shown in config/dragnet.toml")]
    NoSchedule,
    /// There is no schedule of this name.
    #[error("there is no schedule `{given}`{}", hint(nearest.as_deref()))]
    UnknownSchedule {
        /// The name that was given.
        given: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// A sink cannot be used.
    #[error("sink `{sink}`: {problem}")]
    Sink {
        /// The name of the sink.
        sink: String,
        /// The problem.
        problem: String,
    },
    /// `watch check` found problems.
    #[error("the watch cannot run as configured:\n{}", .0.join("\n"))]
    WatchCheck(Vec<String>),
    /// No directory for persistent state can be determined.
    #[error("no state directory: set HOME or XDG_STATE_HOME")]
    NoStateDirectory,
    /// `--query` is not a valid JMESPath expression.
    #[error("--query `{expression}` is not a valid JMESPath expression: {problem}")]
    Query {
        /// The expression that was given.
        expression: String,
        /// The problem.
        problem: String,
    },
}

impl UsageError {
    /// The exit code for wrong usage or configuration.
    pub const EXIT_CODE: u8 = 2;

    /// Returns the exit code. A run that does not exist is no wrong usage: the command failed.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::UnknownRun { .. }) {
            1
        } else {
            Self::EXIT_CODE
        }
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest
        .map(|near| format!(": did you mean `{near}`?"))
        .unwrap_or_default()
}

fn nearest_runs(nearest: &[String]) -> String {
    match nearest {
        [] => ", which has no runs".to_owned(),
        [one] => format!("; the nearest is {one}"),
        several => format!("; the nearest are {}", several.join(", ")),
    }
}

/// The number of candidates that are listed.
const MAX_CANDIDATES: usize = 10;

fn abridged_runs(candidates: &[String]) -> String {
    match candidates.split_at_checked(MAX_CANDIDATES) {
        Some((first, rest)) if !rest.is_empty() => {
            format!("{} and {} more", first.join(", "), rest.len())
        }
        _ => candidates.join(", "),
    }
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
