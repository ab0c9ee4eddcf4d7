//! Successful responses that lack something that AWS always writes, as a broken server or proxy may
//! send them.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde_json::{Value, json};

use crate::range::scenario::{Incomplete, IncompleteAnswer};
use crate::range::wire::{Exchange, Protocol};

/// The error that [`IncompleteAnswer::ErrorBody`] sends.
const ERROR: &str = "ThrottlingException";

/// Applies the fault to the response of `exchange`, whose complete body is `body`.
pub(super) fn respond(fault: &Incomplete, exchange: &Exchange, body: &Bytes) -> Response<Bytes> {
    let is_json = exchange.service.protocol() == Protocol::Json;
    let content_type = if is_json {
        "application/x-amz-json-1.1"
    } else {
        "text/xml;charset=UTF-8"
    };
    let body = if is_json {
        json_body(fault, body)
    } else {
        xml_body(fault, exchange, body)
    };
    let mut response = exchange.response(fault.status, content_type, body);
    if fault.answer == IncompleteAnswer::ErrorHeader {
        response
            .headers_mut()
            .insert("x-amzn-errortype", HeaderValue::from_static(ERROR));
    }
    response
}

fn json_body(fault: &Incomplete, body: &Bytes) -> Vec<u8> {
    let path: Vec<&str> = fault.member.split('.').collect();
    match fault.answer {
        IncompleteAnswer::Empty => Vec::new(),
        IncompleteAnswer::NoMembers => b"{}".to_vec(),
        IncompleteAnswer::ErrorBody | IncompleteAnswer::ErrorHeader => {
            json!({ "__type": ERROR, "message": "Rate exceeded" })
                .to_string()
                .into_bytes()
        }
        answer => {
            let mut value: Value = serde_json::from_slice(body).unwrap_or_default();
            edit(&mut value, &path, answer);
            value.to_string().into_bytes()
        }
    }
}

/// Changes the member at the end of `path`, in every object along the path.
fn edit(value: &mut Value, path: &[&str], answer: IncompleteAnswer) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    match value {
        Value::Array(items) if answer == IncompleteAnswer::WithoutField => {
            items.retain(|item| item["field"] != **name);
            for item in items {
                edit(item, path, answer);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| edit(item, path, answer)),
        Value::Object(members) if answer == IncompleteAnswer::WithoutField => {
            members
                .values_mut()
                .for_each(|member| edit(member, path, answer));
        }
        Value::Object(members) if rest.is_empty() => {
            let Some(member) = members.remove(*name) else {
                return;
            };
            match answer {
                IncompleteAnswer::NullMember => _ = members.insert((*name).to_owned(), Value::Null),
                IncompleteAnswer::MisspeltMember => _ = members.insert(other_case(name), member),
                IncompleteAnswer::EmptyList => _ = members.insert((*name).to_owned(), json!([])),
                IncompleteAnswer::ShortList => {
                    _ = members.insert((*name).to_owned(), one_short(member));
                }
                _ => {}
            }
        }
        Value::Object(members) => {
            if let Some(member) = members.get_mut(*name) {
                edit(member, rest, answer);
            }
        }
        _ => {}
    }
}

/// Switches the case of the first letter: `events` to `Events`, and back.
fn other_case(name: &str) -> String {
    let mut letters = name.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let first = if first.is_ascii_lowercase() {
        first.to_ascii_uppercase()
    } else {
        first.to_ascii_lowercase()
    };
    std::iter::once(first).chain(letters).collect()
}

fn one_short(mut list: Value) -> Value {
    if let Value::Array(items) = &mut list {
        items.pop();
    }
    list
}

/// The XML counterpart of `json_body`. A change that only JSON can express removes the element.
fn xml_body(fault: &Incomplete, exchange: &Exchange, body: &Bytes) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let open = format!("<{}>", fault.member);
    let close = format!("</{}>", fault.member);
    let element = text
        .find(&open)
        .zip(text.find(&close).map(|at| at + close.len()));
    match (fault.answer, element) {
        (IncompleteAnswer::Empty, _) => Vec::new(),
        (IncompleteAnswer::NoMembers, _) => {
            format!("<{}Response/>", exchange.operation).into_bytes()
        }
        (IncompleteAnswer::ErrorBody | IncompleteAnswer::ErrorHeader, _) => {
            format!("<Response><Errors><Error><Code>{ERROR}</Code></Error></Errors></Response>")
                .into_bytes()
        }
        (answer, Some((from, to))) => {
            let before = text.get(..from).unwrap_or_default();
            let after = text.get(to..).unwrap_or_default();
            let instead = match answer {
                IncompleteAnswer::EmptyList => format!("<{}/>", fault.member),
                _ => String::new(),
            };
            [before, &instead, after].concat().into_bytes()
        }
        (_, None) => body.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(answer: IncompleteAnswer, member: &str) -> Value {
        let fault = Incomplete {
            answer,
            member: member.to_owned(),
            status: 200,
        };
        let body = json!({ "events": [{ "a": 1, "b": 2 }, { "a": 3 }], "results": [[{ "field": "@ptr", "value": "p" }]] });
        serde_json::from_slice(&json_body(&fault, &Bytes::from(body.to_string()))).unwrap()
    }

    #[test]
    fn one_member_is_changed_wherever_the_path_leads() {
        let of = |answer, member: &str| edited(answer, member)["events"].clone();
        assert_eq!(of(IncompleteAnswer::WithoutMember, "events"), Value::Null);
        assert_eq!(
            of(IncompleteAnswer::WithoutMember, "events.a"),
            json!([{ "b": 2 }, {}])
        );
        assert_eq!(
            of(IncompleteAnswer::NullMember, "events.b"),
            json!([{ "a": 1, "b": null }, { "a": 3 }])
        );
        assert_eq!(
            of(IncompleteAnswer::ShortList, "events"),
            json!([{ "a": 1, "b": 2 }])
        );
        assert_eq!(of(IncompleteAnswer::EmptyList, "events"), json!([]));
        assert_eq!(
            edited(IncompleteAnswer::MisspeltMember, "events")["Events"][1],
            json!({ "a": 3 })
        );
        assert_eq!(
            edited(IncompleteAnswer::WithoutField, "@ptr")["results"],
            json!([[]])
        );
    }
}
