//! CloudTrail trails, as far as they deliver to CloudWatch Logs.

use jiff::Timestamp;
use serde::Deserialize;

use super::World;
use crate::model::{AccountId, Region};
use crate::range::cloudtrail::Record;

/// A trail.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    /// Its name.
    pub(crate) name: String,
    /// The account that it was made in.
    pub(crate) account: AccountId,
    /// The Region that it was made in, where its log group is.
    pub(crate) home: Region,
    /// It records every Region, or only its home.
    pub(crate) multi_region: bool,
    /// It records every account of the organization.
    pub(crate) organization: bool,
    /// Accounts that it does not reach although it is the organization's: they joined after its set-up broke.
    pub(crate) unreached: Vec<AccountId>,
    /// The log group that it delivers to, if it does.
    pub(crate) log_group: Option<String>,
    /// Whether it is switched on.
    pub(crate) logging: bool,
    /// Why it cannot deliver to its log group, in AWS's words.
    pub(crate) delivery_error: Option<String>,
    /// When it last delivered to its log group; a little while ago, where nothing else is said.
    pub(crate) last_delivery: Option<Timestamp>,
    /// Which management events it records.
    pub(crate) records: Recorded,
    /// Services whose management events it leaves out, e.g. `kms.amazonaws.com`.
    pub(crate) excluded_sources: Vec<String>,
}

/// Which management events a trail records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Recorded {
    /// Reads and writes.
    #[default]
    All,
    /// Reads alone.
    ReadOnly,
    /// Writes alone.
    WriteOnly,
}

impl Recorded {
    /// AWS's word, `ReadWriteType`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::ReadOnly => "ReadOnly",
            Self::WriteOnly => "WriteOnly",
        }
    }
}

impl Trail {
    /// Whether this account and Region are in its reach.
    fn covers(&self, account: AccountId, region: &Region) -> bool {
        let account_covered = if self.organization {
            !self.unreached.contains(&account)
        } else {
            self.account == account
        };
        self.logging && account_covered && (self.multi_region || self.home == *region)
    }

    /// Whether this record reaches its log group.
    pub(crate) fn records(&self, record: &Record) -> bool {
        let kind = match self.records {
            Recorded::All => true,
            Recorded::ReadOnly => record.read_only,
            Recorded::WriteOnly => !record.read_only,
        };
        kind && !self.excluded_sources.contains(&record.source())
            && self.delivers(record.account, &record.region)
    }

    /// Whether records of this account and Region reach its log group, if it records their kind.
    pub(crate) fn delivers(&self, account: AccountId, region: &Region) -> bool {
        self.log_group.is_some() && self.delivery_error.is_none() && self.covers(account, region)
    }

    /// The stream in its log group that holds an account's and Region's records.
    ///
    /// Source: CloudTrail user guide, "Log group and log stream naming".
    pub(crate) fn stream(
        &self,
        organization_id: &str,
        account: AccountId,
        region: &Region,
    ) -> String {
        let prefix = if self.organization {
            format!("{organization_id}_")
        } else {
            String::new()
        };
        format!("{prefix}{account}_CloudTrail_{region}")
    }

    /// Its ARN.
    pub(crate) fn arn(&self, world: &World) -> String {
        world.arn(
            "cloudtrail",
            self.home.as_str(),
            self.account,
            &format!("trail/{}", self.name),
        )
    }
}
