//! Finds the files in a directory, in the order of their names.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::content_name::path_text;
use super::{FileProblem, FileReason};

dragnet_model::word_enum! {
    /// What `dragnet collect` writes beside the records. The words are the names, in the directory
    /// of the collection.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum CollectionFile {
        /// What was collected, and what was not.
        Manifest => "manifest.json",
        /// The hashes of all files.
        Checksums => "SHA256SUMS",
        /// The directory of the run with which the records were read.
        Runs => "run",
    }
}

/// With what the manifest of a collection starts.
pub const COLLECTION_MARK: &str = "{\n  \"format\": \"dragnet-collection\"";

/// A regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// The path, below the directory as it was given.
    pub path: PathBuf,
}

impl FoundFile {
    /// Returns the size in bytes. It is not known from the directory, so this is a system call.
    ///
    /// # Errors
    /// The file is gone, or cannot be accessed any more.
    pub fn size(&self) -> Result<u64, FileProblem> {
        let metadata = fs::symlink_metadata(&self.path);
        metadata
            .map(|metadata| metadata.len())
            .map_err(|error| problem(&self.path, FileReason::Unreadable, describe_io(&error)))
    }

    /// Opens the file.
    ///
    /// # Errors
    /// The file cannot be opened any more, or is no regular file any more.
    pub fn open(&self) -> Result<OpenedFile, FileProblem> {
        open_regular(&self.path).map_err(|(reason, detail)| problem(&self.path, reason, detail))
    }
}

/// A regular file that was opened.
#[derive(Debug)]
pub struct OpenedFile {
    pub(super) file: File,
    metadata: Metadata,
}

impl OpenedFile {
    /// The metadata when it was opened.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns the metadata of now.
    ///
    /// # Errors
    /// The file system does not answer.
    pub fn read_metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }
}

/// Iterates over the regular files of a directory and its subdirectories; everything else is a
/// problem. What `dragnet collect` writes beside the records ([`CollectionFile`]) is left out: it
/// repeats names of the records. Symbolic links are never followed. Only the names of the directories on the way to the
/// current file are in memory.
#[derive(Debug)]
pub struct FileWalk {
    /// The directories on the way.
    levels: Vec<Level>,
    /// The path that was given, if it is a single file that is still to be returned.
    single: Option<(PathBuf, FileType)>,
    /// The real path of the directory that was given.
    root: Option<PathBuf>,
}

/// What is left of a directory.
#[derive(Debug)]
struct Level {
    directory: PathBuf,
    /// In reverse order of the names.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: OsString,
    /// The kind as the directory has it. Most file systems know it there, which saves a system call
    /// for each file.
    kind: io::Result<FileType>,
}

impl FileWalk {
    /// Starts at a directory, or at a single file. This path itself may be a symbolic link.
    ///
    /// # Errors
    /// Nothing exists at the path, or it cannot be read.
    pub fn new(path: &Path) -> Result<Self, FileProblem> {
        let unreadable =
            |error: io::Error| problem(path, FileReason::Unreadable, describe_io(&error));
        let metadata = fs::metadata(path).map_err(unreadable)?;
        let mut walk = Self {
            levels: Vec::new(),
            single: None,
            root: fs::canonicalize(path).ok(),
        };
        if metadata.is_dir() {
            walk.enter(path.to_owned()).map_err(unreadable)?;
        } else {
            // A link to a file is resolved here, since files are opened without following links.
            let resolved = fs::canonicalize(path).map_err(unreadable)?;
            walk.single = Some((resolved, metadata.file_type()));
        }
        Ok(walk)
    }

    fn enter(&mut self, directory: PathBuf) -> io::Result<()> {
        let entries = sorted_entries(&directory)?;
        self.levels.push(Level { directory, entries });
        Ok(())
    }

    fn next_path(&mut self) -> Option<(PathBuf, io::Result<FileType>)> {
        if let Some((path, kind)) = self.single.take() {
            return Some((path, Ok(kind)));
        }
        loop {
            let level = self.levels.last_mut()?;
            if let Some(entry) = level.entries.pop() {
                return Some((level.directory.join(entry.name), entry.kind));
            }
            self.levels.pop();
        }
    }

    /// Returns the file at a path, `None` if it is a directory, which is then entered.
    fn visit(
        &mut self,
        path: PathBuf,
        kind: io::Result<FileType>,
    ) -> Option<Result<FoundFile, FileProblem>> {
        let unreadable = |path: &Path, error: &io::Error| {
            let detail = describe_io(error);
            Some(Err(problem(path, FileReason::Unreadable, detail)))
        };
        let kind = match kind {
            Ok(kind) => kind,
            Err(error) => return unreadable(&path, &error),
        };
        if kind.is_dir() {
            return match self.enter(path.clone()) {
                Ok(()) => None,
                Err(error) => unreadable(&path, &error),
            };
        }
        if kind.is_symlink() {
            return Some(Err(self.describe_link(&path)));
        }
        if !kind.is_file() {
            return Some(Err(not_regular(&path, kind)));
        }
        Some(Ok(FoundFile { path }))
    }

    fn describe_link(&self, link: &Path) -> FileProblem {
        let target = fs::canonicalize(link).ok();
        let is_inside = target
            .as_ref()
            .zip(self.root.as_ref())
            .is_some_and(|(target, root)| target.starts_with(root));
        let shown = fs::read_link(link).unwrap_or_default();
        let shown = shown.display();
        if is_inside {
            let detail = format!("links to {shown}, which is searched under its own name");
            problem(link, FileReason::InnerLink, detail)
        } else {
            let detail = format!(
                "links to {shown}, outside of the directory; copy it or name it as a directory of its own"
            );
            problem(link, FileReason::SymbolicLink, detail)
        }
    }
}

