//! `manifest.json`: the size and SHA-256 hash of every file of a run, so that evidence can be
//! checked later, and the check of a run's database against it.
//!
//! The manifest of a finished run lists its database. While a run is resumed, the database is not
//! listed, because it changes. Entries of other files stay until the files are written again.

use std::io::BufReader;

use serde::{Deserialize, Serialize};

use super::{RunDir, StoreError};

/// The name of the manifest in the directory of a run.
pub const MANIFEST: &str = "manifest.json";
/// The database of a run.
const DATABASE: &str = "run.db";
/// The files from which SQLite changes the database when it is opened the next time.
///
/// Source: SQLite, "Temporary Files Used By SQLite": the write-ahead log and the rollback journal.
const PENDING_CHANGES: [&str; 2] = ["run.db-wal", "run.db-journal"];

/// The manifest of a run directory. Its own SHA-256 hash is printed at the end of the run, for the
/// ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The id of the run.
    pub run_id: String,
    /// The version of Dragnet that wrote the files.
    pub tool_version: String,
    /// The SHA-256 hash of the resolved settings, in hex.
    pub settings_sha256: String,
    /// The ARN of the caller.
    pub caller_arn: String,
    /// Every file except the manifest itself and its signatures.
    pub files: Vec<ManifestFile>,
    /// The changed databases from which files were written at the request of the user. The
    /// database in `files` stays the original one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_runs: Vec<ChangedRun>,
}

/// One file of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// The path of the file in the run directory.
    pub name: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256 hash in hex.
    pub sha256: String,
}

/// A database that is not the one in the manifest, and what was written from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedRun {
    /// The version of Dragnet that wrote the files.
    pub tool_version: String,
    /// The size of the changed database in bytes.
    pub bytes: u64,
    /// The SHA-256 hash of the changed database, in hex.
    pub sha256: String,
    /// The files whose entries in the manifest are those of files written from this database.
    pub files: Vec<String>,
}

/// The result of comparing the database of a run with the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseCheck {
    /// There is no manifest, or it does not list the database: the run is not finished.
    NotListed,
    /// The database is the one that the manifest lists.
    Unchanged,
    /// It is not; the text says what was found and what was expected.
    Changed(String),
}

