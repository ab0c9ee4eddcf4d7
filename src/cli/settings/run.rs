//! Resolves the argument that names a run.

use std::path::{Path, PathBuf};

use super::ResolveContext;
use crate::model::RunId;

/// The default directory of runs.
const RUNS: &str = "runs";

/// Returns the directory of a run that is given by its directory or, if it is in `./runs`, by its
/// id.
pub fn run_dir(run: &Path, surroundings: &ResolveContext<'_>) -> PathBuf {
    let path = surroundings.working_directory.join(run);
    match run.to_str().and_then(|text| text.parse::<RunId>().ok()) {
        Some(id) if !path.exists() => surroundings.working_directory.join(RUNS).join(id.as_str()),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::testing::with_resolve_context;

    #[test]
    fn a_run_is_named_by_its_directory_or_its_id() {
        with_resolve_context(|surroundings| {
            let named = |run: &str| {
                let path = run_dir(Path::new(run), surroundings);
                path.strip_prefix(surroundings.working_directory)
                    .unwrap()
                    .to_owned()
            };
            assert_eq!(
                named("20260301T120000Z-3f9a"),
                PathBuf::from("runs/20260301T120000Z-3f9a")
            );
            assert_eq!(named("elsewhere/x"), PathBuf::from("elsewhere/x"));
        });
    }
}
