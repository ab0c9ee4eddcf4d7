//! Tags of roles and users.
//!
//! Source: IAM API, `CreateRole` and `CreateUser`, `Tags`; IAM user guide, "Tags for IAM resources",
//! rules for tagging.

use std::collections::{BTreeMap, BTreeSet};

use super::error::validation;
use crate::wire::{AwsError, Params, Xml};

/// The tags of an identity.
pub(crate) type Tags = BTreeMap<String, String>;

const MOST: usize = 50;
const KEY_CHARACTERS: usize = 128;
const VALUE_CHARACTERS: usize = 256;

/// Returns the tags of a call.
///
/// # Errors
/// There are too many, a key or value is too long, or two keys differ only in case.
pub(super) fn parse(params: &Params) -> Result<Tags, AwsError> {
    let pairs = pairs(params);
    if pairs.len() > MOST {
        let constraint = format!("Member must have length less than or equal to {MOST}.");
        return Err(validation("Tags", "tags", &constraint));
    }
    for (number, (key, value)) in (1..).zip(&pairs) {
        for (text, most, member) in [
            (key, KEY_CHARACTERS, "key"),
            (value, VALUE_CHARACTERS, "value"),
        ] {
            if text.chars().count() > most {
                let member = format!("tags.{number}.member.{member}");
                let constraint = format!("Member must have length less than or equal to {most}.");
                return Err(validation(text, &member, &constraint));
            }
        }
    }
    if has_duplicates(pairs.iter().map(|(key, _)| *key)) {
        return Err(AwsError::new("InvalidInput", DUPLICATE_KEYS));
    }
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    Ok(pairs.into_iter().map(owned).collect())
}

/// The message for two keys that differ only in case.
///
/// Source: the recorded answers in LocalStack's `test_assume_role_tag_validation`.
pub(crate) const DUPLICATE_KEYS: &str =
    "Duplicate tag keys found. Please note that Tag keys are case insensitive.";

/// The keys and values of the parameter `Tags`.
pub(crate) fn pairs(params: &Params) -> Vec<(&str, &str)> {
    let number = params.count("Tags.member", "Key");
    let pair = |n: usize| {
        let get = |field: &str| params.get(&format!("Tags.member.{n}.{field}"));
        (get("Key").unwrap_or(""), get("Value").unwrap_or(""))
    };
    (1..=number).map(pair).collect()
}

/// Whether two keys differ only in case.
pub(crate) fn has_duplicates<'a>(keys: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    keys.map(str::to_lowercase).any(|key| !seen.insert(key))
}

/// Writes the tags, if there are any.
pub(super) fn write(xml: &mut Xml, tags: &Tags) {
    if !tags.is_empty() {
        xml.members("Tags", tags, |xml, (key, value)| {
            xml.text("Key", key).text("Value", value);
        });
    }
}
