//! `dragnet shard`.

#![expect(clippy::doc_markdown, reason = "the help is plain text")]

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{GeoIpArguments, SweepArguments};

/// What to do about the shards of a sweep.
#[derive(Clone, Debug, Subcommand)]
#[command(after_long_help = "\
An engine that you have (Temporal, AWS Batch, Kubernetes) starts the shards and
repeats them. The store is a directory that all machines share, or a prefix of a
bucket. DRAGNET_SHARD_KEY has the key with which plan and results are sealed;
without it, the key of this user is used. See docs/beyond-one-machine.md.")]
pub enum ShardCommand {
    /// Discover the organization, and write the plan of a sweep in shards
    Plan(Box<PlanShardsArguments>),
    /// Run one shard, and commit its result
    Run(RunShardArguments),
    /// Show which shards are not committed
    Status(StoreArguments),
    /// Make one run of the committed shards
    Merge(MergeShardsArguments),
}

/// Where the plan and the results are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// A directory.
    Directory(PathBuf),
    /// A prefix of a bucket: empty, or with a slash at the end.
    Bucket {
        /// The name of the bucket.
        name: String,
        /// The prefix.
        prefix: String,
    },
}

impl FromStr for StoreLocation {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(location) = text.strip_prefix("s3://") else {
            return Ok(Self::Directory(PathBuf::from(text)));
        };
        let (name, prefix) = location.split_once('/').unwrap_or((location, ""));
        let prefix = prefix.trim_end_matches('/');
        let prefix = match prefix {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self::Bucket {
            name: name.to_owned(),
            prefix,
        })
    }
}

/// The store.
#[derive(Clone, Debug, Args)]
pub struct StoreArguments {
    /// Directory, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "STORE")]
    pub store: StoreLocation,
}

/// What to search for, and in how many shards.
#[derive(Clone, Debug, Args)]
pub struct PlanShardsArguments {
    /// Number of shards
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub shards: NonZeroUsize,

    /// Directory, or s3://BUCKET/PREFIX; new for each sweep
    #[arg(long, value_name = "STORE", hide_short_help = true)]
    pub store: StoreLocation,

    /// The sweep.
    #[command(flatten)]
    pub sweep: SweepArguments,
}

/// Which shard to run.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
A shard that was interrupted or killed continues from its last checkpoint, on
this machine or another. A shard that is committed ends at once with exit code
0. Exit code 130: interrupted, and the last checkpoint is written.")]
pub struct RunShardArguments {
    /// Directory, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "STORE")]
    pub store: StoreLocation,

    /// Number of the shard, from 0 [default: that of the array job]
    ///
    /// The default is the first of AWS_BATCH_JOB_ARRAY_INDEX,
    /// JOB_COMPLETION_INDEX and SLURM_ARRAY_TASK_ID that is set.
    #[arg(long, value_name = "NUMBER")]
    pub index: Option<usize>,

    /// Directory for the database while the shard runs [default: shards in
    /// the directory for persistent state]
    #[arg(long, value_name = "DIRECTORY")]
    pub work: Option<PathBuf>,

    /// Seconds between two checkpoints
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=86_400)
    )]
    pub checkpoint_seconds: u32,
}

impl RunShardArguments {
    /// Returns the time between two checkpoints.
    pub fn checkpoint_interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.checkpoint_seconds))
    }
}

/// Where to write the merged run.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
A shard that is not committed, or whose result was changed or is of another
plan, is a gap: exit code 3. `dragnet resume` then searches what is missing on
this machine.")]
pub struct MergeShardsArguments {
    /// Directory, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "STORE")]
    pub store: StoreLocation,

    /// Parent of the run's directory
    #[arg(long, value_name = "DIRECTORY", default_value = "runs")]
    pub out: PathBuf,

    /// Where addresses belong.
    #[command(flatten)]
    pub geoip: GeoIpArguments,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_is_a_directory_or_a_prefix_of_a_bucket() {
        let bucket = |name: &str, prefix: &str| StoreLocation::Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
        };
        for (text, expected) in [
            ("shards", StoreLocation::Directory("shards".into())),
            ("s3://logs", bucket("logs", "")),
            ("s3://logs/", bucket("logs", "")),
            ("s3://logs/a/b", bucket("logs", "a/b/")),
            ("s3://logs/a/", bucket("logs", "a/")),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }
}
