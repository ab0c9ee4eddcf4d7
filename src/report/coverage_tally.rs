//! Counts the coverage while its rows are read.

use super::coverage_counts::CoverageLevel;
use super::gaps::{Gaps, row_name};
use super::{CoverageCounts, Gap, LogGroupCounts, NotRequired};
use dragnet_model::{AccountId, Coverage, Reason, Region, RequiredKinds, StorageKind};

/// How many inactive accounts a verdict names. `coverage.csv` contains all.
const MOST_ACCOUNTS: usize = 10;

/// Counts coverage rows, which must be sorted by account, Region and log group, and decides whether
/// everything in scope was covered.
#[derive(Clone, Debug, Default)]
pub struct CoverageTally {
    accounts: CoverageCounts,
    targets: CoverageCounts,
    log_groups: LogGroupCounts,
    /// Event histories of which something was read.
    histories: u64,
    /// Folders of buckets of which something was read.
    bucket_folders: u64,
    /// Whether records of files were searched.
    has_files: bool,
    /// The files that could not be read, or not completely.
    files_not_read: u64,
    last_file_not_read: Option<String>,
    account: Option<(AccountId, CoverageLevel)>,
    target: Option<(AccountId, Region, CoverageLevel)>,
    gaps: Gaps,
    accepted: Gaps,
    out_of_scope: Gaps,
    inactive: Vec<String>,
    required: RequiredKinds,
    not_required: NotRequired,
    events: u64,
    bytes: u64,
}

impl CoverageTally {
    /// Creates a tally in which only gaps in logs of the required kinds make the coverage
    /// incomplete.
    pub fn new(required: RequiredKinds) -> Self {
        Self {
            required,
            ..Self::default()
        }
    }

    /// Counts the next row.
    pub fn add(&mut self, row: &Coverage) {
        let level = CoverageLevel::from_outcome(&row.outcome);
        // A log group out of scope that was read for other accounts does not count for its own
        // account-Region.
        if row.source == Some(StorageKind::File) {
            self.add_file(row);
        } else if !row.out_of_scope {
            self.add_level(row, level);
        }
        if row.log_group.is_some() {
            self.log_groups.count(row.outcome.status);
        }
        if row.source == Some(StorageKind::History) && row.pages > 0 {
            self.histories += 1;
        }
        if row.bucket_prefix.is_some() && row.pages > 0 {
            self.bucket_folders += 1;
        }
        let is_required = self.required.concern(&row.kinds);
        if !is_required && row.source != Some(StorageKind::File) {
            self.not_required.add(row);
        }
        match level {
            CoverageLevel::OutOfScope => {
                if self.inactive.len() < MOST_ACCOUNTS {
                    self.inactive.push(row_name(row));
                }
                self.out_of_scope.add(row);
            }
            CoverageLevel::Swept => {}
            CoverageLevel::Accepted => self.accepted.add(row),
            CoverageLevel::Partial | CoverageLevel::Denied | CoverageLevel::Failed => {
                if is_required {
                    self.gaps.add(row);
                }
            }
        }
        self.events = self.events.saturating_add(row.events);
        self.bytes = self.bytes.saturating_add(row.bytes);
    }

    /// Counts a row about files. Whether an account was covered in AWS does not depend on them.
    fn add_file(&mut self, row: &Coverage) {
        self.has_files |= row.file.is_none();
        // These files were read, or are not there.
        let is_about_digests = matches!(
            row.outcome.reason,
            Some(Reason::FileModified | Reason::FileMissing | Reason::FileUnconfirmed)
        );
        if row.outcome.is_gap()
            && row.file.is_some()
            && !is_about_digests
            && self.last_file_not_read != row.file
        {
            self.files_not_read += 1;
            self.last_file_not_read.clone_from(&row.file);
        }
    }

    fn add_level(&mut self, row: &Coverage, level: CoverageLevel) {
        match &mut self.account {
            Some((account, whole)) if *account == row.account => *whole = whole.combine(level),
            _ => {
                self.finish_account();
                self.account = Some((row.account, level));
            }
        }
        let Some(region) = &row.region else { return };
        match &mut self.target {
            Some((account, same, whole)) if *account == row.account && same == region => {
                *whole = whole.combine(level);
            }
            _ => {
                self.finish_target();
                self.target = Some((row.account, region.clone(), level));
            }
        }
    }

    fn finish_account(&mut self) {
        if let Some((_, level)) = self.account.take() {
            self.accounts.count(level);
        }
    }

    fn finish_target(&mut self) {
        if let Some((_, _, level)) = self.target.take() {
            self.targets.count(level);
        }
    }

    /// Returns the coverage of the accounts.
    pub fn accounts(&self) -> CoverageCounts {
        let mut counts = self.accounts;
        self.account
            .iter()
            .for_each(|(_, level)| counts.count(*level));
        counts
    }

