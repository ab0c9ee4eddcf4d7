//! Indicators: the values that a sweep searches for.

mod extract;
mod kind;
mod spelling;
mod value;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{AccountId, Arn};

pub use extract::{Candidate, Extraction, extract, is_file_name, recognize};
pub use kind::IndicatorKind;

/// A value to search for, and the text with which it was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Indicator {
    value: IndicatorValue,
    text: String,
}

/// The value of an indicator. Each kind defines what an exact match is.
///
/// Two indicators with the same value are one indicator, however they were spelled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorValue {
    /// One address, however it is spelled. An IPv4 address also matches an IPv6 address that ends
    /// with it in dotted notation.
    Ip(IpAddr),
    /// Every address of a network with more than one address.
    Cidr(IpNet),
    /// An access key id: `AKIA…` (long-term), `ASIA…` (temporary) or another of IAM's prefixes.
    AccessKey(String),
    /// An ARN, or a resource below it: `…:bucket` also matches `…:bucket/key`. A principal has no
    /// resources below it.
    Arn(Arn),
    /// The name of an IAM user: in an ARN, in a field for user names, or as a word of plain text.
    User(String),
    /// The name of an IAM role: in an ARN (also of its sessions), in a field for role names, or as
    /// a word of plain text.
    Role(String),
    /// An account id that is not part of a longer word.
    Account(AccountId),
    /// A domain in lower case without a trailing dot. Matches it in any case, and its subdomains.
    Domain(String),
    /// Part of a user agent, in a field for user agents or in plain text.
    UserAgent(String),
    /// The name of an API action or other event: a complete field for event names, or a word of
    /// plain text.
    EventName(String),
    /// The name or id of a resource: a whole part of the resource in an ARN, a complete field of any
    /// name, or a word of plain text. Names may contain hyphens and dots, so `prod` is not a word of
    /// `prod-logs`.
    Resource(String),
    /// A digest in lower-case hexadecimal. Matches in any case.
    Hash(String),
    /// Any other text, case-sensitive and as a whole word: `evil` does not match `devil`.
    Text(String),
    /// A regular expression of the `regex` crate, matched against every field.
    Regex(String),
}

/// Why a text is not an indicator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an indicator: {problem}")]
pub struct InvalidIndicator {
    text: String,
    problem: String,
}

impl InvalidIndicator {
    /// What is wrong with the text, and what to write instead.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// The text that is not an indicator.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Returns the name of each indicator: the text as it was given, with the kind where indicators of
/// several kinds have the same text.
pub fn indicator_names(indicators: &[Indicator]) -> Vec<String> {
    let mut kinds: HashMap<&str, BTreeSet<IndicatorKind>> = HashMap::new();
    for indicator in indicators {
        kinds
            .entry(&indicator.text)
            .or_default()
            .insert(indicator.kind());
    }
    let is_ambiguous = |indicator: &Indicator| {
        kinds
            .get(indicator.text.as_str())
            .is_some_and(|kinds| kinds.len() > 1)
    };
    indicators
        .iter()
        .map(|indicator| {
            if is_ambiguous(indicator) {
                format!("{}:{indicator}", indicator.kind())
            } else {
                indicator.to_string()
            }
        })
        .collect()
}

impl Indicator {
    /// Parses an indicator of a known kind.
    ///
    /// # Errors
    /// `text` is not a value of this kind.
    pub fn parse_as(kind: IndicatorKind, text: &str) -> Result<Self, InvalidIndicator> {
        let parse = |trimmed: &str| value::parse_kind(kind, trimmed);
        if kind.is_defangable() {
            return Self::parse_with(&spelling::refang(text), parse);
        }
        Self::parse_with(text, parse)
    }

