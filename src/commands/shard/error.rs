//! Errors of a sweep in shards.

use std::io;

use crate::aws::CallError;
use crate::cli::UsageError;
use crate::shard::{InvalidSeal, InvalidShard, InvalidShardKey};

/// Why a command of `dragnet shard` failed.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The environment variable has no key.
    #[error("DRAGNET_SHARD_KEY cannot be used")]
    Key(#[source] InvalidShardKey),
    /// The file of the key cannot be used.
    #[error("the key of the shards cannot be read or created; set DRAGNET_SHARD_KEY")]
    KeyFile(#[source] io::Error),
    /// The store has a plan of another sweep.
    #[error("the store {0} already has a plan; use an empty directory or prefix for each sweep")]
    AlreadyPlanned(String),
    /// The store has no plan.
    #[error("the store {0} has no plan; make one with `dragnet shard plan`")]
    NoPlan(String),
    /// An object of the store cannot be used.
    #[error("{name} of the store cannot be used")]
    Seal {
        /// The name of the object.
        name: String,
        /// The cause.
        #[source]
        source: InvalidSeal,
    },
    /// An object of the store is missing, or is not the one that its manifest describes.
    #[error("{name} of the store is damaged: {problem}")]
    Damaged {
        /// The name of the object.
        name: String,
        /// What was found.
        problem: String,
    },
    /// The plan has no shard with this number.
    #[error(transparent)]
    Shard(#[from] InvalidShard),
    /// The number of the shard is not given.
    #[error(
        "the number of the shard is not known: use --index, or start it as an array job (AWS_BATCH_JOB_ARRAY_INDEX, \
         JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID)"
    )]
    NoIndex,
    /// The caller belongs to another account than the one of the plan.
    #[error(
        "the plan was made as {planned}, but the credentials are those of {current}: use credentials of the same account"
    )]
    OtherCaller {
        /// The caller that made the plan.
        planned: String,
        /// The current caller.
        current: String,
    },
    /// A call on the bucket of the store failed.
    #[error("the store cannot be used: {0}")]
    Call(Box<CallError>),
    /// AWS denied a call on the bucket of the store.
    ///
    /// Source: S3 API, `GetObject`: without `s3:ListBucket`, the answer for an object that does not exist
    /// is 403, not 404.
    #[error(
        "AWS denied {operation} of {key} in the bucket {bucket} of the store: {source}. A machine needs {permissions}"
    )]
    Denied {
        /// The operation.
        operation: &'static str,
        /// The bucket.
        bucket: String,
        /// The key of the object.
        key: String,
        /// Which permissions the call needs.
        permissions: &'static str,
        /// What AWS answered.
        source: Box<CallError>,
    },
    /// A file of a store on disk, or a temporary file, cannot be used.
    #[error("cannot use {path}")]
    File {
        /// The path.
        path: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl ShardError {
    /// Returns the exit code.
    pub(in crate::commands) fn exit_code(&self) -> u8 {
        match self {
            Self::AlreadyPlanned(_)
            | Self::NoPlan(_)
            | Self::Shard(_)
            | Self::NoIndex
            | Self::Key(_)
            | Self::OtherCaller { .. } => UsageError::EXIT_CODE,
            Self::KeyFile(_)
            | Self::Seal { .. }
            | Self::Damaged { .. }
            | Self::Call(_)
            | Self::Denied { .. }
            | Self::File { .. } => 1,
        }
    }

    /// Whether the store itself cannot be used, which says nothing about what is in it.
    pub(super) fn is_of_store(&self) -> bool {
        matches!(
            self,
            Self::Call(_) | Self::Denied { .. } | Self::File { .. }
        )
    }

    pub(super) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { path, source }
    }
}

impl From<CallError> for ShardError {
    fn from(error: CallError) -> Self {
        Self::Call(Box::new(error))
    }
}
