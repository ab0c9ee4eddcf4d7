//! A bucket, as calls address it: its Region, its owner and its quota.

use std::sync::Arc;

use aws_sdk_s3::types::RequestPayer;
use parking_lot::Mutex;

use crate::aws::client::Aws;
use crate::aws::error::CallError;
use crate::aws::object_budget::ObjectPermit;
use crate::aws::session::Session;
use crate::throttle::QuotaKey;
use dragnet_model::{AccountId, InvalidRegion, Operation, Region};

/// The header that names the Region of a bucket. Error responses have it too, if the request went
/// to another Region, or if the caller has no permission.
///
/// Source: S3 API, `HeadBucket`, "Response elements"; S3 user guide, "Request redirection and the
/// REST API".
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// A bucket. Calls go to its Region, and count towards its quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The name.
    pub name: Arc<str>,
    /// The account that owns it, if known. AWS then refuses calls if somebody else owns it.
    pub owner: Option<AccountId>,
    /// The Region.
    pub region: Region,
    /// Whether the caller pays for requests, because the owner does not.
    pub requester_pays: bool,
}

impl Bucket {
    /// The value of `x-amz-expected-bucket-owner`.
    pub(super) fn expected_owner(&self) -> Option<String> {
        self.owner.map(|owner| owner.to_string())
    }

    /// The value of `x-amz-request-payer`.
    pub(super) fn payer(&self) -> Option<RequestPayer> {
        self.requester_pays.then_some(RequestPayer::Requester)
    }

    /// The quota of an operation on this bucket.
    ///
    /// Source: S3 user guide, "Best practices design patterns: optimizing Amazon S3 performance":
    /// rates belong to the prefixes of a bucket, not to the accounts that call.
    pub(in crate::aws) fn quota_key(&self, operation: Operation) -> QuotaKey {
        QuotaKey {
            account: None,
            bucket: Some(Arc::clone(&self.name)),
            region: self.region.clone(),
            operation: operation.as_str(),
        }
    }
}

impl Aws {
    /// Returns the Region of a bucket. The call goes to the home Region, and succeeds without
    /// permission too, because AWS names the Region in its error.
    ///
    /// Source: S3 API, `HeadBucket`.
    ///
    /// # Errors
    /// The bucket does not exist, the call fails, or the response does not name the Region.
    pub async fn bucket_region(
        &self,
        session: &Session,
        name: &str,
        owner: Option<AccountId>,
    ) -> Result<Region, CallError> {
        let context = self.home_context(session, Operation::HeadBucket);
        let request = self
            .clients
            .s3
            .head_bucket()
            .bucket(name)
            .set_expected_bucket_owner(owner.map(|owner| owner.to_string()));
        // The error of a call has no headers, so they are read from the response of the SDK.
        let named_region = Mutex::new(None);
        let named_region_ref = &named_region;
        let sent = self.call(context, |config| {
            let response = request.clone().customize().config_override(config).send();
            async move {
                let response = response.await;
                let region = match &response {
                    Ok(output) => output.bucket_region(),
                    Err(error) => error
                        .raw_response()
                        .and_then(|response| response.headers().get(BUCKET_REGION)),
                };
                *named_region_ref.lock() = region.map(str::to_owned);
                response
            }
        });
        let sent = sent.await;
        let region = named_region.lock().take();
        match (region, sent) {
            (Some(region), _) => region
                .parse()
                .map_err(|error: InvalidRegion| context.unreadable(error.to_string())),
            (None, Ok(_)) => Err(context.unreadable(
                "the response does not name the Region of the bucket (x-amz-bucket-region)",
            )),
            (None, Err(error)) => Err(error),
        }
    }

    /// Waits until there is room in memory for an object of this size. Returns `None` if it is
    /// larger than [`crate::aws::MAX_OBJECT_BYTES`].
    ///
    /// A caller that keeps objects until an earlier one is processed must take the permits in the
    /// order of processing, before any of the objects is requested. Otherwise the objects that are
    /// kept could use up all memory, and the earlier one would wait forever.
    pub async fn object_permit(&self, bytes: u64) -> Option<ObjectPermit> {
        self.object_budget.acquire(bytes).await
    }

    /// Returns the current rate of reading objects of a bucket, in calls per second.
    pub fn object_rate(&self, bucket: &Bucket) -> f64 {
        self.bucket_rate(bucket, Operation::GetObject)
    }

    /// Returns the current rate of listing a bucket, in calls per second.
    pub fn list_rate(&self, bucket: &Bucket) -> f64 {
        self.bucket_rate(bucket, Operation::ListObjectsV2)
    }

    fn bucket_rate(&self, bucket: &Bucket, operation: Operation) -> f64 {
        let key = bucket.quota_key(operation);
        self.call_limiter.quota_limiter(&key).limiter.rate()
    }
}