impl Manifest {
    /// Reads the manifest of a run; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read, or is not a manifest.
    pub fn load(dir: &RunDir) -> Result<Option<Self>, StoreError> {
        let file = match dir.open_file(MANIFEST) {
            Ok(file) => BufReader::new(file),
            Err(StoreError::File { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        serde_json::from_reader(file)
            .map(Some)
            .map_err(|error| StoreError::Manifest(error.to_string()))
    }

    /// Returns the entry of a file.
    pub fn entry(&self, name: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Adds entries of files that were written from the original database. They replace entries of
    /// the same names.
    pub fn add_files(&mut self, written: Vec<ManifestFile>) {
        for file in written {
            for run in &mut self.changed_runs {
                run.files.retain(|name| *name != file.name);
            }
            self.set_entry(file);
        }
    }

    /// Adds entries of files that were written from a changed database. Original entries stay as
    /// they are.
    pub fn add_changed_run(&mut self, mut changed: ChangedRun, written: Vec<ManifestFile>) {
        for file in written {
            let was_added = self
                .changed_runs
                .iter()
                .any(|run| run.files.contains(&file.name));
            if was_added || self.entry(&file.name).is_none() {
                changed.files.push(file.name.clone());
                self.add_files(vec![file]);
            }
        }
        match self
            .changed_runs
            .iter_mut()
            .find(|run| run.sha256 == changed.sha256)
        {
            Some(known) => known.files.append(&mut changed.files),
            None => self.changed_runs.push(changed),
        }
    }

    /// Removes the entry of the database, which is about to change. Returns whether there was one.
    pub fn remove_database(&mut self) -> bool {
        let count = self.files.len();
        self.files.retain(|file| file.name != DATABASE);
        self.files.len() < count
    }

    fn set_entry(&mut self, file: ManifestFile) {
        match self.files.iter_mut().find(|known| known.name == file.name) {
            Some(known) => *known = file,
            None => self.files.push(file),
        }
    }
}

/// Returns the size and the hash of a file of a run as an entry of the manifest.
///
/// # Errors
/// The file cannot be read.
pub fn manifest_entry(dir: &RunDir, name: &str) -> Result<ManifestFile, StoreError> {
    let (bytes, sha256) = dir.digest(name)?;
    Ok(ManifestFile {
        name: name.to_owned(),
        bytes,
        sha256,
    })
}

/// Compares the database of a run with the manifest. Call it before the database is opened.
///
/// # Errors
/// The manifest or the database cannot be read.
pub fn check_database(dir: &RunDir) -> Result<DatabaseCheck, StoreError> {
    let manifest = Manifest::load(dir)?;
    let Some(listed) = manifest.as_ref().and_then(|found| found.entry(DATABASE)) else {
        return Ok(DatabaseCheck::NotListed);
    };
    for name in PENDING_CHANGES {
        if has_content(dir, name)? {
            return Ok(DatabaseCheck::Changed(format!(
                "{name} has changes, expected none after the end of the run"
            )));
        }
    }
    let found = manifest_entry(dir, DATABASE)?;
    if found == *listed {
        return Ok(DatabaseCheck::Unchanged);
    }
    Ok(DatabaseCheck::Changed(format!(
        "{DATABASE} has SHA-256 {}, expected {}",
        found.sha256, listed.sha256
    )))
}

/// Refuses a finished run whose database is not the one that its manifest lists. Call it before the
/// database is opened.
///
/// # Errors
/// The database was changed, or it or the manifest cannot be read.
pub fn refuse_changed_database(dir: &RunDir) -> Result<(), StoreError> {
    match check_database(dir)? {
        DatabaseCheck::NotListed | DatabaseCheck::Unchanged => Ok(()),
        DatabaseCheck::Changed(problem) => Err(StoreError::ChangedRun {
            run: dir.path().to_owned(),
            problem,
        }),
    }
}

fn has_content(dir: &RunDir, name: &str) -> Result<bool, StoreError> {
    match dir.open_file(name) {
        Ok(file) => file
            .metadata()
            .map(|metadata| metadata.len() > 0)
            .map_err(|source| StoreError::File {
                action: "read",
                path: dir.path().join(name),
                source,
            }),
        Err(StoreError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn entry(name: &str, sha256: &str) -> ManifestFile {
        ManifestFile {
            name: name.to_owned(),
            bytes: 1,
            sha256: sha256.to_owned(),
        }
    }

    fn manifest(files: Vec<ManifestFile>) -> Manifest {
        Manifest {
            run_id: "20260301T120000Z-0001".to_owned(),
            tool_version: "0.1.0".to_owned(),
            settings_sha256: String::new(),
            caller_arn: String::new(),
            files,
            changed_runs: Vec::new(),
        }
    }

    fn changed_run(sha256: &str) -> ChangedRun {
        ChangedRun {
            tool_version: "0.1.0".to_owned(),
            bytes: 1,
            sha256: sha256.to_owned(),
            files: Vec::new(),
        }
    }

    #[test]
    fn changed_run_adds_entries_and_keeps_the_original_ones() {
        let mut manifest = manifest(vec![entry(DATABASE, "a"), entry("sightings.csv", "b")]);
        let written = || vec![entry("sightings.csv", "x"), entry("report.html", "y")];
        manifest.add_changed_run(changed_run("c"), written());
        assert_eq!(manifest.entry(DATABASE), Some(&entry(DATABASE, "a")));
        assert_eq!(
            manifest.entry("sightings.csv"),
            Some(&entry("sightings.csv", "b"))
        );
        assert_eq!(
            manifest.entry("report.html"),
            Some(&entry("report.html", "y"))
        );
        manifest.add_changed_run(changed_run("c"), written());
        assert_eq!(manifest.changed_runs.len(), 1, "the same database");
        manifest.add_changed_run(changed_run("d"), vec![entry("report.html", "z")]);
        let files: Vec<_> = manifest.changed_runs.iter().map(|run| &run.files).collect();
        assert_eq!(
            files,
            [&Vec::<String>::new(), &vec!["report.html".to_owned()]]
        );

        manifest.add_files(vec![entry("report.html", "w")]);
        assert!(manifest.changed_runs.iter().all(|run| run.files.is_empty()));
        assert_eq!(
            manifest.entry("report.html"),
            Some(&entry("report.html", "w"))
        );
    }

    #[test]
    fn database_is_compared_with_its_entry() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join(DATABASE), "database").unwrap();
        let dir = RunDir::open(temp.path()).unwrap();
        assert_eq!(check_database(&dir).unwrap(), DatabaseCheck::NotListed);

        let write = |manifest: &Manifest| {
            let json = serde_json::to_vec(manifest).unwrap();
            fs::write(temp.path().join(MANIFEST), json).unwrap();
        };
        let mut listed = manifest(vec![manifest_entry(&dir, DATABASE).unwrap()]);
        write(&listed);
        assert_eq!(check_database(&dir).unwrap(), DatabaseCheck::Unchanged);
        assert!(refuse_changed_database(&dir).is_ok());

        for name in PENDING_CHANGES {
            let path = temp.path().join(name);
            fs::write(&path, "").unwrap();
            assert_eq!(check_database(&dir).unwrap(), DatabaseCheck::Unchanged);
            fs::write(&path, "x").unwrap();
            let error = refuse_changed_database(&dir).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
            fs::remove_file(path).unwrap();
        }

        fs::write(temp.path().join(DATABASE), "databasE").unwrap();
        let error = refuse_changed_database(&dir).unwrap_err().to_string();
        assert!(
            error.contains("expected") && error.contains("--changed-run"),
            "{error}"
        );
        assert!(listed.remove_database() && !listed.remove_database());
        write(&listed);
        assert_eq!(check_database(&dir).unwrap(), DatabaseCheck::NotListed);

        fs::write(temp.path().join(MANIFEST), "{").unwrap();
        assert!(matches!(check_database(&dir), Err(StoreError::Manifest(_))));
    }
}
