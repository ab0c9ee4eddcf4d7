//! `[scope]`: which accounts, Regions and log groups are searched.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::{
    AcceptedGap, AccountSelector, Glob, KnownRegions, OuSelector, RegionSelector, TagSelector,
};
use dragnet_model::{Account, Region};

/// Inclusions and exclusions. An empty list of inclusions means everything; an exclusion always
/// wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Include only these accounts.
    pub include_accounts: Vec<AccountSelector>,
    /// Exclude these accounts.
    pub exclude_accounts: Vec<AccountSelector>,
    /// Include only accounts in one of these organizational units or below. Not written if empty,
    /// so that the hash of the settings of older runs stays the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ous: Vec<OuSelector>,
    /// Include only accounts with one of these values for each key. Not written if empty, as above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagSelector>,
    /// Include only these Regions.
    pub regions: Vec<RegionSelector>,
    /// Exclude these Regions.
    pub exclude_regions: Vec<RegionSelector>,
    /// Include only log groups whose names match one of these globs.
    pub log_groups: Vec<Glob>,
    /// Exclude log groups whose names match one of these globs.
    pub exclude_log_groups: Vec<Glob>,
    /// Regions that are newer than this build and therefore unknown to it.
    pub new_regions: Vec<Region>,
    /// Gaps that are accepted.
    pub accepted_gap: Vec<AcceptedGap>,
    /// How a sweep treats account-Regions whose CloudTrail log sources were not searched.
    pub sources: SourcesRule,
    /// Whether a sweep compares the log groups of trails with the event history. Not written if it does,
    /// so that the hash of the settings of older runs stays the same.
    #[serde(skip_serializing_if = "LivenessRule::is_default")]
    pub liveness: LivenessRule,
}

/// Whether a sweep compares the log groups of trails with the event history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LivenessRule {
    /// It compares some records of each account-Region.
    #[default]
    Check,
    /// It does not.
    Skip,
}

impl LivenessRule {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes fields by reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How a sweep treats account-Regions whose CloudTrail log sources were not searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourcesRule {
    /// The sweep is incomplete.
    #[default]
    Require,
    /// The sweep reports it, but is not incomplete because of it.
    Report,
}

impl Scope {
    /// Whether the selectors by id and name include the account. Organizational units and tags
    /// restrict the scope further.
    pub fn has_account(&self, account: &Account) -> bool {
        is_selected(&self.include_accounts, &self.exclude_accounts, |selector| {
            selector.matches(account)
        })
    }

    /// Whether the scope includes only accounts that something selects.
    pub fn is_limited_to_accounts(&self) -> bool {
        !(self.include_accounts.is_empty() && self.ous.is_empty() && self.tags.is_empty())
    }

    /// Whether an account with these tags is in scope: for each key of the selectors, it must have
    /// one of the selected values.
    pub fn has_tags(&self, tags: &BTreeMap<String, String>) -> bool {
        self.tags.iter().all(|required| {
            let same_key = self.tags.iter().filter(|tag| tag.key == required.key);
            let values: Vec<&String> = same_key.map(|tag| &tag.value).collect();
            tags.get(&required.key)
                .is_some_and(|value| values.contains(&value))
        })
    }

    /// Whether the Region is in scope.
    pub fn has_region(&self, region: &Region) -> bool {
        is_selected(&self.regions, &self.exclude_regions, |selector| {
            selector.matches(region)
        })
    }

    /// Whether a sweep is incomplete if the CloudTrail log source of an account-Region was not
    /// searched. A sweep that is restricted to certain log groups only has to cover these.
    pub fn requires_sources(&self) -> bool {
        self.sources == SourcesRule::Require && self.log_groups.is_empty()
    }

    /// Whether a log group of this name is in scope.
    pub fn has_log_group(&self, name: &str) -> bool {
        is_selected(&self.log_groups, &self.exclude_log_groups, |glob| {
            glob.is_match(name)
        })
    }

    /// Returns the Regions in scope that were requested by name. The coverage must name each
    /// account that has not enabled one of them.
    pub fn named_regions(&self) -> impl Iterator<Item = &Region> {
        let named = self.regions.iter().filter_map(|selector| match selector {
            RegionSelector::Name(region) => Some(region),
            RegionSelector::Pattern(_) => None,
        });
        named.filter(|region| self.has_region(region))
    }

    /// Returns the accepted gap, if any, that applies at the time `at` to an account, one of its
    /// Regions, or a log group.
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

    /// Returns the Regions that may be named.
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

fn is_selected<S>(included: &[S], excluded: &[S], matches: impl Fn(&S) -> bool) -> bool {
    (included.is_empty() || included.iter().any(&matches)) && !excluded.iter().any(&matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusions_take_precedence() {
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

    #[test]
    fn every_key_must_have_one_of_its_values() {
        let tags = ["env=prod", "env=staging", "team=red"].map(|text| text.parse().unwrap());
        let scope = Scope {
            tags: tags.to_vec(),
            ..Scope::default()
        };
        let has_tags = |tags: &[(&str, &str)]| {
            let tags = tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            scope.has_tags(&tags.collect())
        };
        assert!(has_tags(&[("env", "staging"), ("team", "red"), ("x", "")]));
        assert!(!has_tags(&[("env", "prod")]) && !has_tags(&[("env", "dev"), ("team", "red")]));
        assert!(Scope::default().has_tags(&BTreeMap::new()));
    }
}
