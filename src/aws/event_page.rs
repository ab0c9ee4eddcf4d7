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

use std::sync::{Arc, Mutex, PoisonError};

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
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::logs::{EventPage, LogEvent};
use super::required_members::MembersChecked;

/// The body that the SDK gets in place of a body that the fast path decoded.
const DECODED_BODY: &str = "{}";

/// Decodes the response to one attempt at a call, and keeps its page.
#[derive(Clone, Debug, Default)]
pub(super) struct FastPageDecoder(Arc<Mutex<Option<EventPage>>>);

impl FastPageDecoder {
    /// Returns the page, from the fast path or else from the SDK, together with the SDK's output.
    pub(super) fn take_page(&self, mut output: FilterLogEventsOutput) -> PageOutput {
        let decoded = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
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
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = page;
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
mod tests {
    use aws_credential_types::Credentials;
    use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
    use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Region};
    use aws_sdk_cloudwatchlogs::error::SdkError;
    use aws_sdk_cloudwatchlogs::{Client, Config};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use bytes::Bytes;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::required_members::RequiredMembers;
    use super::*;
    use dragnet_model::Operation;

    /// The result of decoding a response, to compare the fast path with the SDK.
    #[derive(Debug, PartialEq)]
    struct Decoded {
        page: Result<EventPage, String>,
        request_id: Option<String>,
    }

    /// Answers every call with the same status and body.
    #[derive(Debug)]
    struct FixedResponse(u16, Bytes);

    impl HttpConnector for FixedResponse {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let response = http::Response::builder()
                .status(self.0)
                .header("x-amzn-requestid", "r");
            let response = response.body(SdkBody::from(self.1.clone())).unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::try_from(response).unwrap()))
        }
    }

    /// Decodes a response with the fast path and without it.
    fn decode_both_ways(status: u16, body: &[u8]) -> [Decoded; 2] {
        let connector =
            SharedHttpConnector::new(FixedResponse(status, Bytes::copy_from_slice(body)));
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("AKIAEXAMPLE", "s", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        let client = Client::from_conf(config.build());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        [true, false].map(|is_fast| {
            let check = RequiredMembers(Operation::FilterLogEvents);
            let decoder = FastPageDecoder::default();
            let request = client.filter_log_events().customize();
            let request = request.interceptor(check);
            let request = if is_fast {
                request.interceptor(decoder.clone())
            } else {
                request
            };
            match runtime
                .block_on(request.send())
                .map(|output| decoder.take_page(output))
            {
                Ok(output) => Decoded {
                    request_id: output.request_id().map(str::to_owned),
                    page: Ok(output.page),
                },
                Err(SdkError::ResponseError(broken)) => Decoded {
                    page: Err(format!("{broken:?}")),
                    request_id: None,
                },
                Err(error) => Decoded {
                    request_id: error.request_id().map(str::to_owned),
                    page: Err(format!("{:?}", error.into_service_error())),
                },
            }
        })
    }

    #[test]
    fn usual_page_is_decoded_by_the_fast_path() {
        let body = r#" {"searchedLogStreams":[],"new":{"a":[1.5,"\u00e9"]},"events":[
            {"eventId":"1","logStreamName":"s","timestamp":5,"ingestionTime":6,"message":"{\"a\":\"\\u00e9\u00e9\ud83d\ude00\"}"},
            {"eventId":"2","timestamp":7,"message":"","other":7}],"nextToken":""} "#;
        let first = LogEvent {
            event_id: "1".to_owned(),
            log_stream: "s".to_owned(),
            timestamp_ms: 5,
            ingestion_ms: 6,
            message: "{\"a\":\"\\u00e9\u{e9}\u{1f600}\"}".to_owned(),
        };
        let second = LogEvent {
            event_id: "2".to_owned(),
            timestamp_ms: 7,
            ..LogEvent::default()
        };
        let page = EventPage {
            events: vec![first, second],
            next_token: Some(String::new()),
            has_unsearched_stream: false,
        };
        assert_eq!(decode_page(body.as_bytes()), Some(page.clone()));
        let [fast, slow] = decode_both_ways(200, body.as_bytes());
        assert_eq!(
            fast,
            Decoded {
                page: Ok(page),
                request_id: Some("r".to_owned())
            }
        );
        assert_eq!(fast, slow);
    }

    #[test]
    fn unusual_page_is_left_to_the_sdk() {
        let deep =
            |levels: usize| format!("{{\"new\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        for body in [
            "",
            "[]",
            "[[],null]",
            "{} {}",
            "{}",
            "{\"nextToken\":\"t\"}",
            "{\"events\":null}",
            "{\"Events\":[]}",
            "{\"events\":[null]}",
            "{\"events\":[{\"eventId\":\"1\",\"timestamp\":5}]}",
            "{\"events\":[{\"eventId\":\"1\",\"message\":\"m\"}]}",
            "{\"events\":[{\"timestamp\":5,\"message\":\"m\"}]}",
            "{\"events\":[{\"eventId\":\"\",\"timestamp\":5,\"message\":\"m\"}]}",
            "{\"events\":[{\"eventId\":null,\"timestamp\":5,\"message\":\"m\"}]}",
            "{\"events\":[[\"1\",\"s\",5,6,\"m\"]]}",
            "{\"events\":[{\"timestamp\":5.0}]}",
            "{\"events\":[{\"timestamp\":\"5\"}]}",
            "{\"events\":[{\"timestamp\":9223372036854775808}]}",
            "{\"events\":[{\"message\":\"\\ud800\"}]}",
            "{\"events\":[{\"message\":\"a\",\"message\":\"b\"}]}",
            "{\"events\":[],\"events\":[{}],\"nextToken\":\"t\"}",
            "{\"searchedLogStreams\":[{\"logStreamName\":\"s\"}]}",
            "{\"searchedLogStreams\":1}",
            "{\"nextToken\":\"t\",",
            &deep(200),
            &deep(600),
        ] {
            assert_eq!(decode_page(body.as_bytes()), None, "{body}");
            let [fast, slow] = decode_both_ways(200, body.as_bytes());
            assert_eq!(fast, slow, "{body}");
        }
        assert_eq!(decode_page(b"{\"nextToken\":\"\xff\"}"), None);
    }

    #[test]
    fn unsearched_stream_is_reported() {
        for (stream, is_unsearched) in [
            (r#"{"logStreamName":"s","searchedCompletely":false}"#, true),
            (r#"{"logStreamName":"s","searchedCompletely":true}"#, false),
            (r#"{"logStreamName":"s"}"#, false),
        ] {
            let body = format!(r#"{{"events":[],"searchedLogStreams":[{stream}]}}"#);
            let [fast, slow] = decode_both_ways(200, body.as_bytes());
            assert_eq!(fast, slow, "{body}");
            let page = slow.page.unwrap();
            assert_eq!(page.has_unsearched_stream, is_unsearched, "{body}");
        }
    }

    #[test]
    fn error_response_is_left_to_the_sdk() {
        for status in [202, 400, 503] {
            let error = r#"{"__type":"ThrottlingException","message":"slow"}"#;
            for (body, is_page) in [(error, false), (r#"{"events":[],"nextToken":"t"}"#, true)] {
                let [fast, slow] = decode_both_ways(status, body.as_bytes());
                assert_eq!(fast, slow);
                assert_eq!(fast.page.is_ok(), is_page && status == 202);
            }
        }
    }

    const ONE: &str = r#"{"events":[{"eventId":"1","timestamp":5,"message":"m"}]}"#;

    #[test]
    fn page_is_returned_once() {
        let decoder = FastPageDecoder::default();
        let empty_output = || FilterLogEventsOutput::builder().build();
        let decode = |body: &'static str| {
            let response = http::Response::builder()
                .status(200)
                .body(SdkBody::from(body))
                .unwrap();
            decoder.decode(&mut HttpResponse::try_from(response).unwrap());
        };
        decode(ONE);
        assert_eq!(decoder.take_page(empty_output()).page.events.len(), 1);
        assert_eq!(decoder.take_page(empty_output()).page, EventPage::default());
        decode(ONE);
        decode("broken");
        assert_eq!(
            decoder.take_page(empty_output()).page,
            EventPage::default(),
            "the page of the previous response is dropped"
        );
    }

    /// A JSON string, rarely an invalid one.
    fn text() -> impl Strategy<Value = String> {
        let usual = || {
            select(vec![
                "a",
                " ",
                "{",
                "é",
                "😀",
                "\\n",
                "\\\"",
                "\\\\",
                "\\/",
                "\\u0041",
                "\\u0000",
                "\\u00e9",
                "\\ud83d\\ude00",
            ])
        };
        let odd = select(vec![
            "\\ud800",
            "\\udc00",
            "\\ud800\\u0041",
            "\\x",
            "\\u12",
            "\n",
            "\u{1}",
            "\\",
        ]);
        let pieces = prop_oneof![60 => usual(), 1 => odd];
        vec(pieces, 0..8).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
    }

    fn number() -> impl Strategy<Value = String> {
        let odd = select(vec![
            "-0",
            "1.0",
            "1.5",
            "1e3",
            "01",
            "-",
            "1e999",
            "-1e999",
            "9223372036854775808",
            "18446744073709551616",
            "-9223372036854775809",
            "123456789012345678901234567890",
        ]);
        prop_oneof![20 => any::<i64>().prop_map(|number| number.to_string()), 1 => odd.prop_map(str::to_owned)]
    }

    /// Any JSON value; some are nested deeper than the decoders accept.
    fn value() -> impl Strategy<Value = String> {
        let word =
            select(vec!["null", "true", "false", "[]", "{}", "nul", ""]).prop_map(str::to_owned);
        let leaf = prop_oneof![4 => text(), 4 => number(), 2 => word];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let deep = (inner.clone(), select(vec![1_usize, 100, 140, 520]));
            prop_oneof![
                4 => vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
                4 => vec((text(), inner), 0..3).prop_map(|fields| object(&fields)),
                1 => deep.prop_map(|(item, levels)| format!("{}{item}{}", "[".repeat(levels), "]".repeat(levels))),
            ]
        })
    }

    fn object(fields: &[(String, String)]) -> String {
        let fields: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("{key} :{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    }

    /// A field with a value of its usual type, sometimes null, rarely any other value.
    fn field(
        name: &'static str,
        own: impl Strategy<Value = String> + 'static,
    ) -> BoxedStrategy<(String, String)> {
        let escaped = format!("\"\\u{:04x}{}\"", name.as_bytes()[0], &name[1..]);
        let key = prop_oneof![20 => Just(format!("\"{name}\"")), 1 => Just(escaped)];
        (
            key,
            prop_oneof![20 => own, 2 => Just("null".to_owned()), 1 => value()],
        )
            .boxed()
    }

    fn other() -> BoxedStrategy<(String, String)> {
        (text(), value()).boxed()
    }

    fn event() -> impl Strategy<Value = String> {
        let required = [
            field("eventId", text()),
            field("timestamp", number()),
            field("message", text()),
        ];
        // Rarely, one of them is missing.
        let required = required.map(|field| prop::option::weighted(0.95, field));
        let rest = prop_oneof![
            4 => field("logStreamName", text()),
            4 => field("ingestionTime", number()),
            1 => field("message", text()),
            2 => other(),
        ];
        let whole = (required, vec(rest, 0..3)).prop_map(|(required, rest)| {
            let fields: Vec<(String, String)> =
                required.into_iter().flatten().chain(rest).collect();
            object(&fields)
        });
        prop_oneof![30 => whole, 1 => value()]
    }

    fn page() -> impl Strategy<Value = String> {
        let events = vec(event(), 0..4).prop_map(|events| format!(" [ {} ]\n", events.join(" , ")));
        let events = prop::option::weighted(0.9, field("events", events));
        let rest = prop_oneof![
            4 => field("nextToken", text()),
            2 => field("searchedLogStreams", select(vec!["[]", "[{}]"]).prop_map(str::to_owned)),
            2 => other(),
        ];
        (events, vec(rest, 0..3)).prop_map(|(events, rest)| {
            let fields: Vec<(String, String)> = events.into_iter().chain(rest).collect();
            object(&fields)
        })
    }

    proptest! {
        #[test]
        fn fast_path_agrees_with_the_sdk(
            page in page(),
            status in prop_oneof![20 => Just(200), 1 => select(vec![202, 400])],
            cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
            odd in prop::option::weighted(0.1, (any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut body = page.into_bytes();
            if let Some((at, byte)) = odd {
                let at = at.index(body.len());
                body[at] = byte;
            }
            if let Some(cut) = cut {
                body.truncate(cut.index(body.len()));
            }
            let [fast, slow] = decode_both_ways(status, &body);
            prop_assert_eq!(fast, slow);
        }
    }
}
