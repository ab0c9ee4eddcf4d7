//! Errors of commands, and their exit codes.

use std::io::{self, Write};

use super::{ContainError, ShardError};
use crate::aws::{CallError, ConnectError, UNREACHABLE};
use crate::cli::UsageError;
use crate::contain::MonitorError;
use crate::report::{ReportError, escape};
use crate::settings::SettingsError;
use crate::store::{FactError, StoreError};
use crate::sweep::{DirectoryError, Refusal, SweepError};
use crate::watch::StateError;
use dragnet_range::ScenarioError;
use dragnet_range::server::ServeError;

/// An error that ends a command without a result.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Arguments or configuration are wrong.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The practice range cannot be created.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The practice range cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The connection to AWS cannot be created.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The sweep failed.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The accounts cannot be listed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A containment could not be planned, applied, verified, undone or shown.
    #[error(transparent)]
    Contain(#[from] ContainError),
    /// A shard of a sweep cannot be planned, run or merged.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// The source credentials do not work.
    #[error("{}{}", caller_problem(.0), advice_suffix(.0))]
    Caller(#[source] Box<CallError>),
    /// A run ended before its files were written.
    #[error(
        "the run stopped before its reports were written, but its results are kept: continue with `dragnet resume {run}`"
    )]
    RunAborted {
        /// The directory of the run.
        run: String,
        /// The cause.
        #[source]
        cause: Box<CommandError>,
    },
    /// A run ended before its files were written, and its directory does not exist any more.
    #[error(
        "the run stopped, and its results are lost because its directory {run} was removed meanwhile; start a new run"
    )]
    RunRemoved {
        /// The directory of the run.
        run: String,
        /// The cause.
        #[source]
        cause: Box<CommandError>,
    },
    /// The manifest of a run is not signed.
    #[error(
        "failed to sign manifest.json; the reports are complete, and `dragnet report` signs again: {0}"
    )]
    Signature(String),
    /// The signature of a run is not valid.
    #[error(
        "the signature of manifest.json is not valid, so the run is not signed again; if you know why, use --changed-run: {0}"
    )]
    InvalidSignature(String),
    /// A page cannot be opened in a browser.
    #[error("{page} is written, but cannot be opened: {problem}; open the file with a browser")]
    OpenPage {
        /// The path of the page.
        page: String,
        /// The problem.
        problem: String,
    },
    /// The stored MFA session cannot be removed.
    #[error("failed to remove the cached MFA session")]
    Forget(#[source] io::Error),
    /// There is no run.
    #[error("there is no run {0}: `dragnet runs list` lists the runs in ./runs")]
    UnknownRun(String),
    /// The files of a run cannot be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fact of a run is missing or damaged.
    #[error(transparent)]
    Fact(#[from] FactError),
    /// The state of the watch cannot be used.
    #[error(transparent)]
    Watch(#[from] StateError),
    /// The containment of a schedule cannot be monitored.
    #[error("the schedule `{schedule}` cannot monitor containment {id}")]
    Monitor {
        /// The name of the schedule.
        schedule: String,
        /// The id of the containment.
        id: String,
        /// The cause.
        source: MonitorError,
    },
    /// Health and metrics cannot be served.
    #[error("cannot listen on {address}: set watch.listen to a free address, or to off")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The address for the practice range is not available.
    #[error(
        "cannot listen on {address}: if another program uses the port, such as another practice range, choose a free \
         port with --listen 127.0.0.1:0"
    )]
    RangeListen {
        /// The address.
        address: std::net::SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// A report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError<StoreError>),
    /// Writing to stdout or another local operation failed.
    #[error("failed to write the output")]
    Output(#[from] io::Error),
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::Usage(error.into())
    }
}

/// Says whether AWS was reached at all.
fn caller_problem(error: &CallError) -> &'static str {
    if error.code == UNREACHABLE {
        "AWS cannot be reached"
    } else {
        "AWS did not accept the source credentials"
    }
}

fn advice_suffix(error: &CallError) -> String {
    Refusal::from_call_error(error)
        .advice
        .map(|advice| format!(": {advice}"))
        .unwrap_or_default()
}

impl CommandError {
    /// Returns the exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(error) => error.exit_code(),
            Self::Scenario(_)
            | Self::Monitor { .. }
            | Self::Sweep(SweepError::FilterPattern { .. }) => UsageError::EXIT_CODE,
            Self::Shard(error) => error.exit_code(),
            Self::RunAborted { cause, .. } | Self::RunRemoved { cause, .. } => cause.exit_code(),
            Self::Serve(_)
            | Self::Connect(_)
            | Self::Sweep(_)
            | Self::Directory(_)
            | Self::Contain(_)
            | Self::Caller(_)
            | Self::Forget(_)
            | Self::Signature(_)
            | Self::InvalidSignature(_)
            | Self::OpenPage { .. }
            | Self::Store(_)
            | Self::Fact(_)
            | Self::UnknownRun(_)
            | Self::Watch(_)
            | Self::Listen { .. }
            | Self::RangeListen { .. }
            | Self::Report(_)
            | Self::Output(_) => 1,
        }
    }

    /// Prints the error with its causes, each once, with the same prefix that clap uses. Untrusted
    /// text is escaped.
    pub fn print(&self, out: &mut dyn Write) {
        // If stderr fails, there is no other way to report it. A broken pipe means that the reader
        // of stdout ended, which is not an error.
        if matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            return;
        }
        let mut prefix = "error: ";
        for line in self.to_string().lines() {
            _ = writeln!(out, "{prefix}{}", escape(line));
            prefix = "       ";
        }
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            _ = writeln!(out, "  caused by: {}", escape(&error.to_string()));
            cause = error.source();
        }
    }
}
