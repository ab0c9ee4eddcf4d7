//! Tracks which selectors of the scope matched something, so that a misspelt one is not taken for
//! an empty result.
//!
//! A selector matches if AWS lists an account, Region or log group that it selects, whether or not
//! another selector excludes that. An accepted gap matches if it is about something that AWS lists.
//! On resume, everything is listed again, so the matches need not be stored.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::{
    AcceptedGap, AccountSelector, Glob, OuSelector, RegionSelector, Scope, TagSelector,
};
use dragnet_model::{Account, Region};

/// The selectors that matched nothing, as options of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmatchedSelectors {
    /// Inclusions: something that was asked for does not exist, and so was not searched.
    pub inclusions: Vec<String>,
    /// Exclusions and accepted gaps.
    pub others: Vec<String>,
}

impl UnmatchedSelectors {
    /// Returns all of them, inclusions first.
    pub fn texts(&self) -> Vec<String> {
        [&self.inclusions[..], &self.others].concat()
    }
}

/// How far a command lists what is in scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedLevel {
    /// Only the accounts.
    Accounts,
    /// The accounts and their Regions.
    Regions,
    /// The accounts, their Regions, and the log groups in these.
    LogGroups,
}

/// The selectors of a scope, each with whether it has matched. All tasks of a command share it.
#[derive(Debug)]
pub struct SelectorMatches {
    accounts: Selectors<AccountSelector>,
    exclude_accounts: Selectors<AccountSelector>,
    ous: Selectors<OuSelector>,
    tags: Selectors<TagSelector>,
    regions: Selectors<RegionSelector>,
    exclude_regions: Selectors<RegionSelector>,
    log_groups: Selectors<Glob>,
    exclude_log_groups: Selectors<Glob>,
    accepted_gaps: Selectors<AcceptedGap>,
    /// Whether a Region of an account was listed.
    has_region: AtomicBool,
    /// Whether a log group in scope was listed.
    has_selected_log_group: AtomicBool,
}

impl SelectorMatches {
    /// Creates the selectors of a scope; nothing has matched yet.
    pub fn new(scope: &Scope) -> Self {
        Self {
            accounts: Selectors::new(&scope.include_accounts),
            exclude_accounts: Selectors::new(&scope.exclude_accounts),
            ous: Selectors::new(&scope.ous),
            tags: Selectors::new(&scope.tags),
            regions: Selectors::new(&scope.regions),
            exclude_regions: Selectors::new(&scope.exclude_regions),
            log_groups: Selectors::new(&scope.log_groups),
            exclude_log_groups: Selectors::new(&scope.exclude_log_groups),
            accepted_gaps: Selectors::new(&scope.accepted_gap),
            has_region: AtomicBool::new(false),
            has_selected_log_group: AtomicBool::new(false),
        }
    }

    /// Records a listed account.
    pub(super) fn mark_account(&self, account: &Account) {
        self.accounts.mark(|selector| selector.matches(account));
        self.exclude_accounts
            .mark(|selector| selector.matches(account));
        self.accepted_gaps
            .mark(|gap| gap.selects(account, None, None));
    }

    /// Records that an account is in this organizational unit.
    pub(super) fn mark_ou(&self, ou: &OuSelector) {
        self.ous.mark(|selector| selector == ou);
    }

    /// Records that an account that the other selectors include has this tag.
    pub(super) fn mark_tag(&self, key: &str, value: &str) {
        self.tags
            .mark(|selector| selector.key == key && selector.value == value);
    }

    /// Records a Region that an account in scope has enabled.
    pub fn mark_region(&self, account: &Account, region: &Region) {
        self.has_region.store(true, Ordering::Relaxed);
        self.regions.mark(|selector| selector.matches(region));
        self.exclude_regions
            .mark(|selector| selector.matches(region));
        self.accepted_gaps
            .mark(|gap| gap.selects(account, Some(region), None));
    }

    /// Records a listed log group.
    pub fn mark_log_group(&self, account: &Account, region: &Region, name: &str) {
        self.log_groups.mark(|glob| glob.is_match(name));
        self.exclude_log_groups.mark(|glob| glob.is_match(name));
        self.accepted_gaps
            .mark(|gap| gap.selects(account, Some(region), Some(name)));
    }

    /// Records that a listed log group is in scope.
    pub(super) fn mark_selected_log_group(&self) {
        self.has_selected_log_group.store(true, Ordering::Relaxed);
    }

    /// Returns the selectors of accounts that have matched nothing.
    pub(super) fn unmatched_accounts(&self) -> Vec<String> {
        self.unmatched(ListedLevel::Accounts).inclusions
    }

    /// Returns the patterns of log groups if no log group in scope was listed.
    pub(super) fn useless_log_groups(&self) -> Option<Vec<String>> {
        if self.log_groups.0.is_empty() || self.has_selected_log_group.load(Ordering::Relaxed) {
            return None;
        }
        let globs = self.log_groups.0.iter();
        Some(globs.map(|glob| format!("`{}`", glob.selector)).collect())
    }

    /// Whether a list of log groups could still match a selector.
    pub fn needs_log_groups(&self) -> bool {
        self.log_groups.unmatched().next().is_some()
            || self.exclude_log_groups.unmatched().next().is_some()
            || self
                .accepted_gaps
                .unmatched()
                .any(|gap| !gap.log_groups.is_empty())
    }

