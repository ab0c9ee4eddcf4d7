//! `[organization]`: where the list of accounts comes from.

use serde::{Deserialize, Serialize};

use crate::model::RoleArn;

/// Whether, and as whom, to ask AWS Organizations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Organization {
    /// Whether to list the accounts with Organizations `ListAccounts`.
    pub discover: bool,
    /// The role to ask with, in the management or a delegated administrator account; default: the
    /// source identity.
    pub role: Option<RoleArn>,
}

impl Default for Organization {
    fn default() -> Self {
        Self {
            discover: true,
            role: None,
        }
    }
}
