//! The coverage of every account-Region, and the first gaps one by one, for `report.html`.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage_counts::CoverageLevel;
use super::gaps::row_name;
use dragnet_model::{
    AccountId, Coverage, Region, RequiredKinds, SourceStatus, Status, StorageKind, Target,
};

/// How many gaps are listed one by one. `coverage.csv` contains all.
const MOST_GAPS: usize = 2_000;
/// The maximum number of characters of a reason.
const LONGEST_REASON: usize = 300;

/// How much of an account-Region was covered.
#[derive(Clone, Debug, Default)]
pub(super) struct GridCell {
    /// Its log groups and other places of the required kinds of logs.
    required: Option<CoverageLevel>,
    /// Whether there is a gap in logs of other kinds.
    pub(super) has_optional_gap: bool,
    /// Why its CloudTrail was not searched, if that is required.
    source_gap: Option<SourceStatus>,
}

impl GridCell {
    fn add(&mut self, level: CoverageLevel, is_required: bool) {
        if is_required {
            let combined = self.required.map_or(level, |known| known.combine(level));
            self.required = Some(combined);
        } else {
            self.has_optional_gap |=
                !matches!(level, CoverageLevel::Swept | CoverageLevel::Accepted);
        }
    }

    /// Returns the level of the account-Region. The status of its CloudTrail can only make it
    /// worse.
    pub(super) fn level(&self) -> CoverageLevel {
        let rows = self.required.unwrap_or(CoverageLevel::Swept);
        let source = match self.source_gap {
            None => return rows,
            Some(SourceStatus::Denied) => CoverageLevel::Denied,
            Some(_) => CoverageLevel::Failed,
        };
        match rows {
            // A part was read, and another part was never recorded.
            CoverageLevel::Swept if self.required.is_some() => CoverageLevel::Partial,
            CoverageLevel::Swept | CoverageLevel::Accepted | CoverageLevel::OutOfScope => source,
            rows => rows.combine(source),
        }
    }

    /// Returns the word for people: the status of the CloudTrail if that is a gap.
    pub(super) fn word(&self) -> &'static str {
        match (self.source_gap, self.level()) {
            (Some(status), _) => status.as_str(),
            (None, CoverageLevel::Swept) if self.has_optional_gap => "gap in logs not required",
            (None, level) => level_word(level),
        }
    }
}

/// Returns the word of a level.
pub(super) fn level_word(level: CoverageLevel) -> &'static str {
    match level {
        CoverageLevel::Swept => "covered",
        CoverageLevel::Partial => "partial",
        CoverageLevel::Denied => "denied",
        CoverageLevel::Failed => "failed",
        CoverageLevel::Accepted => "accepted",
        CoverageLevel::OutOfScope => "out of scope",
    }
}

/// An account and its Regions.
#[derive(Clone, Debug, Default)]
pub(super) struct GridAccount {
    /// Untrusted text.
    pub(super) name: String,
    /// The coverage of the account itself, if it could not be entered or is not active.
    pub(super) whole: Option<CoverageLevel>,
    pub(super) regions: BTreeMap<Region, GridCell>,
}

impl GridAccount {
    /// Whether anything of it was not covered, or its gap is accepted.
    pub(super) fn has_gap(&self) -> bool {
        let is_gap = |level: CoverageLevel| level != CoverageLevel::Swept;
        self.whole.is_some_and(is_gap) || self.regions.values().any(|cell| is_gap(cell.level()))
    }
}

/// One gap. Every text is untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GapRow {
    pub(super) status: Status,
    pub(super) location: String,
    pub(super) reason: String,
    pub(super) is_required: bool,
}

/// Collects the coverage by account and Region.
#[derive(Clone, Debug, Default)]
pub(super) struct CoverageGrid {
    required: RequiredKinds,
    pub(super) accounts: BTreeMap<AccountId, GridAccount>,
    pub(super) regions: BTreeSet<Region>,
    pub(super) gaps: Vec<GapRow>,
    /// The number of all gaps.
    pub(super) all_gaps: u64,
}

impl CoverageGrid {
    pub(super) fn new(required: RequiredKinds) -> Self {
        Self {
            required,
            ..Self::default()
        }
    }

