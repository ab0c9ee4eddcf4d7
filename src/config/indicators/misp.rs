//! MISP events: typed attributes, either directly in the event or in objects.
//!
//! Source: MISP core format: <https://www.misp-standard.org/rfc/misp-standard-core.html>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json_source::JsonSource;
use super::{Listing, Malformed, vocabulary};
use dragnet_model::recognize;

/// An event, with or without its envelope; `PyMISP` writes it without. An object of an event has the
/// same members.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Attribute", borrow, default)]
    attributes: Option<&'a RawValue>,
    #[serde(rename = "Object", borrow, default)]
    objects: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "type")]
    kind: String,
    /// A text, except for types such as `AS` whose values are numbers.
    #[serde(default)]
    value: Value,
    #[serde(default)]
    to_ids: Value,
    #[serde(default)]
    deleted: Value,
}

/// Whether an object is an event, an object of one, or the result of a search.
pub(super) fn is_event(members: &BTreeMap<String, &RawValue>) -> bool {
    members.contains_key("Attribute") || members.contains_key("Object")
}

pub(super) fn read_event(
    source: JsonSource<'_>,
    json: &str,
    listing: &mut Listing,
) -> Result<(), Malformed> {
    let event: Event<'_> = source.read(json)?;
    for attribute in list(source, event.attributes)? {
        read_attribute(source, attribute.get(), listing)?;
    }
    for object in list(source, event.objects)? {
        read_event(source, object.get(), listing)?;
    }
    Ok(())
}

/// A member that is a list, or a single object in its place.
fn list<'a>(
    source: JsonSource<'_>,
    member: Option<&'a RawValue>,
) -> Result<Vec<&'a RawValue>, Malformed> {
    match member {
        Some(list) if list.get().trim_start().starts_with('[') => source.read(list.get()),
        Some(single) if single.get().trim_start().starts_with('{') => Ok(vec![single]),
        _ => Ok(Vec::new()),
    }
}

/// Reads an attribute. Attributes that are not meant for detection (`to_ids`) are skipped.
fn read_attribute(
    source: JsonSource<'_>,
    json: &str,
    listing: &mut Listing,
) -> Result<(), Malformed> {
    let attribute: Attribute = source.read(json)?;
    if says(&attribute.deleted, true) {
        return Ok(());
    }
    if says(&attribute.to_ids, false) {
        listing.leave_out("attribute without to_ids");
        return Ok(());
    }
    let line = source.line(json);
    match &attribute.value {
        Value::String(value) => add_composite(&attribute.kind, value, line, listing),
        Value::Number(number) => add_composite(&attribute.kind, &number.to_string(), line, listing),
        other => listing.reject(
            line,
            &other.to_string(),
            "its value is not a text".to_owned(),
        ),
    }
    Ok(())
}

/// Adds the value of a type that may be composite: `ip-dst|port` and `filename|sha256` contain one
/// value for each of their types. The separator in the value is a vertical bar, in old exports a
/// colon.
pub(super) fn add_composite(kind: &str, value: &str, line: usize, listing: &mut Listing) {
    let kinds: Vec<&str> = kind.split('|').collect();
    let values: Vec<&str> = value.split('|').collect();
    if kinds.len() < 2 || kinds.len() != values.len() {
        return add_value(kinds[0], value, line, listing);
    }
    for (kind, value) in kinds.into_iter().zip(values) {
        if kind != "port" {
            add_value(kind, value, line, listing);
        }
    }
}

/// Adds a value. MISP has hundreds of types and adds more every year, so a value of an unknown type
/// that is of no recognised form is left out and counted in the list of what was left out.
fn add_value(kind: &str, value: &str, line: usize, listing: &mut Listing) {
    if vocabulary::is_known(kind) {
        return vocabulary::add(kind, value, line, listing);
    }
    match recognize(value.trim()) {
        Some(indicators) => listing.add_all(line, indicators),
        None => listing.leave_out(kind),
    }
}

/// Whether a flag has the value `way`. Exports write flags as booleans, numbers or texts.
fn says(flag: &Value, way: bool) -> bool {
    match flag {
        Value::Bool(set) => *set == way,
        Value::Number(number) => (number.as_u64() == Some(1)) == way,
        Value::String(text) => matches!(text.as_str(), "1" | "true") == way,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{left_out, read, rejected};

    const EVENT: &str = r#"{"Event": {"info": "a campaign", "Attribute": [
        {"type": "ip-dst", "category": "Network activity", "value": "192.0.2.1", "to_ids": true},
        {"type": "ip-dst|port", "value": "192.0.2.2|443", "to_ids": "1"},
        {"type": "domain|ip", "value": "evil.example|2001:db8::1"},
        {"type": "ip-src", "value": "10.0.0.1", "to_ids": false},
        {"type": "ip-src", "value": "10.0.0.2", "to_ids": true, "deleted": true},
        {"type": "mutex", "value": "x", "to_ids": true},
        {"type": "brand-new", "value": "x", "to_ids": true},
        {"type": "user-agent", "value": "a|b", "to_ids": 1}],
      "Object": [{"name": "file", "Attribute": [
        {"type": "md5", "value": "d41d8cd98f00b204e9800998ecf8427e", "to_ids": true}]}]}}"#;

    #[test]
    fn attributes_for_detection_are_read() {
        let expected = [
            "ip:192.0.2.1",
            "ip:192.0.2.2",
            "domain:evil.example",
            "ip:2001:db8::1",
            "agent:a|b",
            "hash:d41d8cd98f00b204e9800998ecf8427e",
        ];
        assert_eq!(read(EVENT).unwrap(), expected);
        assert_eq!(
            read(&format!("{{\"response\":[{EVENT}]}}")).unwrap(),
            expected
        );
        assert_eq!(read(&format!("[{EVENT}]")).unwrap(), expected);
        assert_eq!(
            left_out(EVENT),
            ["1 x attribute without to_ids", "1 x brand-new", "1 x mutex"]
        );
    }

    #[test]
    fn answers_to_a_search_are_read() {
        let answer =
            r#"{"response": {"Attribute": [{"type": "domain", "value": "evil.example"}]}}"#;
        assert_eq!(read(answer).unwrap(), ["domain:evil.example"]);
    }

    #[test]
    fn slips_have_their_lines() {
        let text = EVENT.replace("\"192.0.2.1\"", "\"192.0.2.999\"");
        assert_eq!(rejected(&text), ["2 192.0.2.999"]);
        let error = read("{\"Event\": {\n\"Attribute\": [\n{\"value\": 1}]}}").unwrap_err();
        assert!(
            error.starts_with("file:3: it is not the expected JSON"),
            "{error}"
        );
    }

    #[test]
    fn events_without_envelope_are_read() {
        let attribute = r#"{"type": "ip-dst", "value": "198.51.100.23"}"#;
        for text in [
            format!(
                r#"{{"uuid": "1", "info": "x", "Object": [{{"name": "n", "Attribute": [{attribute}]}}]}}"#
            ),
            format!(r#"{{"response": [{{"Object": [{{"Attribute": [{attribute}]}}]}}]}}"#),
            format!(r#"{{"Attribute": {attribute}}}"#),
            format!(
                r#"{{"Event": {{"Attribute": [{{"type": "AS", "value": 64500}}, {attribute}]}}}}"#
            ),
        ] {
            assert_eq!(read(&text).unwrap(), ["ip:198.51.100.23"], "{text}");
        }
    }
}
