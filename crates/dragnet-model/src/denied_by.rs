//! The kind of policy that denied a call.

use serde::{Deserialize, Serialize};

/// The kind of policy that denied a call, according to AWS's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeniedBy {
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// No identity-based policy allows it, or one denies it.
    Identity,
    /// The message does not say.
    Unknown,
}

impl DeniedBy {
    /// Parses AWS's message. Source: IAM user guide, "Troubleshoot access denied error messages".
    pub fn from_message(message: &str) -> Self {
        let phrases = [
            ("service control policy", Self::Scp),
            ("resource control policy", Self::Rcp),
            ("permissions boundary", Self::Boundary),
            ("session policy", Self::Session),
            ("identity-based policy", Self::Identity),
        ];
        let phrase = phrases.iter().find(|(phrase, _)| message.contains(phrase));
        phrase.map_or(Self::Unknown, |(_, by)| *by)
    }

    /// The name used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scp => "scp",
            Self::Rcp => "rcp",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::Identity => "identity",
            Self::Unknown => "unknown",
        }
    }

    /// The value with this name.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Scp,
            Self::Rcp,
            Self::Boundary,
            Self::Session,
            Self::Identity,
            Self::Unknown,
        ]
        .into_iter()
        .find(|by| by.as_str() == word)
    }
}
