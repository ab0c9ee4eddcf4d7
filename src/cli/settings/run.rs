//! Resolves the argument that names a run.

use std::path::{Path, PathBuf};

use super::ResolveContext;
use crate::model::RunId;

const DEFAULT_DIRECTORY: &str = "runs";

/// Returns the directory of a run that is given by its directory or, if it is in `./runs`, by its
/// id.
pub fn run_dir(run: &Path, context: &ResolveContext<'_>) -> PathBuf {
    let path = context.working_directory.join(run);
    match run.to_str().and_then(|text| text.parse::<RunId>().ok()) {
        Some(id) if !path.exists() => context
            .working_directory
            .join(DEFAULT_DIRECTORY)
            .join(id.as_str()),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::testing::with_resolve_context;

    #[test]
    fn directory_or_id_names_a_run() {
        with_resolve_context(|context| {
            let resolve = |run: &str| {
                let path = run_dir(Path::new(run), context);
                path.strip_prefix(context.working_directory)
                    .unwrap()
                    .to_owned()
            };
            assert_eq!(
                resolve("20260301T120000Z-3f9a"),
                PathBuf::from("runs/20260301T120000Z-3f9a")
            );
            assert_eq!(resolve("other/x"), PathBuf::from("other/x"));
        });
    }
}
