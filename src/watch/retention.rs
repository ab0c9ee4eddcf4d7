//! Removes old runs. Watermarks and the history of alerts are kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::own_calls::runs_in;
use super::state::{StateError, file_error};
use crate::store::{RunDir, RunLock, StoreError};
use dragnet_model::RunId;

/// Removes the runs in `directory` that are older than `keep_for` at `now`, and the oldest ones
/// beyond `keep`. A run that another process holds is kept. Returns how many were removed.
///
/// # Errors
/// The directory cannot be read, or a run cannot be removed.
pub(super) fn remove_old_runs(
    directory: &Path,
    keep_for: Duration,
    keep: usize,
    now: Timestamp,
) -> Result<u64, StateError> {
    let runs = runs_in(directory)?;
    let mut removed = 0;
    for path in runs_to_remove(&runs, keep_for, keep, now) {
        let lock = match RunDir::open(path).and_then(|dir| RunLock::acquire(&dir)) {
            Ok(lock) => Some(lock),
            Err(StoreError::Locked { .. }) => continue,
            // A directory that is not a usable run is not in use either.
            Err(_) => None,
        };
        std::fs::remove_dir_all(path).map_err(file_error(path))?;
        drop(lock);
        removed += 1;
    }
    Ok(removed)
}

fn runs_to_remove(
    runs: &[(RunId, PathBuf)],
    keep_for: Duration,
    keep: usize,
    now: Timestamp,
) -> impl Iterator<Item = &PathBuf> {
    let excess = runs.len().saturating_sub(keep);
    let is_old = move |id: &RunId| {
        id.started()
            .saturating_add(keep_for)
            .is_ok_and(|until| until < now)
    };
    let old = runs
        .iter()
        .enumerate()
        .filter(move |(at, (id, _))| *at < excess || is_old(id));
    old.map(|(_, (_, path))| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_removed_by_age_and_count() {
        let temp = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        for day in 0..10 {
            let id = RunId::new(start + Duration::from_hours(24 * day), 1);
            let dir = RunDir::create(temp.path(), &id).unwrap();
            std::fs::write(dir.database(), "").unwrap();
        }
        std::fs::create_dir(temp.path().join("not-a-run")).unwrap();
        let now = start + Duration::from_hours(24 * 9);
        let remove = |days: u64, keep| {
            remove_old_runs(temp.path(), Duration::from_hours(24 * days), keep, now).unwrap()
        };
        assert_eq!((remove(30, 10), remove(7, 10), remove(30, 5)), (0, 2, 3));
        let id = &runs_in(temp.path()).unwrap()[0].1;
        let _lock = RunLock::acquire(&RunDir::open(id).unwrap()).unwrap();
        assert_eq!(remove(1, 10), 2, "the oldest run is locked");
        assert!(temp.path().join("not-a-run").exists());
        assert_eq!(
            remove_old_runs(Path::new("/nowhere"), Duration::ZERO, 0, now).unwrap(),
            0
        );
    }
}
