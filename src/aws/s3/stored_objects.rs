//! Objects that Dragnet writes itself: the plan, the checkpoints and the results of a sweep in shards.

use std::time::Duration;

use aws_sdk_s3::operation::put_object::PutObjectOutput;
use bytes::Bytes;
use tokio::time::sleep;

use super::Bucket;
use super::object::read_up_to;
use crate::aws::call_context::CallContext;
use crate::aws::client::Aws;
use crate::aws::error::CallError;
use crate::aws::object_budget::MAX_OBJECT_BYTES;
use crate::aws::session::Session;
use dragnet_model::Operation;

/// How often a conditional write is repeated after a conflict, and how long each waits.
const CONFLICT_ATTEMPTS: u32 = 10;
const CONFLICT_WAIT: Duration = Duration::from_millis(500);

/// How a write treats an object that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// It is replaced.
    Replace,
    /// It is kept, and nothing is written.
    Create,
}

impl Aws {
    /// Writes an object. Returns `false` if it exists and is kept.
    ///
    /// Source: S3 API, `PutObject`, `If-None-Match`: 412 `PreconditionFailed` if the object exists; 409
    /// `ConditionalRequestConflict` after a conflicting operation, and "on a 409 failure you should
    /// retry the upload".
    ///
    /// # Errors
    /// The call fails.
    pub async fn write_object(
        &self,
        session: &Session,
        (bucket, key): (&Bucket, &str),
        content: Bytes,
        mode: WriteMode,
    ) -> Result<bool, CallError> {
        let mut conflicts = 0;
        loop {
            let written = self.put_object(session, (bucket, key), content.clone(), mode);
            match written.await {
                Ok(_) => return Ok(true),
                Err(error) if mode == WriteMode::Create && is_existing(&error) => return Ok(false),
                Err(error) if is_conflict(&error) && conflicts < CONFLICT_ATTEMPTS => {
                    conflicts += 1;
                    sleep(CONFLICT_WAIT).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn put_object(
        &self,
        session: &Session,
        (bucket, key): (&Bucket, &str),
        content: Bytes,
        mode: WriteMode,
    ) -> Result<PutObjectOutput, CallError> {
        let context = CallContext {
            session,
            region: &bucket.region,
            operation: Operation::PutObject,
        };
        // Built for each attempt: a request with a body cannot be cloned.
        self.call_on_bucket(context, bucket, |config| {
            self.clients
                .s3
                .put_object()
                .bucket(&*bucket.name)
                .key(key)
                .set_if_none_match((mode == WriteMode::Create).then(|| "*".to_owned()))
                .set_expected_bucket_owner(bucket.expected_owner())
                .body(content.clone().into())
                .customize()
                .config_override(config)
                .send()
        })
        .await
    }

    /// Returns the content of an object that Dragnet wrote; `None` if it does not exist.
    ///
    /// # Errors
    /// The call fails, or the object is larger than [`MAX_OBJECT_BYTES`].
    pub async fn read_object(
        &self,
        session: &Session,
        (bucket, key): (&Bucket, &str),
    ) -> Result<Option<Bytes>, CallError> {
        let context = CallContext {
            session,
            region: &bucket.region,
            operation: Operation::GetObject,
        };
        let request = self
            .clients
            .s3
            .get_object()
            .bucket(&*bucket.name)
            .key(key)
            .set_expected_bucket_owner(bucket.expected_owner());
        let read = self.call_on_bucket(context, bucket, |config| {
            let response = request.clone().customize().config_override(config).send();
            async move { read_up_to(response.await?, MAX_OBJECT_BYTES).await }
        });
        match read.await {
            Ok(object) => Ok(Some(object.bytes)),
            Err(error) if error.code == "NoSuchKey" => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether a conditional write failed because the object exists. Servers that send no error document
/// send only the status.
fn is_existing(error: &CallError) -> bool {
    matches!(error.code.as_str(), "PreconditionFailed" | "HTTP 412")
}

fn is_conflict(error: &CallError) -> bool {
    matches!(
        error.code.as_str(),
        "ConditionalRequestConflict" | "HTTP 409"
    )
}
