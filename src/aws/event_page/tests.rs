//! The fast path and the SDK read the same from a body: on chosen bodies and on random ones.

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
    let connector = SharedHttpConnector::new(FixedResponse(status, Bytes::copy_from_slice(body)));
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
    let deep = |levels: usize| format!("{{\"new\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
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
    let word = select(vec!["null", "true", "false", "[]", "{}", "nul", ""]).prop_map(str::to_owned);
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
        let fields: Vec<(String, String)> = required.into_iter().flatten().chain(rest).collect();
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
