//! The clock skew between this host and AWS, which rejects signatures that are some minutes too old
//! or too early.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::client::Aws;
use dragnet_model::Operation;

impl Aws {
    /// Returns how far the clock of this host is ahead of AWS's, in seconds; negative if it is
    /// behind. `None` if no response had a date. Error responses have one too.
    pub async fn clock_skew(&self) -> Option<SignedDuration> {
        let context = self.home_context(self.source(), Operation::GetCallerIdentity);
        let date = DateHeader::default();
        // Not `send!`, because an interceptor reads the response too.
        let call = self.call(context, |config| {
            self.clients
                .sts
                .get_caller_identity()
                .customize()
                .config_override(config)
                .interceptor(date.clone())
                .send()
        });
        // Only the date matters; other code reports whether AWS accepts the call.
        _ = call.await;
        let aws_time = *date.0.lock();
        Some(self.clock.now().duration_since(aws_time?))
    }
}

/// Keeps the `Date` of the last response.
///
/// Source: RFC 9110, section 6.6.1, `Date`.
#[derive(Clone, Debug, Default)]
struct DateHeader(Arc<Mutex<Option<Timestamp>>>);

impl Intercept for DateHeader {
    fn name(&self) -> &'static str {
        "DateHeader"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let header = context.response().headers().get("date");
        let date = header.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
        *self.0.lock() = date.and_then(|date| Timestamp::from_second(date.secs()).ok());
        Ok(())
    }
}
