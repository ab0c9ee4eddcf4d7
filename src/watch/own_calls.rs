//! Recognizes the watch's own earlier calls in CloudTrail, where they appear about 15 minutes
//! later.
//!
//! The runs of the watch are also in the list of this machine's runs. They are read from the
//! directory of the watch as well, because that list may be missing, and because it leaves out runs
//! that ended long before the window: a log group that is behind contains older calls.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use rusqlite::Transaction;

use super::state::{self, StateError, file_error};
use crate::store::{EarlierRuns, RunRegistry};
use dragnet_model::{RunId, Sighting};

/// The longest time for which a run makes calls.
const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(6);

/// Part of the user agent of Dragnet. It can be forged, so the request id is checked too.
const USER_AGENT: &str = "dragnet/";

/// The calls of the runs in a directory, read when a sighting requires it.
#[derive(Debug)]
pub(super) struct OwnCalls<'r> {
    runs: EarlierRuns,
    registry: &'r RunRegistry,
}

impl<'r> OwnCalls<'r> {
    /// Prepares the calls of the runs in `directory`. `registry` lists all runs of this machine.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn open(directory: &Path, registry: &'r RunRegistry) -> Result<Self, StateError> {
        Ok(Self {
            runs: EarlierRuns::new(runs_in(directory)?, LONGEST_RUN),
            registry,
        })
    }

    /// Returns the runs of this machine.
    pub(super) fn registry(&self) -> &'r RunRegistry {
        self.registry
    }

    /// Whether this sighting is a call that one of the runs or the watch itself made.
    ///
    /// # Errors
    /// A run or the state cannot be read.
    pub(super) fn contains(
        &self,
        sighting: &Sighting,
        transaction: &Transaction<'_>,
    ) -> Result<bool, StateError> {
        let event = &sighting.details;
        if event.request_id.is_empty() || !event.user_agent.contains(USER_AGENT) {
            return Ok(false);
        }
        Ok(state::is_own_call(transaction, &event.request_id)?
            || self.runs.made_call(&event.request_id, event.time_ms)?)
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