impl Iterator for FileWalk {
    type Item = Result<FoundFile, FileProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (path, kind) = self.next_path()?;
            if let Some(found) = self.visit(path, kind) {
                return Some(found);
            }
        }
    }
}

/// Returns the entries of a directory in reverse order of their names.
fn sorted_entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        entries.push(Entry {
            name: entry.file_name(),
            kind: entry.file_type(),
        });
    }
    let manifest = CollectionFile::Manifest.as_str();
    if entries.iter().any(|entry| entry.name == manifest) && is_collection(directory) {
        entries.retain(|entry| !is_collection_file(&entry.name));
    }
    entries.sort_unstable_by(|one, other| other.name.cmp(&one.name));
    Ok(entries)
}

/// Whether a directory was written by `dragnet collect`.
fn is_collection(directory: &Path) -> bool {
    let manifest = directory.join(CollectionFile::Manifest.as_str());
    let Ok(opened) = open_regular(&manifest) else {
        return false;
    };
    let mut start = Vec::new();
    let result = opened
        .file
        .take(COLLECTION_MARK.len() as u64)
        .read_to_end(&mut start);
    result.is_ok() && start == COLLECTION_MARK.as_bytes()
}

fn is_collection_file(name: &OsStr) -> bool {
    name.to_str().and_then(CollectionFile::from_word).is_some()
}

/// Opens a regular file. It may have been replaced since it was found: a link is
/// not followed, and opening a FIFO does not wait for a writer.
fn open_regular(path: &Path) -> Result<OpenedFile, (FileReason, String)> {
    let unreadable = |error: io::Error| (FileReason::Unreadable, describe_io(&error));
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_file() {
        Ok(OpenedFile { file, metadata })
    } else {
        let detail = describe_kind(metadata.file_type());
        Err((FileReason::NotRegular, detail))
    }
}

fn not_regular(path: &Path, kind: FileType) -> FileProblem {
    problem(path, FileReason::NotRegular, describe_kind(kind))
}

fn describe_kind(kind: FileType) -> String {
    let name = if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "a special file"
    };
    format!("found {name}, expected a regular file or a directory")
}

fn describe_io(error: &io::Error) -> String {
    format!("{error}; check the path and its permissions")
}

fn problem(path: &Path, reason: FileReason, detail: String) -> FileProblem {
    FileProblem {
        path: path_text(path),
        entry: None,
        offset: None,
        reason,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    /// Returns the paths below the root, with the reason of those that are problems.
    fn walk(root: &Path) -> Vec<String> {
        let shown = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
        FileWalk::new(root)
            .unwrap()
            .map(|found| match found {
                Ok(file) => format!("{} {}", shown(&file.path), file.size().unwrap()),
                Err(problem) => format!("{} {}", shown(Path::new(&problem.path)), problem.reason),
            })
            .collect()
    }

    #[test]
    fn files_come_in_order_and_the_rest_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.join("b/c")).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
        fs::write(root.join("b/c/1"), "x").unwrap();
        fs::write(root.join("b/2"), "").unwrap();
        fs::write(root.join("a"), "xyz").unwrap();
        symlink(root.join("a"), root.join("inner")).unwrap();
        symlink(outside.path(), root.join("outer")).unwrap();
        symlink(root.join("nothing"), root.join("dangling")).unwrap();
        let _socket = UnixListener::bind(root.join("socket")).unwrap();
        assert_eq!(
            walk(root),
            [
                "a 3",
                "b/2 0",
                "b/c/1 1",
                "dangling symbolic-link",
                "inner inner-symbolic-link",
                "outer symbolic-link",
                "socket not-a-regular-file",
            ]
        );
    }

    #[test]
    fn link_that_contains_itself_ends() {
        let folder = tempfile::tempdir().unwrap();
        symlink(folder.path(), folder.path().join("self")).unwrap();
        assert_eq!(walk(folder.path()), ["self inner-symbolic-link"]);
    }

    #[test]
    fn single_file_and_missing_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        fs::write(&file, "x").unwrap();
        symlink(&file, folder.path().join("link")).unwrap();
        for path in [&file, &folder.path().join("link")] {
            let found: Vec<_> = FileWalk::new(path).unwrap().map(Result::unwrap).collect();
            assert_eq!(found.len(), 1);
            assert!(open_regular(&found[0].path).is_ok());
        }
        let error = FileWalk::new(&folder.path().join("none")).unwrap_err();
        assert_eq!(error.reason, FileReason::Unreadable);
    }

    #[test]
    fn files_of_a_collection_beside_the_records_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        for name in ["logs/a", "logs/run/b", "run/c", "SHA256SUMS"] {
            let path = one.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::write(one.join("manifest.json"), "{}").unwrap();
        assert_eq!(walk(folder.path()).len(), 5, "another manifest");
        let manifest = format!("{COLLECTION_MARK},\n  \"more\": 1\n}}\n");
        fs::write(one.join("manifest.json"), manifest).unwrap();
        for (root, expected) in [
            (folder.path(), ["one/logs/a 1", "one/logs/run/b 1"]),
            (&*one, ["logs/a 1", "logs/run/b 1"]),
        ] {
            assert_eq!(walk(root), expected);
        }
    }

    #[test]
    fn replaced_files_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink("/etc/hostname", &link).unwrap();
        assert_eq!(open_regular(&link).unwrap_err().0, FileReason::Unreadable);
        let directory = open_regular(folder.path()).unwrap_err();
        assert_eq!(directory.0, FileReason::NotRegular);
    }
}
