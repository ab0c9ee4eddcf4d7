//! Joins truncated events with the parts that CloudWatch Logs stores apart from them.
//!
//! Whether such a part is the whole value of its field or only what the event lacks is not documented; one
//! public test received the whole value. Both are read: a part that begins with the stored value replaces
//! it, any other is appended to it. Whether it is text or JSON is not documented either.
//!
//! Source: CloudWatch Logs API, `GetLogObject`.

use serde_json::{Map, Value};

/// The beginning of the names of the fields that refer to parts; the path of the field follows.
const POINTER: &str = "@ptr.$";

/// The name of the field with the message as it is stored. It is added if parsing may have lost some of
/// it, such as a member whose name is there twice.
const STORED_MESSAGE: &str = "@message";

/// A field of which an event has only the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruncatedField {
    /// The path, as the event writes it: `$['body']`.
    pub path: String,
    /// What `GetLogObject` needs.
    pub pointer: String,
}

/// Returns the truncated fields of an event. `None` if the event cannot be joined: it is not a JSON
/// object, or a pointer is not a text.
pub fn truncated_fields(message: &str) -> Option<Vec<TruncatedField>> {
    let members: Map<String, Value> = serde_json::from_str(message).ok()?;
    let mut fields = Vec::new();
    for (name, value) in &members {
        let Some(path) = name.strip_prefix(POINTER) else {
            continue;
        };
        fields.push(TruncatedField {
            path: format!("${path}"),
            pointer: value.as_str()?.to_owned(),
        });
    }
    // Text that looks like a pointer may be inside of a member, where nothing refers to a part.
    (!fields.is_empty()).then_some(fields)
}

/// Returns the message of an event with its parts, which are given with their fields. `None` if the event
/// is not a JSON object.
pub fn join_log_objects(message: &str, parts: &[(TruncatedField, Vec<u8>)]) -> Option<String> {
    let mut members: Map<String, Value> = serde_json::from_str(message).ok()?;
    let is_complete =
        count_texts(message) == count_texts(&Value::from(members.clone()).to_string());
    for (field, part) in parts {
        members.remove(&format!("@ptr.{}", field.path));
        let part = String::from_utf8_lossy(part);
        match parse_path(&field.path).and_then(|path| find_value(&mut members, &path)) {
            Some(value) => *value = join_value(value, &part),
            // Nothing of the field is stored in the event.
            None => {
                members.insert(field.path.clone(), join_value(&Value::Null, &part));
            }
        }
    }
    if !is_complete {
        members.insert(STORED_MESSAGE.to_owned(), message.into());
    }
    Some(Value::from(members).to_string())
}

/// Counts the quotes, of which a message with a member that is there twice has more than its parsed form.
fn count_texts(message: &str) -> usize {
    memchr::memchr_iter(b'"', message.as_bytes()).count()
}

/// Returns the names of a path, `['a']['b']`, after `$`. `None` if it has another form.
fn parse_path(path: &str) -> Option<Vec<&str>> {
    let inner = path.strip_prefix("$['")?.strip_suffix("']")?;
    Some(inner.split("']['").collect())
}

/// Returns the value at a path, if there is one.
fn find_value<'m>(members: &'m mut Map<String, Value>, path: &[&str]) -> Option<&'m mut Value> {
    let (first, rest) = path.split_first()?;
    let mut value = members.get_mut(*first)?;
    for name in rest {
        value = value.as_object_mut()?.get_mut(*name)?;
    }
    Some(value)
}

/// Returns the whole value of a field of which `stored` is the beginning.
fn join_value(stored: &Value, part: &str) -> Value {
    let stored_text = match stored {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        // A beginning of anything but a text is not JSON, so the part is the whole value.
        _ => return serde_json::from_str(part).unwrap_or_else(|_| part.into()),
    };
    if part.starts_with(&stored_text) && !stored_text.is_empty() {
        return part.into();
    }
    match serde_json::from_str(part) {
        Ok(Value::String(text)) if text.starts_with(&stored_text) => text.into(),
        Ok(Value::String(text)) => (stored_text + &text).into(),
        Ok(whole @ (Value::Object(_) | Value::Array(_))) if stored_text.is_empty() => whole,
        _ => (stored_text + part).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"body":{"text":"begin of"},"@ptr.$['body']['text']":"P1"}"#;

    fn joined(part: &str) -> Value {
        let fields = truncated_fields(EVENT).unwrap();
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0].pointer, "P1");
        let parts = [(fields[0].clone(), part.as_bytes().to_vec())];
        serde_json::from_str(&join_log_objects(EVENT, &parts).unwrap()).unwrap()
    }

    #[test]
    fn whole_values_and_rests_give_the_same_event() {
        let expected = serde_json::json!({ "body": { "text": "begin of it" } });
        for part in ["begin of it", " it", r#""begin of it""#, r#"" it""#] {
            assert_eq!(joined(part), expected, "{part}");
        }
    }

    #[test]
    fn nothing_is_lost_if_the_form_is_another() {
        let event = r#"{"a":"x","a":"y","@ptr.$[0].b":"P"}"#;
        let fields = truncated_fields(event).unwrap();
        let parts = [(fields[0].clone(), b"the rest".to_vec())];
        let joined = join_log_objects(event, &parts).unwrap();
        for text in ["the rest", "x", "y"] {
            assert!(joined.contains(text), "{joined}");
        }
        assert!(joined.contains("\"$[0].b\""), "{joined}");
        assert!(!super::super::is_truncated_event(
            &join_log_objects(
                EVENT,
                &[(truncated_fields(EVENT).unwrap()[0].clone(), Vec::new())]
            )
            .unwrap()
        ));
    }

    #[test]
    fn event_without_usable_pointers_cannot_be_joined() {
        for event in [
            "text @ptr.$['a']",
            r#"{"a":"@ptr.$['a']"}"#,
            r#"{"@ptr.$['a']":1}"#,
            "[]",
        ] {
            assert_eq!(truncated_fields(event), None, "{event}");
        }
    }
}
