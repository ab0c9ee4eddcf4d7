//! `[organization]`: the source of the list of accounts.

use serde::{Deserialize, Serialize};

use dragnet_model::RoleArn;

/// Whether to list the accounts with AWS Organizations, and with which role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Organization {
    /// Whether to list the accounts with `ListAccounts` of Organizations.
    pub discover: bool,
    /// The role for these calls, in the management or a delegated administrator account; default:
    /// the source credentials.
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
