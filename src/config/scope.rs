//! `[scope]`: which accounts, Regions and log groups are asked about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::{AcceptedGap, AccountSelector, Glob, KnownRegions, RegionSelector};
use crate::model::{Account, Region};

/// What is in and what is out. An empty list of inclusions means everything; an exclusion always wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Only these accounts.
    pub include_accounts: Vec<AccountSelector>,
    /// Not these accounts.
    pub exclude_accounts: Vec<AccountSelector>,
    /// Only these Regions.
    pub regions: Vec<RegionSelector>,
    /// Not these Regions.
    pub exclude_regions: Vec<RegionSelector>,
    /// Only log groups whose names have one of these forms.
    pub log_groups: Vec<Glob>,
    /// No log group whose name has one of these forms.
    pub exclude_log_groups: Vec<Glob>,
    /// Regions that are newer than this build, so that they may be named.
    pub new_regions: Vec<Region>,
    /// What is known not to be covered, and accepted.
    pub accepted_gap: Vec<AcceptedGap>,
    /// What it means that nothing which was searched records a place.
    pub sources: SourcesRule,
}

/// What it means for a sweep that nothing which was searched records the CloudTrail of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourcesRule {
    /// It is incomplete.
    #[default]
    Require,
    /// It says so.
    Report,
}

impl Scope {
    /// Whether the account is in scope.
    pub fn has_account(&self, account: &Account) -> bool {
        chosen(&self.include_accounts, &self.exclude_accounts, |selector| {
            selector.matches(account)
        })
    }

    /// Whether the Region is in scope.
    pub fn has_region(&self, region: &Region) -> bool {
        chosen(&self.regions, &self.exclude_regions, |selector| {
            selector.matches(region)
        })
    }

    /// Whether a sweep is incomplete where the CloudTrail of a place was not searched. Named log groups
    /// are all that such a sweep is asked about.
    pub fn requires_sources(&self) -> bool {
        self.sources == SourcesRule::Require && self.log_groups.is_empty()
    }

    /// Whether a log group of this name is in scope.
    pub fn has_log_group(&self, name: &str) -> bool {
        chosen(&self.log_groups, &self.exclude_log_groups, |glob| {
            glob.is_match(name)
        })
    }

    /// The Regions in scope that were asked for by name: an account that has not enabled one of them
    /// has to say so.
    pub fn named_regions(&self) -> impl Iterator<Item = &Region> {
        let named = self.regions.iter().filter_map(|selector| match selector {
            RegionSelector::Name(region) => Some(region),
            RegionSelector::Pattern(_) => None,
        });
        named.filter(|region| self.has_region(region))
    }

    /// The gap, if there is one, by which it is accepted at `at` that a place is not covered: an account,
    /// one of its Regions, or a log group.
    pub fn accepted(
        &self,
        account: &Account,
        region: Option<&Region>,
        log_group: Option<&str>,
        at: Timestamp,
    ) -> Option<&AcceptedGap> {
        self.accepted_gap
            .iter()
            .find(|gap| gap.accepts(account, region, log_group, at))
    }

    /// The Regions that may be named.
    pub fn known_regions(&self) -> KnownRegions<'_> {
        KnownRegions::with_added(&self.new_regions)
    }

    pub(super) fn check(&self, known: &KnownRegions<'_>) -> Result<(), Problem> {
        for (key, selectors) in [
            ("regions", &self.regions),
            ("exclude_regions", &self.exclude_regions),
        ] {
            for (number, selector) in selectors.iter().enumerate() {
                known
                    .check_selector(selector)
                    .map_err(|error| Problem::new(&number.to_string(), error).under(key))?;
            }
        }
        for (number, gap) in self.accepted_gap.iter().enumerate() {
            gap.check(known)
                .map_err(|problem| problem.under(number.to_string()).under("accepted_gap"))?;
        }
        Ok(())
    }
}

fn chosen<S>(included: &[S], excluded: &[S], matches: impl Fn(&S) -> bool) -> bool {
    (included.is_empty() || included.iter().any(&matches)) && !excluded.iter().any(&matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusions_win() {
        let parse = |text: &str| text.parse().unwrap();
        let scope = Scope {
            log_groups: vec!["/aws/*".parse().unwrap()],
            exclude_log_groups: vec!["*/noise".parse().unwrap()],
            regions: vec![parse("eu-west-1"), parse("eu-central-1"), parse("us-*")],
            exclude_regions: vec![parse("eu-central-*")],
            ..Scope::default()
        };
        assert!(scope.has_log_group("/aws/lambda/a"));
        assert!(!scope.has_log_group("/aws/noise") && !scope.has_log_group("app"));
        let named: Vec<&str> = scope.named_regions().map(Region::as_str).collect();
        assert_eq!(named, ["eu-west-1"]);
        assert!(Scope::default().has_log_group("anything"));
    }
}
