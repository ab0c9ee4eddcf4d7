//! `dragnet shard plan`: discovers the organization, and writes the plan to the store.

use std::io::Read;

use super::error::ShardError;
use super::store::{ShardStore, in_background};
use crate::cli::UsageError;
use crate::commands::connection::Connection;
use crate::commands::new_run::VERSION;
use crate::commands::open_run::earlier_findings;
use crate::commands::{CommandError, plan};
use crate::settings::SweepSettings;
use crate::shard::{PLAN, PlanInputs, PlanSize, Sealed, ShardKey, ShardPlan, plan_shards};
use dragnet_model::RunId;
use tokio_util::sync::CancellationToken;

/// The largest plan, in bytes: some hundred thousand account-Regions.
const LARGEST_PLAN: u64 = 1 << 30;
/// zstd's default level.
const LEVEL: i32 = 3;

/// Makes the plan of a sweep in shards, and writes it to the store.
///
/// # Errors
/// The sweep cannot be planned or distributed, or the store has a plan.
pub async fn create_shard_plan(
    connection: &Connection,
    settings: &SweepSettings,
    size: PlanSize,
    (store, key): (&ShardStore, &ShardKey),
    cancel: CancellationToken,
) -> Result<Sealed<ShardPlan>, CommandError> {
    refuse_local_features(settings)?;
    if store.read(PLAN).await?.is_some() {
        return Err(ShardError::AlreadyPlanned(PLAN.to_owned()).into());
    }
    let started = connection.clock().now();
    let run_id = RunId::new(started, fastrand::u16(..));
    let sheet = plan::plan_for_shards(connection, settings, cancel).await?;
    let caller = connection.link.as_ref().map(|link| link.caller.arn.clone());
    let inputs = PlanInputs {
        sheet: &sheet,
        settings,
        run_id: &run_id,
        started,
        practice: connection.practice,
        earlier: earlier_findings(connection, settings, &run_id),
        caller_arn: caller.map(|arn| arn.to_string()).unwrap_or_default(),
        tool_version: VERSION,
    };
    let sealed = seal_error(Sealed::new(plan_shards(&inputs, size)))?;
    let text = seal_error(sealed.to_text(key))?;
    let packed = in_background(move || {
        zstd::stream::encode_all(text.as_slice(), LEVEL).map_err(ShardError::file(PLAN.as_ref()))
    });
    if !store.create(PLAN, packed.await?).await? {
        return Err(ShardError::AlreadyPlanned(PLAN.to_owned()).into());
    }
    Ok(sealed)
}

/// Reads the plan of a store.
///
/// # Errors
/// The store has no plan, or one that this key did not seal.
pub async fn read_shard_plan(
    store: &ShardStore,
    key: &ShardKey,
) -> Result<Sealed<ShardPlan>, ShardError> {
    let packed = store.read(PLAN).await?;
    let packed = packed.ok_or_else(|| ShardError::NoPlan(PLAN.to_owned()))?;
    let text = in_background(move || unpack(&packed)).await?;
    seal_error(Sealed::parse(&text, key))
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, ShardError> {
    let failed = || ShardError::file(PLAN.as_ref());
    let decoder = zstd::stream::read::Decoder::new(packed).map_err(failed())?;
    let mut text = Vec::new();
    decoder
        .take(LARGEST_PLAN)
        .read_to_end(&mut text)
        .map_err(failed())?;
    Ok(text)
}

fn seal_error<T>(result: Result<T, crate::shard::InvalidSeal>) -> Result<T, ShardError> {
    result.map_err(|source| ShardError::Seal {
        name: PLAN.to_owned(),
        source,
    })
}

/// Refuses what only one machine can do: files on its disk, and rounds that depend on all sightings.
fn refuse_local_features(settings: &SweepSettings) -> Result<(), UsageError> {
    let feature = if settings.files.is_some() {
        "--files"
    } else if settings.follow.is_some() {
        "--follow"
    } else {
        return Ok(());
    };
    Err(UsageError::NotInShards(feature))
}
