//! An object of a bucket, read as a whole or range by range. It is what the list described, or an error.

use std::collections::BTreeMap;
use std::ops::Range;

use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_types::request_id::RequestId;
use bytes::Bytes;
use http::HeaderValue;

use super::{Bucket, ListedObject};
use crate::aws::call_context::CallContext;
use crate::aws::client::Aws;
use crate::aws::error::CallError;
use crate::aws::object_budget::ObjectPermit;
use crate::aws::session::Session;
use dragnet_model::Operation;

const REQUEST_ID: &str = "x-amz-request-id";

/// An object in memory.
#[derive(Debug)]
pub struct ObjectContent {
    /// The content.
    pub bytes: Bytes,
    /// The metadata that its writer has set, by name in lower case and without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Keeps the memory reserved.
    pub permit: ObjectPermit,
}

/// The response to a call, read as a whole.
pub(super) struct ReadObject {
    pub(super) bytes: Bytes,
    metadata: BTreeMap<String, String>,
    request_id: Option<String>,
}

impl RequestId for ReadObject {
    fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// The response is about other bytes.
#[derive(Debug, thiserror::Error)]
#[error("the response has the range `{found}`; expected `{expected}`")]
struct WrongRange {
    found: String,
    expected: String,
}

/// The content is not as long as the list says.
#[derive(Debug, thiserror::Error)]
#[error("the object has {found} bytes; expected {expected}, as in the list")]
struct WrongLength {
    found: usize,
    expected: u64,
}

impl Aws {
    /// Returns the content of an object. The SDK compares it with the checksum that S3 keeps, if
    /// there is one for the whole object.
    ///
    /// Source: S3 API, `GetObject` (`If-Match`, `x-amz-checksum-mode`).
    ///
    /// # Errors
    /// The call fails, the object is not the one that was listed, or the content is damaged.
    /// [`super::S3Failure`] interprets the error.
    pub async fn object(
        &self,
        session: &Session,
        bucket: &Bucket,
        object: &ListedObject,
        permit: ObjectPermit,
    ) -> Result<ObjectContent, CallError> {
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
            .key(&object.key)
            .if_match(&object.etag)
            .checksum_mode(ChecksumMode::Enabled)
            .set_expected_bucket_owner(bucket.expected_owner())
            .set_request_payer(bucket.payer());
        let size = object.size;
        // Not `send!`, because an attempt ends with the content, which can be damaged.
        let read = self.call_on_bucket(context, bucket, |config| {
            let response = request.clone().customize().config_override(config).send();
            async move { read_whole(response.await?, size).await }
        });
        let ReadObject {
            bytes, metadata, ..
        } = read.await?;
        Ok(ObjectContent {
            bytes,
            metadata,
            permit,
        })
    }
}

impl Aws {
    /// Returns some bytes of an object that is too large for [`Self::object`]. S3 has no checksum for
    /// them.
    ///
    /// Source: S3 API, `GetObject` (`If-Match`, `Range`); RFC 9110, "Content-Range".
    ///
    /// # Errors
    /// The call fails, the object is not the one that was listed, or the response has other bytes.
    /// [`super::S3Failure`] interprets the error.
    pub async fn object_range(
        &self,
        session: &Session,
        bucket: &Bucket,
        object: &ListedObject,
        range: Range<u64>,
    ) -> Result<Bytes, CallError> {
        let context = CallContext {
            session,
            region: &bucket.region,
            operation: Operation::GetObject,
        };
        let bytes = format!("{}-{}", range.start, range.end.saturating_sub(1));
        let request = self
            .clients
            .s3
            .get_object()
            .bucket(&*bucket.name)
            .key(&object.key)
            .if_match(&object.etag)
            .range(format!("bytes={bytes}"))
            .set_expected_bucket_owner(bucket.expected_owner())
            .set_request_payer(bucket.payer());
        let expected = format!("bytes {bytes}/{}", object.size);
        let expected = expected.as_str();
        let length = range.end.saturating_sub(range.start);
        let read = self.call_on_bucket(context, bucket, |config| {
            let response = request.clone().customize().config_override(config).send();
            async move {
                let output = response.await?;
                if let Some(problem) = find_wrong_range(&output, expected) {
                    return Err(damaged(problem, output.request_id()));
                }
                read_whole(output, length).await
            }
        });
        Ok(read.await?.bytes)
    }
}

/// Returns what is wrong if a response has another range of the object than the expected one.
fn find_wrong_range(output: &GetObjectOutput, expected: &str) -> Option<WrongRange> {
    let found = output.content_range().unwrap_or_default();
    (found != expected).then(|| WrongRange {
        found: found.to_owned(),
        expected: expected.to_owned(),
    })
}

/// Reads the content of a response, and checks its length.
async fn read_whole(
    output: GetObjectOutput,
    size: u64,
) -> Result<ReadObject, SdkError<GetObjectError, HttpResponse>> {
    read_content(output, |found| found == size, size).await
}

/// Reads the content of a response that has at most `limit` bytes, and as many as the response
/// says.
pub(super) async fn read_up_to(
    output: GetObjectOutput,
    limit: u64,
) -> Result<ReadObject, SdkError<GetObjectError, HttpResponse>> {
    let stated = output
        .content_length()
        .and_then(|size| u64::try_from(size).ok());
    let expected = stated.unwrap_or(limit);
    let is_expected = |found: u64| found <= limit && stated.is_none_or(|stated| stated == found);
    read_content(output, is_expected, expected).await
}

async fn read_content(
    output: GetObjectOutput,
    is_expected: impl FnOnce(u64) -> bool,
    expected: u64,
) -> Result<ReadObject, SdkError<GetObjectError, HttpResponse>> {
    let request_id = output.request_id().map(str::to_owned);
    let metadata = output.metadata().into_iter().flatten();
    let metadata = metadata
        .map(|(name, value)| (name.to_lowercase(), value.clone()))
        .collect();
    let body = match output.body.collect().await {
        Ok(body) => body,
        Err(error) => return Err(damaged(error, request_id.as_deref())),
    };
    let bytes = body.into_bytes();
    if !u64::try_from(bytes.len()).is_ok_and(is_expected) {
        let problem = WrongLength {
            found: bytes.len(),
            expected,
        };
        return Err(damaged(problem, request_id.as_deref()));
    }
    Ok(ReadObject {
        bytes,
        metadata,
        request_id,
    })
}

/// The error for a response with damaged content, which is retried. The SDK has consumed the
/// response, so this builds another one with its request id.
fn damaged(
    problem: impl Into<BoxError>,
    request_id: Option<&str>,
) -> SdkError<GetObjectError, HttpResponse> {
    let mut response = http::Response::new(SdkBody::empty());
    if let Some(id) = request_id.and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    match HttpResponse::try_from(response) {
        Ok(response) => SdkError::response_error(problem, response),
        Err(error) => SdkError::construction_failure(error),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::byte_stream::ByteStream;

    use super::*;
    use crate::aws::error::{Diagnosis, ErrorClass};

    async fn read(content: &'static [u8], size: u64) -> Result<ReadObject, Diagnosis> {
        let output = GetObjectOutput::builder()
            .body(ByteStream::from_static(content))
            .metadata("Signature", "00ff")
            .build();
        read_whole(output, size)
            .await
            .map_err(|error| Diagnosis::from_sdk_error(&error))
    }

    #[tokio::test]
    async fn content_has_the_listed_length_or_is_read_again() {
        let Ok(object) = read(b"12345", 5).await else {
            panic!("the object is complete");
        };
        assert_eq!(object.bytes, "12345");
        assert_eq!(object.metadata["signature"], "00ff");
        for size in [4, 6] {
            let Err(diagnosis) = read(b"12345", size).await else {
                panic!("the object has another length");
            };
            assert_eq!(diagnosis.class, ErrorClass::Transient);
            assert_eq!(diagnosis.code, "BrokenAnswer");
            assert!(diagnosis.message.contains("the object has 5 bytes"));
        }
    }
}
