//! The directory of a run: only its owner can read it, and its files are written atomically.
//!
//! A run may have been handed over by somebody else, so nothing in its directory is trusted: no
//! symbolic link, FIFO or device is opened, and no name leads out of the directory.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::StoreError;
use dragnet_model::RunId;

/// The directory of one run, `runs/<run-id>/`, mode 0700.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
}

/// The size of a larger rollback journal than creating a database makes, in bytes.
const LARGEST_ROLLBACK_JOURNAL: u64 = 1 << 20;

impl RunDir {
    /// The file that is locked while a process writes to the run.
    pub(super) const LOCK: &str = "run.lock";
    /// The prefix of files that are not completely written yet.
    const UNFINISHED: &str = ".unfinished-";
    /// The database, and the files that SQLite keeps beside it and writes to.
    ///
    /// Source: SQLite, "Temporary Files Used By SQLite".
    const DATABASE: &str = "run.db";
    const ROLLBACK_JOURNAL: &str = "run.db-journal";
    const SIDE_FILES: [&str; 3] = ["run.db-wal", "run.db-shm", Self::ROLLBACK_JOURNAL];

    /// Creates the directory of a new run below `parent`, and `parent` too if it is missing.
    ///
    /// # Errors
    /// The directory cannot be created, or exists already.
    pub fn create(parent: &Path, run: &RunId) -> Result<Self, StoreError> {
        let path = parent.join(run.as_str());
        let created = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .and_then(|()| DirBuilder::new().mode(0o700).create(&path));
        created.map_err(file_error("create", &path))?;
        Ok(Self { path })
    }

    /// Opens the directory of an existing run.
    ///
    /// # Errors
    /// It does not contain a run.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let dir = Self {
            path: path.to_owned(),
        };
        dir.open_file(Self::DATABASE)?;
        for name in Self::SIDE_FILES {
            let path = dir.path_of(name)?;
            refuse_foreign_file(&path).map_err(file_error("open", &path))?;
        }
        dir.refuse_rollback_journal()?;
        Ok(dir)
    }

    /// Refuses a rollback journal that is not of SQLite, or that names a super-journal: SQLite would
    /// delete that file, wherever it is. A process that was killed while it created the database
    /// leaves a journal without one.
    ///
    /// Source: SQLite, "Database File Format", "The Rollback Journal"; "Atomic Commit In SQLite",
    /// "Multi-file Commit": the name of the super-journal is at the end, before the same magic bytes
    /// as in the header.
    fn refuse_rollback_journal(&self) -> Result<(), StoreError> {
        const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
        let path = self.path_of(Self::ROLLBACK_JOURNAL)?;
        let metadata = metadata_if_exists(&path).map_err(file_error("open", &path))?;
        if metadata.is_none_or(|metadata| metadata.len() == 0) {
            return Ok(());
        }
        let mut content = Vec::new();
        self.open_file(Self::ROLLBACK_JOURNAL)?
            .take(LARGEST_ROLLBACK_JOURNAL)
            .read_to_end(&mut content)
            .map_err(file_error("read", &path))?;
        // The header consists of zeros until the journal has been written to the disk.
        let is_of_sqlite = content.starts_with(&MAGIC) || content.starts_with(&[0; 8]);
        let is_whole = (content.len() as u64) < LARGEST_ROLLBACK_JOURNAL;
        if is_of_sqlite && is_whole && !content.ends_with(&MAGIC) {
            return Ok(());
        }
        Err(StoreError::Damaged(format!(
            "found {} with other content than a killed sweep leaves; start a new run",
            Self::ROLLBACK_JOURNAL
        )))
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of the database.
    pub fn database(&self) -> PathBuf {
        self.path.join(Self::DATABASE)
    }

    /// Opens a file of the run for reading. `name` may include folders.
    ///
    /// # Errors
    /// The file cannot be opened, is not a regular file, or is outside the directory.
    pub fn open_file(&self, name: &str) -> Result<File, StoreError> {
        let path = self.path_of(name)?;
        open_regular(OpenOptions::new().read(true), &path).map_err(file_error("open", &path))
    }

    /// Returns the path of a file in the directory.
    ///
    /// # Errors
    /// The name leads out of the directory, by itself or through a symbolic link.
    fn path_of(&self, name: &str) -> Result<PathBuf, StoreError> {
        let mut path = self.path.clone();
        let mut components = Path::new(name).components().peekable();
        while let Some(component) = components.next() {
            let Component::Normal(part) = component else {
                return Err(file_error("use", Path::new(name))(refusal(
                    "the path is outside the run directory",
                )));
            };
            path.push(part);
            let is_folder = components.peek().is_some();
            if is_folder {
                refuse_link(&path).map_err(file_error("use", &path))?;
            }
        }
        Ok(path)
    }

    /// Writes a file of the run atomically, mode 0600: it appears when all of it is on disk.
    ///
    /// # Errors
    /// The file cannot be written, or `fill` fails; then no file appears.
    pub fn write_file<E: From<StoreError>>(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = self.path_of(name)?;
        let failed = |source| StoreError::File {
            action: "write",
            path: path.clone(),
            source,
        };
        // tempfile creates files with mode 0600.
        let file = tempfile::Builder::new()
            .prefix(Self::UNFINISHED)
            .tempfile_in(&self.path)
            .map_err(failed)?;
        let mut writer = BufWriter::new(file);
        fill(&mut writer)?;
        let file = writer
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Creates a folder in the directory, mode 0700, if it does not exist.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn make_folder(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path_of(name)?;
        refuse_link(&path).map_err(file_error("create", &path))?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(file_error("create", &path))
    }

    /// Removes files that a killed process left incomplete.
    ///
    /// # Errors
    /// The directory cannot be read, or a file cannot be removed.
    pub fn remove_unfinished(&self) -> Result<(), StoreError> {
        for name in self
            .file_names()?
            .iter()
            .filter(|name| name.starts_with(Self::UNFINISHED))
        {
            let path = self.path.join(name);
            std::fs::remove_file(&path).map_err(file_error("remove", &path))?;
        }
        Ok(())
    }

    /// Returns the names of all files, sorted; those in folders include the folder and a slash.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn file_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let failed = file_error("read", &self.path);
            for entry in std::fs::read_dir(self.path.join(&folder)).map_err(&failed)? {
                let entry = entry.map_err(&failed)?;
                let name = format!("{folder}{}", entry.file_name().to_string_lossy());
                // A symbolic link counts as a file, even if it leads to a directory.
                if entry.file_type().map_err(&failed)?.is_dir() {
                    folders.push(name + "/");
                } else {
                    names.push(name);
                }
            }
        }
        names.sort();
        Ok(names)
    }

    /// Returns the size and SHA-256 of a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn digest(&self, name: &str) -> Result<(u64, String), StoreError> {
        let mut file = self.open_file(name)?;
        let failed = file_error("read", &self.path.join(name));
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 << 10];
        let mut bytes = 0;
        loop {
            match file.read(&mut buffer).map_err(&failed)? {
                0 => return Ok((bytes, hex::encode(hash.finalize()))),
                read => {
                    hash.update(buffer.get(..read).unwrap_or_default());
                    bytes += read as u64;
                }
            }
        }
    }
}

