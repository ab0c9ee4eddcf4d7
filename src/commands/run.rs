//! A run: begun, or gone on with, and carried out to its files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::facts::{self, Facts, write_end};
use super::plan::refuse_over_cost;
use super::run_files::{RunFiles, write_run_files};
use super::{CommandError, Environment};
use crate::aws::{Aws, Caller};
use crate::cli::UsageError;
use crate::cli::settings::{ProgressStyle, Reach, SweepSettings};
use crate::config::Config;
use crate::model::{ApiCall, RunId};
use crate::progress::Reporter;
use crate::store::{Checkpoint, Journal, RunDir, RunLock, RunReader, StoreError, Writer};
use crate::sweep::{self, SweepError, SweepParts, Tally, WindowBasis};
use crate::time::Clock;

/// Calls that may wait to be written down.
pub(super) const AUDIT_WAITING: usize = 1_024;

/// Where a run is, and what is in it.
#[derive(Debug)]
pub struct RunOutput {
    /// The run's directory.
    pub directory: PathBuf,
    /// Its files.
    pub files: RunFiles,
}

/// A connection to AWS that knows its caller and has its MFA session, and the other end of its audit.
#[derive(Debug)]
pub struct Connection {
    aws: Aws,
    calls: mpsc::Receiver<ApiCall>,
    caller: Caller,
    clock: Clock,
    practice: bool,
}

impl Connection {
    /// The same way to AWS for calls that belong to no run, and what is told of them.
    pub(super) fn fork(&self) -> (Aws, mpsc::Receiver<ApiCall>) {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        (self.aws.with_audit(audit), calls)
    }

    /// The time.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Connects, and asks for an MFA code if one is needed. Credentials that do not work leave nothing
    /// behind: there is no run yet.
    ///
    /// # Errors
    /// There is no connection to AWS, the source credentials do not work, or there is no MFA session.
    pub async fn open(place: &Environment, reach: &Reach) -> Result<Self, CommandError> {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let aws = place.connect(reach, Some(audit)).await?;
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        Ok(Self {
            aws,
            calls,
            caller,
            clock: place.clock(),
            practice: place.range().is_some(),
        })
    }
}

/// A connection over which many runs are made, some of them side by side: they share its quotas and sessions.
#[derive(Debug)]
pub struct SharedConnection {
    aws: Arc<Aws>,
    caller: Caller,
    clock: Clock,
    practice: bool,
}

impl SharedConnection {
    /// Connects, and asks for an MFA code if one is needed. `audit` is told of the calls that belong to no run.
    ///
    /// # Errors
    /// As with [`Connection::open`].
    pub async fn open(
        place: &Environment,
        reach: &Reach,
        audit: mpsc::Sender<ApiCall>,
    ) -> Result<Self, CommandError> {
        let aws = place.connect(reach, Some(audit)).await?;
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        Ok(Self {
            aws: Arc::new(aws),
            caller,
            clock: place.clock(),
            practice: place.range().is_some(),
        })
    }

    /// AWS, for calls that belong to no run.
    pub fn aws(&self) -> &Arc<Aws> {
        &self.aws
    }

    /// The connection of one run, with an audit of its own.
    pub fn of_run(&self) -> Connection {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let Self {
            aws,
            caller,
            clock,
            practice,
        } = self;
        Connection {
            aws: aws.with_audit(audit),
            calls,
            caller: caller.clone(),
            clock: clock.clone(),
            practice: *practice,
        }
    }
}

/// Makes a run: sweeps, merges and writes the files. A sweep that failed as a whole has files too, which
/// claim nothing and say so; its error comes with them.
///
/// # Errors
/// The run's directory or database cannot be written; or Insights was asked for, and would cost more than it may.
pub async fn run_sweep(
    connection: Connection,
    settings: SweepSettings,
    progress: ProgressStyle,
    cancel: CancellationToken,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    refuse_over_cost(&connection, &settings, cancel.clone()).await?;
    let windows = WindowBasis::ParsedEventDetails(settings.window);
    run_windows(connection, settings, windows, progress, cancel).await
}

/// Makes a run that looks at each log group in windows of its own.
///
/// # Errors
/// As with [`run_sweep`].
pub(super) async fn run_windows(
    connection: Connection,
    settings: SweepSettings,
    windows: WindowBasis,
    progress: ProgressStyle,
    cancel: CancellationToken,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    let run = OpenRun::create(&connection, &settings, &windows)?;
    run.carry_out(connection, settings, windows, progress, cancel)
        .await
}

/// A run that ended early, locked, so that nobody else goes on with it.
#[derive(Debug)]
pub struct Resumable {
    dir: RunDir,
    lock: RunLock,
    facts: Facts,
}

