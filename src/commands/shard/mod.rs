//! `dragnet shard`: a sweep on several machines. One plans it, each runs shards, one merges them.

mod error;
mod merge;
mod open_shard;
mod plan;
mod run;
mod status;
mod store;
mod transfer;

use std::io::Write;
use std::path::PathBuf;

pub use error::ShardError;
pub use merge::{MergeJob, Merged, merge_run};
pub use plan::{create_shard_plan, read_shard_plan};
pub use run::{ShardEnd, ShardJob, run_shard};
pub use status::{ShardRow, ShardStatus, read_status};
pub use store::ShardStore;

use super::host_environment::{HostEnvironment, SHARD_KEY_VARIABLE};
use super::interrupt::{Interrupt, token_cancelled_on_signals};
use super::sweep::{EndOptions, conclude, print_field_notes};
use super::{CommandError, Connection, Environment, print_note};
use crate::cli::{
    GlobalArguments, MergeShardsArguments, PlanShardsArguments, RunShardArguments, ShardCommand,
    StoreLocation, load_config,
};
use crate::config::Config;
use crate::report::write_json;
use crate::settings::{GlobalSettings, ProgressStyle, Reach, SweepSettings};
use crate::shard::{PlanSize, ShardKey};
use dragnet_model::format::{count, plural};
use secrecy::ExposeSecret;

/// The exit code if a shard is not committed.
const INCOMPLETE: u8 = 3;
/// The exit code of an interrupted shard.
const INTERRUPTED: u8 = 130;
/// What continues an interrupted shard.
const CONTINUED_BY: &str = "run the shard again, here or elsewhere";
/// The variables in which engines number the tasks of an array job, from 0.
///
/// Sources: AWS Batch user guide, "Array jobs"; Kubernetes, "Jobs", "Completion mode"; Slurm, "Job
/// Array Support".
const INDEX_VARIABLES: [&str; 3] = [
    "AWS_BATCH_JOB_ARRAY_INDEX",
    "JOB_COMPLETION_INDEX",
    "SLURM_ARRAY_TASK_ID",
];

/// Plans, runs, shows or merges the shards of a sweep.
pub(super) async fn shard(
    global: &GlobalArguments,
    command: &ShardCommand,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    match command {
        ShardCommand::Plan(arguments) => plan_command(global, arguments, host, out).await,
        ShardCommand::Run(arguments) => run_command(global, arguments, host).await,
        ShardCommand::Status(arguments) => {
            let context = ShardContext::open(global, &arguments.store, host).await?;
            let status = read_status(&context.store, &context.key).await?;
            write_status(&status, context.settings.json, out)?;
            Ok(if status.is_complete() { 0 } else { INCOMPLETE })
        }
        ShardCommand::Merge(arguments) => merge_command(global, arguments, host).await,
    }
}

/// What all commands but the plan need.
struct ShardContext {
    settings: GlobalSettings,
    environment: Environment,
    config: Config,
    store: ShardStore,
    key: ShardKey,
}

impl ShardContext {
    async fn open(
        global: &GlobalArguments,
        location: &StoreLocation,
        host: &HostEnvironment,
    ) -> Result<Self, CommandError> {
        let settings = host.global_settings(global);
        let environment = Environment::from_settings(settings, host)?;
        let context = host.resolve_context(environment.clock().now());
        let mut config = load_config(global, &context)?;
        if let Some(profile) = &global.profile {
            config.identity.profile = Some(profile.clone());
        }
        let reach = Reach::from_config(&config, None)?;
        let store = ShardStore::open(location, &environment, &reach).await?;
        Ok(Self {
            settings,
            environment,
            config,
            store,
            key: find_key(false)?,
        })
    }
}

/// Returns the key of the environment variable, else that of the directory for persistent state, which
/// is created for a plan.
fn find_key(creates: bool) -> Result<ShardKey, ShardError> {
    if let Some(text) = HostEnvironment::shard_key() {
        return ShardKey::parse(text.expose_secret()).map_err(ShardError::Key);
    }
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let directory = HostEnvironment::state_directory();
    let directory = directory.ok_or_else(|| ShardError::KeyFile(missing()))?;
    let key = if creates {
        ShardKey::load_or_create(&directory)
    } else {
        ShardKey::load(&directory).and_then(|key| key.ok_or_else(missing))
    };
    key.map_err(ShardError::KeyFile)
}