    /// Adds the next row.
    pub(super) fn add(&mut self, row: &Coverage) {
        let is_required = self.required.concern(&row.kinds);
        if !row.outcome.is_covered() {
            self.add_gap(row, is_required);
        }
        // Whether an account was covered in AWS does not depend on copies on disk, and a log group
        // out of scope does not count for its own account-Region.
        if row.out_of_scope || row.source == Some(StorageKind::File) {
            return;
        }
        let level = CoverageLevel::from_outcome(&row.outcome);
        let account = self.accounts.entry(row.account).or_default();
        account.name.clone_from(&row.account_name);
        let Some(region) = &row.region else {
            let known = account.whole;
            account.whole = Some(known.map_or(level, |known| known.combine(level)));
            return;
        };
        self.regions.insert(region.clone());
        let cell = account.regions.entry(region.clone()).or_default();
        cell.add(level, is_required);
    }

    /// Adds the status of the CloudTrail of an account-Region, which is required.
    pub(super) fn add_source_status(&mut self, target: &Target, status: SourceStatus) {
        if status.is_covered() {
            return;
        }
        self.regions.insert(target.region.clone());
        let account = self.accounts.entry(target.account).or_default();
        let cell = account.regions.entry(target.region.clone()).or_default();
        cell.source_gap = Some(status);
    }

    fn add_gap(&mut self, row: &Coverage, is_required: bool) {
        self.all_gaps += 1;
        if self.gaps.len() < MOST_GAPS {
            let reason = row.outcome.reason_text();
            self.gaps.push(GapRow {
                status: row.outcome.status,
                location: row_name(row),
                reason: reason.chars().take(LONGEST_REASON).collect(),
                is_required,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{account, coverage_row, target};
    use dragnet_model::{LogKind, Outcome};

    const ID: &str = "111111111111";

    fn level(grid: &CoverageGrid) -> CoverageLevel {
        let regions = &grid.accounts[&account(ID)].regions;
        regions.values().next().unwrap().level()
    }

    #[test]
    fn cell_is_covered_only_if_its_rows_and_its_trail_are() {
        let mut grid = CoverageGrid::default();
        let searched = coverage_row(ID, Some("eu-west-1"), Some("/a"), Outcome::searched());
        grid.add(&searched);
        assert_eq!(level(&grid), CoverageLevel::Swept);
        assert!(!grid.accounts[&account(ID)].has_gap());
        grid.add_source_status(&target(ID, "eu-west-1"), SourceStatus::Searched);
        assert_eq!(level(&grid), CoverageLevel::Swept);
        grid.add_source_status(&target(ID, "eu-west-1"), SourceStatus::NoSource);
        assert_eq!(level(&grid), CoverageLevel::Partial);
        assert!(grid.accounts[&account(ID)].has_gap());
        let denied = coverage_row(ID, Some("eu-west-1"), Some("/b"), Outcome::denied("no"));
        grid.add(&denied);
        assert_eq!(level(&grid), CoverageLevel::Partial);
        assert_eq!(grid.gaps[0].location, "n1 (111111111111) eu-west-1 /b");
    }

    #[test]
    fn region_without_a_trail_or_rows_is_not_covered() {
        let mut grid = CoverageGrid::default();
        grid.add_source_status(&target(ID, "eu-west-1"), SourceStatus::NoSource);
        assert_eq!(level(&grid), CoverageLevel::Failed);
    }

    #[test]
    fn gap_in_logs_that_are_not_required_is_only_noted() {
        let mut grid = CoverageGrid::new(RequiredKinds::new([LogKind::Management]));
        grid.add(&Coverage {
            kinds: BTreeSet::from([LogKind::App]),
            ..coverage_row(ID, Some("eu-west-1"), Some("/a"), Outcome::denied("no"))
        });
        assert_eq!(level(&grid), CoverageLevel::Swept);
        let cell = &grid.accounts[&account(ID)].regions.values().next().unwrap();
        assert!(cell.has_optional_gap);
        assert!(!grid.gaps[0].is_required);
    }

    #[test]
    fn gaps_are_counted_but_not_all_listed() {
        let mut grid = CoverageGrid::default();
        let denied = coverage_row(ID, None, None, Outcome::denied("x".repeat(10_000)));
        for _ in 0..MOST_GAPS + 5 {
            grid.add(&denied);
        }
        assert_eq!(grid.gaps.len(), MOST_GAPS);
        assert_eq!(grid.all_gaps, MOST_GAPS as u64 + 5);
        assert_eq!(grid.gaps[0].reason.chars().count(), LONGEST_REASON);
    }
}
