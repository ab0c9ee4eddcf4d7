//! One account and what it holds.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Group, Role, User};
use crate::model::{AccountId, AccountState, Region};
use crate::range::ec2::FlowLog;
use crate::range::logs::LogStore;

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
    /// The id of the root or the organizational unit that it is in.
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
    /// Whether its principals may call and its roles be assumed.
    pub(crate) fn is_active(&self) -> bool {
        self.state == AccountState::Active
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
