//! `dragnet shard status`: the shards of the plan, minus those that are committed.

use serde::Serialize;

use super::error::ShardError;
use super::plan::read_shard_plan;
use super::store::ShardStore;
use super::transfer::ShardPlace;
use crate::shard::{ResultManifest, ShardKey};

/// How far a sweep in shards is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShardStatus {
    /// The id of the merged run.
    pub run_id: String,
    /// The shards.
    pub shards: Vec<ShardRow>,
}

/// How far a shard is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShardRow {
    /// Its number.
    pub shard: usize,
    /// `committed`, `checkpoint`, `waiting`, or `rejected`.
    pub state: &'static str,
    /// When that was written: RFC 3339.
    pub written: Option<String>,
    /// Why its result was rejected.
    pub problem: Option<String>,
    /// The number of its accounts, or parts of accounts.
    pub accounts: usize,
    /// About how many calls it takes.
    pub calls: u64,
    /// About how many bytes are read.
    pub bytes: u64,
}

impl ShardStatus {
    /// Whether every shard is committed.
    pub fn is_complete(&self) -> bool {
        self.shards.iter().all(|row| row.state == "committed")
    }
}

/// Reads how far a sweep in shards is.
///
/// # Errors
/// The plan or the store cannot be read.
pub async fn read_status(store: &ShardStore, key: &ShardKey) -> Result<ShardStatus, ShardError> {
    let sealed = read_shard_plan(store, key).await?;
    let mut shards = Vec::new();
    for (shard, spec) in sealed.content.shards.iter().enumerate() {
        let place = ShardPlace {
            store: store.clone(),
            key: key.clone(),
            plan: sealed.hash.clone(),
            shard,
        };
        let (state, written, problem) = state_of(&place).await?;
        shards.push(ShardRow {
            shard,
            state,
            written,
            problem,
            accounts: spec.accounts.len(),
            calls: spec.calls,
            bytes: spec.bytes,
        });
    }
    Ok(ShardStatus {
        run_id: sealed.content.run_id,
        shards,
    })
}

async fn state_of(
    place: &ShardPlace,
) -> Result<(&'static str, Option<String>, Option<String>), ShardError> {
    let written = |manifest: ResultManifest| Some(manifest.written);
    let committed = match place.manifest(true).await {
        Err(error) if error.is_of_store() => return Err(error),
        Err(error) => return Ok(("rejected", None, Some(crate::aws::causes(&error)))),
        Ok(committed) => committed,
    };
    if let Some(manifest) = committed {
        return Ok(("committed", written(manifest), None));
    }
    Ok(match place.manifest(false).await {
        Ok(Some(manifest)) => ("checkpoint", written(manifest), None),
        Ok(None) => ("waiting", None, None),
        Err(error) if error.is_of_store() => return Err(error),
        // A shard starts anew if its checkpoint cannot be used.
        Err(error) => ("waiting", None, Some(crate::aws::causes(&error))),
    })
}
