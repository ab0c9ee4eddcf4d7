//! The plan of a sweep in shards: what is searched for, all accounts, and what each shard searches. It
//! has no secret: external ids and credentials come from the configuration of each machine.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sealed::Sealable;
use crate::aws::ListedAccount;
use crate::config::ConfiguredAccount;
use crate::store::{EarlierFindings, ScopeMembership};
use crate::sweep::{DiscoveredSources, Member, RegionPart, ShardOwners, ShardPart, SlicedGroup};
use crate::throttle::QuotaFractions;
use dragnet_model::{Account, AccountId, AccountState, Operation, Target};

/// The version of the plan.
pub(super) const FORMAT: u32 = 1;

/// The plan of a sweep in shards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardPlan {
    /// The version of the plan.
    pub format: u32,
    /// The version of Dragnet that made it.
    pub tool_version: String,
    /// The id of the merged run, which is also in the session names of all shards.
    pub run_id: String,
    /// When the plan was made, in milliseconds since the Unix epoch: the start of the run.
    pub started_ms: i64,
    /// Whether it was made on the practice range.
    pub practice: bool,
    /// The ARN of the caller that made it. Every machine needs an identity of the same account.
    pub caller_arn: String,
    /// The settings of the sweep, without secrets.
    pub settings: String,
    /// The SHA-256 of the settings, with external ids.
    pub settings_sha256: String,
    /// All accounts that were listed.
    pub members: Vec<PlannedMember>,
    /// What was found out about log sources.
    pub found: DiscoveredSources,
    /// The selectors of the scope that matched nothing.
    pub unmatched_selectors: Value,
    /// Whether only the accounts that are assigned to the caller in IAM Identity Center were listed.
    pub assigned_accounts_only: bool,
    /// What earlier runs of the machine that made the plan found.
    pub earlier: EarlierFindings,
    /// The log groups that several shards read, each for a part of the time.
    pub sliced: Vec<SlicedGroup>,
    /// The shards.
    pub shards: Vec<ShardSpec>,
}

/// An account that was listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedMember {
    /// The account id.
    pub id: AccountId,
    /// The name: untrusted text.
    pub name: String,
    /// AWS's word for its state.
    pub state: String,
    /// Whether it is in scope.
    pub membership: String,
    /// Its ARN in AWS Organizations, if it was listed there.
    pub arn: Option<String>,
    /// The ids of its root and organizational units, if AWS named them.
    pub unit_ids: Option<Vec<String>>,
}

/// What a shard searches, and which fractions of shared quotas it may use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardSpec {
    /// The accounts, or parts of them.
    pub accounts: BTreeMap<AccountId, RegionPart>,
    /// Account-Regions outside the scope to which log sources deliver.
    pub remote: BTreeSet<Target>,
    /// About how many calls it takes.
    pub calls: u64,
    /// About how many bytes are read.
    pub bytes: u64,
    /// The fraction of the quota of `AssumeRole`, which all machines share.
    pub sts_fraction: f64,
    /// The fractions of the quotas of `FilterLogEvents` and `GetLogObject` in account-Regions whose log groups
    /// other shards read too. Any other is of one shard.
    pub log_fractions: Vec<(Target, f64)>,
    /// The fractions of the quotas of buckets.
    pub bucket_fractions: BTreeMap<String, f64>,
    /// The limit of the cost of Insights, in US dollars.
    pub insights_usd: f64,
}

/// A shard that the plan does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan has no shard {index}: its {shards} shards have the numbers from 0 to {}", shards.saturating_sub(1))]
pub struct InvalidShard {
    /// The number of the shard.
    pub index: usize,
    /// The number of shards.
    pub shards: usize,
}

impl Sealable for ShardPlan {
    const KIND: &'static str = "plan";
}

impl PlannedMember {
    /// Describes an account that was listed.
    pub fn from_member(member: &Member) -> Self {
        let listed = member.listed.as_ref();
        let state = match &member.account.state {
            AccountState::Active => "ACTIVE",
            AccountState::Inactive(word) => word,
        };
        Self {
            id: member.account.id,
            name: member.account.name.clone(),
            state: state.to_owned(),
            membership: member.membership.as_str().to_owned(),
            arn: listed.map(|listed| listed.arn.clone()),
            unit_ids: listed.and_then(|listed| listed.unit_ids.clone()),
        }
    }

    /// Returns the account, with its entry in the configuration.
    fn to_member(&self, configured: &[ConfiguredAccount]) -> Member {
        let account = Account {
            id: self.id,
            name: self.name.clone(),
            state: AccountState::from(self.state.as_str()),
        };
        let listed = self.arn.as_ref().map(|arn| ListedAccount {
            account: account.clone(),
            arn: arn.clone(),
            email: String::new(),
            unit_ids: self.unit_ids.clone(),
        });
        let membership = ScopeMembership::from_word(&self.membership);
        Member {
            account,
            membership: membership.unwrap_or(ScopeMembership::NotSelected),
            configured: configured
                .iter()
                .find(|configured| configured.id == self.id)
                .cloned(),
            listed,
        }
    }
}

/// Returns which of these shards searches what.
pub(super) fn owners_of(shards: &[ShardSpec]) -> ShardOwners {
    let mut owners = ShardOwners::default();
    for (index, shard) in shards.iter().enumerate() {
        for (account, part) in &shard.accounts {
            owners.add_account(index, *account, part.clone());
        }
        for target in &shard.remote {
            owners.add_remote(index, target.clone());
        }
    }
    owners
}

impl ShardPlan {
    /// Returns when the plan was made.
    pub fn started(&self) -> Timestamp {
        Timestamp::from_millisecond(self.started_ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns a shard.
    ///
    /// # Errors
    /// The plan has no shard with this number.
    pub fn shard(&self, index: usize) -> Result<&ShardSpec, InvalidShard> {
        self.shards.get(index).ok_or(InvalidShard {
            index,
            shards: self.shards.len(),
        })
    }

    /// Returns what a shard searches. `configured` are the accounts of the configuration.
    pub fn part(&self, index: usize, configured: &[ConfiguredAccount]) -> ShardPart {
        let members = self.members.iter();
        ShardPart {
            index,
            members: members.map(|member| member.to_member(configured)).collect(),
            owners: self.owners(),
            found: self.found.clone(),
            sliced: self.sliced.clone(),
        }
    }

    fn owners(&self) -> ShardOwners {
        owners_of(&self.shards)
    }

    /// Returns the fractions of quotas that a shard may use. Every other quota belongs to one shard.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the number of shards is far below 2^52"
    )]
    pub fn fractions(&self, shard: &ShardSpec) -> QuotaFractions {
        let operation = Operation::AssumeRole.as_str().to_owned();
        QuotaFractions {
            operations: BTreeMap::from([(operation, shard.sts_fraction)]),
            log_events: shard.log_fractions.iter().cloned().collect(),
            buckets: shard.bucket_fractions.clone(),
            other_buckets: 1.0 / self.shards.len().max(1) as f64,
        }
    }
}
