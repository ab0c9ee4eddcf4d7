//! Remembers the runs of this machine, so that a run recognises the calls of earlier ones: they
//! appear in CloudTrail minutes later, and a repeated sweep would find itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::{RunDir, RunReader, StoreError};
use crate::model::RunId;

/// The name of the list in the state directory.
const LIST: &str = "runs.tsv";

/// The number of runs that are remembered, the newest.
const MOST_RUNS: usize = 1_000;

/// Adds a run to the list, and returns the directories of the earlier ones, oldest first. Only
/// runs that this machine started are in the list, so a run that somebody hands over cannot declare
/// an attacker's calls to be Dragnet's.
///
/// # Errors
/// The list cannot be read or written.
pub fn register_run(
    state_directory: &Path,
    run_id: &RunId,
    run: &Path,
) -> io::Result<Vec<(RunId, PathBuf)>> {
    fs::create_dir_all(state_directory)?;
    let path = state_directory.join(LIST);
    let earlier = read_list(&path)?;
    let mut list = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path)?;
    let run = std::path::absolute(run)?;
    // A path with a line break could not be read back.
    if let Some(run) = run.to_str().filter(|run| !run.contains(['\n', '\t'])) {
        list.write_all(format!("{run_id}\t{run}\n").as_bytes())?;
    }
    Ok(earlier)
}

fn read_list(path: &Path) -> io::Result<Vec<(RunId, PathBuf)>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    let mut runs: Vec<(RunId, PathBuf)> = text
        .lines()
        .filter_map(|line| {
            let (run_id, run) = line.split_once('\t')?;
            Some((run_id.parse().ok()?, PathBuf::from(run)))
        })
        .collect();
    let oldest = runs.len().saturating_sub(MOST_RUNS);
    Ok(runs.split_off(oldest))
}

/// The AWS calls of earlier runs. A run is opened when a record from its time asks for it.
#[derive(Debug, Default)]
pub struct EarlierRuns {
    runs: Vec<(Timestamp, PathBuf)>,
    longest_run: SignedDuration,
    readers: RefCell<HashMap<PathBuf, Option<RunReader>>>,
}

impl EarlierRuns {
    /// Prepares the calls of these runs. `longest_run` is the time for which a run makes calls at
    /// most.
    pub fn new(runs: Vec<(RunId, PathBuf)>, longest_run: SignedDuration) -> Self {
        Self {
            longest_run,
            runs: runs
                .into_iter()
                .map(|(run_id, run)| (run_id.started(), run))
                .collect(),
            readers: RefCell::default(),
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
        let first = at.checked_sub(self.longest_run).unwrap_or(at);
        // CloudTrail times have a resolution of one second.
        let last = at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at);
        for (_, run) in self
            .runs
            .iter()
            .filter(|(started, _)| (first..=last).contains(started))
        {
            let mut readers = self.readers.borrow_mut();
            let reader = match readers.get(run) {
                Some(reader) => reader,
                None => readers.entry(run.clone()).or_insert(open_run(run)?),
            };
            if let Some(reader) = reader
                && reader.is_own_request(request_id)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Opens a run. `None` if it was deleted, never stored anything, or has another format.
fn open_run(path: &Path) -> Result<Option<RunReader>, StoreError> {
    match RunDir::open(path).and_then(|dir| RunReader::open_without_indexes(&dir)) {
        Ok(reader) => Ok(Some(reader)),
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
    fn earlier_runs_are_returned_in_order() {
        let temp = tempfile::tempdir().unwrap();
        let state = temp.path().join("state");
        let id = |text: &str| text.parse::<RunId>().unwrap();
        let first = id("20260301T120000Z-0001");
        let second = id("20260301T130000Z-0002");
        assert!(
            register_run(&state, &first, Path::new("/a"))
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            register_run(&state, &second, Path::new("/b")).unwrap(),
            [(first.clone(), PathBuf::from("/a"))]
        );
        fs::write(state.join(LIST), format!("{first}\t/a\nnonsense\nx\ty\n")).unwrap();
        assert_eq!(read_list(&state.join(LIST)).unwrap().len(), 1);
    }

    #[test]
    fn deleted_run_made_no_known_calls() {
        let run_id: RunId = "20260301T120000Z-0001".parse().unwrap();
        let at_ms = run_id.started().as_millisecond();
        let earlier = EarlierRuns::new(
            vec![(run_id, "/nonexistent".into())],
            SignedDuration::from_hours(1),
        );
        assert!(!earlier.made_call("id", at_ms).unwrap());
        assert!(!earlier.made_call("id", i64::MAX).unwrap());
    }
}
