//! What a run searched for, as far as it decides whether the calls of an identity were found.

use std::collections::BTreeSet;

use crate::lineage::{Identity, Node};
use dragnet_model::{AccountId, Arn, Indicator, IndicatorValue};

/// The indicators of a run that find the calls of identities. An address does not: an identity can
/// call from another one.
#[derive(Clone, Debug, Default)]
pub struct SearchedFor {
    keys: BTreeSet<String>,
    arns: Vec<Arn>,
    /// Names of users and roles, in lower case.
    users: BTreeSet<String>,
    roles: BTreeSet<String>,
    accounts: BTreeSet<AccountId>,
    /// Whether the run ended before everything was searched.
    was_interrupted: bool,
}

impl SearchedFor {
    /// What a run with these indicators searched for.
    pub fn new(indicators: impl IntoIterator<Item = Indicator>, was_interrupted: bool) -> Self {
        let mut searched = Self {
            was_interrupted,
            ..Self::default()
        };
        for indicator in indicators {
            match indicator.value() {
                IndicatorValue::AccessKey(key) => _ = searched.keys.insert(key.clone()),
                IndicatorValue::Arn(arn) => searched.arns.push(arn.clone()),
                IndicatorValue::User(name) => _ = searched.users.insert(name.to_ascii_lowercase()),
                IndicatorValue::Role(name) => _ = searched.roles.insert(name.to_ascii_lowercase()),
                IndicatorValue::Account(account) => _ = searched.accounts.insert(*account),
                _ => {}
            }
        }
        searched
    }

    /// Whether the run ended before everything was searched.
    pub(super) fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// Whether an indicator finds every call of this identity.
    pub(super) fn covers(&self, node: &Node) -> bool {
        let has_keys = !node.access_keys.is_empty() && node.access_keys.is_subset(&self.keys);
        has_keys
            || self.covers_name(&node.identity)
            || node
                .owner
                .as_ref()
                .is_some_and(|owner| self.covers_name(owner))
    }

    fn covers_name(&self, identity: &Identity) -> bool {
        match identity {
            Identity::Session { account, role, .. } => {
                self.covers_role(*account, role) || self.has_arn_of(identity)
            }
            Identity::Role { account, name } => self.covers_role(*account, name),
            Identity::User { account, name } => {
                self.accounts.contains(account)
                    || self.users.contains(&name.to_ascii_lowercase())
                    || self.has_arn_of(identity)
            }
            Identity::FederatedUser { account, .. } => {
                self.accounts.contains(account) || self.has_arn_of(identity)
            }
            Identity::RootSession(account) => self.accounts.contains(account),
            _ => false,
        }
    }

    /// Whether an indicator finds every session of a role. The ARN of a role without a session
    /// does, in the form of IAM and in that of STS.
    fn covers_role(&self, account: AccountId, role: &str) -> bool {
        let is_role = |arn: &Arn| {
            let resource = arn.resource();
            let name = match arn.service() {
                "iam" => resource
                    .strip_prefix("role/")
                    .and_then(|path| path.rsplit('/').next()),
                "sts" => resource
                    .strip_prefix("assumed-role/")
                    .filter(|rest| !rest.contains('/')),
                _ => None,
            };
            arn.account() == Some(account)
                && name.is_some_and(|name| name.eq_ignore_ascii_case(role))
        };
        self.accounts.contains(&account)
            || self.roles.contains(&role.to_ascii_lowercase())
            || self.arns.iter().any(is_role)
    }

    fn has_arn_of(&self, identity: &Identity) -> bool {
        let mut identities = self
            .arns
            .iter()
            .filter_map(|arn| Identity::from_arn(arn.as_str()));
        identities.any(|searched| searched.is_same(identity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(indicators: &[&str]) -> SearchedFor {
        let indicators = indicators.iter().map(|text| text.parse().unwrap());
        SearchedFor::new(indicators, false)
    }

    fn session(keys: &[&str]) -> Node {
        Node {
            identity: Identity::from_arn("arn:aws:sts::111111111111:assumed-role/App/eve").unwrap(),
            access_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            user_ids: BTreeSet::new(),
            owner: None,
            source_identity: None,
            from_ms: 0,
            depth: 1,
            is_start: false,
            is_followed: true,
        }
    }

    #[test]
    fn indicators_of_all_its_keys_its_arn_and_its_role_find_a_session() {
        let keys = ["ASIAEVE2222222222222", "ASIAEVE3333333333333"];
        for indicators in [
            &keys[..],
            &["arn:aws:sts::111111111111:assumed-role/App/eve"],
            &["arn:aws:sts::111111111111:assumed-role/App"],
            &["arn:aws:iam::111111111111:role/team/App"],
            &["role:app"],
            &["111111111111"],
        ] {
            assert!(
                searched(indicators).covers(&session(&keys)),
                "{indicators:?}"
            );
        }
        for indicators in [
            &keys[..1],
            &["192.0.2.1"],
            &["arn:aws:sts::111111111111:assumed-role/App/other"],
            &["arn:aws:iam::222222222222:role/App"],
            &["user:App"],
            &[],
        ] {
            assert!(
                !searched(indicators).covers(&session(&keys)),
                "{indicators:?}"
            );
        }
        assert!(
            !searched(&keys).covers(&session(&[])),
            "no key of it is known"
        );
    }
}
