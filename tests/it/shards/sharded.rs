//! A sweep in shards over a made-up organization, in the process and on paused time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dragnet::commands::{
    CommandError, Connection, MergeJob, Merged, ShardEnd, ShardJob, ShardStatus, ShardStore,
    create_shard_plan, merge_run, read_status, run_shard,
};
use dragnet::config::Config;
use dragnet::settings::ProgressStyle;
use dragnet::shard::{PlanSize, Sealed, ShardKey, ShardPlan};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::world::{Run, World};

/// How often a shard writes a checkpoint: as often as possible, on paused time.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// A sweep in shards that was planned.
pub(super) struct Sharded {
    pub world: World,
    pub store: ShardStore,
    pub key: ShardKey,
    pub plan: Sealed<ShardPlan>,
    config: Config,
    temp: Arc<TempDir>,
}

impl Sharded {
    /// Plans a sweep with these arguments, with the store in a directory.
    pub(super) async fn plan(world: World, arguments: &[&str], shards: usize) -> Self {
        let temp = Arc::new(tempfile::tempdir().unwrap());
        let store = ShardStore::Directory(temp.path().join("store"));
        Self::plan_in(world, arguments, PlanSize::new(shards), (store, temp)).await
    }

    /// Plans a sweep in which every log group of trails is divided among all shards, however small.
    pub(super) async fn plan_sliced(world: World, arguments: &[&str], shards: usize) -> Self {
        let temp = Arc::new(tempfile::tempdir().unwrap());
        let store = ShardStore::Directory(temp.path().join("store"));
        let size = PlanSize {
            shards,
            slice_pages: 0.01,
            slice_load: 1e-9,
        };
        Self::plan_in(world, arguments, size, (store, temp)).await
    }

    /// Does the same with another store.
    pub(super) async fn plan_in(
        world: World,
        arguments: &[&str],
        size: PlanSize,
        (store, temp): (ShardStore, Arc<TempDir>),
    ) -> Self {
        let key = ShardKey::parse(&"5a".repeat(32)).unwrap();
        let settings = world.settings(arguments);
        let connection = Connection::open(world.environment(), &settings.reach)
            .await
            .unwrap();
        let plan = create_shard_plan(
            &connection,
            &settings,
            size,
            (&store, &key),
            CancellationToken::new(),
        );
        let plan = Box::pin(plan).await.unwrap();
        Self {
            world,
            store,
            key,
            plan,
            config: Config::default(),
            temp,
        }
    }

    /// Uses another key from now on.
    pub(super) fn with_key(self, key: ShardKey) -> Self {
        Self { key, ..self }
    }

    /// Returns a file of the store.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.temp.path().join("store").join(name)
    }

    /// Runs a shard on a machine, whose disk no other machine has.
    pub(super) async fn run(&self, index: usize, machine: &str) -> Result<ShardEnd, CommandError> {
        let job = ShardJob {
            environment: self.world.environment(),
            config: &self.config,
            store: self.store.clone(),
            key: self.key.clone(),
            index,
            work: self.temp.path().join("machines").join(machine),
            checkpoint_interval: CHECKPOINT_INTERVAL,
        };
        let run = run_shard(job, ProgressStyle::None, CancellationToken::new());
        Box::pin(run).await
    }

    /// Runs a shard, and kills it after some time. Returns whether it had ended before.
    pub(super) async fn run_and_kill(&self, index: usize, machine: &str, after: Duration) -> bool {
        if let Ok(end) = timeout(after, self.run(index, machine)).await {
            end.unwrap();
            return true;
        }
        // A killed process has no tasks that write any more. Those of this one end before paused time passes.
        sleep(Duration::from_secs(1)).await;
        false
    }

    /// Runs all shards, one after the other.
    pub(super) async fn run_all(&self) {
        for index in 0..self.plan.content.shards.len() {
            assert_eq!(self.run(index, "one").await.unwrap(), ShardEnd::Committed);
        }
    }

    pub(super) async fn status(&self) -> ShardStatus {
        read_status(&self.store, &self.key).await.unwrap()
    }

    /// Merges the committed shards. Returns the run, and the missing shards with the reasons.
    pub(super) async fn merge(&self) -> (Run, Vec<(usize, String)>) {
        let out = self.temp.path().join("runs");
        std::fs::create_dir_all(&out).unwrap();
        let out = tempfile::tempdir_in(&out).unwrap().keep();
        let job = MergeJob {
            environment: self.world.environment(),
            config: &self.config,
            store: self.store.clone(),
            key: self.key.clone(),
            out,
            geoip: None,
        };
        let Merged {
            output, missing, ..
        } = Box::pin(merge_run(job)).await.unwrap();
        let run = Run::new(output, None, Arc::clone(&self.temp));
        run.assert_consistent();
        (run, missing)
    }
}

/// Returns the coverage of a run without details, which name requests and times.
pub(super) fn coverage(run: &Run) -> Vec<String> {
    let columns = [
        "account_id",
        "region",
        "source",
        "log_group",
        "bucket_prefix",
        "status",
    ];
    let mut rows = run.columns("coverage.csv", &columns);
    rows.sort();
    rows
}

/// Returns which account-Regions the log sources of a run cover.
pub(super) fn sources(run: &Run) -> Vec<String> {
    let columns = [
        "source",
        "event_account_id",
        "event_region",
        "via",
        "status",
    ];
    let mut rows = run.columns("sources.csv", &columns);
    rows.sort();
    rows
}

/// Returns what the liveness check of a run found.
pub(super) fn liveness(run: &Run) -> Vec<String> {
    let columns = [
        "event_account_id",
        "event_region",
        "log_group_arn",
        "via",
        "liveness",
    ];
    let mut rows = run.columns("sources.csv", &columns);
    rows.sort();
    rows
}
