//! Successful responses that lack something that AWS always writes, as a broken server or proxy may
//! send them.

use bytes::Bytes;
use http::{HeaderValue, Response};
use serde_json::{Value, json};

use super::mutation::{mutate_json, mutate_xml, switch_first_case};
use crate::scenario::{IncompleteResponse, ResponseDefect};
use crate::wire::{Exchange, Protocol, Service};

/// The error that [`ResponseDefect::ErrorBody`] sends.
const ERROR: &str = "ThrottlingException";

/// Applies the fault to the response of `exchange`, whose complete body is `body`.
pub(super) fn respond(
    fault: &IncompleteResponse,
    exchange: &Exchange,
    body: &Bytes,
) -> Response<Bytes> {
    let is_json = matches!(
        exchange.service.protocol(),
        Protocol::Json | Protocol::RestJson
    );
    let content_type = if is_json {
        exchange.service.json_content_type()
    } else {
        "text/xml;charset=UTF-8"
    };
    let body = if is_json {
        json_body(fault, body)
    } else {
        xml_body(fault, exchange, body)
    };
    let mut response = exchange.response(fault.status, content_type, body);
    if fault.defect == ResponseDefect::ErrorHeader {
        response
            .headers_mut()
            .insert("x-amzn-errortype", HeaderValue::from_static(ERROR));
    }
    response
}

fn json_body(fault: &IncompleteResponse, body: &Bytes) -> Vec<u8> {
    let path: Vec<&str> = fault.member.split('.').collect();
    match fault.defect {
        ResponseDefect::Empty => Vec::new(),
        ResponseDefect::NoMembers => b"{}".to_vec(),
        ResponseDefect::ErrorBody | ResponseDefect::ErrorHeader => {
            json!({ "__type": ERROR, "message": "Rate exceeded" })
                .to_string()
                .into_bytes()
        }
        ResponseDefect::Any => mutate_json(body, fault.seed),
        ResponseDefect::UnsearchedStream => {
            let mut value: Value = serde_json::from_slice(body).unwrap_or_default();
            value["searchedLogStreams"] =
                json!([{ "logStreamName": "s", "searchedCompletely": false }]);
            value.to_string().into_bytes()
        }
        defect => {
            let mut value: Value = serde_json::from_slice(body).unwrap_or_default();
            edit(&mut value, &path, defect);
            value.to_string().into_bytes()
        }
    }
}

/// Changes the member at the end of `path`, in every object along the path.
fn edit(value: &mut Value, path: &[&str], defect: ResponseDefect) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    match value {
        Value::Array(items) if defect == ResponseDefect::WithoutField => {
            items.retain(|item| item["field"] != **name);
            for item in items {
                edit(item, path, defect);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| edit(item, path, defect)),
        Value::Object(members) if defect == ResponseDefect::WithoutField => {
            members
                .values_mut()
                .for_each(|member| edit(member, path, defect));
        }
        Value::Object(members) if rest.is_empty() => {
            let Some(member) = members.remove(*name) else {
                return;
            };
            match defect {
                ResponseDefect::NullMember => _ = members.insert((*name).to_owned(), Value::Null),
                ResponseDefect::MisspeltMember => {
                    _ = members.insert(switch_first_case(name), member);
                }
                ResponseDefect::EmptyList => _ = members.insert((*name).to_owned(), json!([])),
                ResponseDefect::ShortList => {
                    _ = members.insert((*name).to_owned(), without_last(member));
                }
                _ => {}
            }
        }
        Value::Object(members) => {
            if let Some(member) = members.get_mut(*name) {
                edit(member, rest, defect);
            }
        }
        _ => {}
    }
}

fn without_last(mut list: Value) -> Value {
    if let Value::Array(items) = &mut list {
        items.pop();
    }
    list
}

/// The XML counterpart of `json_body`. The member is the first element with the name at the end of
/// the path.
fn xml_body(fault: &IncompleteResponse, exchange: &Exchange, body: &Bytes) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let member = fault.member.rsplit('.').next().unwrap_or_default();
    match fault.defect {
        ResponseDefect::Empty => Vec::new(),
        ResponseDefect::NoMembers => format!("<{}Response/>", exchange.operation).into_bytes(),
        ResponseDefect::ErrorBody | ResponseDefect::ErrorHeader
            if exchange.service == Service::S3 =>
        {
            b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
                .to_vec()
        }
        ResponseDefect::ErrorBody | ResponseDefect::ErrorHeader => {
            format!("<Response><Errors><Error><Code>{ERROR}</Code></Error></Errors></Response>")
                .into_bytes()
        }
        ResponseDefect::Any => mutate_xml(&text, &exchange.operation, fault.seed),
        defect => edit_element(&text, member, defect).unwrap_or_else(|| body.to_vec()),
    }
}

/// Changes an element; `None` if there is none with this name.
fn edit_element(text: &str, name: &str, defect: ResponseDefect) -> Option<Vec<u8>> {
    let open = format!("<{name}>");
    let close = format!("</{name}>");
    let start = text.find(&open)?;
    let content_start = start + open.len();
    let content_length = text.get(content_start..)?.find(&close)?;
    let content = text.get(content_start..content_start + content_length)?;
    let replacement = match defect {
        // XML has no null; an empty element is the closest.
        ResponseDefect::EmptyList | ResponseDefect::NullMember => format!("<{name}/>"),
        ResponseDefect::MisspeltMember => {
            let renamed = switch_first_case(name);
            format!("<{renamed}>{content}</{renamed}>")
        }
        ResponseDefect::Unclosed => format!("{open}{content}"),
        ResponseDefect::ShortList => {
            let last = content
                .rfind("<member>")
                .or_else(|| content.rfind("<item>"));
            format!("{open}{}{close}", content.get(..last?)?)
        }
        _ => String::new(),
    };
    let before = text.get(..start)?;
    let after = text.get(content_start + content_length + close.len()..)?;
    Some([before, &replacement, after].concat().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(defect: ResponseDefect, member: &str) -> Value {
        let fault = IncompleteResponse {
            defect,
            member: member.to_owned(),
            seed: 0,
            status: 200,
        };
        let body = json!({ "events": [{ "a": 1, "b": 2 }, { "a": 3 }], "results": [[{ "field": "@ptr", "value": "p" }]] });
        serde_json::from_slice(&json_body(&fault, &Bytes::from(body.to_string()))).unwrap()
    }

    #[test]
    fn edit_changes_only_the_member_at_the_path() {
        let edited_events = |defect, member: &str| edited(defect, member)["events"].clone();
        assert_eq!(
            edited_events(ResponseDefect::WithoutMember, "events"),
            Value::Null
        );
        assert_eq!(
            edited_events(ResponseDefect::WithoutMember, "events.a"),
            json!([{ "b": 2 }, {}])
        );
        assert_eq!(
            edited_events(ResponseDefect::NullMember, "events.b"),
            json!([{ "a": 1, "b": null }, { "a": 3 }])
        );
        assert_eq!(
            edited_events(ResponseDefect::ShortList, "events"),
            json!([{ "a": 1, "b": 2 }])
        );
        assert_eq!(
            edited_events(ResponseDefect::EmptyList, "events"),
            json!([])
        );
        assert_eq!(
            edited(ResponseDefect::MisspeltMember, "events")["Events"][1],
            json!({ "a": 3 })
        );
        assert_eq!(
            edited(ResponseDefect::WithoutField, "@ptr")["results"],
            json!([[]])
        );
    }
}
