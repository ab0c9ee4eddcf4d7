//! Creates or resumes a run, and writes its files at the end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::facts::{Facts, as_json, new_run_facts, write_end};
use super::plan::refuse_over_cost;
use super::run_files::{RunFiles, open_run, write_run_files};
use super::{CommandError, Environment};
use crate::aws::{Aws, Caller};
use crate::cli::UsageError;
use crate::cli::settings::{ProgressStyle, Reach, SweepSettings};
use crate::config::{Config, Format};
use crate::model::{ApiCall, RunId, TimeWindow};
use crate::progress::Reporter;
use crate::store::{
    Checkpoint, Journal, RunDir, RunLock, RunReader, RunRegistry, StoreError, Writer,
};
use crate::sweep::{self, EARLIER_RUNS, SweepError, SweepParts, Tally, WindowBasis};
use crate::time::Clock;

/// The capacity of the channel for audit entries.
pub(super) const AUDIT_WAITING: usize = 1_024;

/// The directory and the files of a run.
#[derive(Debug)]
pub struct RunOutput {
    /// The directory of the run.
    pub directory: PathBuf,
    /// The files of the run.
    pub files: RunFiles,
}

/// A connection to AWS with its caller and, if needed, an MFA session, and the receiver of its
/// audit.
#[derive(Debug)]
pub struct Connection {
    aws: Aws,
    calls: mpsc::Receiver<ApiCall>,
    caller: Caller,
    clock: Clock,
    practice: bool,
    /// The runs of this machine.
    registry: RunRegistry,
}

impl Connection {
    /// Returns the connection with a separate audit, for calls that belong to no run.
    pub(super) fn fork(&self) -> (Aws, mpsc::Receiver<ApiCall>) {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        (self.aws.with_audit(audit), calls)
    }

    /// Adds a run to the list of this machine's runs, and returns the earlier ones that may have
    /// made calls inside its window. Without the list, calls of earlier runs are reported as
    /// claimed, so an error does not end the run.
    fn register_run(&self, run_id: &RunId, run: &Path, window: TimeWindow) -> Vec<String> {
        match self.registry.add_run(run_id, run, window) {
            Ok(earlier) => earlier.iter().map(ToString::to_string).collect(),
            Err(error) => {
                tracing::warn!("cannot add the run to the list of runs: {error}");
                Vec::new()
            }
        }
    }

    /// Records in the same list that a run makes calls again.
    fn register_resumed_run(&self, run_id: &RunId, run: &Path) {
        if let Err(error) = self.registry.resume_run(run_id, run, self.clock.now()) {
            tracing::warn!("cannot change the list of runs: {error}");
        }
    }

    /// Returns the clock of the environment.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Connects, and asks for an MFA code if one is needed. If the credentials do not work, nothing
    /// has been written, because the run does not exist yet.
    ///
    /// # Errors
    /// The connection to AWS cannot be created, the source credentials do not work, or there is no
    /// MFA session.
    pub async fn open(environment: &Environment, reach: &Reach) -> Result<Self, CommandError> {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let aws = environment.connect(reach, Some(audit)).await?;
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        Ok(Self {
            aws,
            calls,
            caller,
            clock: environment.clock(),
            practice: environment.range().is_some(),
            registry: environment.run_registry(),
        })
    }
}

/// A connection that several runs share, some of them concurrently, with its quotas and sessions.
#[derive(Debug)]
pub struct SharedConnection {
    aws: Arc<Aws>,
    caller: Caller,
    clock: Clock,
    practice: bool,
    /// The runs of this machine.
    registry: RunRegistry,
}

impl SharedConnection {
    /// Connects, and asks for an MFA code if one is needed. `audit` receives the calls that belong
    /// to no run.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub async fn open(
        environment: &Environment,
        reach: &Reach,
        audit: mpsc::Sender<ApiCall>,
    ) -> Result<Self, CommandError> {
        let aws = environment.connect(reach, Some(audit)).await?;
        let caller = aws
            .authenticate()
            .await
            .map_err(|error| CommandError::Caller(Box::new(error)))?;
        Ok(Self {
            aws: Arc::new(aws),
            caller,
            clock: environment.clock(),
            practice: environment.range().is_some(),
            registry: environment.run_registry(),
        })
    }

    /// Returns the AWS client for calls that belong to no run.
    pub fn aws(&self) -> &Arc<Aws> {
        &self.aws
    }

    /// Returns the runs of this machine.
    pub(super) fn run_registry(&self) -> &RunRegistry {
        &self.registry
    }

    /// Returns the connection of one run, with its own audit. The run is added to the list of this
    /// machine's runs like any other: the watch itself recognizes the calls of its runs by their
    /// directory, but a sweep only knows the list.
    pub fn for_run(&self) -> Connection {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let Self {
            aws,
            caller,
            clock,
            practice,
            registry,
        } = self;
        Connection {
            aws: aws.with_audit(audit),
            calls,
            caller: caller.clone(),
            clock: clock.clone(),
            practice: *practice,
            registry: registry.clone(),
        }
    }
}

