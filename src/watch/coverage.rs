//! Finds accounts that were covered and no longer are, and the reverse. It does no I/O.
//!
//! Somebody may have removed the role, denied access, or moved the account out of the organization,
//! so this is a finding. An account that was never covered raises no alert; `watch status` shows
//! it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::alert::Row;
use super::state::AccountCoverage;
use crate::model::{AccountId, Coverage, Reason, Status};
use crate::time::rfc3339_ms;

/// The coverage of the accounts, and how it changed.
#[derive(Debug, Default)]
pub(super) struct CoverageNews {
    /// The current coverage. Accounts that the run did not reach keep their previous one.
    pub standings: BTreeMap<AccountId, AccountCoverage>,
    /// Accounts that were covered and no longer are.
    pub lost: Vec<Row>,
    /// Accounts that are covered again.
    pub regained: Vec<Row>,
}

impl CoverageNews {
    /// Compares `rows`, the coverage of a run that started at `now_ms`, with the coverage `before`.
    /// `listed` means that the list of accounts was complete.
    pub fn from_coverage(
        before: &BTreeMap<AccountId, AccountCoverage>,
        rows: &[Coverage],
        listed: bool,
        now_ms: i64,
    ) -> Self {
        let mut news = Self {
            standings: before.clone(),
            ..Self::default()
        };
        for (account, found) in found_out(rows) {
            news.tell(account, found, now_ms);
        }
        let here: BTreeSet<AccountId> = rows.iter().map(|row| row.account).collect();
        for account in before
            .keys()
            .filter(|account| listed && !here.contains(account))
        {
            news.tell(
                *account,
                Finding::left("it is not in the list of accounts any more"),
                now_ms,
            );
        }
        news
    }

    /// The number of accounts that are not covered.
    pub fn uncovered(&self) -> u64 {
        self.standings
            .values()
            .filter(|standing| !standing.is_covered)
            .count() as u64
    }

    fn tell(&mut self, account: AccountId, found: Finding, now_ms: i64) {
        let before = self.standings.remove(&account);
        let Finding {
            mut name,
            gap,
            is_in_scope,
        } = found;
        let is_covered = gap.is_none();
        if let Some(before) = before.as_ref().filter(|_| name.is_empty()) {
            name.clone_from(&before.name);
        }
        let same = before
            .as_ref()
            .filter(|before| before.is_covered == is_covered);
        let since_ms = same.map_or(now_ms, |before| before.since_ms);
        let standing = AccountCoverage {
            name,
            is_covered,
            reason: gap.unwrap_or_default(),
            since_ms,
        };
        match before.map(|before| before.is_covered) {
            Some(true) if !is_covered => self.lost.push(row(account, &standing)),
            Some(false) if is_covered => self.regained.push(row(account, &standing)),
            _ => {}
        }
        // An account out of scope is not a gap. That it left is reported once.
        if is_in_scope {
            self.standings.insert(account, standing);
        }
    }
}

struct Finding {
    name: String,
    /// Why it is not covered, if it is not.
    gap: Option<String>,
    is_in_scope: bool,
}

impl Finding {
    /// An account that has left the organization or is inactive.
    fn left(how: impl Into<String>) -> Self {
        Self {
            name: String::new(),
            gap: Some(how.into()),
            is_in_scope: false,
        }
    }
}

/// Returns the coverage of each account that the run reached.
fn found_out(rows: &[Coverage]) -> BTreeMap<AccountId, Finding> {
    let mut findings: BTreeMap<AccountId, Finding> = BTreeMap::new();
    let mut unfinished = BTreeSet::new();
    for row in rows.iter().filter(|row| !row.elsewhere) {
        match row.outcome.reason {
            Some(Reason::Interrupted) => {
                unfinished.insert(row.account);
            }
            Some(Reason::AccountNotActive) => {
                findings.insert(row.account, Finding::left(row.outcome.reason_text()));
                continue;
            }
            _ => {}
        }
        let new = || Finding {
            name: row.account_name.clone(),
            gap: None,
            is_in_scope: true,
        };
        let finding = findings.entry(row.account).or_insert_with(new);
        if finding.gap.is_none() && is_lost(row) {
            let place = row
                .region
                .as_ref()
                .map(|region| format!("{region}: "))
                .unwrap_or_default();
            finding.gap = Some(format!("{place}{}", row.outcome.reason_text()));
        }
    }
    findings.retain(|account, finding| finding.gap.is_some() || !unfinished.contains(account));
    findings
}

