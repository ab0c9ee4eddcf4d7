//! Selections in a scenario: one name or several, with wildcards.

use serde::Deserialize;

use crate::model::AccountId;
use crate::range::policy::glob;

/// One glob or a list of globs.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    /// `"us-east-1"`
    One(String),
    /// `["us-east-1", "eu-*"]`
    Several(Vec<String>),
}

impl Names {
    /// Everything there is.
    pub(super) fn everything() -> Self {
        Self::One("*".to_owned())
    }

    /// The globs as written.
    pub(super) fn globs(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }

    /// Whether one of them matches the name.
    pub(super) fn include(&self, name: &str) -> bool {
        self.globs().iter().any(|pattern| glob(pattern, name))
    }

    /// Whether one of them matches the account's id or name.
    pub(super) fn include_account(&self, id: AccountId, name: &str) -> bool {
        self.include(&id.to_string()) || self.include(name)
    }
}
