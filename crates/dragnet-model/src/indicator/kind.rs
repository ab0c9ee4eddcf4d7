//! The kinds of indicators and their names.

use std::fmt;

/// The kind of an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorKind {
    /// An IPv4 or IPv6 address.
    Ip,
    /// A network of addresses.
    Cidr,
    /// An access key id.
    AccessKey,
    /// An ARN.
    Arn,
    /// The name of an IAM user.
    User,
    /// The name of an IAM role.
    Role,
    /// An account id.
    Account,
    /// A domain.
    Domain,
    /// A user agent.
    UserAgent,
    /// The name of an event: `ConsoleLogin`.
    EventName,
    /// The name or id of a resource: a bucket, an instance, a key.
    Resource,
    /// A digest in hexadecimal.
    Hash,
    /// Any text.
    Text,
    /// A regular expression.
    Regex,
}

/// Each kind with its name, followed by aliases.
const WORDS: [(IndicatorKind, &[&str]); 14] = [
    (IndicatorKind::Ip, &["ip", "ipv4", "ipv6"]),
    (IndicatorKind::Cidr, &["cidr"]),
    (IndicatorKind::AccessKey, &["key"]),
    (IndicatorKind::Arn, &["arn"]),
    (IndicatorKind::User, &["user"]),
    (IndicatorKind::Role, &["role"]),
    (IndicatorKind::Account, &["account"]),
    (IndicatorKind::Domain, &["domain"]),
    (IndicatorKind::UserAgent, &["agent", "user-agent"]),
    (IndicatorKind::EventName, &["event"]),
    (IndicatorKind::Resource, &["resource"]),
    (
        IndicatorKind::Hash,
        &["hash", "md5", "sha1", "sha256", "sha512"],
    ),
    (IndicatorKind::Text, &["text", "string"]),
    (IndicatorKind::Regex, &["regex"]),
];

impl IndicatorKind {
    /// The name of the kind, as used in prefixes and reports.
    pub fn as_str(self) -> &'static str {
        WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .and_then(|(_, words)| words.first())
            .copied()
            .unwrap_or_default()
    }

    /// The kind with this name or alias, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        let is_listed = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        WORDS
            .iter()
            .find(|(_, words)| is_listed(words))
            .map(|(kind, _)| *kind)
    }

    /// All names and aliases.
    pub fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().flat_map(|(_, words)| words.iter().copied())
    }

    /// Splits a text into the kind of its prefix and the value. An ARN has no prefix, because it
    /// starts with `arn:` itself.
    pub fn split_prefix(text: &str) -> Option<(Self, &str)> {
        let (word, value) = text.split_once(':')?;
        let kind = Self::from_word(word)?;
        (kind != Self::Arn).then(|| (kind, value.trim_start()))
    }

    /// Whether values are spelled so that they cannot be opened by mistake: `evil[.]example`.
    pub fn is_defangable(self) -> bool {
        matches!(self, Self::Ip | Self::Cidr | Self::Domain)
    }

    /// Whether values may contain any character, including spaces, commas and `#`.
    pub fn is_free_text(self) -> bool {
        matches!(self, Self::UserAgent | Self::Text | Self::Regex)
    }
}

impl fmt::Display for IndicatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_parsed_to_its_kind() {
        for (kind, words) in WORDS {
            assert!(
                words
                    .iter()
                    .all(|word| IndicatorKind::from_word(word) == Some(kind)),
                "{kind}"
            );
            assert_eq!(Some(&kind.as_str()), words.first());
        }
        assert_eq!(IndicatorKind::from_word("IP"), Some(IndicatorKind::Ip));
    }

    #[test]
    fn only_known_words_are_prefixes() {
        assert_eq!(
            IndicatorKind::split_prefix("regex: a:b"),
            Some((IndicatorKind::Regex, "a:b"))
        );
        for none in [
            "",
            "user",
            "arn:aws:iam::111111111111:user/a",
            "https://a",
            ":a",
            "2001:db8::1",
        ] {
            assert_eq!(IndicatorKind::split_prefix(none), None, "{none}");
        }
    }
}
