//! Selects events by account: an event that happened in an account out of scope is not reported,
//! wherever it is stored.

use std::collections::BTreeMap;

use crate::store::{RunReader, ScopeMembership, StoreError, StoredRow, TrailDeliveries};
use dragnet_model::AccountId;

/// The accounts of a run, and how each relates to the scope.
#[derive(Debug)]
pub(super) struct AccountFilter {
    accounts: BTreeMap<AccountId, ScopeMembership>,
    named_only: bool,
    deliveries: TrailDeliveries,
}

impl AccountFilter {
    /// Loads the accounts and trails of a run.
    pub(super) fn load(reader: &RunReader) -> Result<Self, StoreError> {
        Ok(Self {
            deliveries: TrailDeliveries::load(reader)?,
            accounts: reader
                .accounts()?
                .into_iter()
                .map(|account| (account.id, account.membership))
                .collect(),
            named_only: reader.facts()?.named_accounts_only.is(&true),
        })
    }

    /// Returns whether the run covers the account in which an event happened. Unless a trail wrote
    /// the event, the account that stores it counts as well.
    pub(super) fn includes_row(&self, event_account: &str, row: &StoredRow) -> bool {
        // A log group out of scope is read only for the records of accounts in scope.
        self.includes(event_account, row.out_of_scope)
            || (!row.out_of_scope && !self.deliveries.contains(row))
    }

    /// Whether a trail delivered a row about an account that the run knows.
    pub(super) fn is_trusted(&self, row: &StoredRow) -> bool {
        let account = row.found.event_account.parse();
        account.is_ok_and(|account| self.accounts.contains_key(&account))
            && self.deliveries.contains(row)
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
