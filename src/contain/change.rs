//! What a step changes, and the states before and after it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::document::{
    DENY_ALL, are_equivalent, denies_all, deny_all_until, deny_sessions_document,
};
use crate::aws::{CredentialKind, KeyStatus};

/// The policy with which the AWS console revokes the sessions of a role.
///
/// Source: IAM user guide, "Revoke IAM role temporary security credentials".
pub const REVOKE_SESSIONS: &str = "AWSRevokeOlderSessions";

/// The policy that denies everything to single sessions of a role.
pub const DENY_SESSIONS: &str = "DragnetDenySessions";

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
    /// Writes a policy that denies everything until a time. It is weaker than `DenyAll`, because it
    /// ends on its own, whether the incident is over or not.
    DenyAllUntil {
        /// The name of the policy.
        policy: String,
        /// When the deny ends.
        #[serde(with = "super::rfc3339")]
        until: Timestamp,
    },
    /// Denies everything to single sessions of a role, and nothing to its other sessions.
    DenySessions {
        /// The name of the policy.
        policy: String,
        /// The sessions, as `aws:userid` has them: `AROA…:session-name`.
        sessions: Vec<String>,
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
    /// Deactivates a credential that is not an access key.
    DeactivateCredential {
        /// The kind of the credential.
        kind: CredentialKind,
        /// The id of the credential.
        id: String,
    },
    /// Deletes the console password of a user. It cannot be undone.
    DeleteLoginProfile {},
    /// Takes an MFA device from a user. It cannot be undone.
    DeactivateMfa {
        /// The serial number of the device.
        serial: String,
    },
    /// Denies everybody to assume a role.
    BlockAssume {
        /// The trust policy with the deny. A plan is refused if it is not derived from the prior
        /// state.
        document: String,
    },
    /// Sets a permissions boundary that denies everything.
    Boundary {
        /// The ARN of the policy. A plan is refused if it is not AWS's policy that denies
        /// everything.
        policy: String,
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
    /// The status of the access key or other credential; `None` if it does not exist.
    Key(Option<KeyStatus>),
    /// Whether the password or MFA device exists.
    Present(bool),
    /// The trust policy of the role, byte for byte; `None` if the role does not exist.
    Trust(Option<String>),
    /// The ARN of the permissions boundary; `None` if there is none.
    Boundary(Option<String>),
}

impl ResourceState {
    /// Whether both states are equivalent.
    pub fn is_equivalent_to(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Policy(Some(one)), Self::Policy(Some(other)))
            | (Self::Trust(Some(one)), Self::Trust(Some(other))) => are_equivalent(one, other),
            _ => self == other,
        }
    }

    /// Whether it is a policy that denies everything, without conditions.
    pub(super) fn denies_all(&self) -> bool {
        matches!(self, Self::Policy(Some(document)) if denies_all(document))
    }

    /// Describes the state for people.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Policy(None) => "no policy with this name",
            Self::Policy(Some(_)) => "a policy with this name",
            Self::Key(Some(status)) => status.as_str(),
            Self::Key(None) => "no such credential",
            Self::Present(true) => "present",
            Self::Present(false) => "not present",
            Self::Trust(Some(_)) => "a trust policy",
            Self::Trust(None) => "no such role",
            Self::Boundary(Some(_)) => "a permissions boundary",
            Self::Boundary(None) => "no permissions boundary",
        }
    }

    /// Describes for people how the observed state differs from this one, which the plan recorded.
    pub(super) fn describe_drift(&self, observed: &Self) -> String {
        match (self, observed) {
            (Self::Policy(Some(_)), Self::Policy(Some(_)))
            | (Self::Trust(Some(_)), Self::Trust(Some(_))) => {
                return "changed since the plan was made: the policy has another document"
                    .to_owned();
            }
            (Self::Boundary(Some(planned)), Self::Boundary(Some(found))) => {
                return format!(
                    "changed since the plan was made: expected {planned}, found {found}"
                );
            }
            _ => {}
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
            | Self::DenyAllUntil { policy, .. }
            | Self::DenySessions { policy, .. }
            | Self::RevokeSessions { policy }
            | Self::RemoveDenyAll { policy } => Some(policy),
            Self::DeactivateKey { .. }
            | Self::DeactivateCredential { .. }
            | Self::DeleteLoginProfile {}
            | Self::DeactivateMfa { .. }
            | Self::BlockAssume { .. }
            | Self::Boundary { .. } => None,
        }
    }

    /// Describes the change for people.
    pub fn describe(&self) -> String {
        match self {
            Self::DenyAll { policy, .. } => format!("put {policy}: deny everything"),
            Self::DenyAllUntil { policy, until } => {
                format!("put {policy}: deny everything until {until:.0}")
            }
            Self::DenySessions { policy, sessions } => {
                format!("put {policy}: deny everything to {}", sessions.join(", "))
            }
            Self::RevokeSessions { policy } => {
                format!("put {policy}: deny everything to sessions that started earlier")
            }
            Self::DeactivateKey { key } => format!("deactivate access key {key}"),
            Self::DeactivateCredential { kind, id } => {
                format!("deactivate {} {id}", kind.describe())
            }
            Self::DeleteLoginProfile {} => {
                "delete its console password (CANNOT BE UNDONE)".to_owned()
            }
            Self::DeactivateMfa { serial } => {
                format!("deactivate MFA device {serial} (CANNOT BE UNDONE)")
            }
            Self::BlockAssume { .. } => {
                "deny everybody to assume it, in its trust policy".to_owned()
            }
            Self::Boundary { policy } => format!("set the permissions boundary {policy}"),
            Self::RemoveDenyAll { policy } => format!("remove {policy}"),
        }
    }

    /// Describes for people that the change is not in place any more.
    pub(super) fn describe_missing(&self) -> String {
        match self {
            Self::DenyAll { policy, .. }
            | Self::DenyAllUntil { policy, .. }
            | Self::DenySessions { policy, .. }
            | Self::RevokeSessions { policy } => {
                format!("{policy} is MISSING or was changed")
            }
            Self::DeactivateKey { key } => {
                format!("access key {key} is ACTIVE again or was deleted")
            }
            Self::DeactivateCredential { kind, id } => {
                format!("{} {id} is ACTIVE again or was deleted", kind.describe())
            }
            Self::DeleteLoginProfile {} => "its console password EXISTS again".to_owned(),
            Self::DeactivateMfa { serial } => format!("MFA device {serial} is ACTIVE again"),
            Self::BlockAssume { .. } => "its trust policy was CHANGED".to_owned(),
            Self::Boundary { .. } => "its permissions boundary was CHANGED or removed".to_owned(),
            Self::RemoveDenyAll { policy } => format!("{policy} EXISTS again"),
        }
    }

    /// The state after the change. `revocation` is the current document that revokes sessions.
    pub fn result(&self, revocation: &str) -> ResourceState {
        match self {
            // The file of the plan is untrusted, so its document is never used.
            Self::DenyAll { .. } => ResourceState::Policy(Some(DENY_ALL.to_owned())),
            Self::DenyAllUntil { until, .. } => ResourceState::Policy(Some(deny_all_until(*until))),
            Self::DenySessions { sessions, .. } => {
                ResourceState::Policy(Some(deny_sessions_document(sessions)))
            }
            Self::RevokeSessions { .. } => ResourceState::Policy(Some(revocation.to_owned())),
            Self::DeactivateKey { .. } | Self::DeactivateCredential { .. } => {
                ResourceState::Key(Some(KeyStatus::Inactive))
            }
            Self::DeleteLoginProfile {} | Self::DeactivateMfa { .. } => {
                ResourceState::Present(false)
            }
            // The check of the plan derives these two again.
            Self::BlockAssume { document } => ResourceState::Trust(Some(document.clone())),
            Self::Boundary { policy } => ResourceState::Boundary(Some(policy.clone())),
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

    /// Whether undo can restore the prior state.
    pub fn can_be_undone(&self) -> bool {
        !matches!(
            self,
            Self::DeleteLoginProfile {} | Self::DeactivateMfa { .. }
        )
    }

    /// When the change stops having an effect; `None` if it has no end.
    pub(super) fn end(&self) -> Option<Timestamp> {
        match self {
            Self::DenyAllUntil { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Whether there is nothing to do, because the prior state is equivalent.
    pub fn is_satisfied_by(&self, prior: &ResourceState) -> bool {
        match self {
            // An existing policy has an older time, so it permits sessions that started since.
            Self::RevokeSessions { .. } => false,
            // A deny without an end is stronger, so it is not replaced.
            Self::DenyAllUntil { .. } if prior.denies_all() => true,
            _ => self.result("").is_equivalent_to(prior),
        }
    }
}

/// The document that denies everything to sessions that started before `at`.
pub(super) fn revocation_document(at: Timestamp) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{at:.0}"}}}}}}]}}"#
    )
}
