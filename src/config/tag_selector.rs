//! Selects accounts by tag.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidText;
use super::text::written_as_text;

/// Accounts with this tag in Organizations: `env=prod`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagSelector {
    /// The key; case matters.
    pub key: String,
    /// The value, which may be empty; case matters.
    pub value: String,
}

impl FromStr for TagSelector {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(InvalidText {
                text: text.to_owned(),
                expected: "a tag: expected the form KEY=VALUE",
            }),
        }
    }
}

written_as_text!(TagSelector, InvalidText);

impl fmt::Display for TagSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ends_at_the_first_equals_sign() {
        let parse = |text: &str| text.parse::<TagSelector>();
        let tag = parse("cost=a=b").unwrap();
        assert_eq!((tag.key.as_str(), tag.value.as_str()), ("cost", "a=b"));
        assert_eq!(parse("env=").unwrap().to_string(), "env=");
        for text in ["", "env", "=prod"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
