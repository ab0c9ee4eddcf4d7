//! The details of an event, according to the event itself: when and where it happened, who did it,
//! and whether it succeeded.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// The details of an event. Every text is untrusted, and empty if the event does not have the
/// field. They borrow from the message where possible.
///
/// It deserializes from a CloudTrail record. The parser, `search::parse_event_details`, also knows
/// events that are not records.
///
/// Source: CloudTrail user guide, "CloudTrail record contents".
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct EventDetails<'m> {
    /// The event time: CloudTrail's `eventTime`, otherwise the log time, in milliseconds since the
    /// Unix epoch.
    #[serde(rename = "eventTime", deserialize_with = "time_ms")]
    pub time_ms: i64,
    /// The account of the event: CloudTrail's `recipientAccountId`, otherwise the account that
    /// stores it.
    #[serde(
        rename = "recipientAccountId",
        borrow,
        default,
        deserialize_with = "text_or_null"
    )]
    pub account: Cow<'m, str>,
    /// The Region of the event: CloudTrail's `awsRegion`, otherwise the Region that stores it.
    #[serde(rename = "awsRegion", borrow)]
    pub region: Cow<'m, str>,
    /// CloudTrail's `eventName`.
    #[serde(rename = "eventName", borrow)]
    pub event_name: Cow<'m, str>,
    /// CloudTrail's `eventSource`.
    #[serde(rename = "eventSource", borrow)]
    pub event_source: Cow<'m, str>,
    /// CloudTrail's `userIdentity`.
    #[serde(
        rename = "userIdentity",
        borrow,
        default,
        deserialize_with = "identity_or_null"
    )]
    pub identity: UserIdentity<'m>,
    /// CloudTrail's `sourceIPAddress`.
    #[serde(
        rename = "sourceIPAddress",
        borrow,
        default,
        deserialize_with = "text_or_null"
    )]
    pub source_ip: Cow<'m, str>,
    /// CloudTrail's `userAgent`.
    #[serde(
        rename = "userAgent",
        borrow,
        default,
        deserialize_with = "text_or_null"
    )]
    pub user_agent: Cow<'m, str>,
    /// CloudTrail's `errorCode`.
    #[serde(
        rename = "errorCode",
        borrow,
        default,
        deserialize_with = "text_or_null"
    )]
    pub error_code: Cow<'m, str>,
    /// Whether the record has an `errorMessage`. Its text is not read: CloudTrail truncates it,
    /// possibly within an escape.
    #[serde(rename = "errorMessage", default, deserialize_with = "is_present")]
    pub has_error_message: bool,
    /// CloudTrail's `responseElements.ConsoleLogin`.
    #[serde(
        rename = "responseElements",
        borrow,
        default,
        deserialize_with = "console_login"
    )]
    pub console_login: Cow<'m, str>,
    /// CloudTrail's `eventID`; empty for other events.
    #[serde(rename = "eventID", borrow)]
    pub record_id: Cow<'m, str>,
    /// CloudTrail's `requestID`.
    #[serde(
        rename = "requestID",
        borrow,
        default,
        deserialize_with = "text_or_null"
    )]
    pub request_id: Cow<'m, str>,
    /// Whether a pipeline rewrote the record, so that it has only some of CloudTrail's fields.
    #[serde(skip)]
    pub is_transformed: bool,
}

/// Who made a call.
///
/// Source: CloudTrail user guide, "CloudTrail userIdentity element".
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub struct UserIdentity<'m> {
    /// The kind of identity: `IAMUser`, `AssumedRole`, `Root` …
    #[serde(rename = "type", borrow, default, deserialize_with = "text_or_other")]
    pub kind: Cow<'m, str>,
    /// The unique id, which for a role is followed by the name of the session.
    #[serde(
        rename = "principalId",
        borrow,
        default,
        deserialize_with = "text_or_other"
    )]
    pub principal_id: Cow<'m, str>,
    /// The ARN of the principal.
    #[serde(borrow, default, deserialize_with = "text_or_null")]
    pub arn: Cow<'m, str>,
    /// The access key that signed the request.
    #[serde(
        rename = "accessKeyId",
        borrow,
        default,
        deserialize_with = "text_or_null"
    )]
    pub access_key_id: Cow<'m, str>,
    /// `sessionContext.sessionIssuer.arn`: the role or user that issued the session.
    #[serde(
        rename = "sessionContext",
        borrow,
        default,
        deserialize_with = "session_issuer_arn"
    )]
    pub session_issuer_arn: Cow<'m, str>,
}