    fn parse_with(
        text: &str,
        parse: impl FnOnce(&str) -> Result<IndicatorValue, String>,
    ) -> Result<Self, InvalidIndicator> {
        let trimmed = text.trim();
        let value = if trimmed.is_empty() {
            Err("it is empty".to_owned())
        } else {
            parse(trimmed)
        };
        match value {
            Ok(value) => Ok(Self {
                value,
                text: trimmed.to_owned(),
            }),
            Err(problem) => Err(InvalidIndicator {
                text: text.to_owned(),
                problem,
            }),
        }
    }

    /// The value to search for.
    pub fn value(&self) -> &IndicatorValue {
        &self.value
    }

    /// The kind of the indicator.
    pub fn kind(&self) -> IndicatorKind {
        match self.value {
            IndicatorValue::Ip(_) => IndicatorKind::Ip,
            IndicatorValue::Cidr(_) => IndicatorKind::Cidr,
            IndicatorValue::AccessKey(_) => IndicatorKind::AccessKey,
            IndicatorValue::Arn(_) => IndicatorKind::Arn,
            IndicatorValue::User(_) => IndicatorKind::User,
            IndicatorValue::Role(_) => IndicatorKind::Role,
            IndicatorValue::Account(_) => IndicatorKind::Account,
            IndicatorValue::Domain(_) => IndicatorKind::Domain,
            IndicatorValue::UserAgent(_) => IndicatorKind::UserAgent,
            IndicatorValue::EventName(_) => IndicatorKind::EventName,
            IndicatorValue::Resource(_) => IndicatorKind::Resource,
            IndicatorValue::Hash(_) => IndicatorKind::Hash,
            IndicatorValue::Text(_) => IndicatorKind::Text,
            IndicatorValue::Regex(_) => IndicatorKind::Regex,
        }
    }
}

/// Returns a text with a kind prefix, which parses as the same indicator.
impl From<Indicator> for String {
    fn from(indicator: Indicator) -> Self {
        match indicator.value {
            // No other kind starts with `arn:`, so an ARN has no prefix.
            IndicatorValue::Arn(_) => indicator.text,
            // A network of one address is stored as that address.
            IndicatorValue::Ip(_) if indicator.text.contains('/') => {
                format!("{}:{}", IndicatorKind::Cidr, indicator.text)
            }
            _ => format!("{}:{}", indicator.kind(), indicator.text),
        }
    }
}

impl TryFrom<String> for Indicator {
    type Error = InvalidIndicator;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Parses an indicator. Its kind is given by a prefix (`key:…`), or recognised from its form.
impl FromStr for Indicator {
    type Err = InvalidIndicator;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match IndicatorKind::split_prefix(text.trim()) {
            Some((kind, value)) => Self::parse_as(kind, value),
            None => Self::parse_with(&spelling::refang(text), value::parse_unprefixed),
        }
    }
}

/// The text as it was given, without the prefix.
impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> IndicatorKind {
        text.parse::<Indicator>()
            .unwrap_or_else(|error| panic!("{error}"))
            .kind()
    }

