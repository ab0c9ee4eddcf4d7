//! `dragnet shard merge`: makes one run of the committed shards. What is not committed is a gap,
//! whatever the engine that ran the shards says.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::ShardError;
use super::plan::read_shard_plan;
use super::store::{ShardStore, in_background};
use super::transfer::ShardPlace;
use crate::commands::connection::Connection;
use crate::commands::new_run::NewRun;
use crate::commands::run_output::{OutputSettings, RunOutput};
use crate::commands::signing::Signing;
use crate::commands::{CommandError, Environment};
use crate::config::Config;
use crate::geoip::GeoIp;
use crate::settings::SweepSettings;
use crate::shard::{Sealed, ShardKey, ShardPlan, ShardSpec};
use crate::store::{
    MissingParts, MissingShard, PlaceSlice, RunDir, RunEnding, RunFacts, RunReader, ShardDatabase,
    SlicedPlace, StoreError, check_snapshot, merge_shards,
};
use crate::sweep::{RegionPart, TimeSlice, WindowBasis, log_time_range};
use dragnet_model::Region;

/// The folder of the downloaded databases, below the parent of the run.
const DOWNLOADS: &str = ".shards-";

/// What is merged.
#[derive(Debug)]
pub struct MergeJob<'m> {
    /// AWS or the practice range. No call is made, except to the store.
    pub environment: &'m Environment,
    /// The configuration, which has the external ids.
    pub config: &'m Config,
    /// The store.
    pub store: ShardStore,
    /// The key of the plan.
    pub key: ShardKey,
    /// The parent of the run's directory.
    pub out: PathBuf,
    /// Where addresses belong, for the files of the run.
    pub geoip: Option<Arc<GeoIp>>,
}

/// A merged run.
#[derive(Debug)]
pub struct Merged {
    /// The files of the run.
    pub output: RunOutput,
    /// The settings of the sweep.
    pub settings: SweepSettings,
    /// The shards without a result that can be used, each with the reason.
    pub missing: Vec<(usize, String)>,
}

/// Merges the committed shards of a plan into one run.
///
/// # Errors
/// The plan cannot be used, or the run cannot be written.
pub async fn merge_run(job: MergeJob<'_>) -> Result<Merged, CommandError> {
    let sealed = read_shard_plan(&job.store, &job.key).await?;
    let plan = &sealed.content;
    let settings = SweepSettings::from_stored(
        &plan.settings,
        &plan.settings_sha256,
        job.config,
        job.out.clone(),
    )?;
    let new = create_run(plan, &job.out)?;
    let directory = new.dir.path().to_owned();
    let merged = write_run(&job, &sealed, new, &settings).await;
    let (output, missing) = merged.inspect_err(|_| {
        // It has nothing that the store does not have.
        _ = fs::remove_dir_all(&directory);
    })?;
    Ok(Merged {
        output,
        settings,
        missing,
    })
}

fn create_run(plan: &ShardPlan, out: &Path) -> Result<NewRun, CommandError> {
    let run_id = plan.run_id.parse().map_err(|_| ShardError::Damaged {
        name: "the plan".to_owned(),
        problem: format!("`{}` is not a run id", plan.run_id),
    })?;
    Ok(NewRun {
        dir: RunDir::create(out, &run_id)?,
        run_id,
        started: plan.started(),
    })
}

async fn write_run(
    job: &MergeJob<'_>,
    sealed: &Sealed<ShardPlan>,
    new: NewRun,
    settings: &SweepSettings,
) -> Result<(RunOutput, Vec<(usize, String)>), CommandError> {
    let plan = &sealed.content;
    let downloads = tempfile::Builder::new()
        .prefix(DOWNLOADS)
        .tempdir_in(&job.out)
        .map_err(ShardError::file(&job.out))?;
    let (shards, missing) = download_shards(job, sealed, downloads.path()).await?;
    let windows = WindowBasis::EventTime(settings.window);
    let connection = Connection::without_aws(job.environment);
    let mut facts = new.facts(&connection, settings, &windows);
    if let Ok(arn) = plan.caller_arn.parse() {
        facts.caller_arn.set(&arn);
    }
    facts.unmatched_selectors.set(&plan.unmatched_selectors);
    if plan.assigned_accounts_only {
        facts.assigned_accounts_only.set(&true);
    }
    let earlier = connection.register_run(&new.run_id, new.dir.path(), settings.window);
    facts.earlier_runs.set_as(&without_run(earlier, plan));
    facts.finished.set(&plan.started());
    facts.set_from_shards(&read_facts(downloads.path(), &shards)?)?;
    facts.ended.set(&RunEnding::Swept);
    let gaps = MissingParts {
        shards: missing
            .iter()
            .filter_map(|(index, reason)| Some((plan.shards.get(*index)?, *index, reason)))
            .flat_map(|(spec, index, reason)| missing_rows(plan, spec, (index, reason)))
            .collect(),
        sliced: sliced_places(plan, log_time_range(settings.window), &missing),
    };
    let dir = new.dir.clone();
    in_background(move || {
        merge_shards(&dir, &facts, &shards, &gaps).map_err(|error| ShardError::Damaged {
            name: "a result".to_owned(),
            problem: error.to_string(),
        })
    })
    .await?;
    drop(downloads);
    let outputs = OutputSettings {
        formats: settings.formats.clone(),
        registry: connection.registry.clone(),
        signing: Signing::from_reach(&settings.reach),
        geoip: job.geoip.clone(),
    };
    // The database is complete: there is no writer to wait for.
    let writer = tokio::spawn(async { Ok::<(), StoreError>(()) });
    Ok((outputs.write(writer, new.dir).await?, missing))
}

