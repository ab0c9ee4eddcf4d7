//! Compares messages as JSON documents, whatever the order of their names, their white space and
//! members that are null: two sources may write the same record differently. Of a CloudTrail
//! record, what only some of its sources add does not matter either; `docs/security.md` lists it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Members that only some sources of a record add. Only what AWS documents is in the list: a member
/// in it cannot make two records differ.
///
/// `eventContext` is written by event data stores of CloudTrail Lake that enrich events. Trails,
/// the event history and EventBridge leave it out of the same record. Source: CloudTrail user
/// guide, "CloudTrail record contents".
///
/// `addendum` is not in the list: with it, CloudTrail delivers a record once more because fields
/// were missing or wrong, so the two say different things. Source: the same page.
const ADDED_MEMBERS: [&str; 1] = ["eventContext"];

/// Members that every CloudTrail record has, as texts.
///
/// Source: CloudTrail user guide, "CloudTrail record contents".
const RECORD_MEMBERS: [&str; 5] = [
    "awsRegion",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
];

/// What EventBridge adds around a record, which is the member `detail`.
///
/// Source: EventBridge Events Reference, "AWS service event metadata".
const ENVELOPE_MEMBERS: [&str; 10] = [
    "account",
    "detail",
    "detail-type",
    "id",
    "region",
    "replay-name",
    "resources",
    "source",
    "time",
    "version",
];

/// Whether two messages are equal, byte by byte or as JSON documents.
pub fn are_equal_documents(one: &str, other: &str) -> bool {
    // Parsing costs much more than comparing, and most copies of a record have the same bytes.
    one == other
        || canonical_form(one).is_some_and(|form_of_one| canonical_form(other) == Some(form_of_one))
}

/// Returns a text that is the same for all messages that are equal as documents: names are sorted
/// and white space is removed. Other messages are returned unchanged.
pub fn canonical_text(message: &str) -> String {
    canonical_form(message).map_or_else(|| message.to_owned(), |document| document.to_string())
}

/// Parses a message and removes what only some sources of a record add.
fn canonical_form(message: &str) -> Option<Value> {
    let members = match parse_document(message)? {
        Value::Object(members) => members,
        other => return Some(other),
    };
    let mut members = unwrap_record(members);
    if is_record(&members) {
        members.retain(|name, _| !ADDED_MEMBERS.contains(&name.as_str()));
    }
    Some(Value::Object(members))
}

/// Returns the record of an event of EventBridge, and anything else unchanged. An envelope that
/// says more than those of EventBridge, or something else than its record, stays.
fn unwrap_record(mut members: Map<String, Value>) -> Map<String, Value> {
    if !is_envelope(&members) {
        return members;
    }
    match members.remove("detail") {
        Some(Value::Object(record)) => record,
        // Unreachable: the detail of an envelope is a record.
        _ => members,
    }
}

fn is_envelope(members: &Map<String, Value>) -> bool {
    let Some(Value::Object(record)) = members.get("detail") else {
        return false;
    };
    let agrees = |name: &str, record_name: &str| {
        members
            .get(name)
            .is_none_or(|value| Some(value) == record.get(record_name))
    };
    let is_from_cloudtrail = members
        .get("detail-type")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.ends_with("via CloudTrail"));
    let has_known_members = members
        .keys()
        .all(|name| ENVELOPE_MEMBERS.contains(&name.as_str()));
    is_from_cloudtrail
        && has_known_members
        && is_record(record)
        && agrees("account", "recipientAccountId")
        && agrees("region", "awsRegion")
}

fn is_record(members: &Map<String, Value>) -> bool {
    RECORD_MEMBERS
        .iter()
        .all(|name| members.get(*name).is_some_and(Value::is_string))
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

    const RECORD: &str = r#"{"eventID":"e","eventTime":"2026-03-01T11:00:00Z","eventName":"n","eventSource":"s",
        "awsRegion":"eu-west-1","recipientAccountId":"111111111111"}"#;

    fn record_with(more: &str) -> String {
        RECORD.replacen('{', &format!("{{{more},"), 1)
    }

    /// An event of EventBridge with the record, in which `from` is replaced by `to`.
    fn wrapped(from: &str, to: &str) -> String {
        format!(
            r#"{{"version":"0","id":"i","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","account":"111111111111",
            "time":"2026-03-01T11:00:00Z","region":"eu-west-1","resources":[],"detail":{RECORD}}}"#
        )
        .replacen(from, to, 1)
    }

    #[test]
    fn what_a_source_adds_to_a_record_does_not_matter() {
        let enriched = record_with(r#""eventContext":{"tagContext":{"resourceTags":[]}}"#);
        for copy in [enriched, wrapped("", ""), wrapped("\"resources\":[],", "")] {
            assert!(are_equal_documents(RECORD, &copy), "{copy}");
            assert_eq!(canonical_text(RECORD), canonical_text(&copy));
        }
    }

    #[test]
    fn other_members_of_records_and_envelopes_matter() {
        let others = [
            record_with(r#""addendum":{"reason":"UPDATED_DATA","updatedFields":"userAgent"}"#),
            record_with(r#""additionalEventData":{"eventContext":1}"#),
            record_with(r#""sharedEventID":"s""#),
            wrapped("\"version\":\"0\"", "\"version\":\"0\",\"more\":1"),
            wrapped("\"111111111111\"", "\"222222222222\""),
            wrapped("\"region\":\"eu-west-1\"", "\"region\":\"us-east-1\""),
            wrapped("AWS API Call via CloudTrail", "a program"),
            wrapped("\"eventName\":\"n\"", "\"eventName\":\"m\""),
            wrapped("\"eventName\":\"n\"", "\"eventName\":1"),
        ];
        for other in others {
            assert!(!are_equal_documents(RECORD, &other), "{other}");
            assert_ne!(canonical_text(RECORD), canonical_text(&other), "{other}");
        }
        let no_record = r#"{"a":1,"eventContext":2}"#;
        assert!(!are_equal_documents(r#"{"a":1}"#, no_record));
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
