//! Which accounts a run was asked about: what happened in others is not reported, wherever it is stored.

use std::collections::{BTreeMap, BTreeSet};

use super::trust::is_stream_of_trail;
use crate::model::{AccountId, LogGroupArn, Recorder, SourceKind, Stored, Target};
use crate::store::{RunReader, Standing, StoreError};

/// The fact that says whether the sweep was asked about certain accounts only.
pub const NAMED_ACCOUNTS_ONLY: &str = "named_accounts_only";

/// The accounts of a run.
#[derive(Debug)]
pub(super) struct AskedAbout {
    accounts: BTreeMap<AccountId, Standing>,
    named_only: bool,
    /// The log groups that trails deliver to, as far as any account told.
    trails: BTreeSet<LogGroupArn>,
}

impl AskedAbout {
    /// Those of the run that is read.
    pub fn of_run(reader: &RunReader) -> Result<Self, StoreError> {
        let of_trail = |recorder: &&Recorder| recorder.kind == SourceKind::CloudTrail;
        let recorders = reader.recorders()?;
        Ok(Self {
            trails: recorders.iter().filter(of_trail).filter_map(Recorder::log_group).cloned().collect(),
            accounts: reader.accounts()?.into_iter().map(|account| (account.id, account.standing)).collect(),
            named_only: reader.facts()?.get(NAMED_ACCOUNTS_ONLY).is_some_and(|value| value == "true"),
        })
    }

    /// Whether it was asked about what happened in the account that an event names, or about the one that stores it:
    /// that counts for whatever no trail wrote. `elsewhere`: see [`Self::has`].
    pub fn has_event(&self, event_account: &str, stored: &Stored, elsewhere: bool) -> bool {
        // What is read for the records of other places alone is stored in none that was asked about.
        self.has(event_account, elsewhere) || (!elsewhere && !self.is_trails(event_account, stored))
    }

    fn is_trails(&self, event_account: &str, stored: &Stored) -> bool {
        let target = Target { account: stored.account, region: stored.region.clone() };
        is_stream_of_trail(&stored.log_stream, event_account)
            && self.trails.contains(&LogGroupArn::new(target, stored.log_group.as_str()))
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
