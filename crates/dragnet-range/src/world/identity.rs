//! Users, roles and groups, and their policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::access::MfaDevice;
use crate::iam::{Tags, managed_policy};
use crate::policy::{Document, MalformedPolicy, PolicyKind};

/// A policy as text and as a parsed document.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// The original text, which IAM returns unchanged.
    pub(crate) text: String,
    pub(crate) document: Arc<Document>,
}

impl Policy {
    /// Parses a policy.
    ///
    /// # Errors
    /// The policy is malformed.
    pub(crate) fn parse(text: &str, kind: PolicyKind) -> Result<Self, MalformedPolicy> {
        Ok(Self {
            text: text.to_owned(),
            document: Arc::new(Document::parse(text, kind)?),
        })
    }

    /// The size as IAM counts it, without white space.
    pub(crate) fn counted_size(&self) -> usize {
        self.text.chars().filter(|c| !c.is_whitespace()).count()
    }
}

/// The policies of one identity. Changes are visible immediately, but take effect after the
/// propagation delay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    /// Inline policies by name.
    inline: BTreeMap<String, Policy>,
    /// ARNs of attached managed policies.
    attached: BTreeSet<String>,
    /// The policies in force from a certain time on, in chronological order.
    in_force: Vec<(Timestamp, Vec<Arc<Document>>)>,
}

impl Policies {
    /// Inline policies by name.
    pub(crate) fn inline(&self) -> &BTreeMap<String, Policy> {
        &self.inline
    }

    /// ARNs of attached managed policies.
    pub(crate) fn attached(&self) -> &BTreeSet<String> {
        &self.attached
    }

    /// Adds or replaces an inline policy, which is in force from `from` on.
    pub(crate) fn put(&mut self, name: String, policy: Policy, from: Timestamp) {
        self.inline.insert(name, policy);
        self.update_in_force(from);
    }

    /// Removes an inline policy, which is in force until `from`. Returns `false` if there is none
    /// of this name.
    pub(crate) fn remove(&mut self, name: &str, from: Timestamp) -> bool {
        let existed = self.inline.remove(name).is_some();
        if existed {
            self.update_in_force(from);
        }
        existed
    }

    /// Attaches a managed policy, which is in force from `from` on.
    pub(crate) fn attach(&mut self, arn: String, from: Timestamp) {
        self.attached.insert(arn);
        self.update_in_force(from);
    }

    /// Detaches a managed policy, which is in force until `from`. Returns `false` if it was not
    /// attached.
    pub(crate) fn detach(&mut self, arn: &str, from: Timestamp) -> bool {
        let existed = self.attached.remove(arn);
        if existed {
            self.update_in_force(from);
        }
        existed
    }

    fn update_in_force(&mut self, from: Timestamp) {
        let managed = self.attached.iter().filter_map(|arn| managed_policy(arn));
        let documents = self
            .inline
            .values()
            .map(|policy| Arc::clone(&policy.document))
            .chain(managed)
            .collect();
        // Drops the entries that are superseded by `from`, so that the list stays short.
        if let Some(superseded_by) = self.in_force.iter().rposition(|(since, _)| *since <= from) {
            self.in_force.drain(..superseded_by);
        }
        self.in_force.push((from, documents));
    }

    /// The policies in force at `now`.
    pub(crate) fn in_force(&self, now: Timestamp) -> &[Arc<Document>] {
        self.in_force
            .iter()
            .rev()
            .find(|(since, _)| *since <= now)
            .map_or(&[], |(_, documents)| documents)
    }

    /// The total size of all inline policies, as IAM counts it.
    pub(crate) fn counted_size(&self) -> usize {
        self.inline.values().map(Policy::counted_size).sum()
    }
}

/// The permissions boundary of a role or user. A change is visible immediately, but takes effect
/// after the propagation delay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boundary {
    /// The ARN of the policy.
    arn: Option<String>,
    /// The boundary in force from a certain time on, in chronological order.
    in_force: Vec<(Timestamp, Option<Arc<Document>>)>,
}

