//! Lists the runs of this machine, so that a run recognises the calls of earlier ones: they appear
//! in CloudTrail minutes later, and a repeated sweep would find itself.
//!
//! The list is `runs.tsv` in the state directory: for each run its id, its directory, and when a
//! process last began to make calls for it. Every change replaces the file as a whole while
//! `runs.lock` is locked, so two processes lose no entry, and a process that is killed leaves the
//! old list or the new one. A run stores only the ids of earlier runs. What these runs called is
//! read from their directories, as this list has them: a run that somebody hands over cannot
//! declare an attacker's calls to be Dragnet's.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::earlier_findings::MOST_RUNS as MOST_EARLIER_RUNS;
use super::listed_run::{LONGEST_RUN, ListedRun};
use super::run_dir::open_regular;
use super::{EarlierFindings, EarlierRuns};
use dragnet_model::{RunId, TimeWindow};

/// The list in the state directory, the file that is locked while it changes, and the new list
/// until it is completely written.
const LIST: &str = "runs.tsv";
const LOCK: &str = "runs.lock";
const UNFINISHED: &str = "runs.tsv.unfinished";

/// The number of runs that are listed, the newest. A watch keeps up to 5,000 runs.
const MOST_RUNS: usize = 10_000;

/// The runs that this machine started. Without a state directory there are none, and calls of
/// earlier runs are only claimed to be Dragnet's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunRegistry {
    state_directory: Option<PathBuf>,
}

impl RunRegistry {
    /// The registry in a state directory, which may not exist yet.
    pub fn new(state_directory: Option<PathBuf>) -> Self {
        Self { state_directory }
    }

    /// Adds a run, and returns the earlier runs that may have made calls inside `window`, oldest
    /// first. Runs whose directory is gone are removed from the list.
    ///
    /// # Errors
    /// The list cannot be read or written.
    pub fn add_run(
        &self,
        run_id: &RunId,
        run: &Path,
        window: TimeWindow,
    ) -> io::Result<Vec<RunId>> {
        let Some(directory) = &self.state_directory else {
            return Ok(Vec::new());
        };
        let path = std::path::absolute(run)?;
        let _lock = lock_list(directory)?;
        let mut runs = read_list(directory)?;
        runs.retain(|listed| !is_gone(&listed.path));
        let earlier = runs
            .iter()
            .filter(|listed| listed.may_have_called_in(window))
            .map(|listed| listed.id.clone())
            .collect();
        // Any other path could not be read back.
        if path
            .to_str()
            .is_some_and(|path| !path.contains(['\n', '\r', '\t']))
        {
            runs.push(ListedRun {
                id: run_id.clone(),
                path,
                last_start: run_id.started(),
            });
        }
        write_list(directory, &runs)?;
        Ok(earlier)
    }

    /// Records that a process continues a run at `now`, if the run is in the list with this
    /// directory. Any other run was handed over, so its journal does not become one of this
    /// machine.
    ///
    /// # Errors
    /// The list cannot be read or written.
    pub fn resume_run(&self, run_id: &RunId, run: &Path, now: Timestamp) -> io::Result<()> {
        let Some(directory) = &self.state_directory else {
            return Ok(());
        };
        let path = std::path::absolute(run)?;
        let _lock = lock_list(directory)?;
        let mut runs = read_list(directory)?;
        let Some(listed) = runs
            .iter_mut()
            .find(|listed| listed.id == *run_id && listed.path == path)
        else {
            return Ok(());
        };
        listed.last_start = now;
        write_list(directory, &runs)
    }

    /// Returns what the newest runs before `run_id` found that is in `window`. `practice` says whether
    /// the run uses the practice range.
    pub fn earlier_findings(
        &self,
        run_id: &RunId,
        window: TimeWindow,
        practice: bool,
    ) -> EarlierFindings {
        let mut findings = EarlierFindings::default();
        let Some(directory) = &self.state_directory else {
            return findings;
        };
        let runs = read_list(directory).unwrap_or_default();
        let earlier = runs
            .iter()
            .filter(|listed| listed.id.started() < run_id.started());
        for listed in earlier.rev().take(MOST_EARLIER_RUNS) {
            findings.add_run(listed.id.as_str(), &listed.path, practice, window);
        }
        findings
    }

    /// Prepares the calls of those of these runs that this machine started.
    pub fn earlier_runs(&self, ids: &BTreeSet<RunId>) -> EarlierRuns {
        let runs = match &self.state_directory {
            // A list that cannot be read only means that the calls are reported as claimed.
            Some(directory) if !ids.is_empty() => read_list(directory).unwrap_or_default(),
            _ => Vec::new(),
        };
        let runs = runs
            .into_iter()
            .filter(|listed| ids.contains(&listed.id))
            .collect();
        EarlierRuns::from_list(runs, LONGEST_RUN)
    }
}

/// Locks the list until the returned file is dropped or the process ends.
fn lock_list(directory: &Path) -> io::Result<File> {
    fs::create_dir_all(directory)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = open_regular(&mut options, &directory.join(LOCK))?;
    file.lock()?;
    Ok(file)
}

/// Reads the list. Lines that are not understood are left out.
fn read_list(directory: &Path) -> io::Result<Vec<ListedRun>> {
    let mut options = OpenOptions::new();
    options.read(true);
    let mut file = match open_regular(&mut options, &directory.join(LIST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text.lines().filter_map(ListedRun::parse).collect())
}

/// Replaces the list by the newest of these runs. The list must be locked.
fn write_list(directory: &Path, runs: &[ListedRun]) -> io::Result<()> {
    let excess = runs.len().saturating_sub(MOST_RUNS);
    let lines: String = runs.iter().skip(excess).map(ListedRun::to_line).collect();
    let unfinished = directory.join(UNFINISHED);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = open_regular(&mut options, &unfinished)?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, directory.join(LIST))
}

