//! `dragnet shard run`: runs one shard, from its last checkpoint, and commits its result once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use console::Term;
use tokio::time::{Instant, sleep};

use super::error::ShardError;
use super::open_shard::{OpenShard, run_id};
use super::plan::read_shard_plan;
use super::store::{ShardStore, in_background};
use super::transfer::ShardPlace;
use crate::commands::connection::{AwsLink, Connection};
use crate::commands::end_recorder::EndRecorder;
use crate::commands::interrupt::Interrupt;
use crate::commands::run_output::flatten_joined;
use crate::commands::{CommandError, Environment};
use crate::config::Config;
use crate::progress::{LiveSources, RecentSightings, Reporter};
use crate::settings::{ProgressStyle, SweepSettings};
use crate::shard::{ResultManifest, ShardKey, ShardPlan, ShardSpec};
use crate::store::{Checkpoint, Journal, RunDir, write_snapshot};
use crate::sweep::{self, SweepParts, Tally, WindowBasis};
use dragnet_model::Arn;
use dragnet_model::time::{Clock, rfc3339_ms};

/// A checkpoint takes at most this part of the time: large ones are written less often.
const CHECKPOINT_SHARE: u32 = 10;

/// A shard to run.
#[derive(Debug)]
pub struct ShardJob<'j> {
    /// AWS or the practice range, with the identity of the machine.
    pub environment: &'j Environment,
    /// The configuration, which has the external ids.
    pub config: &'j Config,
    /// The store.
    pub store: ShardStore,
    /// The key of the plan.
    pub key: ShardKey,
    /// The number of the shard.
    pub index: usize,
    /// The directory for the database while the shard runs.
    pub work: PathBuf,
    /// How often a checkpoint is written.
    pub checkpoint_interval: Duration,
}

/// How the run of a shard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardEnd {
    /// This process committed its result.
    Committed,
    /// The shard was committed before, or by another machine meanwhile.
    CommittedBefore,
    /// The process was interrupted; the shard continues from its checkpoint.
    Interrupted,
}

/// Runs a shard.
///
/// # Errors
/// The plan or its settings cannot be used, the sweep failed as a whole, or the store cannot be
/// written.
pub async fn run_shard(
    job: ShardJob<'_>,
    progress: ProgressStyle,
    interrupt: impl Into<Interrupt>,
) -> Result<ShardEnd, CommandError> {
    let sealed = read_shard_plan(&job.store, &job.key).await?;
    let plan = sealed.content;
    let spec = plan.shard(job.index).map_err(ShardError::from)?;
    let place = ShardPlace {
        store: job.store.clone(),
        key: job.key.clone(),
        plan: sealed.hash,
        shard: job.index,
    };
    if place.manifest(true).await?.is_some() {
        return Ok(ShardEnd::CommittedBefore);
    }
    let settings = shard_settings(&plan, spec, &job)?;
    let fractions = plan.fractions(spec);
    let environment = job.environment.clone().with_fractions(fractions);
    let connection = Connection::open(&environment, &settings.reach).await?;
    check_caller(&plan, &connection)?;
    let run = OpenShard::open(&place, &plan, &connection, &settings, &job.work).await?;
    let search = Search {
        place,
        plan: &plan,
        settings,
        checkpoint_interval: job.checkpoint_interval,
        progress,
        interrupt: interrupt.into(),
    };
    search.run(run, connection).await
}

/// Returns the settings of a shard: those of the plan, with its part of the budget.
fn shard_settings(
    plan: &ShardPlan,
    spec: &ShardSpec,
    job: &ShardJob<'_>,
) -> Result<SweepSettings, CommandError> {
    let mut settings = SweepSettings::from_stored(
        &plan.settings,
        &plan.settings_sha256,
        job.config,
        job.work.clone(),
    )?;
    settings.engines.max_scan_cost = spec.insights_usd;
    Ok(settings)
}

/// Refuses an identity of another account, which may not enter the accounts of the plan.
fn check_caller(plan: &ShardPlan, connection: &Connection) -> Result<(), ShardError> {
    let current = connection.link.as_ref().map(|link| link.caller.arn.clone());
    let planned = plan.caller_arn.parse::<Arn>().ok();
    let account = |arn: &Option<Arn>| arn.as_ref().and_then(Arn::account);
    if account(&current) == account(&planned) {
        return Ok(());
    }
    Err(ShardError::OtherCaller {
        planned: plan.caller_arn.clone(),
        current: current.map(|arn| arn.to_string()).unwrap_or_default(),
    })
}

/// The search of a shard.
struct Search<'p> {
    place: ShardPlace,
    plan: &'p ShardPlan,
    settings: SweepSettings,
    checkpoint_interval: Duration,
    progress: ProgressStyle,
    interrupt: Interrupt,
}

