//! The texts in a JSON document, each with the path of its field: read as a stream, building nothing.

use std::fmt::{self, Write};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How deep documents in strings of documents are read. Each level doubles the backslashes, so that an
/// event of 1 MB holds hardly more.
const NESTED_DOCUMENTS: u8 = 8;

/// Calls `each` with the path and the text of every string, number, boolean and key in a JSON object or
/// array. Paths are written as Logs Insights writes them: `resources.0.ARN`. A key's path is its own. A
/// string that is itself such a document is read like a value in its place.
///
/// A fraction, or a number of more than 64 bits, is passed over where it is not spelled as Rust would:
/// its own spelling is not handed on.
///
/// Returns whether `json` is such a document, whole and of a depth that can be read (128); if not, some
/// leaves may have been seen already.
pub(super) fn visit_json_values(json: &str, each: &mut dyn FnMut(&str, &str)) -> bool {
    walk(json, NESTED_DOCUMENTS, &mut String::new(), each)
}

fn walk(json: &str, nested: u8, path: &mut String, each: &mut dyn FnMut(&str, &str)) -> bool {
    if !looks_like_a_document(json) {
        return false;
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let walked = Leaf {
        json,
        nested,
        path,
        each,
    }
    .deserialize(&mut reader);
    walked.is_ok() && reader.end().is_ok()
}

/// Calls `each` for a string at this path, as if it had been met in a document.
pub(super) fn visit_json_values_in_text(
    text: &str,
    path: &mut String,
    each: &mut dyn FnMut(&str, &str),
) {
    leaves_of_text(text, NESTED_DOCUMENTS, path, each);
}

fn leaves_of_text(text: &str, nested: u8, path: &mut String, each: &mut dyn FnMut(&str, &str)) {
    let nested = nested
        .checked_sub(1)
        .filter(|_| looks_like_a_document(text));
    match nested {
        // Read once before, so that no leaf is seen of what turns out to be none.
        Some(nested) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            walk(text, nested, path, each);
        }
        _ => each(path, text),
    }
}

fn looks_like_a_document(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

struct Leaf<'a> {
    /// The document that it is in.
    json: &'a str,
    /// How many documents deep it may go on.
    nested: u8,
    path: &'a mut String,
    each: &'a mut dyn FnMut(&str, &str),
}

impl Leaf<'_> {
    /// Goes a step down.
    fn step(&mut self, step: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(step);
    }

    /// The value to which the path leads.
    fn here(&mut self) -> Leaf<'_> {
        Leaf {
            json: self.json,
            nested: self.nested,
            path: self.path,
            each: self.each,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Leaf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Leaf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        leaves_of_text(text, self.nested, self.path, self.each);
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
            self.step("");
            // Writing to a text does not fail.
            _ = write!(self.path, "{index}");
            let item = items.next_element_seed(self.here())?;
            self.path.truncate(length);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while fields.next_key_seed(Key(self.here()))?.is_some() {
            fields.next_value_seed(self.here())?;
            self.path.truncate(length);
        }
        Ok(())
    }
}

/// A key: a leaf itself, and a step on the way to its value.
struct Key<'a>(Leaf<'a>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(mut self, key: &str) -> Result<(), E> {
        self.0.step(key);
        (self.0.each)(self.0.path, key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(json: &str) -> (Vec<String>, bool) {
        let mut all = Vec::new();
        let whole = visit_json_values(json, &mut |path, text| all.push(format!("{path}={text}")));
        (all, whole)
    }

    #[test]
    fn every_leaf_has_its_path() {
        let (all, whole) = leaves(r#"{"a":{"b":[1,"x\/y",{"c":null}]},"a":true}"#);
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
    fn documents_in_strings_are_read_in_their_place() {
        let (all, whole) = leaves(r#"{"a":"{\"b\":[\"x\\/y\"]}","c":"[1","d":"[]"}"#);
        assert!(whole);
        assert_eq!(all, ["a=a", "a.b=b", "a.b.0=x/y", "c=c", "c=[1", "d=d"]);
    }

    #[test]
    fn numbers_are_as_they_are_spelled_or_not_at_all() {
        assert_eq!(
            leaves("[0.5,1e2,-7,123456789012345678901234]").0,
            ["0=0.5", "2=-7"]
        );
    }

    #[test]
    fn what_is_no_document_says_so() {
        for text in [
            "",
            "plain",
            "12",
            "{\"a\":",
            "{} {}",
            "[1,]",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert!(!leaves(text).1, "{text}");
        }
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(!leaves(&deep).1);
    }
}
