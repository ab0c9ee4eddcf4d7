//! The database of a shard: of this machine, of the last checkpoint, or new.

use std::fs;
use std::path::Path;

use super::error::ShardError;
use super::transfer::ShardPlace;
use crate::commands::CommandError;
use crate::commands::connection::Connection;
use crate::commands::new_run::NewRun;
use crate::settings::SweepSettings;
use crate::shard::ShardPlan;
use crate::store::{Checkpoint, Journal, RunDir, RunLock, StoreError, Writer, check_snapshot};
use crate::sweep::WindowBasis;
use dragnet_model::RunId;

/// The database of a shard, open for writing.
pub(super) struct OpenShard {
    pub dir: RunDir,
    pub lock: RunLock,
    pub journal: Journal,
    pub writer: Writer,
    pub checkpoint: Checkpoint,
}

impl OpenShard {
    /// Opens the database that this machine has, or that of the last checkpoint, or a new one.
    pub(super) async fn open(
        place: &ShardPlace,
        plan: &ShardPlan,
        connection: &Connection,
        settings: &SweepSettings,
        work: &Path,
    ) -> Result<Self, CommandError> {
        let run_id = run_id(plan)?;
        let parent = work.join(format!("{}-{:05}", short(&place.plan), place.shard));
        let path = parent.join(run_id.as_str());
        if path.exists() {
            match Self::resume(&path) {
                Ok(open) => return Ok(open),
                Err(error @ StoreError::Locked { .. }) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!("the database of an earlier attempt is not used: {error}");
                    fs::remove_dir_all(&path).map_err(ShardError::file(&path))?;
                }
            }
        }
        let dir = RunDir::create(&parent, &run_id)?;
        if Self::restore(place, &dir).await? {
            return Ok(Self::resume(&path)?);
        }
        let new = NewRun {
            dir,
            run_id,
            started: plan.started(),
        };
        let windows = WindowBasis::EventTime(settings.window);
        let facts = new.facts(connection, settings, &windows);
        let lock = RunLock::acquire(&new.dir)?;
        let (journal, writer) = Journal::create(&new.dir, &facts)?;
        Ok(Self {
            dir: new.dir,
            lock,
            journal,
            writer,
            checkpoint: Checkpoint::default(),
        })
    }

    fn resume(path: &Path) -> Result<Self, StoreError> {
        let dir = RunDir::open(path)?;
        let lock = RunLock::acquire(&dir)?;
        let (journal, writer, checkpoint) = Journal::resume(&dir)?;
        Ok(Self {
            dir,
            lock,
            journal,
            writer,
            checkpoint,
        })
    }

    /// Writes the database of the last checkpoint. Returns `false` if there is none that can be used:
    /// the shard then starts anew, which costs time only.
    async fn restore(place: &ShardPlace, dir: &RunDir) -> Result<bool, ShardError> {
        let manifest = match place.manifest(false).await {
            Ok(Some(manifest)) => manifest,
            Ok(None) => return Ok(false),
            Err(error) if error.is_of_store() => return Err(error),
            Err(error) => {
                tracing::warn!("the checkpoint is not used: {error}");
                return Ok(false);
            }
        };
        let database = dir.database();
        let restored = place.download(&manifest, &database).await;
        let checked = restored.map_err(CommandError::from).and_then(|()| {
            check_snapshot(&database)?;
            Ok(())
        });
        if let Err(error) = checked {
            tracing::warn!("the checkpoint is not used: {error}");
            if database.exists() {
                fs::remove_file(&database).map_err(ShardError::file(&database))?;
            }
            return Ok(false);
        }
        Ok(true)
    }
}

/// Returns the id of the run.
pub(super) fn run_id(plan: &ShardPlan) -> Result<RunId, ShardError> {
    plan.run_id.parse().map_err(|_| ShardError::Damaged {
        name: "the plan".to_owned(),
        problem: format!("`{}` is not a run id", plan.run_id),
    })
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
