//! The kinds of indicators and their names.

use std::fmt;

/// Declares the kinds, each with its name, followed by aliases.
macro_rules! indicator_kinds {
    ($($(#[$doc:meta])* $name:ident => $word:literal $(| $alias:literal)*,)+) => {
        /// The kind of an indicator.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum IndicatorKind {
            $($(#[$doc])* $name,)+
        }

        /// Each kind with its name, followed by aliases.
        const WORDS: [(IndicatorKind, &[&str]); [$($word),+].len()] =
            [$((IndicatorKind::$name, &[$word $(, $alias)*])),+];

        impl IndicatorKind {
            /// The name of the kind, as used in prefixes and reports.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

indicator_kinds! {
    /// An IPv4 or IPv6 address.
    Ip => "ip" | "ipv4" | "ipv6",
    /// A network of addresses.
    Cidr => "cidr",
    /// An access key id.
    AccessKey => "key",
    /// An ARN.
    Arn => "arn",
    /// The name of an IAM user.
    User => "user",
    /// The name of an IAM role.
    Role => "role",
    /// An account id.
    Account => "account",
    /// A domain.
    Domain => "domain",
    /// A user agent.
    UserAgent => "agent" | "user-agent",
    /// The name of an event: `ConsoleLogin`.
    EventName => "event",
    /// The name or id of a resource: a bucket, an instance, a key.
    Resource => "resource",
    /// A digest in hexadecimal.
    Hash => "hash" | "md5" | "sha1" | "sha256" | "sha512",
    /// Any text.
    Text => "text" | "string",
    /// A regular expression.
    Regex => "regex",
}

impl IndicatorKind {
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
    fn aliases_are_parsed_in_any_case() {
        for (word, kind) in [
            ("IP", IndicatorKind::Ip),
            ("IPv6", IndicatorKind::Ip),
            ("SHA256", IndicatorKind::Hash),
            ("User-Agent", IndicatorKind::UserAgent),
        ] {
            assert_eq!(IndicatorKind::from_word(word), Some(kind), "{word}");
        }
    }

    #[test]
    fn words_belong_to_one_kind() {
        for (kind, words) in WORDS {
            for word in words {
                assert_eq!(IndicatorKind::from_word(word), Some(kind), "{word}");
            }
        }
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
