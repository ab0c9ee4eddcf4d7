//! Wrong usage: exit code 2, before the first AWS call.

use std::fmt;

use jiff::Timestamp;

use crate::config::{ConfigError, InvalidHunt, InvalidIndicatorList, UnknownRegion};
use crate::model::{EmptyWindow, InvalidIndicator};
use crate::throttle::QuotaError;
use crate::time::rfc3339_ms;

/// What is wrong with the arguments or the configuration, where each alone was well formed.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// The configuration or the accounts file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The window ends before it begins.
    #[error(transparent)]
    Window(#[from] EmptyWindow),
    /// The window has not begun.
    #[error("the time window begins at {}, which is in the future: it is now {}", rfc3339_ms(*from), rfc3339_ms(*now))]
    FutureWindow {
        /// Its beginning.
        from: Timestamp,
        /// The time now.
        now: Timestamp,
    },
    /// Some indicators are none, or a list of them cannot be used.
    #[error(transparent)]
    Indicators(#[from] InvalidIndicators),
    /// More indicators than one sweep looks for.
    #[error(
        "{given} indicators are more than the {most} that one sweep looks for: divide them among several"
    )]
    TooManyIndicators {
        /// How many there are, without duplicates.
        given: usize,
        /// How many there may be.
        most: usize,
    },
    /// A hunt cannot be asked so.
    #[error(transparent)]
    Hunt(#[from] InvalidHunt),
    /// A query cannot be evaluated on what `FilterLogEvents` returns.
    #[error("{name}: {problem}")]
    HuntQuery {
        /// The hunt, or the option.
        name: String,
        /// Why not.
        problem: String,
    },
    /// A Region of the arguments.
    #[error(transparent)]
    Region(#[from] UnknownRegion),
    /// A quota of the configuration.
    #[error("limits.quotas: dragnet calls no operation `{operation}`{}", hint(*nearest))]
    Operation {
        /// As it was given.
        operation: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
    /// A rate of the configuration.
    #[error("limits.quotas: {0}")]
    Quota(#[from] QuotaError),
    /// No organization is asked, and no account is named.
    #[error(
        "there is no account to look at: organization.discover is false, and neither [[accounts]] nor --accounts-file \
         names one"
    )]
    NoAccounts,
    /// The settings that a run keeps are not those of this version.
    #[error("the run's settings cannot be read: {0}")]
    RunSettings(String),
    /// What a run keeps, and what is configured now, make another run.
    #[error(
        "this would be a run of another scope: its settings, with the external ids that are configured now, are not \
         those that it was made with; name its configuration file (--config)"
    )]
    OtherSettings,
    /// A run of AWS does not go on in practice.
    #[error("the run was made on AWS: it cannot go on with --practice")]
    NotPractice,
    /// What a run was begun with is not given again.
    #[error(
        "--member-role and --accounts-file belong to the run already: it goes on with those that it was made with"
    )]
    FixedByRun,
    /// Whoever goes on with a run is of the account that it was begun from.
    #[error(
        "this would be a run of another scope: it was begun as {began}, and the credentials are now those of {now}"
    )]
    OtherCaller {
        /// Who began it.
        began: String,
        /// Who calls now.
        now: String,
    },
    /// The run is one of a watch.
    #[error(
        "this run is a watch's, which has read on since: what it left is read at the next activation (dragnet watch once)"
    )]
    OfAWatch,
    /// Insights was asked for, and would cost more than it may.
    #[error(
        "Insights would cost about {usd:.2} USD, more than --max-scan-cost {max_scan_cost:.2}: nothing was searched. \
         Allow more, choose fewer accounts or a shorter window, or use --engine auto; --dry-run shows the plan"
    )]
    OverScanCost {
        /// What it would cost at list prices, in US dollars.
        usd: f64,
        /// What it may cost.
        max_scan_cost: f64,
    },
    /// There is nothing to watch for.
    #[error(
        "no schedule is configured: [[watch.schedule]] makes one; config/dragnet.toml shows how"
    )]
    NoSchedule,
    /// There is no schedule of this name.
    #[error("there is no schedule `{given}`{}", hint(nearest.as_deref()))]
    UnknownSchedule {
        /// As it was given.
        given: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A sink cannot be used.
    #[error("the sink `{sink}`: {problem}")]
    Sink {
        /// Its name.
        sink: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no place for what outlives a command.
    #[error("there is no place for what outlives a command: set HOME or XDG_STATE_HOME")]
    NoStateDirectory,
    /// `--query` is not JMESPath.
    #[error("--query `{expression}` is not a JMESPath expression: {problem}")]
    Query {
        /// As it was given.
        expression: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl UsageError {
    /// Wrong usage or configuration, as the contract numbers it.
    pub const EXIT_CODE: u8 = 2;
}

fn hint(nearest: Option<&str>) -> String {
    nearest
        .map(|near| format!(": did you mean `{near}`?"))
        .unwrap_or_default()
}

/// All that is wrong with the indicators: one slip in a long list must not hide the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvalidIndicators {
    pub(super) invalid: Vec<InvalidIndicator>,
    pub(super) lists: Vec<InvalidIndicatorList>,
}

/// So many lines tell what kind of mistake it is.
const LINES_SHOWN: usize = 20;

impl fmt::Display for InvalidIndicators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = self.invalid.iter().map(ToString::to_string);
        let all: Vec<String> = typed
            .chain(self.lists.iter().map(ToString::to_string))
            .collect();
        let all = all.join("\n");
        let lines: Vec<&str> = all.lines().collect();
        f.write_str(&lines.get(..LINES_SHOWN).unwrap_or(&lines).join("\n"))?;
        match lines.len().checked_sub(LINES_SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for InvalidIndicators {}
