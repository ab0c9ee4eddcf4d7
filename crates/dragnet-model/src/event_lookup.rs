//! Lookups in the event history by one attribute of the events.

use std::fmt;

crate::word_enum! {
    /// An attribute by which the event history can be searched without losing a record. Except
    /// `Username`, it has the value of one field of the record. The words are those of AWS, and
    /// `run.db` stores them.
    ///
    /// The other attributes are not used, because no field has their values in every record.
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
        /// Derived from the identity: of a session of a role, its name. No field has it in every
        /// record, so hunts do not use it; a search for what a session did looks up its name and
        /// that of its role.
        ///
        /// Sources: CloudTrail API, `Event` (`Username`: "A user name or role name of the requester
        /// that called the API in the event returned."); AWS CLI reference, example of
        /// `lookup-events` (the session name of an assumed role).
        Username => "Username",
    }
}

impl EventAttribute {
    /// The field of a CloudTrail record that has the value of the attribute; `None` if none has it
    /// in every record.
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::EventId => Some("eventID"),
            Self::AccessKeyId => Some("userIdentity.accessKeyId"),
            Self::EventName => Some("eventName"),
            Self::EventSource => Some("eventSource"),
            Self::Username => None,
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
        for other in ["", "EventName", "ReadOnly=true"] {
            assert_eq!(EventLookup::parse(other), None, "{other}");
        }
    }
}