async fn plan_command(
    global: &GlobalArguments,
    arguments: &PlanShardsArguments,
    host: &HostEnvironment,
    out: &mut dyn Write,
) -> Result<u8, CommandError> {
    let settings = host.global_settings(global);
    let environment = Environment::from_settings(settings, host)?;
    let context = host.resolve_context(environment.clock().now());
    let sweep = SweepSettings::resolve(global, &arguments.sweep, &context)?;
    print_field_notes(&sweep.hunts);
    let key = find_key(true)?;
    let connection = Connection::open(&environment, &sweep.reach).await?;
    let store = ShardStore::open(&arguments.store, &environment, &sweep.reach).await?;
    let plan = create_shard_plan(
        &connection,
        &sweep,
        PlanSize::new(arguments.shards.get()),
        (&store, &key),
        token_cancelled_on_signals(),
    );
    let plan = Box::pin(plan).await?.content;
    if HostEnvironment::shard_key().is_none()
        && let Some(directory) = HostEnvironment::state_directory()
    {
        let file = ShardKey::file(&directory);
        print_note(&format!(
            "Other machines need the key of the shards: set {SHARD_KEY_VARIABLE} to the content of {}",
            file.display()
        ));
    }
    if settings.json {
        write_json(&plan.shards, &mut *out)?;
        return Ok(0);
    }
    let shards = u64::try_from(plan.shards.len()).unwrap_or(u64::MAX);
    let calls: u64 = plan.shards.iter().map(|shard| shard.calls).sum();
    let longest = plan.shards.iter().map(|shard| shard.calls).max();
    writeln!(
        out,
        "Run {}: {} with about {} of AWS, at most {} in one",
        plan.run_id,
        plural(shards, "shard"),
        plural(calls, "call"),
        count(longest.unwrap_or_default())
    )?;
    Ok(0)
}

async fn run_command(
    global: &GlobalArguments,
    arguments: &RunShardArguments,
    host: &HostEnvironment,
) -> Result<u8, CommandError> {
    let index = find_index(arguments, host)?;
    let context = ShardContext::open(global, &arguments.store, host).await?;
    let job = ShardJob {
        environment: &context.environment,
        config: &context.config,
        store: context.store,
        key: context.key,
        index,
        work: arguments.work.clone().unwrap_or_else(default_work),
        checkpoint_interval: arguments.checkpoint_interval(),
    };
    let progress = context.settings.progress;
    let interrupt = Interrupt::from_signals_of(host, CONTINUED_BY);
    // On the heap, because the future of a sweep is large.
    let end = Box::pin(run_shard(job, progress, interrupt)).await?;
    let (text, code) = match end {
        ShardEnd::Committed => ("is committed", 0),
        ShardEnd::CommittedBefore => ("was committed before", 0),
        ShardEnd::Interrupted => ("is interrupted and has a checkpoint", INTERRUPTED),
    };
    if progress != ProgressStyle::None {
        print_note(&format!("Shard {index} {text}."));
    }
    Ok(code)
}

/// Returns a directory that only this user can write to.
fn default_work() -> PathBuf {
    let state = HostEnvironment::state_directory();
    state.unwrap_or_else(|| PathBuf::from(".")).join("shards")
}

fn find_index(arguments: &RunShardArguments, host: &HostEnvironment) -> Result<usize, ShardError> {
    if let Some(index) = arguments.index {
        return Ok(index);
    }
    let context = host.resolve_context(jiff::Timestamp::UNIX_EPOCH);
    let mut found = INDEX_VARIABLES.iter().filter_map(|name| {
        let value = (context.environment)(name)?;
        value.parse().ok()
    });
    found.next().ok_or(ShardError::NoIndex)
}

fn write_status(status: &ShardStatus, json: bool, out: &mut dyn Write) -> Result<(), CommandError> {
    if json {
        write_json(status, out)?;
        return Ok(());
    }
    let committed = |row: &&ShardRow| row.state == "committed";
    let number = status.shards.iter().filter(committed).count();
    for row in status.shards.iter().filter(|row| !committed(row)) {
        let written = row.written.as_deref().unwrap_or_default();
        let problem = row.problem.as_deref().unwrap_or_default();
        let line = format!("{:5}  {:10}  {written} {problem}", row.shard, row.state);
        writeln!(out, "{}", crate::report::escape(line.trim_end()))?;
    }
    writeln!(
        out,
        "Run {}: {number} of {} shards are committed",
        status.run_id,
        status.shards.len()
    )?;
    Ok(())
}

async fn merge_command(
    global: &GlobalArguments,
    arguments: &MergeShardsArguments,
    host: &HostEnvironment,
) -> Result<u8, CommandError> {
    let geoip = arguments.geoip.load()?;
    let context = ShardContext::open(global, &arguments.store, host).await?;
    let job = MergeJob {
        environment: &context.environment,
        config: &context.config,
        store: context.store,
        key: context.key,
        out: std::path::absolute(&arguments.out)?,
        geoip,
    };
    let Merged {
        output,
        settings,
        missing,
    } = Box::pin(merge_run(job)).await?;
    for (index, reason) in &missing {
        print_note(&format!("Shard {index} is missing: {reason}"));
    }
    let end = EndOptions {
        fail_on_sighting: settings.fail_on_sighting,
        streams: false,
    };
    conclude(&output, None, context.settings, host, end)
}