/// Whether the row shows that the account cannot be covered. A single log group that failed is
/// caught up later and does not count.
fn is_lost(row: &Coverage) -> bool {
    let is_closed = row.outcome.status == Status::Denied
        || (row.log_group.is_none() && !row.outcome.is_covered());
    is_closed && row.outcome.reason != Some(Reason::Interrupted)
}

fn row(account: AccountId, standing: &AccountCoverage) -> Row {
    let since = Timestamp::from_millisecond(standing.since_ms)
        .map(rfc3339_ms)
        .unwrap_or_default();
    let cells: [(&str, Value); 4] = [
        ("account_id", json!(account.to_string())),
        ("account_name", json!(standing.name)),
        ("since", json!(since)),
        ("reason", json!(standing.reason)),
    ];
    cells
        .into_iter()
        .map(|(column, cell)| (column.to_owned(), cell))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;
    use crate::watch::testing::row as row_of;

    const ONE: &str = "111111111111";

    #[test]
    fn what_is_lost_is_told_once_and_told_again_when_it_is_back() {
        let searched = || row_of(ONE, Some("eu-west-1"), Some("/a"), Outcome::searched());
        let failed = Outcome::because(Status::Failed, Reason::Error, "x");
        let interrupted = Outcome::because(Status::Failed, Reason::Interrupted, "");
        let mut standings = BTreeMap::new();
        let mut told = |row: Coverage, now_ms| {
            let news = CoverageNews::from_coverage(&standings, &[row], true, now_ms);
            standings = news.standings.clone();
            (news.lost.len(), news.regained.len(), news.uncovered())
        };
        assert_eq!(
            told(row_of(ONE, None, None, Outcome::denied("never was")), 1),
            (0, 0, 1),
            "that is no news"
        );
        assert_eq!(told(searched(), 2), (0, 1, 0));
        assert_eq!(
            told(row_of(ONE, Some("eu-west-1"), Some("/a"), failed), 3),
            (0, 0, 0),
            "it is caught up"
        );
        assert_eq!(
            told(row_of(ONE, None, None, interrupted), 4),
            (0, 0, 0),
            "it was not come to"
        );
        assert_eq!(
            told(
                row_of(ONE, Some("eu-west-1"), None, Outcome::denied("scp")),
                5
            ),
            (1, 0, 1)
        );
        assert_eq!(
            told(row_of(ONE, None, None, Outcome::denied("role")), 6),
            (0, 0, 1),
            "once"
        );
        assert_eq!(told(searched(), 7), (0, 1, 0));
        assert_eq!(
            told(row_of("222222222222", None, None, Outcome::searched()), 8),
            (1, 0, 0),
            "it left"
        );
    }

    #[test]
    fn an_account_that_left_is_missed_only_if_all_were_listed() {
        let before = CoverageNews::from_coverage(
            &BTreeMap::new(),
            &[row_of(ONE, None, None, Outcome::searched())],
            true,
            1,
        );
        assert!(
            CoverageNews::from_coverage(&before.standings, &[], false, 2)
                .lost
                .is_empty()
        );
        let lost = CoverageNews::from_coverage(&before.standings, &[], true, 2).lost;
        assert_eq!(
            (
                lost[0]["account_id"].as_str(),
                lost[0]["account_name"].as_str()
            ),
            (Some(ONE), Some("prod"))
        );
    }
}
