//! Which accounts a run was asked about: what happened in others is not reported, wherever it is stored.

use std::collections::BTreeMap;

use crate::model::AccountId;
use crate::store::{RunReader, Standing, StoreError};

/// The fact that says whether the sweep was asked about certain accounts only.
pub const NAMED_ACCOUNTS_ONLY: &str = "named_accounts_only";

/// The accounts of a run.
#[derive(Debug)]
pub(super) struct AskedAbout {
    accounts: BTreeMap<AccountId, Standing>,
    named_only: bool,
}

impl AskedAbout {
    /// Those of the run that is read.
    pub fn of_run(reader: &RunReader) -> Result<Self, StoreError> {
        Ok(Self {
            accounts: reader.accounts()?.into_iter().map(|account| (account.id, account.standing)).collect(),
            named_only: reader.facts()?.get(NAMED_ACCOUNTS_ONLY).is_some_and(|value| value == "true"),
        })
    }

    /// Whether it was asked about an account, as an event names it; `elsewhere`: the event's log group was
    /// read for other places than its own.
    pub fn has(&self, event_account: &str, elsewhere: bool) -> bool {
        let standing = event_account.parse().ok().and_then(|id| self.accounts.get(&id));
        match standing {
            Some(standing) => *standing != Standing::NotAsked,
            // A group of another account is read for the accounts in scope alone.
            None => !self.named_only && !elsewhere,
        }
    }
}
