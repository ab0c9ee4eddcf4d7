//! Recognizes the watch's own earlier calls in CloudTrail, where they appear about 15 minutes
//! later.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Transaction;

use super::state::{self, StateError, file_error};
use crate::model::{RunId, Sighting};
use crate::store::{RunDir, RunReader, StoreError};

/// The longest time for which a run makes calls.
const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(6);

/// Part of the user agent of Dragnet. It can be forged, so the request id is checked too.
const USER_AGENT: &str = "dragnet/";

/// The calls of the runs in a directory, read when a sighting requires it.
#[derive(Debug)]
pub(super) struct OwnCalls {
    runs: Vec<(Timestamp, PathBuf)>,
    readers: BTreeMap<PathBuf, RunReader>,
}

impl OwnCalls {
    /// Prepares the calls of the runs in `directory`.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn open(directory: &Path) -> Result<Self, StateError> {
        let runs = runs_in(directory)?;
        Ok(Self {
            runs: runs
                .into_iter()
                .map(|(id, path)| (id.started(), path))
                .collect(),
            readers: BTreeMap::new(),
        })
    }

    /// Whether this sighting is a call that one of the runs or the watch itself made.
    ///
    /// # Errors
    /// A run or the state cannot be read.
    pub(super) fn contains(
        &mut self,
        sighting: &Sighting,
        transaction: &Transaction<'_>,
    ) -> Result<bool, StateError> {
        let event = &sighting.details;
        if event.request_id.is_empty() || !event.user_agent.contains(USER_AGENT) {
            return Ok(false);
        }
        if state::is_own_call(transaction, &event.request_id)? {
            return Ok(true);
        }
        let Ok(at) = Timestamp::from_millisecond(event.time_ms) else {
            return Ok(false);
        };
        // CloudTrail times have a resolution of one second.
        let first = at.saturating_sub(LONGEST_RUN);
        let last = at.saturating_add(SignedDuration::from_secs(1));
        let (Ok(first), Ok(last)) = (first, last) else {
            return Ok(false);
        };
        for (_, path) in self
            .runs
            .iter()
            .filter(|(started, _)| (first..=last).contains(started))
        {
            let reader = match self.readers.get(path) {
                Some(reader) => reader,
                None => match open_run(path)? {
                    Some(reader) => self.readers.entry(path.clone()).or_insert(reader),
                    None => continue,
                },
            };
            if reader.is_own_request(&event.request_id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Opens a run. Returns `None` if it ended before it stored anything.
fn open_run(path: &Path) -> Result<Option<RunReader>, StateError> {
    match RunDir::open(path).and_then(|dir| RunReader::open_without_indexes(&dir)) {
        Ok(reader) => Ok(Some(reader)),
        Err(StoreError::NeverStarted | StoreError::File { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The runs in a directory, the oldest first. A missing directory has none.
pub(super) fn runs_in(directory: &Path) -> Result<Vec<(RunId, PathBuf)>, StateError> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(file_error(directory))?,
    };
    let mut runs = Vec::new();
    for entry in entries {
        let entry = entry.map_err(file_error(directory))?;
        let id = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<RunId>().ok());
        runs.extend(id.map(|id| (id, entry.path())));
    }
    runs.sort();
    Ok(runs)
}
