//! The end of a run: its database is closed, its files are written, and its manifest is signed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CommandError;
use super::interrupt::is_lost;
use super::manifest::find_origin;
use super::run_files::{RunFiles, write_files_from};
use super::signing::Signing;
use crate::config::Format;
use crate::geoip::GeoIp;
use crate::store::{RunDir, RunRegistry, StoreError, Writer};

/// The directory and the files of a run.
#[derive(Debug)]
pub struct RunOutput {
    /// The directory of the run.
    pub directory: PathBuf,
    /// The files of the run.
    pub files: RunFiles,
}

/// How the files of a run are written.
pub(super) struct OutputSettings {
    pub formats: Vec<Format>,
    pub registry: RunRegistry,
    pub signing: Signing,
    pub geoip: Option<Arc<GeoIp>>,
}

impl OutputSettings {
    /// Waits for the writer of the database, then writes the files of the run, and signs the
    /// manifest.
    ///
    /// # Errors
    /// The run ended before its files were written.
    pub(super) async fn write(
        self,
        writer: Writer,
        dir: RunDir,
    ) -> Result<RunOutput, CommandError> {
        let directory = dir.path().to_owned();
        match self.write_files(writer, dir).await {
            Ok(files) => Ok(RunOutput { directory, files }),
            Err(error) => Err(aborted(&directory, error)),
        }
    }

    async fn write_files(self, writer: Writer, dir: RunDir) -> Result<RunFiles, CommandError> {
        flatten_joined(writer.await)?;
        let Self {
            formats,
            registry,
            signing,
            geoip,
        } = self;
        let written_dir = dir.clone();
        let files = tokio::task::spawn_blocking(move || {
            let origin = find_origin(&written_dir, false)?;
            write_files_from(&written_dir, origin, &formats, &registry, geoip)
        });
        let mut files = flatten_joined(files.await)?;
        files.signature_problem = signing.sign(&dir).await.err();
        Ok(files)
    }
}

/// Returns the error for a run that ended before its files were written.
pub(super) fn aborted(directory: &Path, error: CommandError) -> CommandError {
    let run = directory.display().to_string();
    let cause = Box::new(error);
    if is_lost(directory) {
        CommandError::RunRemoved { run, cause }
    } else {
        CommandError::RunAborted { run, cause }
    }
}

/// Returns the result of a finished task.
pub(super) fn flatten_joined<T, E: Into<CommandError>>(
    joined: Result<Result<T, E>, tokio::task::JoinError>,
) -> Result<T, CommandError> {
    joined
        .map_err(|error| StoreError::Damaged(error.to_string()))?
        .map_err(Into::into)
}
