//! The activity: runs one shard as a process of its own, which Dragnet can do without Temporal.
//!
//! The process prints its progress as JSON lines, once a second. The worker sends a heartbeat from time
//! to time, so that Temporal notices within seconds that a worker is gone, and starts the shard on another
//! one. There it continues from its last checkpoint in the store, not from the heartbeat. If two workers
//! run the same shard, one of them commits it.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use temporalio_common::error::ApplicationFailure;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

/// How often a heartbeat is sent. Temporal waits several times longer for one.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// The exit code of `dragnet` for wrong usage or configuration: another attempt ends the same way.
const WRONG_USAGE: i32 = 2;

/// A shard to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShardInput {
    /// The store of the sweep.
    pub store: String,
    /// The number of the shard.
    pub shard: usize,
}

/// Runs shards on this machine.
#[derive(Debug)]
pub struct ShardActivities {
    /// The program.
    pub dragnet: PathBuf,
    /// Options for every call of it, such as `--config`.
    pub arguments: Vec<String>,
    /// The last options of `dragnet shard run`.
    pub run_arguments: Vec<String>,
}

#[activities]
impl ShardActivities {
    /// Runs a shard until it is committed, and returns the last line that it printed.
    #[activity]
    pub async fn run_shard(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ShardInput,
    ) -> Result<String, ActivityError> {
        let mut child = self.start(&input)?;
        let last_line = follow(&ctx, &mut child).await?;
        let status = child.wait().await?;
        if status.success() {
            return Ok(last_line);
        }
        if ctx.is_cancelled() {
            return Err(ActivityError::cancelled());
        }
        let problem = format!("shard {} ended with {status}: {last_line}", input.shard);
        let failure = if status.code() == Some(WRONG_USAGE) {
            ApplicationFailure::non_retryable(problem)
        } else {
            ApplicationFailure::new(problem)
        };
        Err(ActivityError::application(failure))
    }
}

impl ShardActivities {
    fn start(&self, input: &ShardInput) -> std::io::Result<Child> {
        Command::new(&self.dragnet)
            .args(&self.arguments)
            .args(["--progress", "json", "shard", "run"])
            .args(["--store", &input.store])
            .args(["--index", &input.shard.to_string()])
            .args(&self.run_arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

/// Sends heartbeats until the process closes its standard error. A cancellation interrupts the process,
/// which then writes a last checkpoint.
async fn follow(ctx: &ActivityContext, child: &mut Child) -> Result<String, ActivityError> {
    let mut last_line = String::new();
    let Some(stderr) = child.stderr.take() else {
        return Ok(last_line);
    };
    let mut lines = BufReader::new(stderr).lines();
    let mut is_interrupted = false;
    let mut next = Instant::now();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => last_line = line,
                None => return Ok(last_line),
            },
            () = sleep_until(next) => {
                next = Instant::now() + HEARTBEAT;
                ctx.record_heartbeat(last_line.clone()).await?;
            }
            () = ctx.cancelled(), if !is_interrupted => {
                is_interrupted = true;
                interrupt(child).await?;
            }
        }
    }
}

/// Sends SIGTERM. The standard library can only send SIGKILL, and this crate has no unsafe code.
async fn interrupt(child: &Child) -> std::io::Result<()> {
    let Some(id) = child.id() else {
        return Ok(());
    };
    Command::new("kill")
        .args(["-TERM", &id.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await?;
    Ok(())
}
