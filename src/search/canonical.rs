//! Compares messages as JSON documents, whatever the order of their names, their white space and
//! members that are null: two sources may write the same record differently.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Whether two messages are equal, byte by byte or as JSON documents.
pub fn are_equal_documents(one: &str, other: &str) -> bool {
    // Parsing costs much more than comparing, and most copies of a record have the same bytes.
    one == other
        || parse_document(one)
            .is_some_and(|document_of_one| parse_document(other) == Some(document_of_one))
}

/// Returns a text that is the same for all messages that are equal as documents: names are sorted
/// and white space is removed. Other messages are returned unchanged.
pub fn canonical_text(message: &str) -> String {
    parse_document(message).map_or_else(|| message.to_owned(), |document| document.to_string())
}

/// Parses a message. `None` if it is not a document, or if it repeats a name: parsers differ in
/// which of the two values they use, so a forged record could show different content to different
/// readers.
fn parse_document(message: &str) -> Option<Value> {
    if !message.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut deserializer = serde_json::Deserializer::from_str(message);
    let document = DuplicateFreeJson.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(document)
}

/// Deserializes a value, and fails if an object repeats a name.
struct DuplicateFreeJson;

impl<'de> DeserializeSeed<'de> for DuplicateFreeJson {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DuplicateFreeJson {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate names")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| E::custom("the number is not finite"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(DuplicateFreeJson)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(DuplicateFreeJson)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate name"));
            }
        }
        // One source of a record writes an absent member as null, another leaves it out.
        object.retain(|_, value| !value.is_null());
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_white_space_and_escapes_do_not_matter() {
        let one = r#"{"a":[1,{"b":"x/y","c":null}],"d":true,"e":-1.5}"#;
        let other = " {\"e\":-1.5, \"d\" : true,\n\"a\":[1,{\"c\":null,\"\\u0062\":\"x\\/y\"}]}\n";
        assert!(are_equal_documents(one, other) && are_equal_documents(one, one));
        assert_eq!(canonical_text(one), canonical_text(other));
        assert!(are_equal_documents(r#"{"a":1}"#, r#"{"b":null,"a":1}"#));
    }

    #[test]
    fn any_other_difference_matters() {
        let pairs = [
            (r#"{"a":1}"#, r#"{"a":2}"#),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#),
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            (r#"{"a":1}"#, r#"{"a":1,"b":0}"#),
            (r#"{"a":1}"#, r#"{"a":2,"a":1}"#),
            (r#"{"a":1}"#, r#"{"a":1}{"a":1}"#),
            (r#"{"a":1}"#, r#"{"a":1"#),
            ("plain", "plain "),
            ("1", "1.0"),
        ];
        for (one, other) in pairs {
            assert!(!are_equal_documents(one, other), "{one} and {other}");
            assert_ne!(
                canonical_text(one),
                canonical_text(other),
                "{one} and {other}"
            );
        }
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(
            are_equal_documents(&deep, &deep) && !are_equal_documents(&deep, &format!("{deep} ")),
            "deep nesting does not overflow the stack"
        );
        assert_eq!(canonical_text("1e999"), "1e999");
    }
}
