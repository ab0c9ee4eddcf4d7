//! The store of a sweep in shards: a directory that all machines share, or a prefix of a bucket.
//!
//! Objects are small, at most some megabytes. A commit is created only if it does not exist, which is
//! atomic on both: a hard link, or `If-None-Match: *`.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::error::ShardError;
use crate::aws::{Aws, Bucket, CallError, ErrorClass, Session, WriteMode};
use crate::cli::StoreLocation;
use crate::commands::{CommandError, Environment};
use crate::settings::Reach;
use dragnet_model::Operation;

/// The largest object that is read, in bytes.
const LARGEST_OBJECT: u64 = 64 << 20;

/// The store of a sweep in shards.
#[derive(Clone, Debug)]
pub enum ShardStore {
    /// A directory.
    Directory(PathBuf),
    /// A prefix of a bucket.
    Bucket(Arc<BucketStore>),
}

/// A prefix of a bucket, and the identity with which it is used.
#[derive(Debug)]
pub struct BucketStore {
    aws: Aws,
    session: Arc<Session>,
    bucket: Bucket,
    /// Empty, or with a slash at the end.
    prefix: String,
}

impl ShardStore {
    /// Opens a store with the identity of the machine.
    ///
    /// # Errors
    /// There are no credentials, or the bucket cannot be found.
    pub async fn open(
        location: &StoreLocation,
        environment: &Environment,
        reach: &Reach,
    ) -> Result<Self, CommandError> {
        match location {
            StoreLocation::Directory(path) => Ok(Self::Directory(path.clone())),
            StoreLocation::Bucket { name, prefix } => {
                let aws = environment.connect(reach, None).await?;
                let session = Arc::clone(aws.base());
                let region = aws.bucket_region(&session, name, None).await;
                let bucket = Bucket {
                    name: name.as_str().into(),
                    owner: None,
                    region: region.map_err(ShardError::from)?,
                    requester_pays: false,
                };
                Ok(Self::Bucket(Arc::new(BucketStore {
                    aws,
                    session,
                    bucket,
                    prefix: prefix.clone(),
                })))
            }
        }
    }

    /// Returns the content of an object; `None` if it does not exist.
    ///
    /// # Errors
    /// The object cannot be read.
    pub(super) async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ShardError> {
        match self {
            Self::Directory(directory) => {
                let path = directory.join(name);
                in_background(move || read_file(&path)).await
            }
            Self::Bucket(store) => {
                let key = format!("{}{name}", store.prefix);
                let BucketStore {
                    aws,
                    session,
                    bucket,
                    ..
                } = &**store;
                let content = aws.read_object(session, (bucket, &key)).await;
                let content = content.map_err(|error| describe(error, bucket, key))?;
                Ok(content.map(Vec::from))
            }
        }
    }

    /// Writes an object, and replaces it if it exists.
    ///
    /// # Errors
    /// The object cannot be written.
    pub(super) async fn replace(&self, name: &str, content: Vec<u8>) -> Result<(), ShardError> {
        self.write(name, content, WriteMode::Replace)
            .await
            .map(|_| ())
    }

    /// Writes an object, unless it exists. Returns whether it was written.
    ///
    /// # Errors
    /// The object cannot be written.
    pub(super) async fn create(&self, name: &str, content: Vec<u8>) -> Result<bool, ShardError> {
        self.write(name, content, WriteMode::Create).await
    }

    async fn write(
        &self,
        name: &str,
        content: Vec<u8>,
        mode: WriteMode,
    ) -> Result<bool, ShardError> {
        match self {
            Self::Directory(directory) => {
                let path = directory.join(name);
                in_background(move || write_file(&path, &content, mode)).await
            }
            Self::Bucket(store) => {
                let key = format!("{}{name}", store.prefix);
                let BucketStore {
                    aws,
                    session,
                    bucket,
                    ..
                } = &**store;
                let written = aws.write_object(session, (bucket, &key), content.into(), mode);
                let written = written.await;
                written.map_err(|error| describe(error, bucket, key))
            }
        }
    }
}

/// Describes a failed call on an object, with the permissions that it needs if AWS denied it.
fn describe(error: CallError, bucket: &Bucket, key: String) -> ShardError {
    if error.class != ErrorClass::Denied {
        return error.into();
    }
    let permissions = if error.operation == Operation::PutObject.as_str() {
        "s3:PutObject on the objects, and kms:GenerateDataKey and kms:Decrypt if a key of KMS encrypts them"
    } else {
        "s3:GetObject on the objects, s3:ListBucket on the bucket (without it, AWS denies to read an object that does \
         not exist), and kms:Decrypt if a key of KMS encrypts them"
    };
    ShardError::Denied {
        operation: error.operation,
        bucket: bucket.name.to_string(),
        key,
        permissions,
        source: Box::new(error),
    }
}

/// Runs file operations on a thread that may block.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ShardError> + Send + 'static,
) -> Result<T, ShardError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(ShardError::File {
            path: "a file".to_owned(),
            source: io::Error::other(error),
        }),
    }
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, ShardError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ShardError::file(path)(error)),
    };
    if !metadata.is_file() || metadata.len() > LARGEST_OBJECT {
        let problem = io::Error::other("it is not a file of at most 64 MB");
        return Err(ShardError::file(path)(problem));
    }
    fs::read(path).map(Some).map_err(ShardError::file(path))
}

/// Writes a file that appears whole. Returns `false` if it exists and is kept.
fn write_file(path: &Path, content: &[u8], mode: WriteMode) -> Result<bool, ShardError> {
    let folder = path.parent().unwrap_or(path);
    let written = write_beside(folder, path, content, mode);
    written.map_err(ShardError::file(path))
}

fn write_beside(folder: &Path, path: &Path, content: &[u8], mode: WriteMode) -> io::Result<bool> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    let is_written = match mode {
        WriteMode::Replace => {
            file.persist(path).map_err(|error| error.error)?;
            true
        }
        WriteMode::Create => create_link(&file, path)?,
    };
    // The name is on disk when its folder is.
    fs::File::open(folder)?.sync_all()?;
    Ok(is_written)
}

/// Gives a temporary file its name, unless there is a file with this name. Of several machines, one
/// succeeds.
fn create_link(file: &NamedTempFile, path: &Path) -> io::Result<bool> {
    match fs::hard_link(file.path(), path) {
        Ok(()) => Ok(true),
        // Source: open(2), `O_EXCL`: over NFS the link may have been made although the call reports an
        // error; the file then has two names.
        Err(_)
            if file
                .as_file()
                .metadata()
                .is_ok_and(|file| file.nlink() == 2) =>
        {
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_several_writers_one_creates_an_object() {
        let temp = tempfile::tempdir().unwrap();
        let store = ShardStore::Directory(temp.path().join("store"));
        assert_eq!(store.read("a/b").await.unwrap(), None);
        let writers = (0_u8..8).map(|number| store.create("a/b", vec![number]));
        let written = futures::future::join_all(writers).await;
        let winners: Vec<usize> = (0..8)
            .filter(|at| *written[*at].as_ref().unwrap())
            .collect();
        assert_eq!(winners.len(), 1);
        let content = store.read("a/b").await.unwrap().unwrap();
        assert_eq!(usize::from(content[0]), winners[0]);
        store.replace("a/b", vec![9]).await.unwrap();
        assert_eq!(store.read("a/b").await.unwrap(), Some(vec![9]));
        assert!(!store.create("a/b", vec![1]).await.unwrap());
        let names = std::fs::read_dir(temp.path().join("store/a")).unwrap();
        assert_eq!(names.count(), 1, "no temporary file is left");
    }
}
