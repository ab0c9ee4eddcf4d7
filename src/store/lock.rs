//! One process at a time works on a run.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use super::run_dir::file_error;
use super::{RunDir, StoreError};

/// The right to write to a run. The system lets go of the lock when its owner dies, however it dies,
/// so that a dead owner's run can be taken over and a live one's cannot.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    /// Holds the lock until it is closed.
    _file: File,
}

impl RunLock {
    /// Takes the lock of a run.
    ///
    /// # Errors
    /// Another process has it, or the file cannot be made.
    pub fn take(dir: &RunDir) -> Result<Self, StoreError> {
        let path = dir.path().join(RunDir::LOCK);
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600);
            let mut file = options.open(&path).map_err(file_error("open", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut owner = String::new();
                    // Only a courtesy: an owner that has not signed yet is no less an owner.
                    _ = file.read_to_string(&mut owner);
                    return Err(StoreError::Locked { run: dir.path().to_owned(), owner: owner.trim().to_owned() });
                }
                Err(TryLockError::Error(error)) => return Err(file_error("lock", &path)(error)),
            }
            // Its last owner may have removed the file after it was opened here: then this is no lock.
            if is_still_there(&file, &path).map_err(file_error("read", &path))? {
                let signed = file.set_len(0).and_then(|()| writeln!(file, "process {}", std::process::id()));
                signed.map_err(file_error("write", &path))?;
                return Ok(Self { path, _file: file });
            }
        }
    }
}

fn is_still_there(file: &File, path: &std::path::Path) -> io::Result<bool> {
    let mine = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (mine.dev(), mine.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Removed while it is still locked; if that fails, an unlocked file is left, which locks nobody out.
        _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunId;

    #[test]
    fn one_owner_at_a_time_and_the_dead_own_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let id = RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let dir = RunDir::create(temp.path(), &id).unwrap();
        let lock = RunLock::take(&dir).unwrap();
        let refused = RunLock::take(&dir).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(lock);
        assert!(!dir.path().join(RunDir::LOCK).exists());
        // What a killed process leaves: the file, and no lock on it.
        fs::write(dir.path().join(RunDir::LOCK), "process 1\n").unwrap();
        assert!(RunLock::take(&dir).is_ok());
    }
}
