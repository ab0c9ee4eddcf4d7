//! Tables of a scenario for identities.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::AccountId;
use crate::range::scenario::names::Names;

/// An IAM user, in addition to the built-in ones.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct UserSpec {
    pub(in crate::range::scenario) account: AccountId,
    pub(in crate::range::scenario) name: String,
    #[serde(default = "default_path")]
    pub(in crate::range::scenario) path: String,
    /// The ids of its access keys.
    #[serde(default)]
    pub(in crate::range::scenario) access_keys: Vec<String>,
    /// The ids of its SSH public keys.
    #[serde(default)]
    pub(in crate::range::scenario) ssh_keys: Vec<String>,
    /// The ids of its signing certificates.
    #[serde(default)]
    pub(in crate::range::scenario) signing_certificates: Vec<String>,
    /// The ids of its service-specific credentials.
    #[serde(default)]
    pub(in crate::range::scenario) service_specific_credentials: Vec<String>,
    /// Whether it has a console password.
    #[serde(default)]
    pub(in crate::range::scenario) login_profile: bool,
    /// The ARN of its permissions boundary: an AWS managed policy that the range has.
    pub(in crate::range::scenario) boundary: Option<String>,
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

/// An IAM group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct UserGroupSpec {
    pub(in crate::range::scenario) account: AccountId,
    pub(in crate::range::scenario) name: String,
    #[serde(default = "default_path")]
    pub(in crate::range::scenario) path: String,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(in crate::range::scenario) policies: BTreeMap<String, String>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(in crate::range::scenario) attached: Vec<String>,
}

fn default_path() -> String {
    "/".to_owned()
}

/// A role, created in every selected account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::range::scenario) struct RoleSpec {
    pub(in crate::range::scenario) name: String,
    #[serde(default = "default_path")]
    pub(in crate::range::scenario) path: String,
    /// Ids, names or globs of accounts; by default all member accounts. The management account gets
    /// the role only if it is listed by its exact name or id.
    pub(in crate::range::scenario) accounts: Option<Names>,
    /// Principals that may assume it; by default the management account.
    #[serde(default)]
    pub(in crate::range::scenario) trusts: Vec<String>,
    /// The `ExternalId` that the trust policy requires.
    pub(in crate::range::scenario) external_id: Option<String>,
    /// Whether the trust policy requires MFA.
    #[serde(default)]
    pub(in crate::range::scenario) mfa: bool,
    /// The whole trust policy as JSON, instead of the three fields above.
    #[serde(alias = "trust")]
    pub(in crate::range::scenario) trust_policy: Option<String>,
    /// Actions that an inline policy of the role allows.
    #[serde(default)]
    pub(in crate::range::scenario) allow: Vec<String>,
    /// Inline policies: name to JSON document.
    #[serde(default)]
    pub(in crate::range::scenario) policies: BTreeMap<String, String>,
    #[serde(default)]
    pub(in crate::range::scenario) attached: Vec<String>,
    /// The ARN of its permissions boundary: an AWS managed policy that the range has.
    pub(in crate::range::scenario) boundary: Option<String>,
    /// The maximum session duration in seconds.
    #[serde(default = "default_max_session_seconds")]
    pub(in crate::range::scenario) max_session_seconds: u32,
}

fn default_max_session_seconds() -> u32 {
    3_600
}
