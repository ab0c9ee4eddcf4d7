//! The form in which one source writes a record: two trails that deliver the same record, and the
//! event history, agree in what it says, but not in every byte.
//!
//! AWS documents the members of a record, but not their order. It documents that members without a
//! value are null, and in an earlier edition that they are left out. So the range uses both, and
//! each source its own order. Nothing else may differ: the documentation names no member that one
//! trail writes and another trail or the event history does not.
//!
//! Sources: CloudTrail user guide, "CloudTrail record contents" (`responseElements`: "this field is
//! `null`"), and its edition of 2019 ("this element is omitted").

use serde::{Serialize, Serializer};
use serde_json::Value;

/// How a source orders the members of a record, and whether it writes those that are null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordForm {
    /// How many members of CloudTrail's usual order come last instead of first.
    rotation: usize,
    /// Whether the order is reversed, also in nested objects.
    is_reversed: bool,
    /// Whether members that are null are left out.
    omits_null: bool,
}

/// The value of a member.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Member<'a> {
    Text(&'a str),
    Flag(bool),
    Json(&'a Value),
}

impl RecordForm {
    /// The form of a source, which depends only on its name.
    pub(crate) fn for_source(name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = fastrand::Rng::with_seed(hash);
        Self {
            rotation: random.usize(1..16),
            is_reversed: random.bool(),
            omits_null: random.bool(),
        }
    }

    /// Writes the members as one line of JSON.
    pub(super) fn write(self, mut members: Vec<(&str, Member<'_>)>) -> String {
        if self.omits_null {
            members.retain(|(_, value)| !matches!(value, Member::Json(Value::Null)));
        }
        let rotation = self.rotation.checked_rem(members.len()).unwrap_or(0);
        members.rotate_left(rotation);
        if self.is_reversed {
            members.reverse();
        }
        let line = FormedRecord {
            members,
            is_reversed: self.is_reversed,
        };
        // Serializing plain data with string keys cannot fail.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

struct FormedRecord<'a> {
    members: Vec<(&'a str, Member<'a>)>,
    is_reversed: bool,
}

impl Serialize for FormedRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.is_reversed {
            return serializer.collect_map(self.members.iter().copied());
        }
        serializer.collect_map(self.members.iter().map(|(name, member)| {
            let value = match member {
                Member::Json(value) => FormedValue::Reversed(ReversedValue(value)),
                other => FormedValue::Plain(*other),
            };
            (name, value)
        }))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum FormedValue<'a> {
    Plain(Member<'a>),
    Reversed(ReversedValue<'a>),
}

/// A value whose objects have their members in reverse order.
struct ReversedValue<'a>(&'a Value);

impl Serialize for ReversedValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => serializer.collect_map(
                members
                    .iter()
                    .rev()
                    .map(|(name, value)| (name, ReversedValue(value))),
            ),
            Value::Array(items) => serializer.collect_seq(items.iter().map(ReversedValue)),
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn sources_write_the_same_content_in_their_own_forms() {
        let null = Value::Null;
        let nested = json!({"b": [{"x": null, "y": 1}], "a": "t"});
        let members = || {
            vec![
                ("one", Member::Text("t\n")),
                ("two", Member::Flag(true)),
                ("three", Member::Json(&null)),
                ("four", Member::Json(&nested)),
            ]
        };
        assert_eq!(
            RecordForm::default().write(members()),
            r#"{"one":"t\n","two":true,"three":null,"four":{"a":"t","b":[{"x":null,"y":1}]}}"#
        );
        let mut texts = BTreeSet::new();
        let mut omitted = 0;
        for number in 0..64 {
            let form = RecordForm::for_source(&format!("trail-{number}"));
            assert_eq!(form, RecordForm::for_source(&format!("trail-{number}")));
            let text = form.write(members());
            let mut content: Value = serde_json::from_str(&text).unwrap();
            omitted += usize::from(content.get("three").is_none());
            content.as_object_mut().unwrap().remove("three");
            assert_eq!(
                content,
                json!({"one": "t\n", "two": true, "four": nested}),
                "{text}"
            );
            texts.insert(text);
        }
        assert!(texts.len() > 8, "{texts:#?}");
        assert!((8..=56).contains(&omitted), "{omitted}");
    }
}
