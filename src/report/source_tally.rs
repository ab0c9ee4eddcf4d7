//! Counts the log sources, and summarizes them in one sentence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{count, plural};
use crate::model::{AccountId, SourceStatus, Target};

/// How many examples a gap names. `sources.csv` contains all.
const EXAMPLES: usize = 3;

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
    /// Their status.
    pub status: SourceStatus,
    /// The number of accounts.
    pub accounts: u64,
    /// The number of account-Regions.
    pub targets: u64,
    /// The first few of them.
    pub examples: Vec<Target>,
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
    pub fn from_lookups(cells: &[(Target, SourceStatus)]) -> Self {
        let mut tally = Self::default();
        for (target, status) in cells {
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
}

impl SourceCounts {
    /// Returns the counts of `in_scope` accounts as one sentence: "386 of 400 accounts: management
    /// events searched; 9 only in S3; 5 recorded by nothing."
    pub fn sentence(&self, in_scope: u64) -> String {
        use SourceStatus::{
            Accepted, Denied, Failed, Failing, NoSource, OnlyS3, Partial, Recorded, Searched,
            Skipped, Stale, Stopped, Unsearchable,
        };
        let of = |statuses: &[SourceStatus]| -> u64 {
            statuses
                .iter()
                .filter_map(|status| self.accounts.get(status.as_str()))
                .sum()
        };
        let searched = of(&[Searched]);
        let recorded = of(&[Recorded]);
        let word = if recorded > 0 { "recorded" } else { "searched" };
        let all = plural(in_scope, "account");
        let mut sentence = format!(
            "{} of {all}: management events {word}",
            count(searched + recorded)
        );
        let entered: u64 = self.accounts.values().sum();
        for (number, what) in [
            (of(&[OnlyS3]), "only in S3"),
            (of(&[NoSource]), "recorded by nothing"),
            (of(&[Stopped]), "switched off"),
            (of(&[Failing, Stale]), "not delivered"),
            (of(&[Skipped, Unsearchable, Denied, Failed]), "not searched"),
            (of(&[Partial]), "in part"),
            (of(&[Accepted]), "accepted as a gap"),
            (in_scope.saturating_sub(entered), "not known"),
        ] {
            if number > 0 {
                sentence.push_str("; ");
                sentence.push_str(&count(number));
                sentence.push(' ');
                sentence.push_str(what);
            }
        }
        sentence.push('.');
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::target;

    #[test]
    fn an_account_is_what_its_worst_region_is() {
        let cells = [
            (target("111111111111", "eu-west-1"), SourceStatus::Searched),
            (target("111111111111", "us-east-1"), SourceStatus::Searched),
            (target("222222222222", "eu-west-1"), SourceStatus::Searched),
            (target("222222222222", "us-east-1"), SourceStatus::OnlyS3),
            (target("333333333333", "us-east-1"), SourceStatus::NoSource),
        ];
        let tally = SourceTally::from_lookups(&cells);
        assert_eq!(
            tally.counts().sentence(4),
            "1 of 4 accounts: management events searched; 1 only in S3; 1 recorded by nothing; 1 not known."
        );
        assert_eq!(
            tally
                .gaps()
                .iter()
                .map(|gap| gap.status)
                .collect::<Vec<_>>(),
            [SourceStatus::NoSource, SourceStatus::OnlyS3]
        );
        assert!(!tally.is_complete() && SourceTally::from_lookups(&cells[..2]).is_complete());
        assert_eq!(
            SourceTally::from_lookups(&cells[..2]).counts().sentence(1),
            "1 of 1 account: management events searched."
        );
    }
}
