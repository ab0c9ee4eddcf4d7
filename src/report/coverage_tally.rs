//! Counts the coverage while its rows are read.

use super::gaps::{Gaps, name};
use super::summary::CoverageLevel;
use super::{Gap, LogGroupCounts, PlaceCounts};
use crate::model::{AccountId, Coverage, Region};

/// How many inactive accounts a verdict names. `coverage.csv` contains all.
const MOST_NAMED: usize = 10;

/// Counts coverage rows, which must be sorted by account, Region and log group, and decides whether
/// everything in scope was covered.
#[derive(Clone, Debug, Default)]
pub struct CoverageTally {
    accounts: PlaceCounts,
    targets: PlaceCounts,
    log_groups: LogGroupCounts,
    account: Option<(AccountId, CoverageLevel)>,
    target: Option<(AccountId, Region, CoverageLevel)>,
    gaps: Gaps,
    accepted: Gaps,
    out_of_scope: Gaps,
    not_active: Vec<String>,
    events: u64,
    bytes: u64,
}

impl CoverageTally {
    /// Counts the next row.
    pub fn add(&mut self, row: &Coverage) {
        let extent = CoverageLevel::from_outcome(&row.outcome);
        // A log group out of scope that was read for other accounts does not count for its own
        // account-Region.
        if !row.elsewhere {
            self.add_place(row, extent);
        }
        if row.log_group.is_some() {
            self.log_groups.count(row.outcome.status);
        }
        match extent {
            CoverageLevel::OutOfScope => {
                if self.not_active.len() < MOST_NAMED {
                    self.not_active.push(name(row));
                }
                self.out_of_scope.add(row);
            }
            CoverageLevel::Swept => {}
            CoverageLevel::Accepted => self.accepted.add(row),
            CoverageLevel::Partial | CoverageLevel::Denied | CoverageLevel::Failed => {
                self.gaps.add(row);
            }
        }
        self.events = self.events.saturating_add(row.events);
        self.bytes = self.bytes.saturating_add(row.bytes);
    }

    fn add_place(&mut self, row: &Coverage, extent: CoverageLevel) {
        match &mut self.account {
            Some((account, so_far)) if *account == row.account => *so_far = so_far.and(extent),
            _ => {
                self.end_account();
                self.account = Some((row.account, extent));
            }
        }
        let Some(region) = &row.region else { return };
        match &mut self.target {
            Some((account, same, so_far)) if *account == row.account && same == region => {
                *so_far = so_far.and(extent);
            }
            _ => {
                self.end_target();
                self.target = Some((row.account, region.clone(), extent));
            }
        }
    }

    fn end_account(&mut self) {
        if let Some((_, extent)) = self.account.take() {
            self.accounts.count(extent);
        }
    }

    fn end_target(&mut self) {
        if let Some((_, _, extent)) = self.target.take() {
            self.targets.count(extent);
        }
    }

    /// Returns the coverage of the accounts.
    pub fn accounts(&self) -> PlaceCounts {
        let mut counts = self.accounts;
        self.account
            .iter()
            .for_each(|(_, extent)| counts.count(*extent));
        counts
    }

    /// Returns the coverage of the account-Regions.
    pub fn targets(&self) -> PlaceCounts {
        let mut counts = self.targets;
        self.target
            .iter()
            .for_each(|(_, _, extent)| counts.count(*extent));
        counts
    }

    /// Returns the coverage of the log groups.
    pub fn log_groups(&self) -> LogGroupCounts {
        self.log_groups
    }

    /// Returns the number of events that were read.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Returns the bytes of messages that were read.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns whether everything in scope was covered, and anything was in scope.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty() && self.accounts().in_scope > 0
    }

    /// Returns the gaps by reason, the largest first.
    pub fn gaps(&self) -> Vec<Gap> {
        self.gaps.list()
    }

    /// Returns the accepted gaps by reason.
    pub fn accepted(&self) -> Vec<Gap> {
        self.accepted.list()
    }

    /// Returns the first inactive accounts in scope: untrusted text.
    pub fn not_active(&self) -> &[String] {
        &self.not_active
    }

    /// Returns the inactive accounts in scope, by reason.
    pub fn out_of_scope(&self) -> Vec<Gap> {
        self.out_of_scope.list()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, Reason, Status};
    use crate::report::testing::place;

    fn tally(rows: &[Coverage]) -> CoverageTally {
        let mut tally = CoverageTally::default();
        for row in rows {
            tally.add(row);
        }
        tally
    }

    #[test]
    fn a_whole_is_what_its_parts_are() {
        let denied = || Outcome::denied("no");
        let empty = Outcome::because(Status::Skipped, Reason::NoLogGroups, "");
        let closed = Outcome::because(Status::Skipped, Reason::AccountNotActive, "SUSPENDED");
        let tally = tally(&[
            place(
                "111111111111",
                Some("eu-west-1"),
                Some("a"),
                Outcome::searched(),
            ),
            place(
                "111111111111",
                Some("eu-west-1"),
                Some("b"),
                Outcome::searched(),
            ),
            place("111111111111", Some("us-east-1"), None, empty),
            place(
                "222222222222",
                Some("eu-west-1"),
                Some("a"),
                Outcome::searched(),
            ),
            place("222222222222", Some("us-east-1"), None, denied()),
            place("333333333333", None, None, denied()),
            place("444444444444", None, None, closed),
        ]);
        let expected = PlaceCounts {
            in_scope: 3,
            out_of_scope: 1,
            swept: 1,
            partial: 1,
            denied: 1,
            ..PlaceCounts::default()
        };
        assert_eq!(tally.accounts(), expected);
        assert_eq!(
            tally.targets(),
            PlaceCounts {
                in_scope: 4,
                swept: 3,
                denied: 1,
                ..PlaceCounts::default()
            }
        );
        assert_eq!(
            tally.log_groups(),
            LogGroupCounts {
                in_scope: 3,
                searched: 3,
                ..LogGroupCounts::default()
            }
        );
        assert!(!tally.is_complete());
        assert_eq!((tally.gaps().len(), tally.out_of_scope().len()), (1, 1));
    }

    #[test]
    fn a_closed_account_does_not_make_it_incomplete_but_nothing_at_all_does() {
        let closed = || {
            place(
                "222222222222",
                None,
                None,
                Outcome::because(Status::Skipped, Reason::AccountNotActive, ""),
            )
        };
        let searched = place(
            "111111111111",
            Some("eu-west-1"),
            Some("a"),
            Outcome::searched(),
        );
        assert!(tally(&[searched, closed()]).is_complete());
        assert!(!tally(&[closed()]).is_complete());
        assert!(!tally(&[]).is_complete());
    }

    #[test]
    fn skipping_without_proof_is_a_gap() {
        let disabled = Outcome::because(Status::Skipped, Reason::RegionNotEnabled, "");
        let tally = tally(&[place("111111111111", Some("me-south-1"), None, disabled)]);
        assert!(!tally.is_complete());
        assert_eq!(tally.targets().failed, 1);
    }
}
