//! Stores which accounts are covered.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use super::{State, StateError, damaged};
use dragnet_model::AccountId;

/// Whether an account was covered by the last activation, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountCoverage {
    /// The name of the account, if known.
    pub name: String,
    /// Whether it was covered.
    pub is_covered: bool,
    /// Why it was not covered; empty if it was.
    pub reason: String,
    /// Since when this is the case, in milliseconds since the Unix epoch.
    pub since_ms: i64,
}

impl State {
    /// The coverage of the accounts of a schedule.
    ///
    /// # Errors
    /// The database fails or is damaged.
    pub fn account_coverage(
        &self,
        schedule: &str,
    ) -> Result<BTreeMap<AccountId, AccountCoverage>, StateError> {
        let connection = self.connection.lock();
        let mut select = connection.prepare(
            "SELECT account, name, is_covered, reason, since_ms FROM standing WHERE schedule = ?1",
        )?;
        let mut rows = select.query([schedule])?;
        let mut accounts = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let account: String = row.get(0)?;
            let coverage = AccountCoverage {
                name: row.get(1)?,
                is_covered: row.get(2)?,
                reason: row.get(3)?,
                since_ms: row.get(4)?,
            };
            accounts.insert(account.parse().map_err(damaged)?, coverage);
        }
        Ok(accounts)
    }
}

/// Replaces the stored coverage of the accounts of a schedule.
pub(in crate::watch) fn write_account_coverage(
    transaction: &Transaction<'_>,
    schedule: &str,
    accounts: &BTreeMap<AccountId, AccountCoverage>,
) -> Result<(), StateError> {
    transaction.execute("DELETE FROM standing WHERE schedule = ?1", [schedule])?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO standing (schedule, account, name, is_covered, reason, since_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (
        account,
        AccountCoverage {
            name,
            is_covered,
            reason,
            since_ms,
        },
    ) in accounts
    {
        insert.execute(params![
            schedule,
            account.to_string(),
            name,
            is_covered,
            reason,
            since_ms
        ])?;
    }
    Ok(())
}
