//! Reads files with secrets: sink secrets, cached sessions, keys.
//!
//! A file that others can read has no secret any more, and one that others can write has a secret
//! that they chose. So both are errors when the file is read.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The permissions of the group and of others.
const SHARED_PERMISSIONS: u32 = 0o077;
/// The user id of root, who can read and write every file anyway.
const ROOT: u32 = 0;

/// Why a file with a secret is not used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The group or others have access to it.
    #[error(
        "{path} has mode {mode:04o}, expected no access for group and others: change the secret if others may know \
         it, and run `chmod 600 {path}`"
    )]
    Shared {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It belongs to another user.
    #[error(
        "{path} belongs to user id {owner}, expected {expected} or root: check where it comes from, and replace it by \
         a file of your own with mode 0600"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
        /// The user id of this process.
        expected: u32,
    },
}

impl SecretFileError {
    /// Whether there is no file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a file with a secret. The file must belong to this user or root, and only its owner may
/// have access to it. A symbolic link is followed, because container platforms mount secrets as
/// links; the file that it leads to is checked.
///
/// # Errors
/// The file cannot be read, or others may know or have changed its content.
pub fn read_secret_file(path: &Path) -> Result<Vec<u8>, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    // Opening a FIFO must not wait for a writer.
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(unreadable)?;
    // Of the open file, because the path may lead to another one by now.
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        let problem = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(unreadable(problem));
    }
    check_access(path, &metadata)?;
    read_all(&mut file).map_err(unreadable)
}

fn check_access(path: &Path, metadata: &Metadata) -> Result<(), SecretFileError> {
    let owner = metadata.uid();
    if owner != ROOT {
        let expected = own_user_id().map_err(|source| SecretFileError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        if owner != expected {
            return Err(SecretFileError::Foreign {
                path: path.to_owned(),
                owner,
                expected,
            });
        }
    }
    let mode = metadata.mode() & 0o7777;
    if mode & SHARED_PERMISSIONS != 0 {
        return Err(SecretFileError::Shared {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

fn read_all(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the effective user id of this process. The standard library has no function for it
/// without unsafe code, but a new file belongs to this user.
///
/// Source: open(2), `O_CREAT`; for a system without a writable directory: proc(5), `/proc/pid`.
fn own_user_id() -> io::Result<u32> {
    tempfile::tempfile()
        .and_then(|file| file.metadata())
        .or_else(|_| std::fs::metadata("/proc/self"))
        .map(|metadata| metadata.uid())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn file_that_others_can_access_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("secret");
        fs::write(&path, "hush").unwrap();
        let link = temp.path().join("link");
        symlink(&path, &link).unwrap();
        for mode in [0o600, 0o400] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_secret_file(&path).unwrap(), b"hush");
            assert_eq!(read_secret_file(&link).unwrap(), b"hush");
        }
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            for file in [&path, &link] {
                let error = read_secret_file(file).unwrap_err().to_string();
                let advice = format!("chmod 600 {}", file.display());
                assert!(
                    error.contains(&format!("{mode:04o}")) && error.contains(&advice),
                    "{error}"
                );
                assert!(!error.contains("hush"), "{error}");
            }
        }
    }

    #[test]
    fn missing_file_and_directory_are_distinguished() {
        let temp = tempfile::tempdir().unwrap();
        assert!(
            read_secret_file(&temp.path().join("absent"))
                .unwrap_err()
                .is_missing()
        );
        let error = read_secret_file(temp.path()).unwrap_err();
        assert!(!error.is_missing() && error.to_string().contains("not a regular file"));
    }

    #[test]
    fn own_user_id_is_that_of_new_files() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("secret");
        fs::write(&path, "hush").unwrap();
        assert_eq!(own_user_id().unwrap(), fs::metadata(&path).unwrap().uid());
    }
}
