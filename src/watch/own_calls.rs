//! The watch's own traces: its earlier calls, which it reads in CloudTrail a quarter of an hour later.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Transaction;

use super::state::{self, StateError, file_error};
use crate::model::{RunId, Sighting};
use crate::store::{RunDir, RunReader, StoreError};

/// The longest that a run makes calls: nobody looks for its calls after that.
const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(6);

/// What our requests name themselves. Whoever else does is asked for the request id, like all.
const USER_AGENT: &str = "dragnet/";

/// The calls of the runs in a directory, looked up where a sighting asks for it.
#[derive(Debug)]
pub(super) struct OwnCalls {
    runs: Vec<(Timestamp, PathBuf)>,
    open: BTreeMap<PathBuf, RunReader>,
}

impl OwnCalls {
    /// The calls of the runs in `directory`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(directory: &Path) -> Result<Self, StateError> {
        let runs = runs_in(directory)?;
        Ok(Self {
            runs: runs
                .into_iter()
                .map(|(id, path)| (id.started(), path))
                .collect(),
            open: BTreeMap::new(),
        })
    }

    /// Whether a sighting tells of a call that one of the runs made, or the watch itself.
    ///
    /// # Errors
    /// A run or the state cannot be read.
    pub fn made(
        &mut self,
        sighting: &Sighting,
        transaction: &Transaction<'_>,
    ) -> Result<bool, StateError> {
        let told = &sighting.happening;
        if told.request_id.is_empty() || !told.user_agent.contains(USER_AGENT) {
            return Ok(false);
        }
        if state::is_own_call(transaction, &told.request_id)? {
            return Ok(true);
        }
        let Ok(at) = Timestamp::from_millisecond(told.time_ms) else {
            return Ok(false);
        };
        // CloudTrail's times are whole seconds.
        let (first, last) = (
            at.saturating_sub(LONGEST_RUN),
            at.saturating_add(SignedDuration::from_secs(1)),
        );
        let (Ok(first), Ok(last)) = (first, last) else {
            return Ok(false);
        };
        for (_, path) in self
            .runs
            .iter()
            .filter(|(started, _)| (first..=last).contains(started))
        {
            let reader = match self.open.get(path) {
                Some(reader) => reader,
                None => match open(path)? {
                    Some(reader) => self.open.entry(path.clone()).or_insert(reader),
                    None => continue,
                },
            };
            if reader.is_own_request(&told.request_id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Opens a run; `None`: it ended before anything was written down.
fn open(path: &Path) -> Result<Option<RunReader>, StateError> {
    match RunDir::open(path).and_then(|dir| RunReader::peek(&dir)) {
        Ok(reader) => Ok(Some(reader)),
        Err(StoreError::NeverBegan | StoreError::File { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The runs in a directory, the oldest first. There may be none.
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
