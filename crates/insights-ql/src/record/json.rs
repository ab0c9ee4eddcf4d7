//! JSON that is parsed without copying text and keeps the order of the document: Insights discovers
//! only the first fields of an event.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::value::Value;

#[derive(Debug)]
pub(super) enum Json<'e> {
    /// Does not count as a field.
    Null,
    /// A string, number or truth value; each is a field.
    Scalar(Value<'e>),
    Array(Vec<Json<'e>>),
    Object(Vec<(Cow<'e, str>, Json<'e>)>),
}

/// Parses a message as an object; `None` if it is not one.
pub(super) fn parse_object(message: &str) -> Option<Json<'_>> {
    let may_be_object = message.trim_start().starts_with('{');
    if may_be_object {
        serde_json::from_str(message).ok()
    } else {
        None
    }
}

/// Parses the first JSON object inside a message.
pub(super) fn first_object(message: &str) -> Option<Json<'_>> {
    message.match_indices('{').find_map(|(at, _)| {
        let rest = message.get(at..)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json<'_>>();
        values.next()?.ok()
    })
}

impl<'e> Json<'e> {
    /// The field at a dotted path, if it is among the first `limit` fields.
    pub(super) fn field(&self, path: &str, limit: Option<usize>) -> Value<'_> {
        let Some(field) = self.find(path) else {
            return Value::Missing;
        };
        let is_within_limit = limit.is_none_or(|limit| {
            let mut before = 0;
            self.count_until(field, &mut before);
            before < limit
        });
        if is_within_limit {
            field.borrowed()
        } else {
            Value::Missing
        }
    }

    /// Follows a path. A name may itself contain dots.
    fn find(&self, path: &str) -> Option<&Value<'e>> {
        match self {
            Self::Null => None,
            Self::Scalar(value) => path.is_empty().then_some(value),
            Self::Object(members) => members
                .iter()
                .find_map(|(name, child)| child.find_below(path.strip_prefix(name.as_ref())?)),
            Self::Array(elements) => {
                let digits = path.split('.').next()?;
                let index: usize = digits.parse().ok()?;
                let canonical =
                    digits == "0" || digits.starts_with(|c: char| ('1'..='9').contains(&c));
                if canonical {
                    elements.get(index)?.find_below(path.get(digits.len()..)?)
                } else {
                    None
                }
            }
        }
    }

    /// All fields with their dotted paths, in document order.
    pub(super) fn fields(&self) -> Vec<(String, &Value<'e>)> {
        let mut fields = Vec::new();
        self.collect("", &mut fields);
        fields
    }

    fn collect<'j>(&'j self, path: &str, fields: &mut Vec<(String, &'j Value<'e>)>) {
        let child_path = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        match self {
            Self::Null => {}
            Self::Scalar(value) => fields.push((path.to_owned(), value)),
            Self::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    element.collect(&child_path(&at.to_string()), fields);
                }
            }
            Self::Object(members) => {
                for (name, child) in members {
                    child.collect(&child_path(name), fields);
                }
            }
        }
    }

    /// Follows the rest of a path, after the name of this value.
    fn find_below(&self, rest: &str) -> Option<&Value<'e>> {
        if rest.is_empty() {
            self.find(rest)
        } else {
            self.find(rest.strip_prefix('.')?)
        }
    }

    /// Counts the fields before `target`. Returns whether `target` was reached.
    fn count_until(&self, target: &Value<'e>, before: &mut usize) -> bool {
        match self {
            Self::Null => false,
            Self::Scalar(value) if std::ptr::eq(value, target) => true,
            Self::Scalar(_) => {
                *before += 1;
                false
            }
            Self::Array(elements) => elements
                .iter()
                .any(|child| child.count_until(target, before)),
            Self::Object(members) => members
                .iter()
                .any(|(_, child)| child.count_until(target, before)),
        }
    }
}

impl<'de: 'e, 'e> Deserialize<'de> for Json<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

/// 2^53: an `f64` holds every integer below it exactly.
const EXACT: u64 = 1 << 53;

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Json::Scalar(Value::Bool(truth)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "larger numbers are kept as text"
    )]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Json::Scalar(if number < EXACT {
            Value::Number(number as f64)
        } else {
            Value::from(number.to_string())
        }))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "larger numbers are kept as text"
    )]
    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let exact = number.unsigned_abs() < EXACT;
        Ok(Json::Scalar(if exact {
            Value::Number(number as f64)
        } else {
            Value::from(number.to_string())
        }))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Json::Scalar(Value::from_f64(number)))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Scalar(Value::from(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Scalar(Value::from(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

/// The name of a member. The `Cow` of serde always copies the text.
struct Name<'e>(Cow<'e, str>);

impl<'de: 'e, 'e> Deserialize<'de> for Name<'e> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}
