//! The fast path for pages of events.
//!
//! The SDK decodes the escapes of a message byte by byte, which would be a third of all processor
//! time spent on an event. [`FastPageDecoder`] decodes the body of a `FilterLogEvents` response
//! with serde before the SDK deserializes it.
//!
//! The result must be the same as that of the SDK. Anything unusual (an error, a number in another
//! form, a duplicate key, broken JSON) is left to the SDK unchanged, whose deserializer is the
//! reference. So is a page that lacks a member which AWS always writes; `required_members` then
//! refuses it.

use std::sync::Arc;

use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::request_id::RequestId;
use parking_lot::Mutex;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::log_event::{EventPage, LogEvent};
use super::required_members::MembersChecked;

/// The body that the SDK gets in place of a body that the fast path decoded.
const DECODED_BODY: &str = "{}";

/// Decodes the response to one attempt at a call, and keeps its page.
#[derive(Clone, Debug, Default)]
pub(super) struct FastPageDecoder(Arc<Mutex<Option<EventPage>>>);

impl FastPageDecoder {
    /// Returns the page, from the fast path or else from the SDK, together with the SDK's output.
    pub(super) fn take_page(&self, mut output: FilterLogEventsOutput) -> PageOutput {
        let decoded = self.0.lock().take();
        let page = decoded.unwrap_or_else(|| EventPage {
            has_unsearched_stream: output
                .searched_log_streams()
                .iter()
                .any(|stream| stream.searched_completely() == Some(false)),
            events: output
                .events
                .take()
                .unwrap_or_default()
                .into_iter()
                .map(LogEvent::from)
                .collect(),
            next_token: output.next_token.take(),
        });
        PageOutput { page, output }
    }

    fn decode(&self, response: &mut HttpResponse) {
        let is_success = response.status().as_u16() == 200;
        let page = response
            .body()
            .bytes()
            .filter(|_| is_success)
            .and_then(decode_page);
        let is_decoded = page.is_some();
        *self.0.lock() = page;
        if is_decoded {
            response.add_extension(MembersChecked);
            *response.body_mut() = SdkBody::from(DECODED_BODY);
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for FastPageDecoder {
    fn name(&self) -> &'static str {
        "FastPageDecoder"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.decode(context.response_mut());
        Ok(())
    }
}

/// A page of events with the SDK's output, which supplies the request id.
#[derive(Debug)]
pub(super) struct PageOutput {
    pub page: EventPage,
    output: FilterLogEventsOutput,
}

impl RequestId for PageOutput {
    fn request_id(&self) -> Option<&str> {
        self.output.request_id()
    }
}

impl From<FilteredLogEvent> for LogEvent {
    fn from(event: FilteredLogEvent) -> Self {
        Self {
            event_id: event.event_id.unwrap_or_default(),
            log_stream: event.log_stream_name.unwrap_or_default(),
            timestamp_ms: event.timestamp.unwrap_or_default(),
            ingestion_ms: event.ingestion_time.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        }
    }
}

/// The response as AWS writes it. Unknown members are accepted through the flattened `_rest`. That
/// has two effects: serde refuses a JSON array in place of the object, and unknown members may not
/// be nested as deeply as the SDK allows, which skips them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    events: Vec<Event>,
    next_token: Option<String>,
    /// Always empty since 2020.
    #[serde(rename = "searchedLogStreams")]
    _searched_log_streams: Option<[(); 0]>,
    /// The code of an error, which only error responses have.
    #[serde(rename = "__type")]
    error: Option<IgnoredAny>,
    #[serde(flatten)]
    _rest: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "eventId")]
    id: String,
    log_stream_name: Option<String>,
    timestamp: i64,
    ingestion_time: Option<i64>,
    message: String,
    #[serde(flatten)]
    _rest: IgnoredAny,
}

/// Decodes a body; `None` leaves it to the SDK.
fn decode_page(body: &[u8]) -> Option<EventPage> {
    let Page {
        events,
        next_token,
        error,
        ..
    } = serde_json::from_str(str::from_utf8(body).ok()?).ok()?;
    if error.is_some() || events.iter().any(|event| event.id.is_empty()) {
        return None;
    }
    Some(EventPage {
        events: events.into_iter().map(LogEvent::from).collect(),
        next_token,
        has_unsearched_stream: false,
    })
}

impl From<Event> for LogEvent {
    fn from(event: Event) -> Self {
        Self {
            event_id: event.id,
            log_stream: event.log_stream_name.unwrap_or_default(),
            timestamp_ms: event.timestamp,
            ingestion_ms: event.ingestion_time.unwrap_or_default(),
            message: event.message,
        }
    }
}

#[cfg(test)]
mod tests;
