//! Writes the manifest of a run, and adds to it.

use super::CommandError;
use crate::report::{ReportError, write_json};
use crate::store::{
    ChangedRun, MANIFEST, Manifest, RunDir, StoreError, check_database, manifest_entry,
};

/// The name of the database.
pub(super) const DATABASE: &str = "run.db";

/// What the database of a run is, compared with its manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DatabaseOrigin {
    /// The one that the sweep wrote.
    Original,
    /// Another one, which the user wants to be used anyway.
    Changed,
}

/// Refuses a changed database, unless the user wants it to be used anyway.
pub(super) fn find_origin(
    dir: &RunDir,
    accepts_changed: bool,
) -> Result<DatabaseOrigin, StoreError> {
    use crate::store::DatabaseCheck::{Changed, NotListed, Unchanged};
    match check_database(dir)? {
        NotListed | Unchanged => Ok(DatabaseOrigin::Original),
        Changed(_) if accepts_changed => Ok(DatabaseOrigin::Changed),
        Changed(problem) => Err(StoreError::ChangedRun {
            run: dir.path().to_owned(),
            problem,
        }),
    }
}

/// Adds the files that were just written to the manifest, and creates it if there is none. `new` is
/// a manifest without files. Entries of other files stay as they are.
pub(super) fn extend_manifest(
    dir: &RunDir,
    new: Manifest,
    origin: DatabaseOrigin,
    names: &[String],
) -> Result<(), CommandError> {
    let mut written = Vec::new();
    for name in names {
        written.push(manifest_entry(dir, name)?);
    }
    let stored = Manifest::load(dir)?;
    let manifest = match (origin, stored) {
        (DatabaseOrigin::Changed, Some(mut stored)) => {
            let database = manifest_entry(dir, DATABASE)?;
            let changed = ChangedRun {
                tool_version: new.tool_version,
                bytes: database.bytes,
                sha256: database.sha256,
                files: Vec::new(),
            };
            stored.add_changed_run(changed, written);
            stored
        }
        (DatabaseOrigin::Original, Some(stored)) => {
            if stored.run_id != new.run_id {
                return Err(StoreError::Manifest(format!(
                    "it is of run {}, expected {}",
                    stored.run_id, new.run_id
                ))
                .into());
            }
            let mut manifest = Manifest {
                files: stored.files,
                changed_runs: stored.changed_runs,
                ..new
            };
            manifest.add_files(written);
            manifest
        }
        (_, None) => Manifest {
            files: written,
            ..new
        },
    };
    write_manifest(dir, &manifest)
}

/// Removes the entry of the database from the manifest, because a resumed sweep is about to change
/// it. If the sweep is killed, its database does not look like one that others changed.
pub(super) fn release_database(dir: &RunDir) -> Result<(), CommandError> {
    let Some(mut manifest) = Manifest::load(dir)? else {
        return Ok(());
    };
    if manifest.remove_database() {
        write_manifest(dir, &manifest)?;
    }
    Ok(())
}

fn write_manifest(dir: &RunDir, manifest: &Manifest) -> Result<(), CommandError> {
    dir.write_file(MANIFEST, |out| {
        write_json(manifest, out).map_err(ReportError::<StoreError>::from)
    })?;
    Ok(())
}
