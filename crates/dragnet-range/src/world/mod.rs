//! The state of the simulated organization: its accounts and their resources. The services read and
//! change it.

mod account;
mod bucket;
mod flow_log;
mod identity;
mod last_uses;
mod observability;
mod organization;
mod regions;
mod trail;

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

pub(crate) use account::Account;
pub(crate) use bucket::{
    AccessLogDates, Bucket, ChangeKind, DigestChains, DigestLink, KmsKey, Lifecycle, ObjectChange,
    PlacedObject, StorageClass,
};
pub(crate) use flow_log::{DestinationOptions, FlowDestination, FlowLog, FlowTraffic};
pub(crate) use identity::{
    AccessKey, Boundary, Credential, CredentialKind, Group, KeyStatus, Policies, Policy, Role, User,
};
pub(crate) use last_uses::{AccessReport, LastUse, LastUses};
pub(crate) use observability::{
    CentralizationRule, Channel, DeliveryKind, EventDataStore, ImportTask, Link, LogDelivery,
    Pipeline, TelemetryRule,
};
pub(crate) use organization::{OrgUnit, Organization, Scp};
pub(crate) use regions::Regions;
pub(crate) use trail::{ReadWriteType, Trail, TrailBucket};

use super::access::Mint;
use super::athena::AthenaStore;
use super::cloudtrail::History;
use super::insights::{FixedQueryResult, Speed};
use dragnet_model::{AccountId, Partition, Region};

/// The whole state of the simulated organization.
#[derive(Debug)]
pub(crate) struct World {
    /// The partition of all ARNs.
    pub(crate) partition: Partition,
    /// The Regions that exist.
    pub(crate) regions: Regions,
    pub(crate) organization: Organization,
    /// All accounts, including the management account.
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    /// The account and user of each access key.
    pub(crate) key_owners: HashMap<String, (AccountId, String)>,
    pub(crate) trails: Vec<Trail>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) links: Vec<Link>,
    pub(crate) event_data_stores: Vec<EventDataStore>,
    pub(crate) telemetry_rules: Vec<TelemetryRule>,
    pub(crate) centralization_rules: Vec<CentralizationRule>,
    pub(crate) log_deliveries: Vec<LogDelivery>,
    pub(crate) import_tasks: Vec<ImportTask>,
    /// The buckets by name, which is unique in the partition.
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// The keys of KMS by ARN.
    pub(crate) kms_keys: BTreeMap<String, KmsKey>,
    /// What Athena keeps.
    pub(crate) athena: AthenaStore,
    /// The digests that were needed so far. Each depends on the one before it.
    pub(crate) digest_chains: DigestChains,
    /// The last use of services and access keys.
    pub(crate) last_uses: LastUses,
    /// The requested reports on last use, by job id.
    pub(crate) access_reports: BTreeMap<String, AccessReport>,
    /// The event history of CloudTrail.
    pub(crate) history: History,
    /// The generator of ids, secrets and tokens.
    pub(crate) mint: Mint,
    /// How long a policy change takes to take effect.
    pub(crate) propagation: SignedDuration,
    /// How long CloudTrail takes to deliver a record.
    pub(crate) delivery: SignedDuration,
    /// Whether calls to the range are recorded by CloudTrail.
    pub(crate) records_own_calls: bool,
    /// How many events `FilterLogEvents` scans for one page.
    pub(crate) events_scanned_a_page: usize,
    /// Whether some lists begin with an empty page.
    pub(crate) empty_pages: bool,
    /// The speed of Insights queries.
    pub(crate) insights: Speed,
    /// Fixed results for Insights queries that the range cannot evaluate.
    pub(crate) insights_fixed_results: Vec<FixedQueryResult>,
    /// The limit on the rows that an Insights query may request.
    pub(crate) insights_max_rows: usize,
}

impl World {
    /// The account with this id, if it exists.
    pub(crate) fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// The account with this id, to be changed.
    pub(crate) fn account_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    /// Whether the Region is enabled in the account, by default or by opt-in.
    pub(crate) fn is_region_enabled(&self, account: AccountId, region: &Region) -> bool {
        self.regions.by_default.contains(region)
            || (self.regions.opt_in.contains(region)
                && self
                    .account(account)
                    .is_some_and(|account| account.opted_in.contains(region)))
    }

    /// Returns `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
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

    /// The time from which a policy change made at `now` is in force.
    pub(crate) fn in_force_from(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.propagation).unwrap_or(now)
    }
}
