//! The search of files on disk as a step of a sweep: alone, or beside the accounts of AWS.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::log_sources::{FileSearch, FileSearchParts, search_files};
use super::sweep_error::SweepError;
use super::tally::Tally;
use super::tasks::join_tasks;
use crate::search::SearchSet;
use crate::settings::SweepSettings;
use crate::store::{Checkpoint, Journal, JournalClosed};
use dragnet_model::time::Clock;

/// The inputs of a search of files.
#[derive(Debug)]
pub struct FileSweepParts {
    /// The source of the current time.
    pub clock: Clock,
    /// What to search for, when and where.
    pub settings: SweepSettings,
    /// How far an earlier part of the run came.
    pub checkpoint: Checkpoint,
    /// The writer of `run.db`.
    pub journal: Journal,
    /// Counters for the progress display.
    pub tally: Arc<Tally>,
    /// Ends the search early.
    pub cancel: CancellationToken,
}

/// Searches files, or resumes a search, without any call. When this returns, every entry has been
/// sent to the journal and its last handle is dropped.
///
/// # Errors
/// Returns a [`SweepError`] if the search could not be run at all.
pub async fn sweep_files(mut parts: FileSweepParts) -> Result<(), SweepError> {
    let tasks = start_file_search(&mut parts)?;
    drop(parts);
    Ok(join_tasks(tasks).await?)
}

/// Starts the search of files, if the settings name any.
pub(super) fn start_file_search(
    parts: &mut FileSweepParts,
) -> Result<JoinSet<Result<(), JournalClosed>>, SweepError> {
    let mut tasks = JoinSet::new();
    let settings = &parts.settings;
    if let Some(files) = settings.files.clone() {
        let search = FileSearch::new(FileSearchParts {
            files,
            search_set: SearchSet::new(&settings.indicators, &settings.hunts)?
                .with_changes_only(settings.changes_only),
            settings: settings.clone(),
            known: parts.checkpoint.take_files(),
            journal: parts.journal.clone(),
            clock: parts.clock.clone(),
            tally: Arc::clone(&parts.tally),
            cancel: parts.cancel.clone(),
        });
        tasks.spawn(search_files(Arc::new(search)));
    }
    Ok(tasks)
}
