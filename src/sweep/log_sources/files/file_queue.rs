//! The files that are still to be read, in the order of the directories and of their names.

use std::path::PathBuf;
use std::vec;

use crate::files::{FileProblem, FileWalk, FoundFile};

/// Iterates over the files of several directories. Threads take turns.
#[derive(Debug)]
pub(super) struct FileQueue {
    directories: vec::IntoIter<PathBuf>,
    walk: Option<FileWalk>,
}

impl FileQueue {
    pub(super) fn new(directories: Vec<PathBuf>) -> Self {
        Self {
            directories: directories.into_iter(),
            walk: None,
        }
    }
}

impl Iterator for FileQueue {
    type Item = Result<FoundFile, FileProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(found) = self.walk.as_mut().and_then(Iterator::next) {
                return Some(found);
            }
            let directory = self.directories.next()?;
            match FileWalk::new(&directory) {
                Ok(walk) => self.walk = Some(walk),
                Err(problem) => {
                    self.walk = None;
                    return Some(Err(problem));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_read_in_order_and_missing_ones_are_problems() {
        let temp = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| temp.path().join(name));
        for (directory, file) in [(&one, "b"), (&one, "a"), (&two, "c")] {
            std::fs::create_dir_all(directory).unwrap();
            std::fs::write(directory.join(file), "x").unwrap();
        }
        let missing = temp.path().join("missing");
        let found: Vec<String> = FileQueue::new(vec![two, missing, one])
            .map(|found| match found {
                Ok(file) => file.path.file_name().unwrap().to_str().unwrap().to_owned(),
                Err(problem) => problem.reason.to_string(),
            })
            .collect();
        assert_eq!(found, ["c", "unreadable", "a", "b"]);
    }
}
