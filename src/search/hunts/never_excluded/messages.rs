//! Generated events: records, lines of flow logs and texts.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::search::hunts::FlowLogFormats;

const TEXTS: [&str; 9] = [
    "ListBuckets",
    "AccessDenied",
    "Denied",
    "192.0.2.1",
    "192.0.2.",
    "a/b <c>*\"\\",
    "1000",
    "REJECT",
    "é",
];

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(&TEXTS[..]).prop_map(|text| json!(text)),
        1 => (select(&TEXTS[..]), select(&TEXTS[..])).prop_map(|(one, other)| json!(format!("{one} {other}"))),
    ]
}

/// A value of a field, including `null` and numbers.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => text(),
        1 => Just(json!(null)),
        1 => Just(json!(1000)),
        1 => Just(json!(true)),
    ]
}

pub(super) fn message() -> impl Strategy<Value = String> {
    let address = || select(&["192.0.2.1", "192.0.3.9", "10.1.2.3", "-"][..]);
    let port = || select(&["443", "22"][..]);
    let action = || select(&["ACCEPT", "REJECT"][..]);
    let record = ([text(), text(), text()], [value(), value(), value()], any::<bool>(), 0..5_u8).prop_map(
        |([name, source, address], [code, kind, user], is_record, escaped)| {
            let mut record = json!({
                "eventName": name, "eventSource": source, "errorCode": code, "sourceIPAddress": address,
                "userIdentity": { "type": kind }, "requestParameters": { "userName": user },
            });
            if is_record {
                for (name, value) in
                    [("eventID", "e"), ("eventTime", "2026-03-01T12:00:00Z"), ("awsRegion", "us-east-1")]
                {
                    record[name] = json!(value);
                }
            }
            let text = record.to_string();
            match escaped {
                0 => text.replace('/', "\\/").replace('<', "\\u003c"),
                1 => format!(" {text}"),
                2 => text.replace("\"eventName\"", "\"userIdentity.type\":\"Root\",\"eventName\""),
                3 => text.replace(":1000", ":1e3"),
                _ => text,
            }
        },
    );
    prop_oneof![
        4 => record,
        2 => (address(), address(), port(), action()).prop_map(|(source, target, port, action)| {
            format!("2 111111111111 eni-1 {source} {target} {port} 49152 6 20 4249 1 2 {action} OK")
        }),
        2 => (address(), port(), action()).prop_map(|(source, port, action)| format!("{source} {port} {action}")),
        1 => prop::collection::vec(select(&TEXTS[..]), 1..4).prop_map(|texts| texts.join(" ")),
        1 => any::<String>(),
    ]
}

pub(super) fn formats() -> impl Strategy<Value = FlowLogFormats> {
    select(&["", "${srcaddr} ${dstport} ${action}"][..]).prop_map(|format| {
        let mut formats = FlowLogFormats::default();
        if let Ok(format) = format.parse() {
            formats.add(format);
        }
        formats
    })
}