impl Boundary {
    /// The ARN of the policy; `None` if there is no boundary.
    pub(crate) fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }

    /// Sets or removes the boundary, which is in force from `from` on. Returns `false` and changes
    /// nothing if the policy does not exist.
    pub(crate) fn set(&mut self, arn: Option<&str>, from: Timestamp) -> bool {
        let document = arn.and_then(managed_policy);
        if arn.is_some() && document.is_none() {
            return false;
        }
        self.arn = arn.map(str::to_owned);
        if let Some(superseded_by) = self.in_force.iter().rposition(|(since, _)| *since <= from) {
            self.in_force.drain(..superseded_by);
        }
        self.in_force.push((from, document));
        true
    }

    /// The boundary in force at `now`; `None` if there is none.
    pub(crate) fn in_force(&self, now: Timestamp) -> Option<&Arc<Document>> {
        let entry = self.in_force.iter().rev().find(|(since, _)| *since <= now);
        entry.and_then(|(_, document)| document.as_ref())
    }
}

dragnet_model::word_enum! {
    /// The status of an access key or of another credential.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum KeyStatus {
        Active => "Active",
        Inactive => "Inactive",
    }
}

/// A long-term access key of a user.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    pub(crate) secret: String,
    pub(crate) status: KeyStatus,
    pub(crate) created: Timestamp,
}

/// The kind of a credential that is not an access key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    ServiceSpecific,
    SshPublicKey,
    SigningCertificate,
}

/// A credential of a user that is not an access key. The range has no service that accepts it.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) kind: CredentialKind,
    pub(crate) status: KeyStatus,
    pub(crate) created: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    /// `/`, or `/…/`.
    pub(crate) path: String,
    /// Begins with `AIDA`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) policies: Policies,
    /// The names of its groups.
    pub(crate) groups: BTreeSet<String>,
    /// Access keys by id.
    pub(crate) keys: BTreeMap<String, AccessKey>,
    /// Other credentials by id.
    pub(crate) credentials: BTreeMap<String, Credential>,
    /// When its console password was created; `None` if it has none.
    pub(crate) login_profile: Option<Timestamp>,
    pub(crate) boundary: Boundary,
    pub(crate) tags: Tags,
    pub(crate) mfa: Option<MfaDevice>,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// `/`, or `/…/`.
    pub(crate) path: String,
    /// Begins with `AROA`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) trust: Policy,
    /// The maximum session duration in seconds: 3,600 to 43,200.
    pub(crate) max_session_seconds: u32,
    pub(crate) policies: Policies,
    pub(crate) boundary: Boundary,
    pub(crate) description: Option<String>,
    pub(crate) tags: Tags,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// `/`, or `/…/`.
    pub(crate) path: String,
    /// Begins with `AGPA`.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) policies: Policies,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_change_is_visible_at_once_and_in_force_later() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let policy = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
        let mut policies = Policies::default();
        policies.put(
            "DenyAll".to_owned(),
            Policy::parse(policy, PolicyKind::Identity).unwrap(),
            at(10),
        );
        assert_eq!(policies.inline().len(), 1);
        assert_eq!(
            (
                policies.in_force(at(9)).len(),
                policies.in_force(at(10)).len()
            ),
            (0, 1)
        );
        assert!(policies.remove("DenyAll", at(20)) && !policies.remove("DenyAll", at(20)));
        assert_eq!(
            (
                policies.in_force(at(19)).len(),
                policies.in_force(at(20)).len()
            ),
            (1, 0)
        );
        assert_eq!(policies.counted_size(), 0);
    }

    #[test]
    fn boundary_is_visible_at_once_and_in_force_later() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let arn = "arn:aws:iam::aws:policy/AWSDenyAll";
        let mut boundary = Boundary::default();
        assert!(boundary.set(Some(arn), at(10)));
        assert_eq!(boundary.arn(), Some(arn));
        assert!(boundary.in_force(at(9)).is_none() && boundary.in_force(at(10)).is_some());
        assert!(!boundary.set(Some("arn:aws:iam::aws:policy/Unknown"), at(15)));
        assert_eq!(boundary.arn(), Some(arn));
        assert!(boundary.set(None, at(20)));
        assert!(boundary.in_force(at(19)).is_some() && boundary.in_force(at(20)).is_none());
    }
}
