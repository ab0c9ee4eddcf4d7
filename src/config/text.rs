//! Types that are written as strings, and the formats that AWS requires of some of them.

/// The text does not have the required format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidText {
    pub(super) text: String,
    pub(super) expected: &'static str,
}

/// Whether `text` has between `shortest` and `longest` characters, all of them letters, digits or
/// one of `punctuation`: the format of most names in IAM and STS.
pub(super) fn has_form(text: &str, shortest: usize, longest: usize, punctuation: &str) -> bool {
    (shortest..=longest).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c))
}

/// Implements the conversions from and to `String`, with which a type that has `FromStr` and
/// `Display` is a string in TOML.
macro_rules! written_as_text {
    ($name:ident, $error:ty) => {
        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}
pub(super) use written_as_text;

/// Declares a string type that contains only values that pass its check.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::config::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::config::InvalidText { text: text.to_owned(), expected: $expected })
                }
            }
        }

        $crate::config::text::written_as_text!($name, $crate::config::InvalidText);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
pub(super) use checked_text;
