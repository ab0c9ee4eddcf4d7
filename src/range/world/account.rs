//! One account and what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Group, Role, User};
use crate::model::{AccountId, AccountState, Region};
use crate::range::ec2::FlowLog;
use crate::range::logs::LogStore;
use crate::range::policy::Document;

/// An account.
#[derive(Debug)]
pub(crate) struct Account {
    /// Its id.
    pub(crate) id: AccountId,
    /// Its name.
    pub(crate) name: String,
    /// The root user's address.
    pub(crate) email: String,
    /// Whether it can be used.
    pub(crate) state: AccountState,
    /// `CREATED` here, or `INVITED` into the organization.
    pub(crate) joined_method: &'static str,
    /// When it joined.
    pub(crate) joined: Timestamp,
    /// The id of the root or the organizational unit that it is in; empty outside the organization.
    pub(crate) parent: String,
    /// Organizations' tags.
    pub(crate) tags: BTreeMap<String, String>,
    /// The opt-in Regions that it uses.
    pub(crate) opted_in: BTreeSet<Region>,
    /// IAM users by name.
    pub(crate) users: BTreeMap<String, User>,
    /// IAM roles by name.
    pub(crate) roles: BTreeMap<String, Role>,
    /// IAM groups by name.
    pub(crate) groups: BTreeMap<String, Group>,
    /// CloudWatch Logs, a Region each.
    pub(crate) logs: BTreeMap<Region, LogStore>,
    /// VPC flow logs, a Region each.
    pub(crate) flow_logs: BTreeMap<Region, Vec<FlowLog>>,
}

impl Account {
    /// Whether it belongs to the organization.
    pub(crate) fn is_in_organization(&self) -> bool {
        !self.parent.is_empty()
    }

    /// Whether its principals may call and its roles be assumed.
    pub(crate) fn is_active(&self) -> bool {
        self.state == AccountState::Active
    }

    /// The policies that count for a user: its own, and those on its groups. None for a user who is not there.
    pub(crate) fn documents_of_user(&self, name: &str, now: Timestamp) -> Vec<&Arc<Document>> {
        let Some(user) = self.users.get(name) else {
            return Vec::new();
        };
        let groups = user
            .groups
            .iter()
            .filter_map(|group| self.groups.get(group));
        let of_groups = groups.flat_map(|group| group.policies.in_force(now));
        user.policies
            .in_force(now)
            .iter()
            .chain(of_groups)
            .collect()
    }

    /// Organizations' `State`.
    pub(crate) fn state_word(&self) -> &str {
        match &self.state {
            AccountState::Active => "ACTIVE",
            AccountState::Inactive(word) => word,
        }
    }

    /// The retired `Status`, which has no word for a closed account.
    ///
    /// Source: Organizations API, `Account.Status`.
    pub(crate) fn status_word(&self) -> &str {
        match self.state_word() {
            "CLOSED" => "SUSPENDED",
            word => word,
        }
    }
}
