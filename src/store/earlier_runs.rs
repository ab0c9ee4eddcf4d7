//! Looks up request ids in the journals of earlier runs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::listed_run::{CLOCK_DIFFERENCE, ListedRun};
use super::{RunDir, RunReader, StoreError};
use dragnet_model::RunId;

/// The number of runs that are open at a time. Each holds up to three file descriptors.
const MOST_OPEN: usize = 32;

/// The AWS calls of earlier runs. A run is opened when a record from its time asks for it.
#[derive(Debug)]
pub struct EarlierRuns {
    runs: Vec<ListedRun>,
    longest_run: SignedDuration,
    opened: RefCell<OpenedRuns>,
}

impl EarlierRuns {
    /// Prepares the calls of these runs, which must be runs of this machine that are not resumed.
    /// `longest_run` is the time for which a run makes calls at most.
    pub fn new(runs: Vec<(RunId, PathBuf)>, longest_run: SignedDuration) -> Self {
        let runs = runs
            .into_iter()
            .map(|(id, path)| ListedRun {
                last_start: id.started(),
                id,
                path,
            })
            .collect();
        Self::from_list(runs, longest_run)
    }

    pub(super) fn from_list(runs: Vec<ListedRun>, longest_run: SignedDuration) -> Self {
        Self {
            runs,
            longest_run,
            opened: RefCell::default(),
        }
    }

    /// Whether one of the runs made a call with this request id. `at_ms` is the time of the record.
    ///
    /// # Errors
    /// A run is damaged. A run that was deleted made no known calls.
    pub fn made_call(&self, request_id: &str, at_ms: i64) -> Result<bool, StoreError> {
        let Ok(at) = Timestamp::from_millisecond(at_ms) else {
            return Ok(false);
        };
        let mut opened = self.opened.borrow_mut();
        for listed in &self.runs {
            if listed.may_have_called_at(at, self.longest_run)
                && opened.made_call(&listed.path, request_id, at)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What is known about the end of a run that was opened.
#[derive(Clone, Copy, Debug)]
enum RunEnd {
    /// The run cannot be read, so it made no known calls.
    Unreadable,
    /// The run was killed, or it has not ended yet.
    Unknown,
    /// The run ended at this time.
    At(Timestamp),
}

/// The runs that were opened, and when they ended.
#[derive(Debug, Default)]
struct OpenedRuns {
    ends: HashMap<PathBuf, RunEnd>,
    readers: HashMap<PathBuf, RunReader>,
}

impl OpenedRuns {
    fn made_call(
        &mut self,
        run: &Path,
        request_id: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        match self.ends.get(run).copied() {
            Some(RunEnd::Unreadable) => return Ok(false),
            Some(RunEnd::At(end)) if at.duration_since(end) > CLOCK_DIFFERENCE => {
                return Ok(false);
            }
            Some(_) if self.readers.contains_key(run) => {}
            _ => self.open(run)?,
        }
        match self.readers.get(run) {
            Some(reader) => reader.is_own_request(request_id),
            None => Ok(false),
        }
    }

    /// Opens a run. Records are read in the order of their times, so the runs that are closed to
    /// make room are rarely needed again.
    fn open(&mut self, run: &Path) -> Result<(), StoreError> {
        if self.readers.len() >= MOST_OPEN {
            self.readers.clear();
        }
        let end = match open_run(run)? {
            None => RunEnd::Unreadable,
            Some(reader) => {
                let finished = reader.facts()?.finished.get().ok();
                self.readers.insert(run.to_owned(), reader);
                finished.map_or(RunEnd::Unknown, RunEnd::At)
            }
        };
        self.ends.insert(run.to_owned(), end);
        Ok(())
    }
}

/// Opens a run. `None` if it was deleted, never stored anything, or has another format.
fn open_run(path: &Path) -> Result<Option<RunReader>, StoreError> {
    match RunDir::open(path).and_then(|dir| RunReader::open_without_indexes(&dir)) {
        Ok(reader) => {
            reader.verify_calls()?;
            Ok(Some(reader))
        }
        Err(StoreError::NeverStarted | StoreError::File { .. } | StoreError::Format { .. }) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_run_made_no_known_calls() {
        let run_id = "20260301T120000Z-0001".parse::<RunId>().unwrap();
        let at_ms = run_id.started().as_millisecond();
        let earlier = EarlierRuns::new(
            vec![(run_id, "/nonexistent".into())],
            SignedDuration::from_hours(1),
        );
        assert!(!earlier.made_call("id", at_ms).unwrap());
        assert!(!earlier.made_call("id", at_ms).unwrap());
        assert!(!earlier.made_call("id", i64::MAX).unwrap());
    }
}