impl Resumable {
    /// Opens the run in a directory.
    ///
    /// # Errors
    /// There is none, another process is at work on it, it is of another format, or a watch made it.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        let dir = RunDir::open(path)?;
        let lock = RunLock::take(&dir)?;
        let reader = RunReader::peek(&dir)?;
        let facts = Facts::read(&dir, &reader)?;
        if facts.is_of_a_watch() {
            return Err(UsageError::OfAWatch.into());
        }
        Ok(Self { dir, lock, facts })
    }

    /// Whether it was made on the practice range.
    ///
    /// # Errors
    /// The run does not say.
    pub fn is_practice(&self) -> Result<bool, CommandError> {
        self.facts.parsed("practice")
    }

    /// The settings that it was made with; secrets and source profile from the configuration.
    ///
    /// # Errors
    /// With this configuration it would be another run.
    pub fn settings(&self, config: &Config) -> Result<SweepSettings, CommandError> {
        let (stored, sha256) = (
            self.facts.text("settings")?,
            self.facts.text("settings_sha256")?,
        );
        Ok(SweepSettings::from_stored(
            &stored,
            &sha256,
            config,
            self.dir.path().to_owned(),
        )?)
    }

    /// Goes on with the run, to its files.
    ///
    /// # Errors
    /// As with [`run_sweep`]; and the caller is of another account than the one that began the run.
    pub async fn resume(
        self,
        connection: Connection,
        settings: SweepSettings,
        progress: ProgressStyle,
        cancel: CancellationToken,
    ) -> Result<(RunOutput, Option<SweepError>), CommandError> {
        if !self.facts.is_of_account_of(&connection.caller)? {
            let (began, now) = (
                self.facts.text("caller_arn")?,
                connection.caller.arn.to_string(),
            );
            return Err(UsageError::OtherCaller { began, now }.into());
        }
        let windows = WindowBasis::ParsedEventDetails(settings.window);
        OpenRun::resume(self)?
            .carry_out(connection, settings, windows, progress, cancel)
            .await
    }
}

/// A run that is open for writing.
struct OpenRun {
    dir: RunDir,
    lock: RunLock,
    run_id: RunId,
    started: Timestamp,
    journal: Journal,
    writer: Writer,
    checkpoint: Checkpoint,
}

impl OpenRun {
    fn create(
        connection: &Connection,
        settings: &SweepSettings,
        windows: &WindowBasis,
    ) -> Result<Self, CommandError> {
        let Connection {
            caller,
            clock,
            practice,
            ..
        } = connection;
        let started = clock.now();
        let run_id = RunId::new(started, fastrand::u16(..));
        let dir = RunDir::create(&settings.out_dir, &run_id)?;
        let lock = RunLock::take(&dir)?;
        let facts = facts::of_new_run(&run_id, started, *practice, caller, settings, windows);
        let (journal, writer) = Journal::create(&dir, &facts)?;
        Ok(Self {
            dir,
            lock,
            run_id,
            started,
            journal,
            writer,
            checkpoint: Checkpoint::default(),
        })
    }

    fn resume(Resumable { dir, lock, facts }: Resumable) -> Result<Self, CommandError> {
        dir.remove_unfinished()?;
        let (run_id, started) = (facts.parsed("run_id")?, facts.parsed("started")?);
        let (journal, writer, checkpoint) = Journal::resume(&dir)?;
        Ok(Self {
            dir,
            lock,
            run_id,
            started,
            journal,
            writer,
            checkpoint,
        })
    }

    async fn carry_out(
        self,
        connection: Connection,
        settings: SweepSettings,
        windows: WindowBasis,
        progress: ProgressStyle,
        cancel: CancellationToken,
    ) -> Result<(RunOutput, Option<SweepError>), CommandError> {
        let Self {
            dir,
            lock,
            run_id,
            started,
            journal,
            writer,
            checkpoint,
        } = self;
        let directory = dir.path().to_owned();
        let Connection {
            aws, calls, clock, ..
        } = connection;
        let tally = Arc::new(Tally::default());
        let reporter = Reporter::start(progress, Arc::clone(&tally), Box::new(io::stderr()));
        let formats = settings.formats.clone();
        let parts = SweepParts {
            aws,
            calls,
            clock: clock.clone(),
            settings,
            windows,
            run_id,
            started,
            checkpoint,
            journal: journal.clone(),
            tally,
            cancel: cancel.clone(),
        };
        let swept = sweep::sweep(parts).await;
        let ended = match &swept {
            Err(_) => "failed",
            Ok(()) if cancel.is_cancelled() => "interrupted",
            Ok(()) => "swept",
        };
        // A journal that is closed has its reason in what the writer returns.
        _ = write_end(&journal, ended, clock.now()).await;
        reporter.finish().await;
        // The writer ends with the last handle.
        drop(journal);
        let broke_off = |error: CommandError| CommandError::BrokeOff {
            run: directory.display().to_string(),
            cause: Box::new(error),
        };
        finished(writer.await).map_err(broke_off)?;
        let files =
            finished(tokio::task::spawn_blocking(move || write_run_files(&dir, &formats)).await);
        let files = files.map_err(broke_off)?;
        drop(lock);
        Ok((RunOutput { directory, files }, swept.err()))
    }
}

/// What a task of its own came to.
fn finished<T, E: Into<CommandError>>(
    joined: Result<Result<T, E>, tokio::task::JoinError>,
) -> Result<T, CommandError> {
    joined
        .map_err(|error| StoreError::Damaged(error.to_string()))?
        .map_err(Into::into)
}
