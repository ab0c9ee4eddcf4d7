//! Selects events by account: an event that happened in an account out of scope is not reported,
//! wherever it is stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountId, LogGroupArn, LogSource, SourceKind, Target, TrailStreamOwner};
use crate::store::{RunReader, ScopeMembership, StoreError, StoredRow};

/// The fact that says whether the sweep was limited to accounts that were named.
pub const NAMED_ACCOUNTS_ONLY: &str = "named_accounts_only";

/// The accounts of a run, and how each relates to the scope.
#[derive(Debug)]
pub(super) struct AccountFilter {
    accounts: BTreeMap<AccountId, ScopeMembership>,
    named_only: bool,
    /// The log groups that trails deliver to, as far as any account-Region reported.
    trails: BTreeSet<LogGroupArn>,
}

impl AccountFilter {
    /// Loads the accounts and trails of a run.
    pub(super) fn load(reader: &RunReader) -> Result<Self, StoreError> {
        let is_trail = |log_source: &&LogSource| log_source.kind == SourceKind::CloudTrail;
        let log_sources = reader.log_sources()?;
        Ok(Self {
            trails: log_sources
                .iter()
                .filter(is_trail)
                .filter_map(LogSource::log_group)
                .cloned()
                .collect(),
            accounts: reader
                .accounts()?
                .into_iter()
                .map(|account| (account.id, account.membership))
                .collect(),
            named_only: reader
                .facts()?
                .get(NAMED_ACCOUNTS_ONLY)
                .is_some_and(|value| value == "true"),
        })
    }

    /// Returns whether the run covers the account in which an event happened. Unless the event is
    /// in a log stream that a trail writes, the account that stores it counts as well.
    pub(super) fn includes_row(&self, event_account: &str, row: &StoredRow) -> bool {
        // A log group out of scope is read only for the records of accounts in scope.
        self.includes(event_account, row.out_of_scope)
            || (!row.out_of_scope && !self.is_trail_written(event_account, row))
    }

    fn is_trail_written(&self, event_account: &str, row: &StoredRow) -> bool {
        let target = Target {
            account: row.account,
            region: row.region.clone(),
        };
        TrailStreamOwner::is_stream_of(&row.found.log_stream, event_account)
            && self
                .trails
                .contains(&LogGroupArn::new(target, row.log_group.as_str()))
    }

    /// Returns whether the run covers an account, given as an event names it. `out_of_scope` says
    /// that the event's log group is out of scope and was read for other accounts.
    pub(super) fn includes(&self, event_account: &str, out_of_scope: bool) -> bool {
        let membership = event_account
            .parse()
            .ok()
            .and_then(|id| self.accounts.get(&id));
        match membership {
            Some(membership) => *membership != ScopeMembership::NotSelected,
            // A log group out of scope is read only for accounts that are known to be in scope.
            None => !self.named_only && !out_of_scope,
        }
    }
}
