//! MISP events: typed attributes, either directly in the event or in objects.
//!
//! Source: MISP core format: <https://www.misp-standard.org/rfc/misp-standard-core.html>.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::Source;
use super::{ListBuilder, Malformed, vocabulary};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Attribute", borrow, default)]
    attributes: Vec<&'a RawValue>,
    #[serde(rename = "Object", borrow, default)]
    objects: Vec<Object<'a>>,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(rename = "Attribute", borrow, default)]
    attributes: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "type")]
    kind: String,
    value: String,
    #[serde(default)]
    to_ids: Value,
    #[serde(default)]
    deleted: Value,
}

pub(super) fn read_event(
    source: Source<'_>,
    json: &str,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    let Event {
        attributes,
        objects,
    } = source.read(json)?;
    let object_attributes = objects.iter().flat_map(|object| &object.attributes);
    attributes
        .iter()
        .chain(object_attributes)
        .try_for_each(|attribute| read_attribute(source, attribute.get(), builder))
}

/// Reads an attribute. Attributes that are not meant for detection (`to_ids`) are skipped.
pub(super) fn read_attribute(
    source: Source<'_>,
    json: &str,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    let attribute: Attribute = source.read(json)?;
    if is_flag(&attribute.deleted, true) {
        return Ok(());
    }
    if is_flag(&attribute.to_ids, false) {
        builder.leave_out("attribute without to_ids");
        return Ok(());
    }
    let line = source.line(json);
    // `ip-dst|port` and `filename|sha256` contain one value for each of their types.
    let kinds: Vec<&str> = attribute.kind.split('|').collect();
    let values: Vec<&str> = attribute.value.split('|').collect();
    if kinds.len() > 1 && kinds.len() == values.len() {
        let parts = kinds
            .iter()
            .zip(values)
            .filter(|(kind, _)| **kind != "port");
        return parts
            .into_iter()
            .try_for_each(|(kind, value)| read_value(kind, value, line, builder));
    }
    read_value(&attribute.kind, &attribute.value, line, builder)
}

/// Reads a value. MISP has hundreds of types and adds more every year, so a value of an unknown
/// type is left out and counted in the list of what was left out.
fn read_value(
    kind: &str,
    value: &str,
    line: usize,
    builder: &mut ListBuilder,
) -> Result<(), Malformed> {
    if vocabulary::is_known(kind) {
        return vocabulary::add(kind, value, line, builder);
    }
    builder.leave_out(kind);
    Ok(())
}

/// Whether a flag has the value `expected`. Exports write flags as booleans, numbers or texts.
fn is_flag(flag: &Value, expected: bool) -> bool {
    match flag {
        Value::Bool(set) => *set == expected,
        Value::Number(number) => (number.as_u64() == Some(1)) == expected,
        Value::String(text) => matches!(text.as_str(), "1" | "true") == expected,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{left_out, read};

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
    fn search_responses_are_read() {
        let response =
            r#"{"response": {"Attribute": [{"type": "domain", "value": "evil.example"}]}}"#;
        assert_eq!(read(response).unwrap(), ["domain:evil.example"]);
    }

    #[test]
    fn errors_name_the_line() {
        let error = read(&EVENT.replace("\"192.0.2.1\"", "\"192.0.2.999\"")).unwrap_err();
        assert!(
            error.starts_with("file:2: `192.0.2.999` is not an indicator"),
            "{error}"
        );
        let error = read("{\"Event\": {\n\"Attribute\": [\n{\"value\": 1}]}}").unwrap_err();
        assert!(error.starts_with("file:3: unexpected JSON"), "{error}");
    }
}