impl Search<'_> {
    async fn run(self, run: OpenShard, connection: Connection) -> Result<ShardEnd, CommandError> {
        let OpenShard {
            dir,
            lock,
            journal,
            writer,
            checkpoint,
        } = run;
        let clock = connection.clock.clone();
        let tally = Arc::new(Tally::default());
        self.show_progress(dir.path(), &tally);
        let cancel = self.interrupt.token();
        let end = EndRecorder {
            journal: journal.clone(),
            clock: clock.clone(),
            cancel: cancel.clone(),
        };
        let Some(link) = connection.link else {
            return Ok(ShardEnd::Interrupted);
        };
        let parts = self.sweep_parts(link, clock.clone(), (journal, checkpoint), &tally)?;
        // On the heap, because the future of a sweep is large.
        let mut search = Box::pin(end.record(sweep::sweep(parts)));
        let mut checkpoints = Checkpoints {
            place: &self.place,
            dir: &dir,
            attempt: format!("{:016x}", fastrand::u64(..)),
            written: 0,
        };
        let now = || rfc3339_ms(clock.now());
        let failure = tokio::select! {
            failure = &mut search => failure,
            never = checkpoints.write_repeatedly(self.checkpoint_interval, &now) => match never {},
        };
        drop(search);
        self.interrupt.end_progress().await;
        flatten_joined(writer.await)?;
        if cancel.is_cancelled() {
            checkpoints.write(now()).await?;
            return Ok(ShardEnd::Interrupted);
        }
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        let is_first = checkpoints.commit(now()).await?;
        drop(lock);
        // The result is in the store.
        if let Some(parent) = dir.path().parent() {
            _ = fs::remove_dir_all(parent);
        }
        Ok(if is_first {
            ShardEnd::Committed
        } else {
            ShardEnd::CommittedBefore
        })
    }

    fn show_progress(&self, directory: &Path, tally: &Arc<Tally>) {
        let live = LiveSources {
            recent: RecentSightings::default(),
            terminal_size: || Term::stderr().size_checked(),
        };
        let out = Box::new(io::stderr());
        let reporter = Reporter::start(self.progress, Arc::clone(tally), out, live);
        self.interrupt.show_progress(directory, reporter);
    }

    fn sweep_parts(
        &self,
        link: AwsLink,
        clock: Clock,
        (journal, checkpoint): (Journal, Checkpoint),
        tally: &Arc<Tally>,
    ) -> Result<SweepParts, ShardError> {
        let configured = &self.settings.reach.directory.accounts;
        let part = self.plan.part(self.place.shard, configured);
        Ok(SweepParts {
            part: Some(Arc::new(part)),
            aws: link.aws,
            calls: link.calls,
            clock,
            windows: WindowBasis::EventTime(self.settings.window),
            settings: self.settings.clone(),
            run_id: run_id(self.plan)?,
            started: self.plan.started(),
            checkpoint,
            earlier: self.plan.earlier.clone(),
            journal,
            tally: Arc::clone(tally),
            cancel: self.interrupt.token(),
        })
    }
}

/// Writes copies of the database to the store.
struct Checkpoints<'c> {
    place: &'c ShardPlace,
    dir: &'c RunDir,
    /// Distinguishes the folders of two processes that run the same shard.
    attempt: String,
    written: u32,
}

impl Checkpoints<'_> {
    /// Writes checkpoints for as long as the shard runs. A checkpoint that fails costs the work since
    /// the one before, if the process is killed, and nothing else.
    async fn write_repeatedly(
        &mut self,
        interval: Duration,
        now: &(dyn Fn() -> String + Sync),
    ) -> std::convert::Infallible {
        let mut wait = interval;
        loop {
            sleep(wait).await;
            let start = Instant::now();
            if let Err(error) = self.write(now()).await {
                tracing::warn!("the checkpoint of the shard is not written: {error}");
            }
            wait = interval.max(start.elapsed() * CHECKPOINT_SHARE);
        }
    }

    /// Writes a checkpoint.
    async fn write(&mut self, now: String) -> Result<(), ShardError> {
        let folder = format!("checkpoint-{}-{}", self.attempt, self.written);
        self.written += 1;
        let manifest = self.upload(folder, now).await?;
        self.place.write_checkpoint(manifest).await
    }

    /// Commits the result.
    async fn commit(&mut self, now: String) -> Result<bool, ShardError> {
        let manifest = self.upload(format!("result-{}", self.attempt), now).await?;
        self.place.commit(manifest).await
    }

    async fn upload(&self, folder: String, now: String) -> Result<ResultManifest, ShardError> {
        let parent = self.dir.path().parent().unwrap_or(self.dir.path());
        // The thread that writes an earlier copy may still run, if its checkpoint was given up.
        let copy = parent.join(format!("{folder}.db"));
        let dir = self.dir.clone();
        let copy_path = copy.clone();
        in_background(move || {
            write_snapshot(&dir, &copy_path).map_err(|error| ShardError::File {
                path: copy_path.display().to_string(),
                source: io::Error::other(error),
            })
        })
        .await?;
        let manifest = self.place.upload(&copy, folder, now).await;
        _ = fs::remove_file(&copy);
        manifest
    }
}