impl EventDetails<'_> {
    /// Whether it is a CloudTrail record, perhaps one that a pipeline rewrote. No other event has a
    /// record id.
    pub fn is_cloudtrail(&self) -> bool {
        !self.record_id.is_empty()
    }

    /// Whether the call succeeded, according to a CloudTrail record.
    ///
    /// Source: CloudTrail user guide, "CloudTrail record contents" (`errorCode`, `errorMessage`),
    /// and "AWS Management Console sign-in events": a failed login has no `errorCode`.
    pub fn succeeded(&self) -> bool {
        self.error_code.is_empty()
            && !self.has_error_message
            && matches!(&*self.console_login, "" | "Success")
    }

    /// Copies the details, so that they can outlive the message.
    pub fn into_owned(self) -> EventDetails<'static> {
        EventDetails {
            time_ms: self.time_ms,
            account: into_owned(self.account),
            region: into_owned(self.region),
            event_name: into_owned(self.event_name),
            event_source: into_owned(self.event_source),
            identity: self.identity.into_owned(),
            source_ip: into_owned(self.source_ip),
            user_agent: into_owned(self.user_agent),
            error_code: into_owned(self.error_code),
            has_error_message: self.has_error_message,
            console_login: into_owned(self.console_login),
            record_id: into_owned(self.record_id),
            request_id: into_owned(self.request_id),
            is_transformed: self.is_transformed,
        }
    }
}

impl UserIdentity<'_> {
    fn into_owned(self) -> UserIdentity<'static> {
        UserIdentity {
            kind: into_owned(self.kind),
            principal_id: into_owned(self.principal_id),
            arn: into_owned(self.arn),
            access_key_id: into_owned(self.access_key_id),
            session_issuer_arn: into_owned(self.session_issuer_arn),
        }
    }
}

fn into_owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

fn time_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    let time: Timestamp = text.parse().map_err(D::Error::custom)?;
    Ok(time.as_millisecond())
}

fn text_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    Ok(text.unwrap_or_default())
}

fn identity_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<UserIdentity<'de>, D::Error> {
    let identity = Option::<UserIdentity<'de>>::deserialize(deserializer)?;
    Ok(identity.unwrap_or_default())
}

fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_some())
}

fn text_or_other<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    TextAt(&[]).deserialize(deserializer)
}

fn console_login<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    TextAt(&["ConsoleLogin"]).deserialize(deserializer)
}

fn session_issuer_arn<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Cow<'de, str>, D::Error> {
    TextAt(&["sessionIssuer", "arn"]).deserialize(deserializer)
}

/// Reads the text at a path of members. Any other value is read as an empty text: a record whose
/// minor fields have an unexpected form is still a record. A repeated member is an error, as
/// parsers differ in which of the two they use.
#[derive(Clone, Copy)]
struct TextAt(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for TextAt {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextAt {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without duplicate names")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Cow::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Cow::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Cow::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Cow::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Cow::default())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        let is_end = self.0.is_empty();
        Ok(Cow::Borrowed(if is_end { text } else { "" }))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let is_end = self.0.is_empty();
        Ok(Cow::Owned(if is_end { text } else { "" }.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cow::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut text = None;
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            match self.0.split_first() {
                Some((wanted, rest)) if name == *wanted => {
                    let value = members.next_value_seed(TextAt(rest))?;
                    if text.replace(value).is_some() {
                        return Err(A::Error::custom("duplicate name"));
                    }
                }
                _ => _ = members.next_value::<IgnoredAny>()?,
            }
        }
        Ok(text.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(more: &str) -> EventDetails<'static> {
        let record = format!(
            r#"{{"eventID":"e","eventTime":"2026-03-01T11:00:00Z","eventName":"n","eventSource":"s","awsRegion":"r"{more}}}"#
        );
        serde_json::from_str::<EventDetails<'_>>(&record)
            .unwrap()
            .into_owned()
    }

    #[test]
    fn errors_and_failed_logins_are_no_success() {
        for (more, expected) in [
            ("", true),
            (r#","errorCode":null,"errorMessage":null"#, true),
            (r#","responseElements":{"ConsoleLogin":"Success"}"#, true),
            (r#","responseElements":"ConsoleLogin""#, true),
            (r#","errorCode":"AccessDenied""#, false),
            (r#","errorMessage":"\ud83d""#, false),
            (
                r#","responseElements":{"a":[1],"ConsoleLogin":"Failure"}"#,
                false,
            ),
        ] {
            assert_eq!(details(more).succeeded(), expected, "{more}");
        }
    }

    #[test]
    fn issuer_of_a_session_is_read_and_minor_fields_may_have_any_form() {
        let identity = |json: &str| details(&format!(",\"userIdentity\":{json}")).identity;
        let issued = r#"{"arn":"a","sessionContext":{"attributes":{},"sessionIssuer":{"type":"Role","arn":"i"}}}"#;
        assert_eq!(identity(issued).session_issuer_arn, "i");
        let odd = identity(r#"{"type":1,"principalId":[2.5,{}],"arn":"a","sessionContext":"x"}"#);
        let expected = UserIdentity {
            arn: "a".into(),
            ..UserIdentity::default()
        };
        assert_eq!(odd, expected);
        let repeated = r#"{"eventID":"e","eventTime":"2026-03-01T11:00:00Z","eventName":"n","eventSource":"s","awsRegion":"r",
            "responseElements":{"ConsoleLogin":"Failure","ConsoleLogin":"Success"}}"#;
        assert!(serde_json::from_str::<EventDetails<'_>>(repeated).is_err());
    }
}
