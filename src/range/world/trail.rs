//! CloudTrail trails, as far as they deliver to CloudWatch Logs.

use crate::model::{AccountId, Region};

use super::World;

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
}

impl Trail {
    /// Whether it records what happens in this account and Region.
    pub(crate) fn covers(&self, account: AccountId, region: &Region) -> bool {
        let account_covered =
            if self.organization { !self.unreached.contains(&account) } else { self.account == account };
        self.logging && account_covered && (self.multi_region || self.home == *region)
    }

    /// The stream in its log group that holds an account's and Region's records.
    ///
    /// Source: CloudTrail user guide, "Log group and log stream naming".
    pub(crate) fn stream(&self, organization_id: &str, account: AccountId, region: &Region) -> String {
        let prefix = if self.organization { format!("{organization_id}_") } else { String::new() };
        format!("{prefix}{account}_CloudTrail_{region}")
    }

    /// Its ARN.
    pub(crate) fn arn(&self, world: &World) -> String {
        world.arn("cloudtrail", self.home.as_str(), self.account, &format!("trail/{}", self.name))
    }
}
