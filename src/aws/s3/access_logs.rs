//! Where reads of a bucket are logged.

use super::Bucket;
use crate::aws::call_context::CallContext;
use crate::aws::client::Aws;
use crate::aws::error::CallError;
use crate::aws::session::Session;
use dragnet_model::Operation;

/// The destination of the access logs of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogTarget {
    /// The bucket.
    pub bucket: String,
    /// What the keys of the logs start with.
    pub prefix: String,
    /// Whether the account, Region and name of the logged bucket follow the prefix.
    ///
    /// Source: S3 API, `LoggingEnabled`, `TargetObjectKeyFormat`.
    pub is_partitioned: bool,
}

impl AccessLogTarget {
    /// Names the bucket and the prefix.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

impl Aws {
    /// Returns where the reads of a bucket are logged; `None` if they are not.
    ///
    /// Source: S3 API, `GetBucketLogging`.
    ///
    /// # Errors
    /// The call fails.
    pub async fn access_log_target(
        &self,
        session: &Session,
        bucket: &Bucket,
    ) -> Result<Option<AccessLogTarget>, CallError> {
        let context = CallContext {
            session,
            region: &bucket.region,
            operation: Operation::GetBucketLogging,
        };
        let request = self
            .clients
            .s3
            .get_bucket_logging()
            .bucket(&*bucket.name)
            .set_expected_bucket_owner(bucket.expected_owner());
        let output = self
            .call_on_bucket(context, bucket, |config| {
                request.clone().customize().config_override(config).send()
            })
            .await?;
        Ok(output.logging_enabled().map(|target| AccessLogTarget {
            bucket: target.target_bucket().to_owned(),
            prefix: target.target_prefix().to_owned(),
            is_partitioned: target
                .target_object_key_format()
                .is_some_and(|format| format.partitioned_prefix().is_some()),
        }))
    }
}
