//! Resolves the argument that names a run.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use crate::cli::UsageError;
use crate::settings::ResolveContext;
use crate::store::list_runs;
use dragnet_model::RunId;

const DEFAULT_DIRECTORY: &str = "runs";
/// The name of the newest run.
const LAST: &str = "last";
/// The number of ids that the error for an unknown run names.
const NEAREST: usize = 3;

/// Returns the directory of a run that is given by its directory, its id in `./runs`, the beginning
/// of that id, or `last`. In a path, only the last component may be abbreviated: `elsewhere/last`.
///
/// # Errors
/// There is no such run, or several ids begin with the text.
pub fn run_dir(run: &Path, context: &ResolveContext<'_>) -> Result<PathBuf, UsageError> {
    let path = context.working_directory.join(run);
    let Some(name) = run.file_name().and_then(|name| name.to_str()) else {
        return Ok(path);
    };
    // A directory that is a run is not an abbreviation.
    if path.join("run.db").symlink_metadata().is_ok() {
        return Ok(path);
    }
    let default = Path::new(DEFAULT_DIRECTORY);
    let parent = run
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(default);
    let directory = context.working_directory.join(parent);
    // A directory that cannot be read has no runs that could be opened.
    let ids = list_runs(&directory).unwrap_or_default();
    let found: Vec<&RunId> = if name == LAST {
        ids.last().into_iter().collect()
    } else {
        matching_ids(name, &ids)
    };
    match found.as_slice() {
        [id] => Ok(directory.join(id.as_str())),
        // Opening it reports why it is not a run.
        [] if path.try_exists().unwrap_or(true) => Ok(path),
        [] => Err(UsageError::UnknownRun {
            given: run.display().to_string(),
            parent: parent.display().to_string(),
            nearest: nearest_ids(name, &ids),
        }),
        several => Err(UsageError::AmbiguousRun {
            given: run.display().to_string(),
            candidates: several.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// Returns the ids that begin with `prefix`.
fn matching_ids<'i>(prefix: &str, ids: &'i [RunId]) -> Vec<&'i RunId> {
    ids.iter()
        .filter(|id| id.as_str().starts_with(prefix))
        .collect()
}

/// Returns the ids that have most of their beginning in common with `name`, newest first.
fn nearest_ids(name: &str, ids: &[RunId]) -> Vec<String> {
    let mut nearest: Vec<&RunId> = ids.iter().rev().collect();
    // The sort is stable, so ids that are equally near stay in their order.
    nearest.sort_by_key(|id| Reverse(common_beginning(id, name)));
    nearest
        .into_iter()
        .take(NEAREST)
        .map(ToString::to_string)
        .collect()
}

fn common_beginning(id: &RunId, name: &str) -> usize {
    let pairs = id.as_str().chars().zip(name.chars());
    pairs.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::testing::with_resolve_context;

    #[test]
    fn directory_id_prefix_or_last_names_a_run() {
        with_resolve_context(|context| {
            let create = |path: &str| {
                let path = context.working_directory.join(path);
                std::fs::create_dir_all(path).unwrap();
            };
            for id in [
                "20260301T120000Z-3f9a",
                "20260301T120000Z-3f00",
                "20260228T235959Z-ffff",
            ] {
                create(&format!("runs/{id}"));
            }
            create("elsewhere/20260101T000000Z-0000");
            create("20260301");
            std::fs::write(context.working_directory.join("20260301/run.db"), "").unwrap();
            let resolve = |run: &str| {
                run_dir(Path::new(run), context).map(|path| {
                    let path = path.strip_prefix(context.working_directory).unwrap();
                    path.to_str().unwrap().to_owned()
                })
            };
            for (given, expected) in [
                ("20260301T120000Z-3f9a", "runs/20260301T120000Z-3f9a"),
                ("20260301T120000Z-3f9", "runs/20260301T120000Z-3f9a"),
                ("202602", "runs/20260228T235959Z-ffff"),
                ("elsewhere/last", "elsewhere/20260101T000000Z-0000"),
                ("elsewhere/2026", "elsewhere/20260101T000000Z-0000"),
                ("20260301", "20260301"),
                ("runs", "runs"),
            ] {
                assert_eq!(resolve(given).unwrap(), expected, "{given}");
            }
            let last = resolve("last").unwrap();
            assert!(last.starts_with("runs/20260301T120000Z-3f"), "{last}");
            let message = |given: &str| resolve(given).unwrap_err().to_string();
            let ambiguous = message("20260301T");
            for id in ["20260301T120000Z-3f9a", "20260301T120000Z-3f00"] {
                assert!(ambiguous.contains(id), "{ambiguous}");
            }
            let unknown = message("20260228T2400");
            assert!(
                unknown.contains(
                    "no run `20260228T2400` in runs; the nearest are 20260228T235959Z-ffff, "
                ),
                "{unknown}"
            );
            assert!(unknown.contains("dragnet runs list"), "{unknown}");
            assert!(message("other/x").contains("no run `other/x` in other, which has no runs"));
        });
    }
}
