//! A run that is open for writing: created or opened again, executed, and reported.

use std::io;
use std::sync::Arc;

use console::Term;
use jiff::Timestamp;

use super::CommandError;
use super::connection::{AwsLink, Connection};
use super::end_recorder::EndRecorder;
use super::follow_rounds::FollowRounds;
use super::interrupt::Interrupt;
use super::manifest::release_database;
use super::new_run::NewRun;
use super::run_output::{OutputSettings, RunOutput, aborted};
use super::signing::Signing;
use crate::config::LivenessRule;
use crate::follow::FollowProgress;
use crate::geoip::GeoIp;
use crate::progress::{LiveSources, RecentSightings, Reporter};
use crate::settings::{ProgressStyle, SweepSettings};
use crate::store::{
    Checkpoint, EarlierFindings, Journal, RunDir, RunFacts, RunLock, UseNewSighting, Writer,
};
use crate::sweep::{self, FileSweepParts, SweepError, SweepParts, Tally, WindowBasis};
use dragnet_model::RunId;

/// How a run is shown and interrupted.
pub(super) struct RunDisplay {
    pub progress: ProgressStyle,
    pub interrupt: Interrupt,
    /// What receives sightings as they are found, if anything does.
    pub stream: Option<UseNewSighting>,
    /// Where addresses belong, for the files of the run.
    pub geoip: Option<Arc<GeoIp>>,
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
    /// The settings of the round of following in which the run was interrupted.
    interrupted_round: Option<SweepSettings>,
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
            interrupted_round: None,
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
        if facts.follow.text().is_some() && facts.round_to_resume()? == 0 {
            restart_rounds(&dir, facts)?;
        }
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
            interrupted_round: None,
        })
    }

    /// Continues in a round of following, with its settings.
    pub(super) fn in_round(self, interrupted_round: Option<SweepSettings>) -> Self {
        Self {
            interrupted_round,
            ..self
        }
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
            stream,
            geoip,
        } = display;
        let live = LiveSources {
            recent: RecentSightings::default(),
            terminal_size: || Term::stderr().size_checked(),
        };
        if let Some(receive) = receive_sightings(stream, progress, &live.recent) {
            self.journal.observe_sightings(receive);
        }
        let directory = self.dir.path().to_owned();
        let tally = Arc::new(Tally::default());
        interrupt.announce_run(&directory, progress);
        let reporter = Reporter::start(progress, Arc::clone(&tally), Box::new(io::stderr()), live);
        interrupt.show_progress(&directory, reporter);
        let outputs = OutputSettings {
            formats: settings.formats.clone(),
            registry: connection.registry.clone(),
            signing: Signing::from_reach(&settings.reach),
            geoip,
        };
        let end = EndRecorder {
            journal: self.journal.clone(),
            clock: connection.clock.clone(),
            cancel: interrupt.token(),
        };
        let run = (self.run_id, self.started);
        let rounds = FollowRounds::new(&connection, &settings, run.clone(), &tally, &end.cancel);
        let earlier = earlier_findings(&connection, &settings, &run.0);
        let (settings, windows) = first_search(self.interrupted_round, settings, windows);
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
                let parts = sweep_parts((link, earlier), files, windows, run);
                Box::pin(end.record(sweep::sweep(parts))).await
            }
            None => Box::pin(end.record(sweep::sweep_files(files))).await,
        };
        let followed = match rounds.filter(|_| failure.is_none()) {
            Some(rounds) => Box::pin(rounds.run(&self.dir, self.writer)).await,
            None => Ok((self.writer, failure)),
        };
        interrupt.end_progress().await;
        let (writer, failure) = followed.map_err(|error| aborted(&directory, error))?;
        let output = outputs.write(writer, self.dir).await?;
        drop(self.lock);
        Ok((output, failure))
    }
}

/// Returns what receives the sightings of a run: its stream, and the live view if it is shown.
fn receive_sightings(
    mut stream: Option<UseNewSighting>,
    progress: ProgressStyle,
    recent: &RecentSightings,
) -> Option<UseNewSighting> {
    if progress != ProgressStyle::Live {
        return stream;
    }
    let recent = recent.clone();
    Some(Box::new(move |sighting| {
        recent.add(&sighting);
        if let Some(stream) = &mut stream {
            stream(sighting);
        }
    }))
}

/// Returns the settings of the first search: the round in which the run was interrupted, if it was.
fn first_search(
    interrupted_round: Option<SweepSettings>,
    settings: SweepSettings,
    windows: WindowBasis,
) -> (SweepSettings, WindowBasis) {
    match interrupted_round {
        Some(round) => {
            let windows = WindowBasis::EventTime(round.window);
            (round, windows)
        }
        None => (settings, windows),
    }
}

/// Lets the rounds of following start over: what is searched again may add identities to any of
/// them.
fn restart_rounds(dir: &RunDir, facts: &RunFacts) -> Result<(), CommandError> {
    let mut progress: FollowProgress = facts.follow_rounds.get_as_or_default()?;
    progress.rounds.clear();
    let mut restarted = RunFacts::default();
    restarted.follow_rounds.set_as(&progress);
    Ok(Journal::write_facts(dir, &restarted)?)
}

/// Returns the inputs of a sweep of AWS. The id and the start are those of the run.
fn sweep_parts(
    (link, earlier): (AwsLink, EarlierFindings),
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
        part: None,
        aws: link.aws,
        calls: link.calls,
        clock,
        settings,
        windows,
        run_id,
        started,
        checkpoint,
        earlier,
        journal,
        tally,
        cancel,
    }
}

/// Returns what earlier runs of this machine found, if it is to be compared.
pub(super) fn earlier_findings(
    connection: &Connection,
    settings: &SweepSettings,
    run_id: &RunId,
) -> EarlierFindings {
    if settings.reach.scope.liveness != LivenessRule::Check || connection.link.is_none() {
        return EarlierFindings::default();
    }
    let registry = &connection.registry;
    registry.earlier_findings(run_id, settings.window, connection.practice)
}