    /// Returns the coverage of the account-Regions.
    pub fn targets(&self) -> CoverageCounts {
        let mut counts = self.targets;
        self.target
            .iter()
            .for_each(|(_, _, level)| counts.count(*level));
        counts
    }

    /// Returns the coverage of the log groups.
    pub fn log_groups(&self) -> LogGroupCounts {
        self.log_groups
    }

    /// Returns the number of event histories of which something was read.
    pub fn histories(&self) -> u64 {
        self.histories
    }

    /// Returns the number of folders of buckets of which something was read.
    pub fn bucket_folders(&self) -> u64 {
        self.bucket_folders
    }

    /// Returns the number of files on disk that could not be read, or not completely.
    pub fn files_not_read(&self) -> u64 {
        self.files_not_read
    }

    /// Returns the number of events that were read.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Returns the bytes of messages that were read.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the kinds of logs whose gaps make the coverage incomplete.
    pub fn required(&self) -> &RequiredKinds {
        &self.required
    }

    /// Returns the log groups of the other kinds, counted.
    pub fn not_required(&self) -> &NotRequired {
        &self.not_required
    }

    /// Returns whether everything that is required was covered, and anything was in scope.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty() && (self.accounts().in_scope > 0 || self.has_files)
    }

    /// Returns whether a required gap can be closed.
    pub fn has_fixable_gaps(&self) -> bool {
        self.gaps().iter().any(|gap| gap.is_fixable)
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
    pub fn inactive(&self) -> &[String] {
        &self.inactive
    }

    /// Returns the inactive accounts in scope, by reason.
    pub fn out_of_scope(&self) -> Vec<Gap> {
        self.out_of_scope.list()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::coverage_row;
    use dragnet_model::{LogKind, Outcome, Status};

    fn tally(rows: &[Coverage]) -> CoverageTally {
        let mut tally = CoverageTally::default();
        for row in rows {
            tally.add(row);
        }
        tally
    }

    #[test]
    fn accounts_and_targets_combine_their_rows() {
        let denied = || Outcome::denied("no");
        let empty = Outcome::with_reason(Status::Skipped, Reason::NoLogGroups, "");
        let closed = Outcome::with_reason(Status::Skipped, Reason::AccountNotActive, "SUSPENDED");
        let tally = tally(&[
            coverage_row(
                "111111111111",
                Some("eu-west-1"),
                Some("a"),
                Outcome::searched(),
            ),
            coverage_row(
                "111111111111",
                Some("eu-west-1"),
                Some("b"),
                Outcome::searched(),
            ),
            coverage_row("111111111111", Some("us-east-1"), None, empty),
            coverage_row(
                "222222222222",
                Some("eu-west-1"),
                Some("a"),
                Outcome::searched(),
            ),
            coverage_row("222222222222", Some("us-east-1"), None, denied()),
            coverage_row("333333333333", None, None, denied()),
            coverage_row("444444444444", None, None, closed),
        ]);
        let expected = CoverageCounts {
            in_scope: 3,
            out_of_scope: 1,
            swept: 1,
            partial: 1,
            denied: 1,
            ..CoverageCounts::default()
        };
        assert_eq!(tally.accounts(), expected);
        assert_eq!(
            tally.targets(),
            CoverageCounts {
                in_scope: 4,
                swept: 3,
                denied: 1,
                ..CoverageCounts::default()
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
    fn inactive_account_is_no_gap_but_empty_coverage_is_incomplete() {
        let closed = || {
            coverage_row(
                "222222222222",
                None,
                None,
                Outcome::with_reason(Status::Skipped, Reason::AccountNotActive, ""),
            )
        };
        let searched = coverage_row(
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
    fn only_gaps_of_required_kinds_make_coverage_incomplete() {
        let row = |kind| Coverage {
            kinds: std::collections::BTreeSet::from([kind]),
            ..coverage_row(
                "111111111111",
                Some("eu-west-1"),
                Some("/a"),
                Outcome::denied("no"),
            )
        };
        let is_complete = |row: &Coverage| {
            let mut tally = CoverageTally::new(RequiredKinds::new([LogKind::Management]));
            tally.add(row);
            tally.is_complete()
        };
        assert!(is_complete(&row(LogKind::App)));
        assert!(!is_complete(&row(LogKind::Management)));
        let account = coverage_row("111111111111", None, None, Outcome::denied("no"));
        assert!(!is_complete(&account), "it may have any logs");
    }

    #[test]
    fn skipped_without_proof_is_a_gap() {
        let disabled = Outcome::with_reason(Status::Skipped, Reason::RegionNotEnabled, "");
        let tally = tally(&[coverage_row(
            "111111111111",
            Some("me-south-1"),
            None,
            disabled,
        )]);
        assert!(!tally.is_complete());
        assert_eq!(tally.targets().failed, 1);
    }
}
