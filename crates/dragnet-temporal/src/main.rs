//! Runs the shards of a Dragnet sweep with Temporal, which starts them on several machines, and again
//! where one fails. The plan, the results and the proof that all of them are there belong to
//! `dragnet shard`.
//!
//! The server is named by the environment variables of Temporal: `TEMPORAL_ADDRESS`,
//! `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS`.

mod shard_activity;
mod sweep_workflow;

use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use serde::Deserialize;
use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::{
    Client, ClientOptions, Connection, WorkflowDescribeOptions, WorkflowGetResultOptions,
    WorkflowIdConflictPolicy, WorkflowStartOptions,
};
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use shard_activity::ShardActivities;
use sweep_workflow::{ShardedSweep, SweepInput};

type AnyError = Box<dyn std::error::Error>;

/// The exit code if a shard is not committed, as that of `dragnet shard status`.
const INCOMPLETE: u8 = 3;
/// How long the processes of an interrupted worker may take to write their last checkpoints.
const SHUTDOWN: Duration = Duration::from_secs(1);
/// How many workflows a worker decides about at the same time.
const WORKFLOW_SLOTS: usize = 10;

/// Runs the shards of a Dragnet sweep with Temporal.
#[derive(Debug, Parser)]
#[command(name = "dragnet-temporal", version)]
struct Arguments {
    /// The task queue.
    #[arg(long, global = true, default_value = "dragnet", value_name = "NAME")]
    task_queue: String,
    /// The program `dragnet`.
    #[arg(long, global = true, default_value = "dragnet", value_name = "FILE")]
    dragnet: PathBuf,
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Start all shards of a plan
    Start(StartArguments),
    /// Run shards on this machine until it is interrupted
    Worker(WorkerArguments),
    /// Show what Temporal and the store say about a sweep
    Status(StatusArguments),
}

#[derive(Debug, Args)]
struct StartArguments {
    /// The store of the plan: a directory, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "STORE")]
    store: String,
    /// Wait until all shards have ended
    #[arg(long)]
    wait: bool,
    /// Seconds without a heartbeat after which a shard is started elsewhere
    #[arg(long, default_value_t = 15, value_name = "SECONDS")]
    heartbeat_seconds: u64,
    /// The longest time of one attempt, in seconds
    #[arg(long, default_value_t = 86_400, value_name = "SECONDS")]
    attempt_seconds: u64,
    /// How often a shard is attempted
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    attempts: u32,
    /// Options for every call of dragnet
    #[arg(last = true, value_name = "OPTION")]
    arguments: Vec<String>,
}

#[derive(Debug, Args)]
struct WorkerArguments {
    /// How many shards run at the same time
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    processes: usize,
    /// Directory for the databases while shards run
    #[arg(long, value_name = "DIRECTORY")]
    work: Option<PathBuf>,
    /// Seconds between two checkpoints
    #[arg(long, value_name = "SECONDS")]
    checkpoint_seconds: Option<u32>,
    /// Options for every call of dragnet
    #[arg(last = true, value_name = "OPTION")]
    arguments: Vec<String>,
}

#[derive(Debug, Args)]
struct StatusArguments {
    /// The store of the plan
    #[arg(long, value_name = "STORE")]
    store: String,
    /// Options for every call of dragnet
    #[arg(last = true, value_name = "OPTION")]
    arguments: Vec<String>,
}

/// What `dragnet shard status --json` prints.
#[derive(Debug, Deserialize)]
struct StoreStatus {
    run_id: String,
    shards: Vec<ShardState>,
}

#[derive(Debug, Deserialize)]
struct ShardState {
    state: String,
}

impl StoreStatus {
    fn committed(&self) -> usize {
        let committed = |shard: &&ShardState| shard.state == "committed";
        self.shards.iter().filter(committed).count()
    }