    /// Returns the inclusions and exclusions that have matched nothing of what was listed.
    pub fn unmatched(&self, level: ListedLevel) -> UnmatchedSelectors {
        let mut inclusions = self.accounts.texts("--account");
        inclusions.extend(self.ous.texts("--ou"));
        inclusions.extend(self.tags.texts("--tag"));
        let mut others = self.exclude_accounts.texts("--exclude-account");
        // If no account could be entered, its Regions are unknown.
        if level >= ListedLevel::Regions && self.has_region.load(Ordering::Relaxed) {
            inclusions.extend(self.regions.texts("--region"));
            others.extend(self.exclude_regions.texts("--exclude-region"));
        }
        if level >= ListedLevel::LogGroups {
            inclusions.extend(self.log_groups.texts("--log-group"));
            others.extend(self.exclude_log_groups.texts("--exclude-log-group"));
        }
        UnmatchedSelectors { inclusions, others }
    }

    /// Returns everything that has matched nothing after the log groups were listed, with the
    /// accepted gaps. A gap that has expired at the time `at` is always among them.
    pub fn unmatched_with_gaps(&self, at: Timestamp) -> UnmatchedSelectors {
        let mut unmatched = self.unmatched(ListedLevel::LogGroups);
        for (number, tracked) in self.accepted_gaps.0.iter().enumerate() {
            let gap = &tracked.selector;
            let number = number + 1;
            let selection = gap.selection();
            if gap.is_expired(at) {
                unmatched.others.push(format!(
                    "accepted gap {number} ({selection}, expired {})",
                    gap.expires
                ));
            } else if !tracked.is_matched() {
                unmatched
                    .others
                    .push(format!("accepted gap {number} ({selection})"));
            }
        }
        unmatched
    }
}

/// Selectors of one kind, in their order.
#[derive(Debug)]
struct Selectors<S>(Vec<TrackedSelector<S>>);

#[derive(Debug)]
struct TrackedSelector<S> {
    selector: S,
    is_matched: AtomicBool,
}

impl<S> TrackedSelector<S> {
    fn is_matched(&self) -> bool {
        self.is_matched.load(Ordering::Relaxed)
    }
}

impl<S> Selectors<S> {
    fn new(selectors: &[S]) -> Self
    where
        S: Clone,
    {
        let tracked = selectors.iter().map(|selector| TrackedSelector {
            selector: selector.clone(),
            is_matched: AtomicBool::new(false),
        });
        Self(tracked.collect())
    }

    /// Marks the selectors for which `matches` is true. A selector that has matched before is not
    /// evaluated again, because an organization may have a million log groups.
    fn mark(&self, matches: impl Fn(&S) -> bool) {
        for tracked in &self.0 {
            if !tracked.is_matched() && matches(&tracked.selector) {
                tracked.is_matched.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Returns the selectors that have not matched.
    fn unmatched(&self) -> impl Iterator<Item = &S> {
        let unmatched = self.0.iter().filter(|tracked| !tracked.is_matched());
        unmatched.map(|tracked| &tracked.selector)
    }

    /// Returns the selectors that have not matched, as values of a command-line option.
    fn texts(&self, option: &str) -> Vec<String>
    where
        S: Display,
    {
        let unmatched = self.unmatched();
        unmatched
            .map(|selector| format!("{option} {selector}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::AccountState;

    fn account(name: &str) -> Account {
        Account {
            id: "111111111111".parse().unwrap(),
            name: name.to_owned(),
            state: AccountState::Active,
        }
    }

    fn scope(toml: &str) -> Scope {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn only_what_was_listed_is_judged() {
        let matches = SelectorMatches::new(&scope(
            "include_accounts = ['prod', 'prdo']\nexclude_accounts = ['nosuch']\nregions = ['us-east-1', 'eu-*']\n\
             exclude_log_groups = ['/typo', '/app']",
        ));
        matches.mark_account(&account("prod"));
        let unmatched = matches.unmatched(ListedLevel::Regions);
        assert_eq!(
            unmatched.inclusions,
            ["--account prdo"],
            "no Region was listed"
        );
        assert_eq!(unmatched.others, ["--exclude-account nosuch"]);
        let region = "us-east-1".parse().unwrap();
        matches.mark_region(&account("prod"), &region);
        matches.mark_log_group(&account("prod"), &region, "/app");
        assert_eq!(
            matches.unmatched(ListedLevel::LogGroups).texts(),
            [
                "--account prdo",
                "--region eu-*",
                "--exclude-account nosuch",
                "--exclude-log-group /typo"
            ]
        );
        assert!(matches.needs_log_groups());
    }

    #[test]
    fn gap_about_nothing_and_expired_gap_are_named() {
        let gap = |selection: &str, expires: &str| {
            format!(
                "[[accepted_gap]]\n{selection}\nreason = 'r'\nby = 'b'\nexpires = '{expires}'\n"
            )
        };
        let gaps = [
            gap("accounts = ['prod']", "2027-01-01"),
            gap("accounts = ['sandbx']", "2026-01-01"),
            gap("accounts = ['prod']\nregions = ['ap-*']", "2027-01-01"),
            gap("log_groups = ['/app']", "2027-01-01"),
        ];
        let matches = SelectorMatches::new(&scope(&gaps.concat()));
        matches.mark_account(&account("prod"));
        let region = "us-east-1".parse().unwrap();
        matches.mark_region(&account("prod"), &region);
        let unmatched = |matches: &SelectorMatches| {
            matches.unmatched_with_gaps("2026-03-01T00:00:00Z".parse().unwrap())
        };
        assert_eq!(
            unmatched(&matches).others,
            [
                "accepted gap 2 (accounts sandbx, expired 2026-01-01)",
                "accepted gap 3 (accounts prod, regions ap-*)",
                "accepted gap 4 (log_groups /app)"
            ]
        );
        matches.mark_log_group(&account("prod"), &region, "/app");
        assert_eq!(unmatched(&matches).others.len(), 2);
    }
}
