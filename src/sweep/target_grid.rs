//! The state of every account-Region, for the live view of the progress.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::store::{CoverageId, CoverageRow};
use dragnet_model::{Account, AccountId, Region};

/// How far an account-Region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetState {
    /// It is being read.
    Reading,
    /// It is finished, and nothing of it is known to be uncovered.
    Finished,
    /// Something of it is not covered.
    NotCovered,
}

/// An account with the states of its Regions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GridAccount {
    /// The name of the account, which is untrusted text, or its id if it has no name.
    pub name: String,
    /// The states of its Regions.
    pub regions: BTreeMap<Region, TargetState>,
    /// Whether the account as a whole is not covered.
    pub is_uncovered: bool,
}

/// The accounts that are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GridView {
    /// The accounts, in the order of their ids.
    pub accounts: Vec<GridAccount>,
    /// How many accounts are not shown.
    pub hidden: usize,
}

/// The states of all account-Regions.
#[derive(Debug, Default)]
pub(super) struct TargetGrid(Mutex<GridState>);

#[derive(Debug, Default)]
struct GridState {
    accounts: BTreeMap<AccountId, GridAccount>,
    /// The account-Regions of the rows of the coverage that have no outcome yet.
    open_rows: BTreeMap<CoverageId, (AccountId, Region)>,
}

impl TargetGrid {
    /// Notes that an account-Region is read. A gap that is known already is still shown.
    pub(super) fn start(&self, account: &Account, region: &Region) {
        let mut state = self.0.lock();
        let row = state.account(account.id, &account.name);
        let current = row
            .regions
            .entry(region.clone())
            .or_insert(TargetState::Reading);
        if *current == TargetState::Finished {
            *current = TargetState::Reading;
        }
    }

    pub(super) fn finish(&self, account: AccountId, region: &Region) {
        let mut state = self.0.lock();
        let row = state.accounts.get_mut(&account);
        if let Some(current) = row.and_then(|row| row.regions.get_mut(region))
            && *current == TargetState::Reading
        {
            *current = TargetState::Finished;
        }
    }

    /// Notes a row of the coverage that was added.
    pub(super) fn add_row(&self, row: &CoverageRow) {
        if row.out_of_scope {
            return;
        }
        let mut state = self.0.lock();
        match (&row.outcome, &row.region) {
            (Some(outcome), region) if outcome.is_gap() => {
                state
                    .account(row.account, &row.account_name)
                    .mark_uncovered(region.as_ref());
            }
            (None, Some(region)) => {
                state
                    .open_rows
                    .insert(row.id, (row.account, region.clone()));
            }
            _ => {}
        }
    }

    /// Notes the end of a row of the coverage.
    pub(super) fn end_row(&self, id: CoverageId, is_gap: bool) {
        let mut state = self.0.lock();
        let Some((account, region)) = state.open_rows.remove(&id) else {
            return;
        };
        if is_gap {
            state.account(account, "").mark_uncovered(Some(&region));
        }
    }

    /// Returns at most this many accounts: first those that are being read, then those with a gap.
    pub(super) fn view(&self, most: usize) -> GridView {
        let state = self.0.lock();
        let mut ids: Vec<(u8, AccountId)> = state
            .accounts
            .iter()
            .map(|(id, account)| (account.rank(), *id))
            .collect();
        ids.sort_unstable();
        let hidden = ids.len().saturating_sub(most);
        ids.truncate(most);
        ids.sort_unstable_by_key(|(_, id)| *id);
        let accounts = ids.iter().filter_map(|(_, id)| state.accounts.get(id));
        GridView {
            accounts: accounts.cloned().collect(),
            hidden,
        }
    }
}

impl GridState {
    fn account(&mut self, id: AccountId, name: &str) -> &mut GridAccount {
        let account = self.accounts.entry(id).or_default();
        if account.name.is_empty() {
            account.name = match name {
                "" => id.to_string(),
                name => name.to_owned(),
            };
        }
        account
    }
}

impl GridAccount {
    fn mark_uncovered(&mut self, region: Option<&Region>) {
        match region {
            Some(region) => {
                self.regions.insert(region.clone(), TargetState::NotCovered);
            }
            None => self.is_uncovered = true,
        }
    }

    /// Accounts with a lower rank are shown first.
    fn rank(&self) -> u8 {
        let has = |state: TargetState| self.regions.values().any(|found| *found == state);
        if has(TargetState::Reading) {
            0
        } else if self.is_uncovered || has(TargetState::NotCovered) {
            1
        } else {
            2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::AccountState;

    fn account(number: u64) -> Account {
        Account {
            id: format!("{number:012}").parse().unwrap(),
            name: format!("account-{number}"),
            state: AccountState::Active,
        }
    }

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    #[test]
    fn accounts_that_are_read_and_those_with_gaps_come_first() {
        let grid = TargetGrid::default();
        let home = region("us-east-1");
        for number in 1..=4 {
            grid.start(&account(number), &home);
        }
        for number in [1, 2, 4] {
            grid.finish(account(number).id, &home);
        }
        grid.0
            .lock()
            .account(account(4).id, "")
            .mark_uncovered(Some(&home));
        let view = grid.view(2);
        let names: Vec<&str> = view.accounts.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["account-3", "account-4"]);
        assert_eq!(view.hidden, 2);
        assert_eq!(view.accounts[0].regions[&home], TargetState::Reading);
        assert_eq!(view.accounts[1].regions[&home], TargetState::NotCovered);
    }

    #[test]
    fn gap_is_shown_although_the_account_region_is_read_again() {
        let grid = TargetGrid::default();
        let home = region("us-east-1");
        grid.start(&account(1), &home);
        grid.0
            .lock()
            .account(account(1).id, "")
            .mark_uncovered(Some(&home));
        grid.start(&account(1), &home);
        grid.finish(account(1).id, &home);
        let view = grid.view(1);
        assert_eq!(view.accounts[0].regions[&home], TargetState::NotCovered);
    }
}