    #[test]
    fn kinds_are_recognised() {
        for (text, expected) in [
            ("192.0.2.1", IndicatorKind::Ip),
            ("2001:db8::1", IndicatorKind::Ip),
            ("192.0.2.0/24", IndicatorKind::Cidr),
            ("2001:db8::/32", IndicatorKind::Cidr),
            ("AKIAIOSFODNN7EXAMPLE", IndicatorKind::AccessKey),
            ("arn:aws:iam::111111111111:user/a", IndicatorKind::Arn),
            ("111111111111", IndicatorKind::Account),
            ("Evil.Example.", IndicatorKind::Domain),
            ("s3.amazonaws.com", IndicatorKind::Domain),
            ("d41d8cd98f00b204e9800998ecf8427e", IndicatorKind::Hash),
            ("some:thing", IndicatorKind::Text),
            ("text:https://evil.example/a", IndicatorKind::Text),
            ("alice@corp.example", IndicatorKind::Text),
            ("ConsoleLogin", IndicatorKind::Text),
            ("1.2", IndicatorKind::Text),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn prefix_sets_the_kind() {
        for (text, expected) in [
            ("text:192.0.2.1", IndicatorKind::Text),
            ("string:192.0.2.1", IndicatorKind::Text),
            ("user: alice", IndicatorKind::User),
            ("role:Admin", IndicatorKind::Role),
            ("event:ConsoleLogin", IndicatorKind::EventName),
            ("agent:kali", IndicatorKind::UserAgent),
            ("resource:i-0abcdef1234567890", IndicatorKind::Resource),
            ("resource:/aws/lambda/pay", IndicatorKind::Resource),
            ("regex:^arn:.*:user/", IndicatorKind::Regex),
            ("ip:192.0.2.1", IndicatorKind::Ip),
            (
                "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                IndicatorKind::Hash,
            ),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        assert_eq!(
            "user: alice".parse::<Indicator>().unwrap().to_string(),
            "alice"
        );
    }

    #[test]
    fn stored_form_is_parsed_back() {
        for text in [
            "192.0.2.1",
            "2001:DB8::1",
            "192.0.2.0/24",
            "192.0.2.1/32",
            "arn:aws:s3:::b",
            "text:192.0.2.1",
            "text:ip:x",
            "a:b",
            "evil[.]example",
            "text:https://evil.example/a",
            "domain:evil[.]example",
            "md5:D41D8CD98F00B204E9800998ECF8427E",
            "user: ben",
            "resource:prod-logs",
            "resource:1234abcd-12ab-34cd-56ef-1234567890ab",
            "regex: a b",
            "111111111111",
        ] {
            let indicator: Indicator = text.parse().unwrap();
            assert_eq!(
                Indicator::try_from(String::from(indicator.clone())).unwrap(),
                indicator,
                "{text}"
            );
        }
    }

    #[test]
    fn malformed_values_are_refused() {
        for bad in [
            "",
            "  ",
            "192.0.2.999",
            "192.0.2.1/33",
            "arn:aws:iam",
            "AKIA123",
            "ip:evil.example",
            "key:x",
            "ip:",
            "account:12",
            "domain:evil",
            "domain:évil.example",
            "user:a b",
            "role:a/b",
            "event:a b",
            "resource:a b",
            "resource:",
            "resource:arn:aws:s3:::b",
            "resource:-/",
            "hash:abc",
            "regex:(",
            "regex:a*",
            "192.0.2.1:443",
            "[2001:db8::1]:443",
            "AKIADEPLOYBOT2LEAKE",
            "AKIADEPLOYBOT2LEAKED,",
            "akiadeploybot2leaked",
            "203.0.113.*",
            "203.0.113.1-203.0.113.9",
            "https://198.51.100.23/x",
            "https://evil.example/a",
            "198.51.100.23 - initial C2",
            "évil.example",
            "d41d8cd98f00b204e9800998ecf8427",
            "user arn:aws:iam::111111111111:user/a",
            "2001:db8:1",
        ] {
            assert!(bad.parse::<Indicator>().is_err(), "{bad}");
        }
        let message = "192.0.2.999".parse::<Indicator>().unwrap_err().to_string();
        assert!(message.contains("text:192.0.2.999"), "{message}");
    }

    #[test]
    fn spellings_of_one_value_are_equal() {
        let value = |text: &str| text.parse::<Indicator>().unwrap().value().clone();
        for (one, other) in [
            ("2001:db8::1", "2001:0DB8:0::1"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("192.0.2.0/24", "192.0.2.77/24"),
            ("192.0.2.0/24", "::ffff:192.0.2.0/120"),
            ("192.0.2.1", "192[.]0[.]2[.]1"),
            ("evil.example", "EVIL[.]example."),
            (
                "hash:D41D8CD98F00B204E9800998ECF8427E",
                "md5:d41d8cd98f00b204e9800998ecf8427e",
            ),
        ] {
            assert_eq!(value(one), value(other), "{one} {other}");
        }
    }
}
