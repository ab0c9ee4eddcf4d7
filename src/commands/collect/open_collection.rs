//! A collection that is open: new, or one that an earlier process started.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::export::export;
use super::file_error::file_error;
use super::manifest::CollectionManifest;
use crate::cli::UsageError;
use crate::commands::connection::Connection;
use crate::commands::interrupt::Interrupt;
use crate::commands::run_output::RunOutput;
use crate::commands::sweep::has_searched_nothing;
use crate::commands::{CommandError, Resumable, print_note, run_sweep};
use crate::config::Config;
use crate::files::CollectionFile;
use crate::report::RunStatus;
use crate::settings::{CollectSettings, ProgressStyle, SweepSettings};
use crate::store::StoreError;
use crate::sweep::SweepError;
use dragnet_model::WindowEnd;
use dragnet_model::time::rfc3339_ms;

/// A collection that is open.
#[derive(Debug)]
pub struct OpenCollection {
    directory: PathBuf,
    sweep: SweepSettings,
    /// The run of an earlier process.
    earlier: Option<Resumable>,
}

/// What was collected.
#[derive(Debug)]
pub struct Collected {
    /// The run with which the records were read.
    pub outputs: RunOutput,
    /// What the manifest of the collection says; `None` if the run was interrupted, so that there
    /// is none yet.
    pub manifest: Option<CollectionManifest>,
}

impl OpenCollection {
    /// Opens a collection. Nothing is written yet.
    ///
    /// # Errors
    /// The directory contains something else, or a collection of other records.
    pub fn open(
        settings: CollectSettings,
        practice: bool,
        config: &Config,
    ) -> Result<Self, CommandError> {
        let CollectSettings { sweep, directory } = settings;
        let Some(earlier) = find_earlier_run(&directory)? else {
            return Ok(Self {
                directory,
                sweep,
                earlier: None,
            });
        };
        if earlier.is_practice()? != practice {
            let problem = if practice {
                "it has a collection of AWS, and --practice was given"
            } else {
                "it has a collection of the practice organization, and --practice was not given"
            };
            return Err(refusal(&directory, problem));
        }
        let stored = earlier.settings(config)?;
        if let Some(problem) = difference(&stored, &sweep) {
            return Err(refusal(&directory, problem));
        }
        Ok(Self {
            directory,
            sweep: stored,
            earlier: Some(earlier),
        })
    }

    /// What is collected.
    pub fn settings(&self) -> &SweepSettings {
        &self.sweep
    }

    /// Whether an earlier process started the collection.
    pub fn is_continued(&self) -> bool {
        self.earlier.is_some()
    }

    /// Reads the records, and writes their files.
    ///
    /// # Errors
    /// Nothing could be collected at all, or the files cannot be written.
    pub async fn collect(
        self,
        connection: Connection,
        config: &Config,
        progress: ProgressStyle,
        interrupt: impl Into<Interrupt>,
    ) -> Result<Collected, CommandError> {
        let Self {
            directory,
            sweep,
            earlier,
        } = self;
        let (outputs, failure) = match earlier {
            Some(run) => {
                let run = continue_run(run, connection, (sweep, config), progress, interrupt);
                Box::pin(run).await?
            }
            None => Box::pin(run_sweep(connection, sweep, progress, interrupt)).await?,
        };
        if let Some(error) = failure {
            if has_searched_nothing(&outputs.files, &error) {
                remove_run(&directory, &outputs.directory);
            }
            return Err(error.into());
        }
        if outputs.files.summary.status == RunStatus::Interrupted {
            return Ok(Collected {
                outputs,
                manifest: None,
            });
        }
        if progress != ProgressStyle::None {
            print_note("Writing the records");
        }
        let exported = tokio::task::spawn_blocking(move || {
            let manifest = export(&directory, &outputs, command_line())?;
            Ok::<_, CommandError>(Collected {
                outputs,
                manifest: Some(manifest),
            })
        });
        exported
            .await
            .map_err(|error| StoreError::Damaged(error.to_string()))?
    }
}

/// Reads what an earlier process left, if anything.
async fn continue_run(
    run: Resumable,
    connection: Connection,
    (sweep, config): (SweepSettings, &Config),
    progress: ProgressStyle,
    interrupt: impl Into<Interrupt>,
) -> Result<(RunOutput, Option<SweepError>), CommandError> {
    if let Some(files) = run.finished_files(&connection.registry)? {
        let directory = run.directory().to_owned();
        return Ok((RunOutput { directory, files }, None));
    }
    run.check_signature(config).await?;
    Box::pin(run.resume(connection, sweep, progress, interrupt)).await
}

/// Returns the command as it was given, for the manifest.
fn command_line() -> Vec<String> {
    std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// Removes a run that contains nothing, and its directories if nothing else is in them.
fn remove_run(directory: &Path, run: &Path) {
    // What cannot be removed is continued by the next command.
    _ = fs::remove_dir_all(run);
    _ = fs::remove_dir(directory.join(CollectionFile::Runs.as_str()));
    _ = fs::remove_dir(directory);
}

/// Returns the run of a collection that an earlier process started; `None` if nothing was written.
fn find_earlier_run(directory: &Path) -> Result<Option<Resumable>, CommandError> {
    let entries = entries_of(directory)?;
    let runs = directory.join(CollectionFile::Runs.as_str());
    for run in entries_of(&runs)? {
        if !run.join("run.db").is_file() {
            continue;
        }
        match Resumable::open(&run) {
            Ok(found) if found.is_collection() => return Ok(Some(found)),
            Ok(_) => return Err(refusal(directory, "it has a run that is no collection")),
            // A process that is killed while it starts leaves an empty database.
            Err(CommandError::Store(StoreError::NeverStarted)) => {}
            Err(error) => return Err(error),
        }
    }
    if entries.iter().all(|entry| *entry == runs) {
        Ok(None)
    } else {
        Err(refusal(directory, "it is not empty"))
    }
}

/// Returns the paths in a directory, sorted; none if it does not exist.
fn entries_of(directory: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let listed = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed,
    };
    let paths = listed.and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<PathBuf>>>()
    });
    let mut paths = paths.map_err(file_error("read", directory))?;
    paths.sort();
    Ok(paths)
}

/// Returns why a stored collection does not have what is to be collected.
fn difference(stored: &SweepSettings, wanted: &SweepSettings) -> Option<String> {
    if stored.reach.scope != wanted.reach.scope {
        return Some("it has a collection of other accounts, Regions or log groups".to_owned());
    }
    if stored.sources != wanted.sources {
        return Some("it has a collection of other --sources".to_owned());
    }
    let is_too_short = wanted.window.from() < stored.window.from()
        || (wanted.window_end == WindowEnd::Given && wanted.window.to() > stored.window.to());
    is_too_short.then(|| {
        format!(
            "it has a collection from {} to {}, which is not all of the window",
            rfc3339_ms(stored.window.from()),
            rfc3339_ms(stored.window.to())
        )
    })
}

fn refusal(directory: &Path, problem: impl Into<String>) -> CommandError {
    let directory = directory.display().to_string();
    let problem = problem.into();
    UsageError::CollectionDirectory { directory, problem }.into()
}
