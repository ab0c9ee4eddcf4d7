//! The rest of truncated events: what CloudWatch Logs stores of a field apart from its event.
//!
//! Sources: CloudWatch Logs API, `GetLogObject`; the service model (`stream-` as the prefix of the
//! host).

use std::borrow::Cow;

use aws_sdk_cloudwatchlogs::types::GetLogObjectResponseStream;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::call_context::CallContext;
use super::client::Aws;
use super::error::{CallError, causes};
use super::http::is_encrypted_or_loopback;
use super::session::Session;
use dragnet_model::{Operation, Region};

/// What the SDK puts before the host of the endpoint.
const HOST_PREFIX: &str = "://stream-";

impl Aws {
    /// Returns the content of a log object. `pointer` is the value of the field `@ptr.$[…]` of an event.
    /// `unmask` requests masked values in clear text, which needs `logs:Unmask`.
    ///
    /// # Errors
    /// The call fails, or its event stream is cut off or has no content.
    pub async fn log_object(
        &self,
        session: &Session,
        region: &Region,
        pointer: &str,
        unmask: bool,
    ) -> Result<Vec<u8>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::GetLogObject,
        };
        let request = self
            .clients
            .logs
            .get_log_object()
            .log_object_pointer(pointer)
            .set_unmask(unmask.then_some(true));
        // The permit is held until the content is copied.
        let (mut output, _response_permit) = self
            .call_with(None, context, |config| {
                request
                    .clone()
                    .customize()
                    .interceptor(PlainLoopbackHost)
                    .config_override(config)
                    .send()
            })
            .await?;
        let mut content = Vec::new();
        let mut has_content = false;
        loop {
            let received = output.field_stream.recv().await;
            match received.map_err(|error| context.unreadable(causes(&error)))? {
                Some(GetLogObjectResponseStream::Fields(fields)) => {
                    has_content = true;
                    if let Some(data) = fields.data() {
                        content.extend_from_slice(data.as_ref());
                    }
                }
                Some(_) => {}
                None if has_content => return Ok(content),
                None => return Err(context.unreadable("the response has no fields")),
            }
        }
    }
}

/// Removes the prefix of the host if the endpoint is on this host: no such name exists there.
#[derive(Debug)]
struct PlainLoopbackHost;

#[dyn_dispatch_hint]
impl Intercept for PlainLoopbackHost {
    fn name(&self) -> &'static str {
        "PlainLoopbackHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Cow::Owned(uri) = without_prefix_on_loopback(request.uri()) {
            request.set_uri(uri)?;
        }
        Ok(())
    }
}

/// Returns the URI without the prefix of the host, if it is plain HTTP to this host then.
fn without_prefix_on_loopback(uri: &str) -> Cow<'_, str> {
    let plain = uri.replacen(HOST_PREFIX, "://", 1);
    if plain != uri && uri.starts_with("http:") && is_encrypted_or_loopback(&plain) {
        Cow::Owned(plain)
    } else {
        Cow::Borrowed(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_endpoints_on_this_host_lose_the_prefix() {
        for (uri, expected) in [
            ("http://stream-127.0.0.1:4580/", "http://127.0.0.1:4580/"),
            ("http://stream-localhost:1/", "http://localhost:1/"),
            (
                "https://stream-logs.us-east-1.amazonaws.com/",
                "https://stream-logs.us-east-1.amazonaws.com/",
            ),
            ("http://stream-10.0.0.1/", "http://stream-10.0.0.1/"),
            ("http://127.0.0.1:4580/", "http://127.0.0.1:4580/"),
        ] {
            assert_eq!(without_prefix_on_loopback(uri), expected);
        }
    }
}
