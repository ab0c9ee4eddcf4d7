//! The state of one account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{FlowLog, Group, Role, User};
use crate::logs::LogStore;
use crate::policy::Document;
use dragnet_model::{AccountId, AccountState, Region};

/// An account and its resources.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) name: String,
    /// The e-mail address of the root user.
    pub(crate) email: String,
    pub(crate) state: AccountState,
    /// `CREATED` or `INVITED`.
    pub(crate) joined_method: &'static str,
    /// When it joined the organization.
    pub(crate) joined: Timestamp,
    /// The id of its parent: the root or an organizational unit. Empty outside the organization.
    pub(crate) parent: String,
    /// The tags of the account in Organizations.
    pub(crate) tags: BTreeMap<String, String>,
    /// The opt-in Regions that are enabled.
    pub(crate) opted_in: BTreeSet<Region>,
    /// IAM users by name.
    pub(crate) users: BTreeMap<String, User>,
    /// IAM roles by name.
    pub(crate) roles: BTreeMap<String, Role>,
    /// IAM groups by name.
    pub(crate) groups: BTreeMap<String, Group>,
    /// CloudWatch Logs, by Region.
    pub(crate) logs: BTreeMap<Region, LogStore>,
    /// VPC flow logs, by Region.
    pub(crate) flow_logs: BTreeMap<Region, Vec<FlowLog>>,
}

impl Account {
    pub(crate) fn is_in_organization(&self) -> bool {
        !self.parent.is_empty()
    }

    /// Whether its principals may make calls and its roles may be assumed.
    pub(crate) fn is_active(&self) -> bool {
        self.state == AccountState::Active
    }

    /// The policies in force for a user: its own, and those of its groups. Empty if there is no
    /// such user.
    pub(crate) fn user_policies(&self, name: &str, now: Timestamp) -> Vec<&Arc<Document>> {
        let Some(user) = self.users.get(name) else {
            return Vec::new();
        };
        let groups = user
            .groups
            .iter()
            .filter_map(|group| self.groups.get(group));
        let group_policies = groups.flat_map(|group| group.policies.in_force(now));
        user.policies
            .in_force(now)
            .iter()
            .chain(group_policies)
            .collect()
    }

    /// The `State` that Organizations reports.
    pub(crate) fn state_str(&self) -> &str {
        match &self.state {
            AccountState::Active => "ACTIVE",
            AccountState::Inactive(state) => state,
        }
    }

    /// The deprecated `Status`, which has no value for closed accounts.
    ///
    /// Source: Organizations API, `Account.Status`.
    pub(crate) fn status_str(&self) -> &str {
        match self.state_str() {
            "CLOSED" => "SUSPENDED",
            state => state,
        }
    }
}