/// Downloads the results. A shard without one, or with one that this key did not seal, is missing.
async fn download_shards(
    job: &MergeJob<'_>,
    sealed: &Sealed<ShardPlan>,
    downloads: &Path,
) -> Result<(Vec<ShardDatabase>, Vec<(usize, String)>), ShardError> {
    let mut shards = Vec::new();
    let mut missing = Vec::new();
    for index in 0..sealed.content.shards.len() {
        let place = ShardPlace {
            store: job.store.clone(),
            key: job.key.clone(),
            plan: sealed.hash.clone(),
            shard: index,
        };
        let folder = downloads.join(format!("{index:05}"));
        fs::create_dir(&folder).map_err(ShardError::file(&folder))?;
        match download_shard(&place, &folder).await {
            Ok(Some(path)) => shards.push(ShardDatabase { index, path }),
            Ok(None) => missing.push((index, "it has no committed result".to_owned())),
            Err(error) if error.is_of_store() => return Err(error),
            Err(error) => {
                let causes = crate::aws::causes(&error);
                missing.push((index, format!("its result was rejected: {causes}")));
            }
        }
    }
    Ok((shards, missing))
}

async fn download_shard(place: &ShardPlace, folder: &Path) -> Result<Option<PathBuf>, ShardError> {
    let Some(manifest) = place.manifest(true).await? else {
        return Ok(None);
    };
    let path = folder.join("run.db");
    place.download(&manifest, &path).await?;
    let database = path.clone();
    in_background(move || {
        check_snapshot(&database).map_err(|error| ShardError::Damaged {
            name: "the database of a result".to_owned(),
            problem: error.to_string(),
        })
    })
    .await?;
    Ok(Some(path))
}

/// Leaves out the run itself, which is in the list if it was merged before.
fn without_run(mut earlier: Vec<String>, plan: &ShardPlan) -> Vec<String> {
    earlier.retain(|id| *id != plan.run_id);
    earlier
}

/// Reads the facts of the shards.
fn read_facts(downloads: &Path, shards: &[ShardDatabase]) -> Result<Vec<RunFacts>, CommandError> {
    let mut facts = Vec::with_capacity(shards.len());
    for shard in shards {
        let dir = RunDir::open(&downloads.join(format!("{:05}", shard.index)))?;
        facts.push(RunReader::open_without_indexes(&dir)?.facts()?);
    }
    Ok(facts)
}

fn describe_missing(plan: &ShardPlan, index: usize, reason: &str) -> String {
    format!("shard {index} of {}: {reason}", plan.shards.len())
}

/// Returns the log groups that several shards read in a range of log time, with what is missing of them.
fn sliced_places(
    plan: &ShardPlan,
    range: (i64, i64),
    missing: &[(usize, String)],
) -> Vec<SlicedPlace> {
    let slice_of = |(shard, slice): (usize, TimeSlice)| {
        let (from_ms, to_ms) = slice.part_of(range)?;
        let reason = missing.iter().find(|(index, _)| *index == shard);
        Some(PlaceSlice {
            from_ms,
            to_ms,
            missing: reason.map(|(index, reason)| describe_missing(plan, *index, reason)),
        })
    };
    let groups = plan.sliced.iter();
    groups
        .map(|sliced| SlicedPlace {
            account: sliced.group.target.account,
            region: sliced.group.target.region.clone(),
            location: sliced.group.name.clone(),
            slices: sliced.slices().filter_map(slice_of).collect(),
        })
        .collect()
}

/// Returns the gaps that a missing shard leaves.
fn missing_rows(
    plan: &ShardPlan,
    spec: &ShardSpec,
    (index, reason): (usize, &String),
) -> Vec<MissingShard> {
    let mut rows = Vec::new();
    for (account, part) in &spec.accounts {
        let member = plan.members.iter().find(|member| member.id == *account);
        let row = |region: Option<Region>| MissingShard {
            account: *account,
            account_name: member.map(|member| member.name.clone()).unwrap_or_default(),
            region,
            detail: describe_missing(plan, index, reason),
        };
        match part {
            RegionPart::AllExcept(_) => rows.push(row(None)),
            RegionPart::Only(regions) => {
                rows.extend(regions.iter().cloned().map(|region| row(Some(region))));
            }
        }
    }
    rows
}
