//! What there is: the organization, its accounts, and what each of them holds. Pure state; the services change it.

mod account;
mod identity;
mod organization;
mod regions;
mod trail;
mod uses;

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

pub(crate) use account::Account;
pub(crate) use identity::{AccessKey, Group, KeyStatus, Policies, Policy, Role, User};
pub(crate) use organization::{OrgUnit, Organization, Scp};
pub(crate) use regions::Regions;
pub(crate) use trail::{Recorded, Trail};
pub(crate) use uses::{AccessReport, Use, Uses};

use super::access::Mint;
use super::cloudtrail::History;
use super::insights::{InsightsAnswer, Speed};
use crate::model::{AccountId, Partition, Region};

/// The whole state of a range.
#[derive(Debug)]
pub(crate) struct World {
    /// The partition that every ARN is in.
    pub(crate) partition: Partition,
    /// Which Regions exist.
    pub(crate) regions: Regions,
    /// The organization.
    pub(crate) organization: Organization,
    /// Every account, the management account among them.
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    /// The users' access keys: whose each is.
    pub(crate) key_owners: HashMap<String, (AccountId, String)>,
    /// Every trail.
    pub(crate) trails: Vec<Trail>,
    /// Who used what.
    pub(crate) uses: Uses,
    /// The reports on last use that were asked for, by their jobs' ids.
    pub(crate) access_reports: BTreeMap<String, AccessReport>,
    /// Everything that happened and can be looked up.
    pub(crate) history: History,
    /// Where ids, secrets and tokens come from.
    pub(crate) mint: Mint,
    /// How long a change of a policy takes to have an effect.
    pub(crate) propagation: SignedDuration,
    /// How long CloudTrail takes to deliver a record.
    pub(crate) delivery: SignedDuration,
    /// Whether calls to the range leave records of their own.
    pub(crate) own_traces: bool,
    /// How many events FilterLogEvents looks at before it ends a page.
    pub(crate) events_scanned_a_page: usize,
    /// Whether lists are led in by an empty page.
    pub(crate) empty_pages: bool,
    /// How fast Insights is.
    pub(crate) insights: Speed,
    /// What Insights answers to queries that the range cannot evaluate.
    pub(crate) insights_answers: Vec<InsightsAnswer>,
    /// The most rows that an Insights query may be asked for.
    pub(crate) insights_most_rows: usize,
}

impl World {
    /// The account, if there is such a one.
    pub(crate) fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// The account for changing.
    pub(crate) fn account_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    /// Whether the account may use the Region: it is on by default, or the account opted in.
    pub(crate) fn enabled(&self, account: AccountId, region: &Region) -> bool {
        self.regions.by_default.contains(region)
            || (self.regions.opt_in.contains(region)
                && self
                    .account(account)
                    .is_some_and(|account| account.opted_in.contains(region)))
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub(crate) fn arn(
        &self,
        service: &str,
        region: &str,
        account: AccountId,
        resource: &str,
    ) -> String {
        format!(
            "arn:{}:{service}:{region}:{account}:{resource}",
            self.partition
        )
    }

    /// When a policy that is changed now begins to count.
    pub(crate) fn in_force_from(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.propagation).unwrap_or(now)
    }
}