/// Whether the directory of a run does not exist any more. One that cannot be checked is kept.
fn is_gone(path: &Path) -> bool {
    matches!(path.try_exists(), Ok(false))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn id(text: &str) -> RunId {
        text.parse().unwrap()
    }

    fn window(from: &str, to: &str) -> TimeWindow {
        TimeWindow::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
    }

    /// A registry in a new directory, and a function that creates the directory of a run.
    fn registry(temp: &Path) -> (RunRegistry, impl Fn(&RunId) -> PathBuf) {
        let state = temp.join("state");
        let runs = temp.join("runs");
        let create = move |id: &RunId| {
            let path = runs.join(id.as_str());
            fs::create_dir_all(&path).unwrap();
            path
        };
        (RunRegistry::new(Some(state)), create)
    }

    #[test]
    fn only_runs_that_meet_the_window_are_returned_in_order() {
        let temp = tempfile::tempdir().unwrap();
        let (registry, create) = registry(temp.path());
        let whole = window("2026-03-01T00:00:00Z", "2026-03-09T00:00:00Z");
        let first = id("20260301T120000Z-0001");
        let second = id("20260305T130000Z-0002");
        let third = id("20260308T140000Z-0003");
        for run in [&first, &second, &third] {
            registry.add_run(run, &create(run), whole).unwrap();
        }
        let fourth = id("20260308T150000Z-0004");
        let earlier = |from, to| {
            registry
                .add_run(&fourth, &temp.path().join("gone"), window(from, to))
                .unwrap()
        };
        assert_eq!(
            earlier("2026-03-01T00:00:00Z", "2026-03-09T00:00:00Z"),
            [first, second.clone(), third.clone()]
        );
        assert_eq!(
            earlier("2026-03-07T12:00:00Z", "2026-03-08T15:00:00Z"),
            [second.clone(), third],
            "the second may have made calls until 24 hours after its start"
        );
        assert_eq!(
            earlier("2026-03-04T12:00:00Z", "2026-03-05T14:00:00Z"),
            [second]
        );
    }

    #[test]
    fn resumed_run_may_have_made_calls_long_after_its_start() {
        let temp = tempfile::tempdir().unwrap();
        let (registry, create) = registry(temp.path());
        let window = window("2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z");
        let run = id("20260301T120000Z-0001");
        let path = create(&run);
        registry.add_run(&run, &path, window).unwrap();
        let earlier = || {
            let id = id("20260309T000000Z-0002");
            registry
                .add_run(&id, &temp.path().join("gone"), window)
                .unwrap()
        };
        assert!(earlier().is_empty());
        let now: Timestamp = "2026-03-08T12:00:00Z".parse().unwrap();
        let copy = temp.path().join("handed-over");
        registry.resume_run(&run, &copy, now).unwrap();
        assert!(earlier().is_empty(), "a copy is another run");
        registry.resume_run(&run, &path, now).unwrap();
        assert_eq!(earlier(), [run]);
    }

    #[test]
    fn list_is_private_bounded_and_without_runs_that_are_gone() {
        let temp = tempfile::tempdir().unwrap();
        let (registry, create) = registry(temp.path());
        let window = window("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
        let state = temp.path().join("state");
        fs::create_dir(&state).unwrap();
        let kept = id("20260301T120000Z-0001");
        let gone = id("20260301T130000Z-0002");
        let kept_path = create(&kept);
        let mut lines = format!("{gone}\t/nonexistent\nnonsense\nx\ty\n");
        // As earlier versions wrote it, without the third column.
        let line = format!("{kept}\t{}\n", kept_path.display());
        lines.push_str(&line.repeat(MOST_RUNS + 5));
        // A killed process leaves the list that it was writing.
        fs::write(state.join(UNFINISHED), "20260301T").unwrap();
        fs::write(state.join(LIST), lines).unwrap();
        let new = id("20260301T140000Z-0003");
        registry.add_run(&new, &create(&new), window).unwrap();
        let listed = read_list(&state).unwrap();
        assert_eq!(listed.len(), MOST_RUNS);
        assert_eq!(listed.last().unwrap().id, new);
        assert!(listed.iter().all(|run| run.id != gone));
        let mode = fs::metadata(state.join(LOCK)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!state.join(UNFINISHED).exists());
    }

    #[test]
    fn concurrent_processes_lose_no_entry() {
        let temp = tempfile::tempdir().unwrap();
        let (registry, create) = registry(temp.path());
        let window = window("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
        let runs: Vec<(RunId, PathBuf)> = (0..16)
            .map(|number| id(&format!("20260301T120000Z-{number:04x}")))
            .map(|id| (id.clone(), create(&id)))
            .collect();
        let registry = &registry;
        std::thread::scope(|scope| {
            for (id, path) in &runs {
                scope.spawn(move || registry.add_run(id, path, window).unwrap());
            }
        });
        let mut listed: Vec<(RunId, PathBuf)> = read_list(&temp.path().join("state"))
            .unwrap()
            .into_iter()
            .map(|run| (run.id, run.path))
            .collect();
        listed.sort();
        assert_eq!(listed, runs);
    }
}
