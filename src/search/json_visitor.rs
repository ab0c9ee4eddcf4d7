//! Visits the texts of a JSON document, each with the path of its field. The document is parsed as
//! a stream, without building a tree.

use std::fmt::{self, Write};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The maximum depth of documents inside strings of documents. Each level doubles the backslashes,
/// so an event of 1 MB can hardly contain more.
const NESTED_DOCUMENTS: u8 = 8;

/// Calls `each` with the path and the text of every string, number, boolean and key of a JSON
/// object or array. Paths are written as in Logs Insights: `resources.0.ARN`. The path of a key is
/// that of its value. A string that is itself an object or array is visited like a nested value.
///
/// A fraction, or a number of more than 64 bits, is skipped if Rust spells it differently, because
/// the original spelling is not available here.
///
/// Returns whether `json` is a complete object or array, nested at most 128 levels deep. If not,
/// some texts may already have been visited.
pub(super) fn visit_json_values(json: &str, each: &mut dyn FnMut(&str, &str)) -> bool {
    walk(json, NESTED_DOCUMENTS, &mut String::new(), each)
}

fn walk(json: &str, levels_left: u8, path: &mut String, each: &mut dyn FnMut(&str, &str)) -> bool {
    if !looks_like_a_document(json) {
        return false;
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let walked = ValueVisitor {
        json,
        levels_left,
        path,
        each,
    }
    .deserialize(&mut reader);
    walked.is_ok() && reader.end().is_ok()
}

/// Calls `each` for a string as if it were a value at this path of a document.
pub(super) fn visit_json_values_in_text(
    text: &str,
    path: &mut String,
    each: &mut dyn FnMut(&str, &str),
) {
    visit_text(text, NESTED_DOCUMENTS, path, each);
}

fn visit_text(text: &str, levels_left: u8, path: &mut String, each: &mut dyn FnMut(&str, &str)) {
    let levels_left = levels_left
        .checked_sub(1)
        .filter(|_| looks_like_a_document(text));
    match levels_left {
        // Validated first, so that no text of an invalid document is visited.
        Some(levels_left) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            walk(text, levels_left, path, each);
        }
        _ => each(path, text),
    }
}

fn looks_like_a_document(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

struct ValueVisitor<'a> {
    /// The document that contains the value.
    json: &'a str,
    /// How many more levels of nested documents may be visited.
    levels_left: u8,
    path: &'a mut String,
    each: &'a mut dyn FnMut(&str, &str),
}

impl ValueVisitor<'_> {
    /// Appends a step to the path.
    fn push_step(&mut self, step: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(step);
    }

    /// The visitor for the value at the current path.
    fn reborrow(&mut self) -> ValueVisitor<'_> {
        ValueVisitor {
            json: self.json,
            levels_left: self.levels_left,
            path: self.path,
            each: self.each,
        }
    }
}

impl<'de> DeserializeSeed<'de> for ValueVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        visit_text(text, self.levels_left, self.path, self.each);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        (self.each)(self.path, if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        (self.each)(self.path, &value.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        (self.each)(self.path, &value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        let text = value.to_string();
        if self.json.contains(&text) {
            (self.each)(self.path, &text);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let length = self.path.len();
        for index in 0_usize.. {
            self.push_step("");
            // Writing to a `String` cannot fail.
            _ = write!(self.path, "{index}");
            let item = items.next_element_seed(self.reborrow())?;
            self.path.truncate(length);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while fields.next_key_seed(KeyVisitor(self.reborrow()))?.is_some() {
            fields.next_value_seed(self.reborrow())?;
            self.path.truncate(length);
        }
        Ok(())
    }
}

/// Visits a key, which is a text itself, and appends it to the path of its value.
struct KeyVisitor<'a>(ValueVisitor<'a>);

impl<'de> DeserializeSeed<'de> for KeyVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(mut self, key: &str) -> Result<(), E> {
        self.0.push_step(key);
        (self.0.each)(self.0.path, key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visited(json: &str) -> (Vec<String>, bool) {
        let mut all = Vec::new();
        let whole = visit_json_values(json, &mut |path, text| all.push(format!("{path}={text}")));
        (all, whole)
    }

    #[test]
    fn each_value_has_its_path() {
        let (all, whole) = visited(r#"{"a":{"b":[1,"x\/y",{"c":null}]},"a":true}"#);
        assert!(whole);
        assert_eq!(
            all,
            [
                "a=a",
                "a.b=b",
                "a.b.0=1",
                "a.b.1=x/y",
                "a.b.2.c=c",
                "a=a",
                "a=true"
            ]
        );
    }

    #[test]
    fn documents_in_strings_are_visited_in_place() {
        let (all, whole) = visited(r#"{"a":"{\"b\":[\"x\\/y\"]}","c":"[1","d":"[]"}"#);
        assert!(whole);
        assert_eq!(all, ["a=a", "a.b=b", "a.b.0=x/y", "c=c", "c=[1", "d=d"]);
    }

    #[test]
    fn numbers_keep_their_spelling_or_are_skipped() {
        assert_eq!(
            visited("[0.5,1e2,-7,123456789012345678901234]").0,
            ["0=0.5", "2=-7"]
        );
    }

    #[test]
    fn invalid_document_is_reported() {
        for text in [
            "",
            "plain",
            "12",
            "{\"a\":",
            "{} {}",
            "[1,]",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert!(!visited(text).1, "{text}");
        }
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(!visited(&deep).1);
    }
}
