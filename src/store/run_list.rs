//! Lists the runs in a directory.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use dragnet_model::RunId;

/// Returns the ids of the runs in `parent`, oldest first; none if `parent` does not exist. Only the
/// names of its entries are read.
///
/// # Errors
/// The directory cannot be read.
pub fn list_runs(parent: &Path) -> io::Result<Vec<RunId>> {
    let entries = match std::fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut ids: Vec<RunId> = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        ids.extend(name.to_str().and_then(|name| name.parse().ok()));
    }
    // Ids have a resolution of one second. Runs on the practice range, whose clock starts at the
    // same time in every process, differ only in when their directories were created.
    ids.sort_by_cached_key(|id| {
        (
            id.started(),
            creation_time(&parent.join(id.as_str())),
            id.clone(),
        )
    });
    Ok(ids)
}

/// When a directory was created; when it was changed last if the file system does not store that.
fn creation_time(path: &Path) -> Option<SystemTime> {
    let metadata = path.symlink_metadata().ok()?;
    metadata.created().or_else(|_| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn runs_are_listed_by_time_and_other_names_are_not() {
        let temp = tempfile::tempdir().unwrap();
        for name in [
            "20260302T120000Z-0001",
            "20260301T120000Z-ffff",
            "latest",
            "20260301T120000Z",
        ] {
            fs::create_dir(temp.path().join(name)).unwrap();
        }
        let ids: Vec<String> = list_runs(temp.path())
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ids, ["20260301T120000Z-ffff", "20260302T120000Z-0001"]);
        assert!(list_runs(&temp.path().join("absent")).unwrap().is_empty());
    }
}
