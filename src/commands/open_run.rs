//! A run that is open for writing: created or opened again, executed, and reported.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::CommandError;
use super::connection::{AwsLink, Connection};
use super::interrupt::Interrupt;
use super::manifest::release_database;
use super::new_run::NewRun;
use super::run_output::{OutputSettings, RunOutput};
use super::signing::Signing;
use crate::progress::Reporter;
use crate::settings::{ProgressStyle, SweepSettings};
use crate::store::{Checkpoint, Entry, Journal, RunDir, RunEnding, RunFacts, RunLock, Writer};
use crate::sweep::{self, FileSweepParts, SweepError, SweepParts, Tally, WindowBasis};
use dragnet_model::RunId;
use dragnet_model::time::Clock;

/// How a run is shown and interrupted.
pub(super) struct RunDisplay {
    pub progress: ProgressStyle,
    pub interrupt: Interrupt,
}

/// A run that is open for writing.
pub(super) struct OpenRun {
    dir: RunDir,
    lock: RunLock,
    run_id: RunId,
    started: Timestamp,
    journal: Journal,
    writer: Writer,
    checkpoint: Checkpoint,
}

impl OpenRun {
    /// Creates a run.
    pub(super) fn create(
        connection: &Connection,
        settings: &SweepSettings,
        windows: &WindowBasis,
    ) -> Result<Self, CommandError> {
        let new = NewRun::create(connection, settings)?;
        let directory = new.dir.path().to_owned();
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
        let lock = RunLock::acquire(&new.dir)?;
        let mut facts = new.facts(connection, settings, windows);
        let NewRun {
            dir,
            run_id,
            started,
        } = new;
        let earlier = connection.register_run(&run_id, dir.path(), settings.window);
        facts.earlier_runs.set_as(&earlier);
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

    /// Opens a run that an earlier process wrote. `lock` is the lock of its directory.
    pub(super) fn resume(
        connection: &Connection,
        dir: RunDir,
        lock: RunLock,
        facts: &RunFacts,
    ) -> Result<Self, CommandError> {
        dir.remove_unfinished()?;
        let run_id = facts.run_id.get()?;
        let started = facts.started.get()?;
        release_database(&dir)?;
        let (journal, writer, checkpoint) = Journal::resume(&dir)?;
        connection.register_resumed_run(&run_id, dir.path());
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

    /// Runs the sweep, and writes the files of the run. If the sweep failed as a whole, its error is
    /// returned with the files.
    pub(super) async fn execute(
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
        let directory = self.dir.path();
        let tally = Arc::new(Tally::default());
        interrupt.announce_run(directory, progress);
        let reporter = Reporter::start(progress, Arc::clone(&tally), Box::new(io::stderr()));
        interrupt.show_progress(directory, reporter);
        let outputs = OutputSettings {
            formats: settings.formats.clone(),
            registry: connection.registry,
            signing: Signing::from_reach(&settings.reach),
        };
        let end = EndRecorder {
            journal: self.journal.clone(),
            clock: connection.clock.clone(),
            cancel: interrupt.token(),
        };
        let files = FileSweepParts {
            clock: connection.clock,
            settings,
            checkpoint: self.checkpoint,
            journal: self.journal,
            tally,
            cancel: interrupt.token(),
        };
        // On the heap, because the future of a sweep is large.
        let failure = match connection.link {
            Some(link) => {
                let parts = sweep_parts(link, files, windows, (self.run_id, self.started));
                Box::pin(end.record(sweep::sweep(parts))).await
            }
            None => Box::pin(end.record(sweep::sweep_files(files))).await,
        };
        interrupt.end_progress().await;
        let output = outputs.write(self.writer, self.dir).await?;
        drop(self.lock);
        Ok((output, failure))
    }
}

/// Returns the inputs of a sweep of AWS. The id and the start are those of the run.
fn sweep_parts(
    link: AwsLink,
    files: FileSweepParts,
    windows: WindowBasis,
    (run_id, started): (RunId, Timestamp),
) -> SweepParts {
    let FileSweepParts {
        clock,
        settings,
        checkpoint,
        journal,
        tally,
        cancel,
    } = files;
    SweepParts {
        aws: link.aws,
        calls: link.calls,
        clock,
        settings,
        windows,
        run_id,
        started,
        checkpoint,
        journal,
        tally,
        cancel,
    }
}

/// Writes how and when a sweep ended.
struct EndRecorder {
    journal: Journal,
    clock: Clock,
    cancel: CancellationToken,
}

impl EndRecorder {
    /// Runs a sweep, and writes its end. Returns why it failed as a whole, if it did. When this
    /// returns, the last handle of the journal is dropped, so that the writer ends.
    async fn record(
        self,
        sweep: impl Future<Output = Result<(), SweepError>>,
    ) -> Option<SweepError> {
        let failure = sweep.await.err();
        // A call that was cancelled is no failure: the run can be resumed.
        let failure = failure.filter(|_| !self.cancel.is_cancelled());
        let ending = if failure.is_some() {
            RunEnding::Failed
        } else if self.cancel.is_cancelled() {
            RunEnding::Interrupted
        } else {
            RunEnding::Swept
        };
        let mut facts = RunFacts::default();
        facts.ended.set(&ending);
        facts.finished.set(&self.clock.now());
        // If the journal is closed, the writer returns the reason.
        _ = self.journal.write(Entry::Facts(Box::new(facts))).await;
        failure
    }
}
