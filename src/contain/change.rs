//! What a step changes, what was there before, and what is there now.

use serde::{Deserialize, Serialize};

use super::document::{DENY_ALL, means_same};
use crate::aws::KeyStatus;

/// The policy with which the console revokes a role's sessions.
///
/// Source: IAM user guide, "Revoke IAM role temporary security credentials".
pub const REVOKE_SESSIONS: &str = "AWSRevokeOlderSessions";

/// One change to one principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Puts a policy that denies everything.
    DenyAll {
        /// Its name.
        policy: String,
        /// The document to put, for readers of the plan. Apply derives it anew and refuses a plan in which it differs.
        document: String,
    },
    /// Denies everything to sessions older than the moment of applying.
    RevokeSessions {
        /// The policy's name.
        policy: String,
    },
    /// Switches an access key off.
    DeactivateKey {
        /// Its id.
        key: String,
    },
    /// Removes a policy that denies everything, which something else put there.
    RemoveDenyAll {
        /// Its name.
        policy: String,
    },
}

/// What is there, or was, where a step makes its change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ResourceState {
    /// The policy of that name, byte for byte; none.
    Policy(Option<String>),
    /// The access key; gone.
    Key(Option<KeyStatus>),
}

impl ResourceState {
    /// Whether both mean the same.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Policy(Some(one)), Self::Policy(Some(other))) => means_same(one, other),
            _ => self == other,
        }
    }

    /// For people: `no policy`, `another policy`, `active`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Policy(None) => "no such policy",
            Self::Policy(Some(_)) => "a policy of that name",
            Self::Key(Some(status)) => status.as_str(),
            Self::Key(None) => "no such key",
        }
    }
}

impl Change {
    /// The inline policy that it is about, if it is about one.
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::DenyAll { policy, .. }
            | Self::RevokeSessions { policy }
            | Self::RemoveDenyAll { policy } => Some(policy),
            Self::DeactivateKey { .. } => None,
        }
    }

    /// For people: what it does.
    pub fn describe(&self) -> String {
        match self {
            Self::DenyAll { policy, .. } => format!("put {policy}: deny everything"),
            Self::RevokeSessions { policy } => {
                format!("put {policy}: deny everything to sessions begun before")
            }
            Self::DeactivateKey { key } => format!("deactivate access key {key}"),
            Self::RemoveDenyAll { policy } => format!("remove {policy}"),
        }
    }

    /// What is there once it is made; `revoking` is the document of the moment for revoked sessions.
    pub fn result(&self, revoking: &str) -> ResourceState {
        match self {
            // Never the document of the plan: its file is untrusted.
            Self::DenyAll { .. } => ResourceState::Policy(Some(DENY_ALL.to_owned())),
            Self::RevokeSessions { .. } => ResourceState::Policy(Some(revoking.to_owned())),
            Self::DeactivateKey { .. } => ResourceState::Key(Some(KeyStatus::Inactive)),
            Self::RemoveDenyAll { .. } => ResourceState::Policy(None),
        }
    }

    /// Whether there is nothing to do, since what is there means the same.
    pub fn is_made_by(&self, prior: &ResourceState) -> bool {
        match self {
            // Each has a time of its own: an older one lets in what began since.
            Self::RevokeSessions { .. } => false,
            _ => self.result("").is_like(prior),
        }
    }
}

/// The document that denies everything to sessions begun before `at`.
pub fn revoking(at: jiff::Timestamp) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{at:.0}"}}}}}}]}}"#
    )
}
