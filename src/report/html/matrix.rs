//! The matrix of accounts and Regions: what was covered, and how many sightings are where.

use super::lists::cut;
use crate::report::coverage_counts::CoverageLevel;
use crate::report::coverage_grid::{GridAccount, GridCell, level_word};
use crate::report::{AccountNames, PageTally};
use dragnet_model::format::count;
use dragnet_model::{AccountId, Region};

/// How many accounts the matrix has: first those with gaps or sightings.
const MOST_ACCOUNTS: usize = 200;

/// The matrix. Names of accounts are untrusted.
#[derive(Debug, Default)]
pub(super) struct Matrix {
    /// Whether nothing in AWS was to be searched.
    pub(super) is_empty: bool,
    pub(super) regions: Vec<String>,
    pub(super) rows: Vec<MatrixRow>,
    pub(super) has_more: bool,
    /// The accounts that are left out.
    pub(super) more: String,
}

#[derive(Debug)]
pub(super) struct MatrixRow {
    pub(super) account: String,
    pub(super) name: String,
    pub(super) cells: Vec<MatrixCell>,
}

/// A cell. Its words are for screen readers, and tell the levels apart without colours.
#[derive(Debug)]
pub(super) struct MatrixCell {
    pub(super) class: &'static str,
    pub(super) sightings: String,
    pub(super) symbol: &'static str,
    pub(super) word: &'static str,
}

impl Matrix {
    pub(super) fn new(tally: &PageTally, names: &AccountNames) -> Self {
        let grid = &tally.grid;
        let sightings_in = |id: &AccountId| -> u64 {
            let id = id.to_string();
            let regions = grid.regions.iter();
            regions
                .map(|region| tally.sightings_in(&id, region.as_str()))
                .sum()
        };
        let mut accounts: Vec<(&AccountId, &GridAccount, u64)> = grid
            .accounts
            .iter()
            .map(|(id, account)| (id, account, sightings_in(id)))
            .collect();
        // The sort is stable: equal accounts stay in the order of their ids.
        accounts.sort_by_key(|(_, account, sightings)| *sightings == 0 && !account.has_gap());
        let more = accounts.len().saturating_sub(MOST_ACCOUNTS);
        accounts.truncate(MOST_ACCOUNTS);
        accounts.sort_by_key(|(id, _, _)| *id);
        let rows = accounts.iter();
        let mut regions: Vec<String> = grid.regions.iter().map(ToString::to_string).collect();
        if regions.is_empty() {
            // No account could be entered.
            regions.push("all Regions".to_owned());
        }
        Self {
            is_empty: accounts.is_empty(),
            regions,
            rows: rows
                .map(|(id, account, _)| MatrixRow::new(**id, account, tally, names))
                .collect(),
            has_more: more > 0,
            more: count(more as u64),
        }
    }
}

impl MatrixRow {
    fn new(id: AccountId, account: &GridAccount, tally: &PageTally, names: &AccountNames) -> Self {
        let id = id.to_string();
        let known = names.get(&id);
        let name = cut(known.unwrap_or(&account.name));
        let cell = |region: &Region| {
            let sightings = tally.sightings_in(&id, region.as_str());
            MatrixCell::new(account.regions.get(region), account.whole, sightings)
        };
        let mut cells: Vec<MatrixCell> = tally.grid.regions.iter().map(cell).collect();
        if cells.is_empty() {
            cells.push(MatrixCell::new(None, account.whole, 0));
        }
        Self {
            cells,
            account: id,
            name,
        }
    }
}

impl MatrixCell {
    /// Creates the cell of a Region. If it has no coverage of its own, that of the account counts.
    fn new(cell: Option<&GridCell>, whole: Option<CoverageLevel>, sightings: u64) -> Self {
        let level = cell.map(GridCell::level).or(whole);
        let word = match (cell, whole) {
            (Some(cell), _) => cell.word(),
            (None, Some(whole)) => level_word(whole),
            (None, None) => "not in scope",
        };
        let has_optional_gap = cell.is_some_and(|cell| cell.has_optional_gap);
        let (class, symbol) = match level {
            None | Some(CoverageLevel::OutOfScope) => ("none", "–"),
            Some(CoverageLevel::Swept) if has_optional_gap => ("minor", "✓"),
            Some(CoverageLevel::Swept) => ("good", "✓"),
            Some(CoverageLevel::Partial) => ("gap", "P"),
            Some(CoverageLevel::Denied) => ("gap", "D"),
            Some(CoverageLevel::Failed) => ("gap", "F"),
            Some(CoverageLevel::Accepted) => ("accepted", "A"),
        };
        Self {
            class,
            sightings: if sightings > 0 {
                count(sightings)
            } else {
                String::new()
            },
            symbol,
            word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{coverage_row, sighting, summary, target};
    use crate::report::{RunStatus, SightingTally};
    use dragnet_model::{Outcome, SourceStatus};

    fn tally() -> PageTally {
        let summary = summary(RunStatus::Incomplete);
        PageTally::new(&summary, &SightingTally::default())
    }

    #[test]
    fn gaps_and_sightings_are_in_their_cells() {
        let mut tally = tally();
        for (id, region, outcome) in [
            ("111111111111", Some("eu-west-1"), Outcome::searched()),
            ("111111111111", Some("us-east-1"), Outcome::denied("no")),
            ("222222222222", None, Outcome::denied("no")),
        ] {
            tally.add_coverage(&coverage_row(id, region, None, outcome));
        }
        tally.add_source_status(&target("111111111111", "eu-west-1"), SourceStatus::NoSource);
        tally.add_sighting(&sighting(""));
        let matrix = Matrix::new(&tally, &AccountNames::default());
        assert_eq!(matrix.regions, ["eu-west-1", "us-east-1"]);
        let cells = |row: &MatrixRow| -> Vec<String> {
            let cells = row.cells.iter();
            cells
                .map(|cell| {
                    format!(
                        "{} {}{} {}",
                        cell.class, cell.sightings, cell.symbol, cell.word
                    )
                })
                .collect()
        };
        assert_eq!(cells(&matrix.rows[0]), ["gap 1P no-source", "gap D denied"]);
        assert_eq!(cells(&matrix.rows[1]), ["gap D denied", "gap D denied"]);
        assert_eq!(matrix.rows[1].name, "n2");
    }

    #[test]
    fn accounts_that_could_not_be_entered_have_a_cell() {
        let mut tally = tally();
        assert!(Matrix::new(&tally, &AccountNames::default()).is_empty);
        tally.add_coverage(&coverage_row(
            "111111111111",
            None,
            None,
            Outcome::denied("no"),
        ));
        let matrix = Matrix::new(&tally, &AccountNames::default());
        assert_eq!(matrix.regions, ["all Regions"]);
        assert_eq!(matrix.rows[0].cells[0].symbol, "D");
    }

    #[test]
    fn accounts_without_gaps_are_left_out_first() {
        let mut tally = tally();
        for number in 0..MOST_ACCOUNTS + 3 {
            let id = format!("{:012}", 100_000_000_000 + number);
            let is_last = number == MOST_ACCOUNTS + 2;
            let outcome = if is_last {
                Outcome::denied("no")
            } else {
                Outcome::searched()
            };
            tally.add_coverage(&coverage_row(&id, Some("eu-west-1"), Some("/a"), outcome));
        }
        let matrix = Matrix::new(&tally, &AccountNames::default());
        assert_eq!(
            (matrix.rows.len(), matrix.more.as_str()),
            (MOST_ACCOUNTS, "3")
        );
        let last = matrix.rows.last().unwrap();
        assert_eq!(last.cells[0].class, "gap");
    }
}
