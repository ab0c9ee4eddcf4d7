//! `dragnet sweep`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::run_files::{RunFiles, write_end, write_facts, write_run_files};
use super::surroundings::Machine;
use super::{CommandError, Place, tell};
use crate::aws::Aws;
use crate::cli::settings::{ProgressStyle, Reach, SweepSettings};
use crate::cli::{GlobalArguments, SweepArguments};
use crate::model::{ApiCall, RunId};
use crate::progress::Reporter;
use crate::report::{RunStatus, write_ending, write_json};
use crate::store::{Journal, RunDir, StoreError};
use crate::sweep::{self, SweepError, SweepParts, Tally};
use crate::time::Clock;

/// Calls that may wait to be written down.
const AUDIT_WAITING: usize = 1_024;

/// Looks for indicators everywhere.
pub(super) async fn sweep(
    global: &GlobalArguments,
    arguments: &SweepArguments,
    machine: &Machine,
) -> Result<u8, CommandError> {
    let settings = machine.global_settings(global);
    let place = Place::of(settings, machine)?;
    let sweep = SweepSettings::resolve(global, arguments, &machine.at(place.clock().now()))?;
    if settings.progress != ProgressStyle::None {
        tell(&format!("Looking for {} from {}", listed(&sweep), sweep.window));
    }
    let fail_on_sighting = sweep.fail_on_sighting;
    let connection = Connection::open(&place, &sweep.reach).await?;
    // Not sooner: until then, Ctrl-C at the prompt for an MFA code simply ends the command.
    let cancel = CancellationToken::new();
    tokio::spawn(cancel_on_ctrl_c(cancel.clone()));
    let (outputs, failure) = run_sweep(connection, sweep, settings.progress, cancel).await?;
    if let Some(error) = failure {
        tell(&format!("The run's files claim nothing: {}", machine.shown(&outputs.directory)));
        return Err(error.into());
    }
    let files = &outputs.files;
    let mut page = Vec::new();
    if settings.json {
        write_json(&files.summary, &mut page)?;
    } else {
        let directory = machine.shown(&outputs.directory);
        write_ending(&files.ending(&directory, settings.color), &mut page)?;
    }
    io::stdout().lock().write_all(&page)?;
    Ok(exit_code(files, fail_on_sighting))
}

/// Where a run is, and what is in it.
#[derive(Debug)]
pub struct Outputs {
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
    clock: Clock,
}

impl Connection {
    /// Connects, and asks for an MFA code if one is needed. Credentials that do not work leave nothing
    /// behind: there is no run yet.
    ///
    /// # Errors
    /// There is no connection to AWS, the source credentials do not work, or there is no MFA session.
    pub async fn open(place: &Place, reach: &Reach) -> Result<Self, CommandError> {
        let (audit, calls) = mpsc::channel(AUDIT_WAITING);
        let aws = place.connect(reach, Some(audit)).await?;
        aws.authenticate().await.map_err(|error| CommandError::Caller(Box::new(error)))?;
        Ok(Self { aws, calls, clock: place.clock() })
    }
}

/// Makes a run: sweeps, merges and writes the files. A sweep that failed as a whole has files too, which
/// claim nothing and say so; its error comes with them.
///
/// # Errors
/// The run's directory or database cannot be written.
pub async fn run_sweep(
    connection: Connection,
    settings: SweepSettings,
    progress: ProgressStyle,
    cancel: CancellationToken,
) -> Result<(Outputs, Option<SweepError>), CommandError> {
    let Connection { aws, calls, clock } = connection;
    let started = clock.now();
    let run_id = RunId::new(started, fastrand::u16(..));
    let dir = RunDir::create(&settings.out_dir, &run_id)?;
    let (journal, writer) = Journal::create(&dir)?;
    let tally = Arc::new(Tally::default());
    let reporter = Reporter::start(progress, Arc::clone(&tally), Box::new(io::stderr()));
    let formats = settings.formats.clone();
    let swept = async {
        write_facts(&journal, &run_id, started, &settings).await?;
        let parts = SweepParts {
            aws,
            calls,
            clock: clock.clone(),
            settings,
            run_id: run_id.clone(),
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
        write_end(&journal, ended, clock.now()).await?;
        swept
    }
    .await;
    reporter.finish().await;
    // The writer ends with the last handle; its own error says why the journal closed.
    drop(journal);
    let written = writer.await.map_err(|error| StoreError::Damaged(error.to_string()));
    written.and_then(|written| written)?;
    let directory = dir.path().to_owned();
    let files = tokio::task::spawn_blocking(move || write_run_files(&dir, &formats)).await;
    let files = files.map_err(|error| StoreError::Damaged(error.to_string()))??;
    Ok((Outputs { directory, files }, swept.err()))
}

fn listed(settings: &SweepSettings) -> String {
    settings.indicators.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The exit code, as the contract has it.
fn exit_code(files: &RunFiles, fail_on_sighting: bool) -> u8 {
    let found = fail_on_sighting && files.summary.sightings > 0;
    match (files.summary.status, found) {
        (RunStatus::Complete, false) => 0,
        (RunStatus::Incomplete, false) => 3,
        (RunStatus::Complete, true) => 4,
        (RunStatus::Incomplete, true) => 5,
        (RunStatus::Failed, _) => 1,
        (RunStatus::Interrupted, _) => 130,
    }
}

/// The first Ctrl-C ends the sweep and lets what was found be written; a second one ends the process.
async fn cancel_on_ctrl_c(cancel: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        tell("Interrupted: writing what was found so far. Press Ctrl-C again to stop at once.");
        cancel.cancel();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    }
}