/// Runs a sweep, merges its sightings and writes the files. If the sweep fails as a whole, its
/// files are written too and say so; the error is returned with them.
///
/// # Errors
/// The directory or the database of the run cannot be written, or Insights was requested and would
/// cost more than its limit.
pub async fn run_sweep(
    connection: Connection,
    settings: SweepSettings,
    progress: ProgressStyle,
    cancel: CancellationToken,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    refuse_over_cost(&connection, &settings, cancel.clone()).await?;
    let windows = WindowBasis::EventTime(settings.window);
    run_windows(connection, settings, windows, progress, cancel).await
}

/// Runs a sweep with separate windows for each log group.
///
/// # Errors
/// As for [`run_sweep`].
pub(super) async fn run_windows(
    connection: Connection,
    settings: SweepSettings,
    windows: WindowBasis,
    progress: ProgressStyle,
    cancel: CancellationToken,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    let run = OpenRun::create(&connection, &settings, &windows)?;
    run.execute(connection, settings, windows, progress, cancel)
        .await
}

/// An interrupted or incomplete run, locked so that no other process resumes it.
#[derive(Debug)]
pub struct Resumable {
    dir: RunDir,
    lock: RunLock,
    facts: Facts,
}

impl Resumable {
    /// Opens and locks the run in a directory.
    ///
    /// # Errors
    /// There is no run, another process has locked it, it has another format, or it belongs to a
    /// watch.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        let dir = open_run(path)?;
        let lock = RunLock::acquire(&dir)?;
        let reader = RunReader::open_without_indexes(&dir)?;
        let facts = Facts::read(&dir, &reader)?;
        if facts.belongs_to_watch() {
            return Err(UsageError::BelongsToWatch.into());
        }
        Ok(Self { dir, lock, facts })
    }

    /// Whether the run was made on the practice range.
    ///
    /// # Errors
    /// The run does not contain this fact.
    pub fn is_practice(&self) -> Result<bool, CommandError> {
        self.facts.parsed("practice")
    }

    /// Returns the settings of the run, with the secrets and the source profile of the
    /// configuration.
    ///
    /// # Errors
    /// With this configuration, the settings differ from those of the run.
    pub fn settings(&self, config: &Config) -> Result<SweepSettings, CommandError> {
        let stored = self.facts.text("settings")?;
        let sha256 = self.facts.text("settings_sha256")?;
        Ok(SweepSettings::from_stored(
            &stored,
            &sha256,
            config,
            self.dir.path().to_owned(),
        )?)
    }

    /// Resumes the run, and writes its files.
    ///
    /// # Errors
    /// As for [`run_sweep`]; or the caller belongs to another account than the one that started the
    /// run.
    pub async fn resume(
        self,
        connection: Connection,
        settings: SweepSettings,
        progress: ProgressStyle,
        cancel: CancellationToken,
    ) -> Result<(RunOutput, Option<SweepError>), CommandError> {
        if !self.facts.has_account_of(&connection.caller)? {
            let original = self.facts.text("caller_arn")?;
            let current = connection.caller.arn.to_string();
            return Err(UsageError::OtherCaller { original, current }.into());
        }
        let windows = WindowBasis::EventTime(settings.window);
        let run = OpenRun::resume(self)?;
        connection.register_resumed_run(&run.run_id, run.dir.path());
        run.execute(connection, settings, windows, progress, cancel)
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
        let lock = RunLock::acquire(&dir)?;
        let mut facts = new_run_facts(&run_id, started, *practice, caller, settings, windows);
        let earlier = connection.register_run(&run_id, dir.path(), settings.window);
        facts.push((EARLIER_RUNS, as_json(&earlier)));
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
        let run_id = facts.parsed("run_id")?;
        let started = facts.parsed("started")?;
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

    async fn execute(
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
            aws,
            calls,
            clock,
            registry,
            ..
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
        // If the journal is closed, the writer returns the reason below.
        _ = write_end(&journal, ended, clock.now()).await;
        reporter.finish().await;
        // The writer task ends when the last handle of the journal is dropped.
        drop(journal);
        let files = finish(writer, dir, formats, registry)
            .await
            .map_err(|error| CommandError::RunAborted {
                run: directory.display().to_string(),
                cause: Box::new(error),
            })?;
        drop(lock);
        Ok((RunOutput { directory, files }, swept.err()))
    }
}

/// Waits for the writer of the database, then writes the files of the run.
async fn finish(
    writer: Writer,
    dir: RunDir,
    formats: Vec<Format>,
    registry: RunRegistry,
) -> Result<RunFiles, CommandError> {
    flatten_joined(writer.await)?;
    let files = tokio::task::spawn_blocking(move || write_run_files(&dir, &formats, &registry));
    flatten_joined(files.await)
}

/// Returns the result of a finished task.
fn flatten_joined<T, E: Into<CommandError>>(
    joined: Result<Result<T, E>, tokio::task::JoinError>,
) -> Result<T, CommandError> {
    joined
        .map_err(|error| StoreError::Damaged(error.to_string()))?
        .map_err(Into::into)
}
