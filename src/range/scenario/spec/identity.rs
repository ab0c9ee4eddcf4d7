//! Tables of a scenario about who is who.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::AccountId;
use crate::range::scenario::names::Names;

/// A user besides the practice user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct UserSpec {
    pub(in crate::range::scenario) account: AccountId,
    pub(in crate::range::scenario) name: String,
    #[serde(default = "slash")]
    pub(in crate::range::scenario) path: String,
    /// Ids of its access keys.
    #[serde(default)]
    pub(in crate::range::scenario) access_keys: Vec<String>,
    #[serde(default)]
    pub(in crate::range::scenario) groups: Vec<String>,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(in crate::range::scenario) policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(in crate::range::scenario) attached: Vec<String>,
    #[serde(default)]
    pub(in crate::range::scenario) mfa: bool,
}

/// An IAM group of users.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct UserGroupSpec {
    pub(in crate::range::scenario) account: AccountId,
    pub(in crate::range::scenario) name: String,
    #[serde(default = "slash")]
    pub(in crate::range::scenario) path: String,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(in crate::range::scenario) policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(in crate::range::scenario) attached: Vec<String>,
}

fn slash() -> String {
    "/".to_owned()
}

/// A role that every chosen account has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct RoleSpec {
    pub(in crate::range::scenario) name: String,
    #[serde(default = "slash")]
    pub(in crate::range::scenario) path: String,
    /// Ids, names or globs; without any, every member account. The management account only where it is named.
    pub(in crate::range::scenario) accounts: Option<Names>,
    /// Principals that may assume it; without any, the management account.
    #[serde(default)]
    pub(in crate::range::scenario) trusts: Vec<String>,
    /// Trust asks for this `ExternalId`.
    pub(in crate::range::scenario) external_id: Option<String>,
    /// Trust asks for an MFA code.
    #[serde(default)]
    pub(in crate::range::scenario) mfa: bool,
    /// The whole trust policy as JSON, instead of the three above.
    #[serde(alias = "trust")]
    pub(in crate::range::scenario) trust_policy: Option<String>,
    /// Actions that its inline policy allows.
    #[serde(default)]
    pub(in crate::range::scenario) allow: Vec<String>,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(in crate::range::scenario) policies: BTreeMap<String, String>,
    #[serde(default)]
    pub(in crate::range::scenario) attached: Vec<String>,
    /// The longest session, in seconds.
    #[serde(default = "an_hour")]
    pub(in crate::range::scenario) max_session_seconds: u32,
}

fn an_hour() -> u32 {
    3_600
}
