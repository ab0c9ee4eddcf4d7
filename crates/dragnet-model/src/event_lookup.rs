//! Lookups in the event history by one attribute of the events.

use std::fmt;

crate::word_enum! {
    /// An attribute by which the event history can be searched without losing a record: it has the
    /// value of one field of the record. The words are those of AWS, and `run.db` stores them.
    ///
    /// The other attributes are not used, because no field has their values in every record.
    /// `Username` is derived from the identity: a session name, a user name, or a placeholder.
    /// `ResourceName` and `ResourceType` describe only those resources that CloudTrail recognises.
    /// `ReadOnly` also has a value for records without the field `readOnly`.
    ///
    /// Source: CloudTrail API, `LookupEvents`, `LookupAttribute` and `Event`; CloudTrail user
    /// guide, "CloudTrail record contents".
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum EventAttribute {
        /// `eventID`, the GUID of the record.
        EventId => "EventId",
        /// `userIdentity.accessKeyId`. Both are described as the key that signed the request.
        AccessKeyId => "AccessKeyId",
        /// `eventName`.
        EventName => "EventName",
        /// `eventSource`.
        EventSource => "EventSource",
    }
}

impl EventAttribute {
    /// The field of a CloudTrail record that has the value of the attribute.
    pub fn field(self) -> &'static str {
        match self {
            Self::EventId => "eventID",
            Self::AccessKeyId => "userIdentity.accessKeyId",
            Self::EventName => "eventName",
            Self::EventSource => "eventSource",
        }
    }
}

/// One attribute with its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventLookup {
    /// The attribute.
    pub attribute: EventAttribute,
    /// The value.
    pub value: String,
}

impl EventLookup {
    /// Parses the text of [`fmt::Display`].
    pub fn parse(text: &str) -> Option<Self> {
        let (word, value) = text.split_once('=')?;
        Some(Self {
            attribute: EventAttribute::from_word(word)?,
            value: value.to_owned(),
        })
    }
}

impl fmt::Display for EventLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.attribute, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookup_is_restored_from_its_text() {
        let lookup = EventLookup {
            attribute: EventAttribute::EventName,
            value: "a=b".to_owned(),
        };
        assert_eq!(lookup.to_string(), "EventName=a=b");
        assert_eq!(EventLookup::parse("EventName=a=b"), Some(lookup));
        for other in ["", "EventName", "Username=ben"] {
            assert_eq!(EventLookup::parse(other), None, "{other}");
        }
    }
}
