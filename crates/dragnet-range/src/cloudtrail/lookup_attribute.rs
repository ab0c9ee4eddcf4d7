//! The attribute by which `LookupEvents` selects events: at most one, compared exactly.
//!
//! Source: CloudTrail API, `LookupEvents` and `LookupAttribute`.

use serde::Deserialize;

use super::history::HistoryEntry;
use crate::wire::AwsError;
use dragnet_model::Partition;

/// The longest value.
const MAX_VALUE_LENGTH: usize = 2_000;
/// Characters that count as two.
const DOUBLE_CHARACTERS: [char; 4] = ['_', ' ', ',', '\n'];

/// An attribute as it is sent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SentAttribute {
    attribute_key: Option<String>,
    attribute_value: Option<String>,
}

dragnet_model::word_enum! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum AttributeKey {
        AccessKeyId => "AccessKeyId",
        EventId => "EventId",
        EventName => "EventName",
        EventSource => "EventSource",
        ReadOnly => "ReadOnly",
        ResourceName => "ResourceName",
        ResourceType => "ResourceType",
        Username => "Username",
    }
}

impl AttributeKey {
    /// Whether the partition has the attribute.
    ///
    /// Source: AWS's list of differences of the isolated partitions, as quoted in issue 18683 of
    /// hashicorp/terraform-provider-aws: event history has no filters for access keys and read-only.
    fn exists_in(self, partition: Partition) -> bool {
        let is_isolated = matches!(partition, Partition::AwsIso | Partition::AwsIsoB);
        !is_isolated || !matches!(self, Self::AccessKeyId | Self::ReadOnly)
    }
}

/// A valid attribute.
#[derive(Debug)]
pub(super) struct LookupAttribute {
    key: AttributeKey,
    value: String,
}

impl LookupAttribute {
    /// Returns the attribute of a request, if it has one.
    ///
    /// # Errors
    /// There are several attributes, or the key or value is not valid.
    pub(super) fn from_sent(
        sent: Vec<SentAttribute>,
        partition: Partition,
    ) -> Result<Option<Self>, AwsError> {
        let mut sent = sent.into_iter();
        let first = sent.next();
        if sent.next().is_some() {
            return Err(invalid_attribute(
                "You may specify only one lookup attribute.",
            ));
        }
        let Some(SentAttribute {
            attribute_key,
            attribute_value,
        }) = first
        else {
            return Ok(None);
        };
        let key = attribute_key
            .as_deref()
            .and_then(AttributeKey::from_word)
            .filter(|key| key.exists_in(partition))
            .ok_or_else(|| invalid_attribute("The key of the lookup attribute is not valid."))?;
        let value = attribute_value
            .filter(|value| (1..=MAX_VALUE_LENGTH).contains(&counted_length(value)))
            .ok_or_else(|| invalid_attribute("The value of the lookup attribute is not valid."))?;
        Ok(Some(Self { key, value }))
    }

    /// Whether Insights events have the attribute.
    pub(super) fn applies_to_insights(&self) -> bool {
        matches!(
            self.key,
            AttributeKey::EventId | AttributeKey::EventName | AttributeKey::EventSource
        )
    }

    /// Whether the entry has this value.
    pub(super) fn matches(&self, entry: &HistoryEntry) -> bool {
        let value = self.value.as_str();
        match self.key {
            AttributeKey::AccessKeyId => entry.access_key_id.as_deref() == Some(value),
            AttributeKey::EventId => entry.event_id == value,
            AttributeKey::EventName => entry.event_name == value,
            AttributeKey::EventSource => entry.event_source == value,
            AttributeKey::ReadOnly => entry.read_only.to_string() == value,
            AttributeKey::ResourceName => entry.resources.iter().any(|one| one.name == value),
            AttributeKey::ResourceType => entry.resources.iter().any(|one| one.kind == value),
            AttributeKey::Username => entry.username.as_deref() == Some(value),
        }
    }
}

/// The length of a value as CloudTrail counts it.
fn counted_length(value: &str) -> usize {
    let doubled = value
        .chars()
        .filter(|character| DOUBLE_CHARACTERS.contains(character));
    value.chars().count() + doubled.count()
}

pub(super) fn invalid_attribute(text: &str) -> AwsError {
    AwsError::new("InvalidLookupAttributesException", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(key: &str, value: &str, partition: Partition) -> bool {
        let sent = SentAttribute {
            attribute_key: Some(key.to_owned()),
            attribute_value: Some(value.to_owned()),
        };
        LookupAttribute::from_sent(vec![sent], partition).is_ok()
    }

    #[test]
    fn value_is_at_most_2000_characters_and_some_count_twice() {
        let is_accepted = |value: &str| is_valid("Username", value, Partition::Aws);
        assert!(is_accepted(&"é".repeat(2_000)));
        assert!(!is_accepted(&"é".repeat(2_001)));
        assert!(is_accepted(&"_".repeat(1_000)));
        assert!(!is_accepted(&"a_".repeat(667)));
        assert!(!is_accepted(""));
    }

    #[test]
    fn keys_depend_on_the_partition() {
        for key in AttributeKey::ALL {
            assert!(is_valid(key.as_str(), "x", Partition::Aws), "{key}");
            let is_filter = !matches!(key, AttributeKey::AccessKeyId | AttributeKey::ReadOnly);
            assert_eq!(
                is_valid(key.as_str(), "x", Partition::AwsIsoB),
                is_filter,
                "{key}"
            );
        }
        assert!(!is_valid("username", "x", Partition::Aws));
    }

    #[test]
    fn incomplete_attribute_is_invalid() {
        let without_value = SentAttribute {
            attribute_key: Some("Username".to_owned()),
            attribute_value: None,
        };
        assert!(LookupAttribute::from_sent(vec![without_value], Partition::Aws).is_err());
        let none = LookupAttribute::from_sent(Vec::new(), Partition::Aws).unwrap();
        assert!(none.is_none());
    }
}