/// Opens a file, but no symbolic link and nothing that is not a regular file: opening a FIFO would
/// block forever.
pub(super) fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| {
            // Source: open(2), O_NOFOLLOW.
            if error.raw_os_error() == Some(libc::ELOOP) {
                refusal("it is a symbolic link")
            } else {
                error
            }
        })?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(refusal("it is not a regular file"))
    }
}

/// Refuses a path that is not a regular file, or that has another hard link through which writes
/// would change a file elsewhere.
fn refuse_foreign_file(path: &Path) -> io::Result<()> {
    match metadata_if_exists(path)? {
        Some(metadata) if !metadata.is_file() => Err(refusal("it is not a regular file")),
        Some(metadata) => refuse_hard_link(&metadata),
        None => Ok(()),
    }
}

/// Refuses a file that has another name: writing to it would change what lies under that name.
pub(super) fn refuse_hard_link(metadata: &Metadata) -> io::Result<()> {
    if metadata.nlink() > 1 {
        Err(refusal("it has more than one hard link"))
    } else {
        Ok(())
    }
}

fn refuse_link(path: &Path) -> io::Result<()> {
    match metadata_if_exists(path)? {
        Some(metadata) if metadata.is_symlink() => Err(refusal("it is a symbolic link")),
        Some(_) | None => Ok(()),
    }
}

/// Returns the metadata of a path itself, not of what it links to; `None` if nothing is there.
fn metadata_if_exists(path: &Path) -> io::Result<Option<Metadata>> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn refusal(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

pub(super) fn file_error(
    action: &'static str,
    path: &Path,
) -> impl Fn(io::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |source| StoreError::File {
        action,
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_private_and_written_atomically() {
        let temp = tempfile::tempdir().unwrap();
        let id = RunId::new("2026-03-01T12:00:00Z".parse().unwrap(), 1);
        let dir = RunDir::create(&temp.path().join("runs"), &id).unwrap();
        assert!(
            RunDir::create(&temp.path().join("runs"), &id).is_err(),
            "a run is never overwritten"
        );
        let failure = dir.write_file("a.csv", |out| {
            out.write_all(b"half").unwrap();
            Err(StoreError::Damaged("on purpose".to_owned()))
        });
        assert!(failure.is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        dir.write_file("a.csv", |out| {
            out.write_all(b"whole")
                .map_err(|e| StoreError::Damaged(e.to_string()))
        })
        .unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(dir.path()), mode(&dir.path().join("a.csv"))),
            (0o700, 0o600)
        );
        dir.make_folder("b").unwrap();
        dir.write_file("b/c.csv", |_| Ok::<_, StoreError>(()))
            .unwrap();
        assert_eq!(
            (mode(&dir.path().join("b")), dir.file_names().unwrap()),
            (0o700, vec!["a.csv".to_owned(), "b/c.csv".to_owned()])
        );
        let (bytes, hash) = dir.digest("a.csv").unwrap();
        assert_eq!((bytes, &hash[..8]), (5, "5d5766cf"));
    }
}
