//! Selections in a scenario: one or more names with wildcards.

use serde::Deserialize;

use crate::policy::glob;
use dragnet_model::AccountId;

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
    /// A selection that includes everything.
    pub(super) fn everything() -> Self {
        Self::One("*".to_owned())
    }

    /// The globs as they are in the scenario.
    pub(super) fn globs(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }

    /// Whether one of the globs matches the name.
    pub(super) fn include(&self, name: &str) -> bool {
        self.globs().iter().any(|pattern| glob(pattern, name))
    }

    /// Whether one of the globs matches the id or name of the account.
    pub(super) fn include_account(&self, id: AccountId, name: &str) -> bool {
        self.include(&id.to_string()) || self.include(name)
    }
}
