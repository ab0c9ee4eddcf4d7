//! What a step changes, and the states before and after it.

use serde::{Deserialize, Serialize};

use super::document::{DENY_ALL, are_equivalent, denies_all};
use crate::aws::KeyStatus;

/// The policy with which the AWS console revokes the sessions of a role.
///
/// Source: IAM user guide, "Revoke IAM role temporary security credentials".
pub const REVOKE_SESSIONS: &str = "AWSRevokeOlderSessions";

/// One change to one principal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Writes a policy that denies everything.
    DenyAll {
        /// The name of the policy.
        policy: String,
        /// The document, for readers of the plan. Apply derives it again and refuses a plan in
        /// which it differs.
        document: String,
    },
    /// Denies everything to sessions that started before the plan is applied.
    RevokeSessions {
        /// The name of the policy.
        policy: String,
    },
    /// Deactivates an access key.
    DeactivateKey {
        /// The id of the key.
        key: String,
    },
    /// Removes a policy that denies everything and that Dragnet did not add.
    RemoveDenyAll {
        /// The name of the policy.
        policy: String,
    },
}

/// The state of the resource that a step changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ResourceState {
    /// The policy document, byte for byte; `None` if it does not exist.
    Policy(Option<String>),
    /// The status of the access key; `None` if it does not exist.
    Key(Option<KeyStatus>),
}

impl ResourceState {
    /// Whether both states are equivalent.
    pub fn is_equivalent_to(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Policy(Some(one)), Self::Policy(Some(other))) => are_equivalent(one, other),
            _ => self == other,
        }
    }

    /// Describes the state for people.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Policy(None) => "no policy with this name",
            Self::Policy(Some(_)) => "a policy with this name",
            Self::Key(Some(status)) => status.as_str(),
            Self::Key(None) => "no such access key",
        }
    }

    /// Describes for people how the observed state differs from this one, which the plan recorded.
    pub(super) fn describe_drift(&self, observed: &Self) -> String {
        if matches!(
            (self, observed),
            (Self::Policy(Some(_)), Self::Policy(Some(_)))
        ) {
            return "changed since the plan was made: the policy has another document".to_owned();
        }
        format!(
            "changed since the plan was made: expected {}, found {}",
            self.describe(),
            observed.describe()
        )
    }
}

impl Change {
    /// The name of the inline policy that is changed, if any.
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::DenyAll { policy, .. }
            | Self::RevokeSessions { policy }
            | Self::RemoveDenyAll { policy } => Some(policy),
            Self::DeactivateKey { .. } => None,
        }
    }

    /// Describes the change for people.
    pub fn describe(&self) -> String {
        match self {
            Self::DenyAll { policy, .. } => format!("put {policy}: deny everything"),
            Self::RevokeSessions { policy } => {
                format!("put {policy}: deny everything to sessions that started earlier")
            }
            Self::DeactivateKey { key } => format!("deactivate access key {key}"),
            Self::RemoveDenyAll { policy } => format!("remove {policy}"),
        }
    }

    /// Describes for people that the change is not in place any more.
    pub(super) fn describe_missing(&self) -> String {
        match self {
            Self::DenyAll { policy, .. } | Self::RevokeSessions { policy } => {
                format!("{policy} is MISSING or was changed")
            }
            Self::DeactivateKey { key } => {
                format!("access key {key} is ACTIVE again or was deleted")
            }
            Self::RemoveDenyAll { policy } => format!("{policy} EXISTS again"),
        }
    }

    /// The state after the change. `revocation` is the current document that revokes sessions.
    pub fn result(&self, revocation: &str) -> ResourceState {
        match self {
            // The file of the plan is untrusted, so its document is never used.
            Self::DenyAll { .. } => ResourceState::Policy(Some(DENY_ALL.to_owned())),
            Self::RevokeSessions { .. } => ResourceState::Policy(Some(revocation.to_owned())),
            Self::DeactivateKey { .. } => ResourceState::Key(Some(KeyStatus::Inactive)),
            Self::RemoveDenyAll { .. } => ResourceState::Policy(None),
        }
    }

    /// Whether the step would remove a policy that does not deny everything.
    pub(super) fn would_remove_other_policy(&self, observed: &ResourceState) -> bool {
        match (self, observed) {
            (Self::RemoveDenyAll { .. }, ResourceState::Policy(Some(document))) => {
                !denies_all(document)
            }
            _ => false,
        }
    }

    /// Whether there is nothing to do, because the prior state is equivalent.
    pub fn is_satisfied_by(&self, prior: &ResourceState) -> bool {
        match self {
            // An existing policy has an older time, so it permits sessions that started since.
            Self::RevokeSessions { .. } => false,
            _ => self.result("").is_equivalent_to(prior),
        }
    }
}

/// The document that denies everything to sessions that started before `at`.
pub(super) fn revocation_document(at: jiff::Timestamp) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{at:.0}"}}}}}}]}}"#
    )
}