    fn workflow_id(&self) -> String {
        format!("dragnet-{}", self.run_id)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Task::Start(start) => run_start(&arguments, start).await,
        Task::Worker(worker) => run_worker(&arguments, worker).await,
        Task::Status(status) => show_status(&arguments, status).await,
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

async fn connect() -> Result<Client, AnyError> {
    let options = LoadClientConfigProfileOptions::default();
    let (connection, client) = ClientOptions::load_from_config(options)?;
    Ok(Client::new(Connection::connect(connection).await?, client)?)
}

/// Asks `dragnet` what the store has.
async fn store_status(
    arguments: &Arguments,
    store: &str,
    options: &[String],
) -> Result<StoreStatus, AnyError> {
    let output = Command::new(&arguments.dragnet)
        .args(options)
        .args(["--json", "shard", "status", "--store", store])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("failed to read the plan of {store}: {error}").into())
}

async fn run_start(arguments: &Arguments, start: &StartArguments) -> Result<ExitCode, AnyError> {
    let status = store_status(arguments, &start.store, &start.arguments).await?;
    let id = status.workflow_id();
    let input = SweepInput {
        id: id.clone(),
        store: start.store.clone(),
        first: 0,
        end: status.shards.len(),
        heartbeat_seconds: start.heartbeat_seconds,
        attempt_seconds: start.attempt_seconds,
        attempts: start.attempts,
    };
    let client = connect().await?;
    // Started twice, the sweep is the same one.
    let options = WorkflowStartOptions::new(arguments.task_queue.clone(), id.clone())
        .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
        .build();
    let handle = client
        .start_workflow(ShardedSweep::run, input, options)
        .await?;
    println!("{id}");
    if !start.wait {
        return Ok(ExitCode::SUCCESS);
    }
    let options = WorkflowGetResultOptions::default();
    let outcome = handle.get_result(options).await?;
    for (shard, problem) in &outcome.failed {
        eprintln!("shard {shard}: {problem}");
    }
    let status = store_status(arguments, &start.store, &start.arguments).await?;
    Ok(report(&status))
}

async fn run_worker(arguments: &Arguments, worker: &WorkerArguments) -> Result<ExitCode, AnyError> {
    let mut run_arguments = Vec::new();
    if let Some(work) = &worker.work {
        run_arguments.extend(["--work".to_owned(), work.display().to_string()]);
    }
    if let Some(seconds) = worker.checkpoint_seconds {
        run_arguments.extend(["--checkpoint-seconds".to_owned(), seconds.to_string()]);
    }
    let activities = ShardActivities {
        dragnet: arguments.dragnet.clone(),
        arguments: worker.arguments.clone(),
        run_arguments,
    };
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let tuner = TunerHolder::builder()
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(WORKFLOW_SLOTS))
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(worker.processes))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        .build();
    let options = WorkerOptions::new(arguments.task_queue.clone())
        .register_workflow::<ShardedSweep>()?
        .register_activities(activities)
        .tuner(tuner)
        .graceful_shutdown_period(SHUTDOWN)
        .build();
    let mut worker = Worker::new(&runtime, connect().await?, options)?;
    let shut_down = worker.shutdown_handle();
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        shut_down();
    });
    worker.run().await?;
    Ok(ExitCode::SUCCESS)
}

async fn show_status(
    arguments: &Arguments,
    status: &StatusArguments,
) -> Result<ExitCode, AnyError> {
    let store = store_status(arguments, &status.store, &status.arguments).await?;
    let client = connect().await?;
    let handle = client.get_workflow_handle::<ShardedSweep>(store.workflow_id());
    match handle.describe(WorkflowDescribeOptions::default()).await {
        Ok(described) => println!("{}: {:?}", store.workflow_id(), described.status()),
        Err(error) => println!("{}: {error}", store.workflow_id()),
    }
    Ok(report(&store))
}

/// Prints what is committed. Only that is complete, whatever Temporal says.
fn report(status: &StoreStatus) -> ExitCode {
    let committed = status.committed();
    let shards = status.shards.len();
    println!("{committed} of {shards} shards are committed");
    if committed == shards {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(INCOMPLETE)
    }
}
