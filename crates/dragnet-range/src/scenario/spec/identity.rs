//! Tables of a scenario for identities.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::scenario::names::Names;
use dragnet_model::AccountId;

/// An IAM user, in addition to the built-in ones.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct UserSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) name: String,
    #[serde(default = "default_path")]
    pub(in crate::scenario) path: String,
    /// The ids of its access keys.
    #[serde(default)]
    pub(in crate::scenario) access_keys: Vec<String>,
    /// The ids of its SSH public keys.
    #[serde(default)]
    pub(in crate::scenario) ssh_keys: Vec<String>,
    /// The ids of its signing certificates.
    #[serde(default)]
    pub(in crate::scenario) signing_certificates: Vec<String>,
    /// The ids of its service-specific credentials.
    #[serde(default)]
    pub(in crate::scenario) service_specific_credentials: Vec<String>,
    /// Whether it has a console password.
    #[serde(default)]
    pub(in crate::scenario) login_profile: bool,
    /// The ARN of its permissions boundary: an AWS managed policy that the range has.
    pub(in crate::scenario) boundary: Option<String>,
    #[serde(default)]
    pub(in crate::scenario) groups: Vec<String>,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(in crate::scenario) policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(in crate::scenario) attached: Vec<String>,
    #[serde(default)]
    pub(in crate::scenario) mfa: bool,
}

/// An IAM group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct UserGroupSpec {
    pub(in crate::scenario) account: AccountId,
    pub(in crate::scenario) name: String,
    #[serde(default = "default_path")]
    pub(in crate::scenario) path: String,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(in crate::scenario) policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(in crate::scenario) attached: Vec<String>,
}

fn default_path() -> String {
    "/".to_owned()
}

/// A role, created in every selected account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct RoleSpec {
    pub(in crate::scenario) name: String,
    #[serde(default = "default_path")]
    pub(in crate::scenario) path: String,
    /// Ids, names or globs of accounts; by default all member accounts. The management account gets
    /// the role only if it is listed by its exact name or id.
    pub(in crate::scenario) accounts: Option<Names>,
    /// Principals that may assume it; by default the management account.
    #[serde(default)]
    pub(in crate::scenario) trusts: Vec<String>,
    /// The `ExternalId` that the trust policy requires.
    pub(in crate::scenario) external_id: Option<String>,
    /// Whether the trust policy requires MFA.
    #[serde(default)]
    pub(in crate::scenario) mfa: bool,
    /// The whole trust policy as JSON, instead of the three fields above.
    #[serde(alias = "trust")]
    pub(in crate::scenario) trust_policy: Option<String>,
    /// Actions that an inline policy of the role allows.
    #[serde(default)]
    pub(in crate::scenario) allow: Vec<String>,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(in crate::scenario) policies: BTreeMap<String, String>,
    #[serde(default)]
    pub(in crate::scenario) attached: Vec<String>,
    /// The ARN of its permissions boundary: an AWS managed policy that the range has.
    pub(in crate::scenario) boundary: Option<String>,
    /// The maximum session duration in seconds.
    #[serde(default = "default_max_session_seconds")]
    pub(in crate::scenario) max_session_seconds: u32,
}

fn default_max_session_seconds() -> u32 {
    3_600
}
