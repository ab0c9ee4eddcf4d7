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
use dragnet_model::time::rfc3339_ms;
use dragnet_model::{AccountId, Coverage, Reason, Status, StorageKind};

/// The coverage of the accounts, and how it changed.
#[derive(Debug, Default)]
pub(super) struct CoverageChanges {
    /// The current coverage. Accounts that the run did not reach keep their previous one.
    pub accounts: BTreeMap<AccountId, AccountCoverage>,
    /// Accounts that were covered and no longer are.
    pub lost: Vec<Row>,
    /// Accounts that are covered again.
    pub regained: Vec<Row>,
}

impl CoverageChanges {
    /// Compares `rows`, the coverage of a run that started at `now_ms`, with the coverage `before`.
    /// `is_listed` means that the list of accounts was complete.
    pub(super) fn from_coverage(
        before: &BTreeMap<AccountId, AccountCoverage>,
        rows: &[Coverage],
        is_listed: bool,
        now_ms: i64,
    ) -> Self {
        let mut changes = Self {
            accounts: before.clone(),
            ..Self::default()
        };
        for (account, finding) in findings_by_account(rows) {
            changes.record(account, finding, now_ms);
        }
        let present: BTreeSet<AccountId> = rows.iter().map(|row| row.account).collect();
        for account in before
            .keys()
            .filter(|account| is_listed && !present.contains(account))
        {
            changes.record(
                *account,
                Finding::out_of_scope("no longer in the list of accounts"),
                now_ms,
            );
        }
        changes
    }

    /// The number of accounts that are not covered.
    pub(super) fn uncovered(&self) -> u64 {
        self.accounts
            .values()
            .filter(|coverage| !coverage.is_covered)
            .count() as u64
    }

