//! Locks: one process at a time writes to a run, or watches with a state directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::run_dir::{file_error, open_regular, refuse_hard_link};
use super::{RunDir, StoreError};

/// The right to write to a run. The system releases the lock when the process ends for any reason,
/// so the run of a dead process can be taken over, and that of a live one cannot.
#[derive(Debug)]
pub struct RunLock(#[expect(dead_code, reason = "it is held until it is dropped")] LockedFile);

impl RunLock {
    /// Takes the lock of a run.
    ///
    /// # Errors
    /// Another process holds it, or the file cannot be created.
    pub fn acquire(dir: &RunDir) -> Result<Self, StoreError> {
        let locked = |owner| StoreError::Locked {
            run: dir.path().to_owned(),
            owner,
        };
        LockedFile::acquire(dir.path().join(RunDir::LOCK), locked).map(Self)
    }
}

/// The right to watch with a state directory; also released when the process ends.
#[derive(Debug)]
pub struct WatchLock(#[expect(dead_code, reason = "it is held until it is dropped")] LockedFile);

impl WatchLock {
    /// Takes the lock of an existing directory.
    ///
    /// # Errors
    /// Another process holds it, or the file cannot be created.
    pub fn acquire(directory: &Path) -> Result<Self, StoreError> {
        let locked = |owner| StoreError::Watched {
            directory: directory.to_owned(),
            owner,
        };
        LockedFile::acquire(directory.join("watch.lock"), locked).map(Self)
    }
}

/// A file that is locked until this is dropped or the process ends.
#[derive(Debug)]
struct LockedFile {
    path: PathBuf,
    /// Holds the lock until it is closed.
    _file: File,
}

impl LockedFile {
    /// Takes the lock. `locked` makes the error if another process holds it, from the owner's entry
    /// in the file.
    fn acquire(path: PathBuf, locked: impl Fn(String) -> StoreError) -> Result<Self, StoreError> {
        loop {
            let mut options = OpenOptions::new();
            options
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600);
            let mut file = open_regular(&mut options, &path).map_err(file_error("open", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut owner = String::new();
                    // For the error message only: the owner may not have written its entry yet.
                    _ = file.read_to_string(&mut owner);
                    return Err(locked(owner.trim().to_owned()));
                }
                Err(TryLockError::Error(error)) => return Err(file_error("lock", &path)(error)),
            }
            // The previous owner may have removed the file after it was opened here. The lock of a
            // removed file is useless, so try again.
            if is_same_file(&file, &path).map_err(file_error("read", &path))? {
                file.metadata()
                    .and_then(|metadata| refuse_hard_link(&metadata))
                    .map_err(file_error("lock", &path))?;
                let written = file
                    .set_len(0)
                    .and_then(|()| writeln!(file, "process {}", std::process::id()));
                written.map_err(file_error("write", &path))?;
                return Ok(Self { path, _file: file });
            }
        }
    }
}

/// Whether the file at `path` is still the one that was locked.
fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let locked = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(current) => Ok((current.dev(), current.ino()) == (locked.dev(), locked.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Removed while it is still locked. If that fails, an unlocked file remains, which blocks
        // no process.
        _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::RunId;

    #[test]
    fn lock_is_exclusive_and_ends_with_its_process() {
        let temp = tempfile::tempdir().unwrap();
        let id = RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let dir = RunDir::create(temp.path(), &id).unwrap();
        let lock = RunLock::acquire(&dir).unwrap();
        let refused = RunLock::acquire(&dir).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("process {}", std::process::id())),
            "{refused}"
        );
        drop(lock);
        assert!(!dir.path().join(RunDir::LOCK).exists());
        // A killed process leaves the file behind, without a lock.
        fs::write(dir.path().join(RunDir::LOCK), "process 1\n").unwrap();
        assert!(RunLock::acquire(&dir).is_ok());
    }
}
