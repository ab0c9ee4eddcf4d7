//! Counts the log sources, and summarizes them in one sentence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::account_names::{AccountNames, account_with_name};
use dragnet_model::format::{count, plural};
use dragnet_model::{AccountId, SourceStatus, Target};

/// How many examples a gap names. `sources.csv` contains all.
const EXAMPLES: usize = 3;

/// The parts of the sentence about accounts whose CloudTrail was not searched: their statuses, and
/// the verb for one account and for several.
const GAPS: [(&[SourceStatus], &str, &str); 7] = [
    (
        &[SourceStatus::OnlyS3],
        "delivers only to S3",
        "deliver only to S3",
    ),
    (&[SourceStatus::NoSource], "has no trail", "have no trail"),
    (
        &[SourceStatus::Stopped],
        "has logging switched off",
        "have logging switched off",
    ),
    (
        &[SourceStatus::Failing, SourceStatus::Stale],
        "has failing or overdue deliveries",
        "have failing or overdue deliveries",
    ),
    (
        &[
            SourceStatus::Skipped,
            SourceStatus::Unsearchable,
            SourceStatus::Denied,
            SourceStatus::Failed,
        ],
        "was not searched",
        "were not searched",
    ),
    (
        &[SourceStatus::Partial],
        "was searched in part",
        "were searched in part",
    ),
    (
        &[SourceStatus::Accepted],
        "is an accepted gap",
        "are accepted gaps",
    ),
];

/// The number of accounts and account-Regions by the status of their CloudTrail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceCounts {
    /// Accounts, each with the worst status of its Regions.
    pub accounts: BTreeMap<&'static str, u64>,
    /// Account-Regions.
    pub targets: BTreeMap<&'static str, u64>,
}

/// Account-Regions with the same status whose CloudTrail was not searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGap {
    pub(super) status: SourceStatus,
    pub(super) accounts: u64,
    pub(super) targets: u64,
    /// The first few account-Regions.
    pub(super) examples: Vec<Target>,
}

/// Counts the status of the CloudTrail of every account-Region.
#[derive(Clone, Debug, Default)]
pub struct SourceTally {
    by_account: BTreeMap<AccountId, SourceStatus>,
    gaps: BTreeMap<SourceStatus, Vec<Target>>,
    targets: BTreeMap<&'static str, u64>,
}

impl SourceTally {
    /// Counts the status of each account-Region.
    pub fn from_lookups(statuses: &[(Target, SourceStatus)]) -> Self {
        let mut tally = Self::default();
        for (target, status) in statuses {
            let worst = tally.by_account.entry(target.account).or_insert(*status);
            *worst = (*worst).max(*status);
            *tally.targets.entry(status.as_str()).or_default() += 1;
            if !status.is_covered() {
                tally.gaps.entry(*status).or_default().push(target.clone());
            }
        }
        tally
    }

    /// Returns whether the CloudTrail of every account-Region was searched, or the gap is accepted.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Returns the account-Regions whose CloudTrail was not searched, by status, the worst first.
    pub fn gaps(&self) -> Vec<SourceGap> {
        let gap = |(status, targets): (&SourceStatus, &Vec<Target>)| SourceGap {
            status: *status,
            accounts: targets
                .iter()
                .map(|target| target.account)
                .collect::<BTreeSet<_>>()
                .len() as u64,
            targets: targets.len() as u64,
            examples: targets.iter().take(EXAMPLES).cloned().collect(),
        };
        self.gaps.iter().rev().map(gap).collect()
    }

    /// Returns the counts.
    pub fn counts(&self) -> SourceCounts {
        let mut accounts = BTreeMap::new();
        for status in self.by_account.values() {
            *accounts.entry(status.as_str()).or_default() += 1;
        }
        SourceCounts {
            accounts,
            targets: self.targets.clone(),
        }
    }

    /// Returns the counts of `in_scope` accounts as one sentence: "CloudTrail was searched for 386
    /// of 400 accounts; 9 deliver only to S3; 5 have no trail." If only a few accounts have a
    /// status, they are named; the names are untrusted text.
    pub fn sentence(&self, in_scope: u64, names: &AccountNames) -> String {
        let searched = self.accounts_with(&[SourceStatus::Searched]).len() as u64;
        let recorded = self.accounts_with(&[SourceStatus::Recorded]).len() as u64;
        let verb = if recorded > 0 {
            "would be searched"
        } else {
            "was searched"
        };
        let all = plural(in_scope, "account");
        let mut parts = vec![format!(
            "CloudTrail {verb} for {} of {all}",
            count(searched + recorded)
        )];
        for (statuses, one, several) in GAPS {
            let accounts = self.accounts_with(statuses);
            if accounts.is_empty() {
                continue;
            }
            let predicate = if accounts.len() == 1 { one } else { several };
            let number = count(accounts.len() as u64);
            parts.push(format!(
                "{number} {predicate}{}",
                named_if_few(&accounts, names)
            ));
        }
        let unknown = in_scope.saturating_sub(self.by_account.len() as u64);
        if unknown > 0 {
            parts.push(format!("{} could not be checked", count(unknown)));
        }
        format!("{}.", parts.join("; "))
    }

    fn accounts_with(&self, statuses: &[SourceStatus]) -> Vec<AccountId> {
        self.by_account
            .iter()
            .filter(|(_, status)| statuses.contains(*status))
            .map(|(account, _)| *account)
            .collect()
    }
}

/// Returns `: a (111111111111), b (222222222222)`, or nothing if there are too many accounts to
/// name them.
fn named_if_few(accounts: &[AccountId], names: &AccountNames) -> String {
    if accounts.len() > EXAMPLES {
        return String::new();
    }
    let named: Vec<String> = accounts
        .iter()
        .map(|account| account_with_name(&account.to_string(), names))
        .collect();
    format!(": {}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::target;

    #[test]
    fn account_has_the_worst_status_of_its_regions() {
        let statuses = [
            (target("111111111111", "eu-west-1"), SourceStatus::Searched),
            (target("111111111111", "us-east-1"), SourceStatus::Searched),
            (target("222222222222", "eu-west-1"), SourceStatus::Searched),
            (target("222222222222", "us-east-1"), SourceStatus::OnlyS3),
            (target("333333333333", "us-east-1"), SourceStatus::NoSource),
        ];
        let names = AccountNames::from([("222222222222".to_owned(), "prod".to_owned())]);
        let tally = SourceTally::from_lookups(&statuses);
        assert_eq!(
            tally.sentence(4, &names),
            "CloudTrail was searched for 1 of 4 accounts; 1 delivers only to S3: prod (222222222222); \
             1 has no trail: 333333333333; 1 could not be checked."
        );
        assert_eq!(
            tally
                .gaps()
                .iter()
                .map(|gap| gap.status)
                .collect::<Vec<_>>(),
            [SourceStatus::NoSource, SourceStatus::OnlyS3]
        );
        assert!(!tally.is_complete());
        let searched = SourceTally::from_lookups(&statuses[..2]);
        assert!(searched.is_complete());
        assert_eq!(
            searched.sentence(1, &names),
            "CloudTrail was searched for 1 of 1 account."
        );
    }

    #[test]
    fn many_accounts_are_counted_but_not_named() {
        let mut statuses = Vec::new();
        for number in 0..4 {
            let target = target(&format!("{number:012}"), "us-east-1");
            statuses.push((target, SourceStatus::NoSource));
        }
        assert_eq!(
            SourceTally::from_lookups(&statuses).sentence(4, &AccountNames::new()),
            "CloudTrail was searched for 0 of 4 accounts; 4 have no trail."
        );
    }
}