    fn record(&mut self, account: AccountId, finding: Finding, now_ms: i64) {
        let before = self.accounts.remove(&account);
        let Finding {
            mut name,
            gap,
            is_in_scope,
        } = finding;
        let is_covered = gap.is_none();
        if let Some(before) = before.as_ref().filter(|_| name.is_empty()) {
            name.clone_from(&before.name);
        }
        let same = before
            .as_ref()
            .filter(|before| before.is_covered == is_covered);
        let since_ms = same.map_or(now_ms, |before| before.since_ms);
        let coverage = AccountCoverage {
            name,
            is_covered,
            reason: gap.unwrap_or_default(),
            since_ms,
        };
        match before.map(|before| before.is_covered) {
            Some(true) if !is_covered => self.lost.push(alert_row(account, &coverage)),
            Some(false) if is_covered => self.regained.push(alert_row(account, &coverage)),
            _ => {}
        }
        // An account out of scope is not a gap. That it left is reported once.
        if is_in_scope {
            self.accounts.insert(account, coverage);
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
    fn out_of_scope(reason: impl Into<String>) -> Self {
        Self {
            name: String::new(),
            gap: Some(reason.into()),
            is_in_scope: false,
        }
    }
}

/// Returns the coverage of each account that the run reached.
fn findings_by_account(rows: &[Coverage]) -> BTreeMap<AccountId, Finding> {
    let mut findings: BTreeMap<AccountId, Finding> = BTreeMap::new();
    let mut unfinished = BTreeSet::new();
    for row in rows.iter().filter(|row| !row.out_of_scope) {
        if row.outcome.is_about_inactive_account() {
            let finding = Finding::out_of_scope(row.outcome.reason_text());
            findings.insert(row.account, finding);
            continue;
        }
        if row.outcome.reason == Some(Reason::Interrupted) {
            unfinished.insert(row.account);
        }
        let new = || Finding {
            name: row.account_name.clone(),
            gap: None,
            is_in_scope: true,
        };
        let finding = findings.entry(row.account).or_insert_with(new);
        if finding.gap.is_none() && shows_gap(row) {
            let region = row
                .region
                .as_ref()
                .map(|region| format!("{region}: "))
                .unwrap_or_default();
            finding.gap = Some(format!("{region}{}", row.outcome.reason_text()));
        }
    }
    findings.retain(|account, finding| finding.gap.is_some() || !unfinished.contains(account));
    findings
}

/// Whether the row shows that the account cannot be covered. A single log group that failed is
/// caught up later and does not count. Nor do an event history and a bucket: they only replace log
/// groups, and a bucket is that of another account.
fn shows_gap(row: &Coverage) -> bool {
    let is_replacement = matches!(row.source, Some(StorageKind::History | StorageKind::S3));
    let is_closed = (row.outcome.status == Status::Denied && !is_replacement)
        || (row.source.is_none() && !row.outcome.is_covered());
    is_closed && row.outcome.reason != Some(Reason::Interrupted)
}

fn alert_row(account: AccountId, coverage: &AccountCoverage) -> Row {
    let since = Timestamp::from_millisecond(coverage.since_ms)
        .map(rfc3339_ms)
        .unwrap_or_default();
    let columns: [(&str, Value); 4] = [
        ("account_id", json!(account.to_string())),
        ("account_name", json!(coverage.name)),
        ("since", json!(since)),
        ("reason", json!(coverage.reason)),
    ];
    columns
        .into_iter()
        .map(|(column, value)| (column.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::row;
    use dragnet_model::Outcome;

    const ONE: &str = "111111111111";

    #[test]
    fn loss_and_return_of_coverage_are_each_reported_once() {
        let searched = || row(ONE, Some("eu-west-1"), Some("/a"), Outcome::searched());
        let failed = Outcome::with_reason(Status::Failed, Reason::Error, "x");
        let interrupted = Outcome::with_reason(Status::Failed, Reason::Interrupted, "");
        let mut accounts = BTreeMap::new();
        let mut change = |row: Coverage, now_ms| {
            let changes = CoverageChanges::from_coverage(&accounts, &[row], true, now_ms);
            accounts = changes.accounts.clone();
            (
                changes.lost.len(),
                changes.regained.len(),
                changes.uncovered(),
            )
        };
        assert_eq!(
            change(row(ONE, None, None, Outcome::denied("never was")), 1),
            (0, 0, 1),
            "never covered before: no alert"
        );
        assert_eq!(change(searched(), 2), (0, 1, 0));
        assert_eq!(
            change(row(ONE, Some("eu-west-1"), Some("/a"), failed), 3),
            (0, 0, 0),
            "a failed log group is caught up later"
        );
        assert_eq!(
            change(row(ONE, None, None, interrupted), 4),
            (0, 0, 0),
            "interrupted before it was reached"
        );
        assert_eq!(
            change(row(ONE, Some("eu-west-1"), None, Outcome::denied("scp")), 5),
            (1, 0, 1)
        );
        assert_eq!(
            change(row(ONE, None, None, Outcome::denied("role")), 6),
            (0, 0, 1),
            "already reported"
        );
        assert_eq!(change(searched(), 7), (0, 1, 0));
        assert_eq!(
            change(row("222222222222", None, None, Outcome::searched()), 8),
            (1, 0, 0),
            "the first account left"
        );
    }

    #[test]
    fn missing_account_counts_as_lost_only_if_the_list_is_complete() {
        let before = CoverageChanges::from_coverage(
            &BTreeMap::new(),
            &[row(ONE, None, None, Outcome::searched())],
            true,
            1,
        );
        assert!(
            CoverageChanges::from_coverage(&before.accounts, &[], false, 2)
                .lost
                .is_empty()
        );
        let lost = CoverageChanges::from_coverage(&before.accounts, &[], true, 2).lost;
        assert_eq!(
            (
                lost[0]["account_id"].as_str(),
                lost[0]["account_name"].as_str()
            ),
            (Some(ONE), Some("prod"))
        );
    }
}
