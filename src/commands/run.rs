//! Creates or resumes a run, and writes its files at the end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::CommandError;
use super::facts::{Facts, as_json, new_run_facts, write_end};
use super::interrupt::{Interrupt, is_lost};
use super::manifest::release_database;
use super::plan::refuse_over_cost;
use super::run_files::{RunFiles, open_run, read_run, write_run_files};
use super::signing::Signing;
use crate::cli::UsageError;
use crate::cli::settings::{ProgressStyle, SweepSettings};
use crate::config::{Config, Format};
use crate::progress::Reporter;
use crate::report::RunStatus;
use crate::store::{
    Checkpoint, DatabaseCheck, Journal, RunDir, RunLock, RunReader, RunRegistry, StoreError,
    Writer, check_database, refuse_changed_database,
};
use crate::sweep::{self, EARLIER_RUNS, SweepError, SweepParts, Tally, WindowBasis};
use dragnet_model::RunId;

pub(super) use super::connection::AUDIT_WAITING;
pub use super::connection::{Connection, SharedConnection};

/// The directory and the files of a run.
#[derive(Debug)]
pub struct RunOutput {
    /// The directory of the run.
    pub directory: PathBuf,
    /// The files of the run.
    pub files: RunFiles,
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
    interrupt: impl Into<Interrupt>,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    let interrupt: Interrupt = interrupt.into();
    refuse_over_cost(&connection, &settings, interrupt.token()).await?;
    let windows = WindowBasis::EventTime(settings.window);
    run_windows(connection, settings, windows, progress, interrupt).await
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
    interrupt: impl Into<Interrupt>,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    let run = OpenRun::create(&connection, &settings, &windows)?;
    let display = RunDisplay {
        progress,
        interrupt: interrupt.into(),
    };
    run.execute(connection, settings, windows, display).await
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
        refuse_changed_database(&dir)?;
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

    /// Returns the files of the run if it is complete and its files are written, so that there is
    /// nothing to resume. `registry` lists the runs of this machine.
    ///
    /// # Errors
    /// The run cannot be read.
    pub fn finished_files(&self, registry: &RunRegistry) -> Result<Option<RunFiles>, CommandError> {
        // Only a run whose files were written after the last change of its database lists it.
        let is_written = check_database(&self.dir)? == DatabaseCheck::Unchanged;
        if self.facts.get("ended") != Some("swept") || !is_written {
            return Ok(None);
        }
        let files = read_run(&self.dir, registry)?;
        Ok((files.summary.status == RunStatus::Complete).then_some(files))
    }

    /// Returns the directory of the run.
    pub fn directory(&self) -> &Path {
        self.dir.path()
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
        interrupt: impl Into<Interrupt>,
    ) -> Result<(RunOutput, Option<SweepError>), CommandError> {
        if !self.facts.has_account_of(&connection.caller)? {
            let original = self.facts.text("caller_arn")?;
            let current = connection.caller.arn.to_string();
            return Err(UsageError::OtherCaller { original, current }.into());
        }
        let windows = WindowBasis::EventTime(settings.window);
        let run = OpenRun::resume(self)?;
        connection.register_resumed_run(&run.run_id, run.dir.path());
        let display = RunDisplay {
            progress,
            interrupt: interrupt.into(),
        };
        run.execute(connection, settings, windows, display).await
    }
}

/// A run of which only the directory exists.
struct NewRun {
    dir: RunDir,
    run_id: RunId,
    started: Timestamp,
}

/// How a run is shown and interrupted.
struct RunDisplay {
    progress: ProgressStyle,
    interrupt: Interrupt,
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
        let started = connection.clock.now();
        let run_id = RunId::new(started, fastrand::u16(..));
        let dir = RunDir::create(&settings.out_dir, &run_id)?;
        let directory = dir.path().to_owned();
        let new = NewRun {
            dir,
            run_id,
            started,
        };
        Self::create_in(new, connection, settings, windows).inspect_err(|_| {
            // The directory has just been created and contains no results. If it cannot be removed,
            // an empty run remains, as after a kill.
            _ = std::fs::remove_dir_all(&directory);
        })
    }

    /// Creates the lock and the database of a run in its new directory.
    fn create_in(
        new: NewRun,
        connection: &Connection,
        settings: &SweepSettings,
        windows: &WindowBasis,
    ) -> Result<Self, CommandError> {
        let NewRun {
            dir,
            run_id,
            started,
        } = new;
        let Connection {
            caller, practice, ..
        } = connection;
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
        release_database(&dir)?;
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
        display: RunDisplay,
    ) -> Result<(RunOutput, Option<SweepError>), CommandError> {
        let RunDisplay {
            progress,
            interrupt,
        } = display;
        let cancel = interrupt.token();
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
        interrupt.announce_run(&directory, progress);
        let reporter = Reporter::start(progress, Arc::clone(&tally), Box::new(io::stderr()));
        interrupt.show_progress(&directory, reporter);
        let outputs = OutputSettings {
            formats: settings.formats.clone(),
            registry,
            signing: Signing::from_reach(&settings.reach),
        };
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
        let failure = sweep::sweep(parts).await.err();
        // A call that was cancelled is no failure: the run can be resumed.
        let failure = failure.filter(|_| !cancel.is_cancelled());
        let ended = if failure.is_some() {
            "failed"
        } else if cancel.is_cancelled() {
            "interrupted"
        } else {
            "swept"
        };
        // If the journal is closed, the writer returns the reason below.
        _ = write_end(&journal, ended, clock.now()).await;
        interrupt.end_progress().await;
        // The writer task ends when the last handle of the journal is dropped.
        drop(journal);
        let files = finish(writer, dir, outputs)
            .await
            .map_err(|error| aborted(&directory, error))?;
        drop(lock);
        Ok((RunOutput { directory, files }, failure))
    }
}

/// Returns the error for a run that ended before its files were written.
fn aborted(directory: &Path, error: CommandError) -> CommandError {
    let run = directory.display().to_string();
    let cause = Box::new(error);
    if is_lost(directory) {
        CommandError::RunRemoved { run, cause }
    } else {
        CommandError::RunAborted { run, cause }
    }
}

/// How the files of a run are written.
struct OutputSettings {
    formats: Vec<Format>,
    registry: RunRegistry,
    signing: Signing,
}

/// Waits for the writer of the database, then writes the files of the run, and signs the manifest.
async fn finish(
    writer: Writer,
    dir: RunDir,
    outputs: OutputSettings,
) -> Result<RunFiles, CommandError> {
    flatten_joined(writer.await)?;
    let OutputSettings {
        formats,
        registry,
        signing,
    } = outputs;
    let written_dir = dir.clone();
    let files =
        tokio::task::spawn_blocking(move || write_run_files(&written_dir, &formats, &registry));
    let mut files = flatten_joined(files.await)?;
    files.signature_problem = signing.sign(&dir).await.err();
    Ok(files)
}

/// Returns the result of a finished task.
fn flatten_joined<T, E: Into<CommandError>>(
    joined: Result<Result<T, E>, tokio::task::JoinError>,
) -> Result<T, CommandError> {
    joined
        .map_err(|error| StoreError::Damaged(error.to_string()))?
        .map_err(Into::into)
}
