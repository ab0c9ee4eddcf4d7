//! Users, roles and groups, and the policies on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::range::access::MfaDevice;
use crate::range::iam::managed_policy;
use crate::range::policy::{Document, MalformedPolicy, PolicyKind};

/// A policy as it was written, and as it is evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// The text, byte for byte.
    pub(crate) text: String,
    /// Its meaning.
    pub(crate) document: Arc<Document>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// IAM would not store it.
    pub(crate) fn parse(text: &str, kind: PolicyKind) -> Result<Self, MalformedPolicy> {
        Ok(Self {
            text: text.to_owned(),
            document: Arc::new(Document::parse(text, kind)?),
        })
    }

    /// Its size as IAM counts it: without white space.
    pub(crate) fn counted_size(&self) -> usize {
        self.text.chars().filter(|c| !c.is_whitespace()).count()
    }
}

/// The policies on one identity. What is stored shows at once; what counts follows after the propagation delay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    /// Inline policies by name.
    inline: BTreeMap<String, Policy>,
    /// ARNs of attached managed policies.
    attached: BTreeSet<String>,
    /// What counts from when on, oldest first; changes that have taken effect leave one entry.
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

    /// Puts an inline policy, which counts from `from` on.
    pub(crate) fn put(&mut self, name: String, policy: Policy, from: Timestamp) {
        self.inline.insert(name, policy);
        self.changed(from);
    }

    /// Takes an inline policy away; it ceases to count at `from`. No: there is none of this name.
    pub(crate) fn remove(&mut self, name: &str, from: Timestamp) -> bool {
        let was_there = self.inline.remove(name).is_some();
        if was_there {
            self.changed(from);
        }
        was_there
    }

    /// Attaches a managed policy.
    pub(crate) fn attach(&mut self, arn: String, from: Timestamp) {
        self.attached.insert(arn);
        self.changed(from);
    }

    /// Detaches a managed policy. No: it was not attached.
    pub(crate) fn detach(&mut self, arn: &str, from: Timestamp) -> bool {
        let was_there = self.attached.remove(arn);
        if was_there {
            self.changed(from);
        }
        was_there
    }

    fn changed(&mut self, from: Timestamp) {
        let managed = self.attached.iter().filter_map(|arn| managed_policy(arn));
        let documents = self
            .inline
            .values()
            .map(|policy| Arc::clone(&policy.document))
            .chain(managed)
            .collect();
        // Whatever was replaced before the newest change that counts by now can never count again.
        if let Some(settled) = self.in_force.iter().rposition(|(since, _)| *since <= from) {
            self.in_force.drain(..settled);
        }
        self.in_force.push((from, documents));
    }

    /// The documents that count at `now`.
    pub(crate) fn in_force(&self, now: Timestamp) -> &[Arc<Document>] {
        self.in_force
            .iter()
            .rev()
            .find(|(since, _)| *since <= now)
            .map_or(&[], |(_, documents)| documents)
    }

    /// The size of all inline policies together, as IAM counts it.
    pub(crate) fn counted_size(&self) -> usize {
        self.inline.values().map(Policy::counted_size).sum()
    }
}

/// Whether an access key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyStatus {
    /// It does.
    Active,
    /// It was switched off.
    Inactive,
}

/// A user's long-term access key.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    /// Its secret.
    pub(crate) secret: String,
    /// Whether it works.
    pub(crate) status: KeyStatus,
    /// When it was made.
    pub(crate) created: Timestamp,
}

/// An IAM user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// Its name.
    pub(crate) name: String,
    /// Its path, `/` or `/…/`.
    pub(crate) path: String,
    /// Its id, `AIDA…`.
    pub(crate) id: String,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// Its policies.
    pub(crate) policies: Policies,
    /// Names of the groups that it is in.
    pub(crate) groups: BTreeSet<String>,
    /// Its access keys by id.
    pub(crate) keys: BTreeMap<String, AccessKey>,
    /// Its MFA device.
    pub(crate) mfa: Option<MfaDevice>,
}

/// An IAM role.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// Its name.
    pub(crate) name: String,
    /// Its path, `/` or `/…/`.
    pub(crate) path: String,
    /// Its id, `AROA…`.
    pub(crate) id: String,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// Who may assume it.
    pub(crate) trust: Policy,
    /// The longest session, in seconds: 3,600 to 43,200.
    pub(crate) max_session_seconds: u32,
    /// Its policies.
    pub(crate) policies: Policies,
}

/// An IAM group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Its name.
    pub(crate) name: String,
    /// Its path, `/` or `/…/`.
    pub(crate) path: String,
    /// Its id, `AGPA…`.
    pub(crate) id: String,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// Its policies.
    pub(crate) policies: Policies,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_at_once_and_counts_later() {
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
}
