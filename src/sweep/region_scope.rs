//! Decides which Regions of an account are in scope.

use std::collections::BTreeSet;

use super::member::Member;
use super::shard_part::ShardPart;
use crate::aws::EnabledRegion;
use crate::config::Scope;
use crate::store::ScopeMembership;
use dragnet_model::{AccountId, Region, Target};

/// The Regions of an account that are in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionScope {
    /// Those that the account has enabled, in the order of the list from AWS.
    pub enabled: Vec<EnabledRegion>,
    /// Those that are in scope by name but not enabled in the account.
    pub missing: BTreeSet<Region>,
}

impl RegionScope {
    /// Selects the Regions in scope from those that an account has enabled. The configuration of
    /// the account can narrow the selection further.
    pub fn new(scope: &Scope, member: &Member, enabled: Vec<EnabledRegion>) -> Self {
        let configured = own_regions(member);
        let in_scope = |region: &Region| selects_region(scope, member, region);
        let is_enabled = |region: &Region| enabled.iter().any(|enabled| enabled.region == *region);
        let named = scope.named_regions().chain(configured);
        let missing = named
            .filter(|region| in_scope(region) && !is_enabled(region))
            .cloned()
            .collect();
        Self {
            enabled: enabled
                .into_iter()
                .filter(|enabled| in_scope(&enabled.region))
                .collect(),
            missing,
        }
    }

    /// Keeps the Regions of an account that belong to a shard.
    pub(super) fn keep_owned(&mut self, account: AccountId, part: &ShardPart) {
        let owns = |region: &Region| {
            part.owns(&Target {
                account,
                region: region.clone(),
            })
        };
        self.enabled.retain(|enabled| owns(&enabled.region));
        self.missing.retain(owns);
    }
}

/// Returns whether a Region of an account is in scope, provided that it is enabled.
pub(super) fn selects_region(scope: &Scope, member: &Member, region: &Region) -> bool {
    let configured = own_regions(member);
    scope.has_region(region) && (configured.is_empty() || configured.contains(region))
}

/// Returns whether an account-Region is in scope, provided that the Region is enabled.
pub(super) fn is_in_scope(scope: &Scope, member: &Member, region: &Region) -> bool {
    member.membership == ScopeMembership::InScope && selects_region(scope, member, region)
}

fn own_regions(member: &Member) -> &[Region] {
    member
        .configured
        .as_ref()
        .map_or(&[], |account| &account.regions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfiguredAccount;
    use dragnet_model::{Account, AccountState};

    fn enabled_and_missing(scope: &[&str], configured: &[&str]) -> (Vec<String>, Vec<String>) {
        let id = "111111111111".parse().unwrap();
        let configured = ConfiguredAccount {
            regions: configured
                .iter()
                .map(|name| name.parse().unwrap())
                .collect(),
            ..ConfiguredAccount::new(id)
        };
        let member = Member {
            account: Account {
                id,
                name: String::new(),
                state: AccountState::Active,
            },
            membership: ScopeMembership::InScope,
            configured: Some(configured),
            listed: None,
        };
        let scope = Scope {
            regions: scope.iter().map(|name| name.parse().unwrap()).collect(),
            ..Scope::default()
        };
        let enabled = ["eu-west-1", "us-east-1"].map(|name| EnabledRegion {
            region: name.parse().unwrap(),
            opt_in_status: String::new(),
            endpoint: String::new(),
        });
        let selected = RegionScope::new(&scope, &member, enabled.to_vec());
        let enabled = selected
            .enabled
            .iter()
            .map(|enabled| enabled.region.to_string())
            .collect();
        (
            enabled,
            selected.missing.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn named_region_that_is_not_enabled_is_missing() {
        assert_eq!(enabled_and_missing(&[], &[]).0, ["eu-west-1", "us-east-1"]);
        assert_eq!(
            enabled_and_missing(&["eu-*"], &[]),
            (vec!["eu-west-1".to_owned()], vec![]),
            "a pattern names no Region"
        );
        assert_eq!(
            enabled_and_missing(&["us-east-1", "af-south-1"], &[]).1,
            ["af-south-1"]
        );
        assert_eq!(
            enabled_and_missing(&[], &["eu-west-1", "af-south-1"]),
            (vec!["eu-west-1".to_owned()], vec!["af-south-1".to_owned()])
        );
        assert_eq!(
            enabled_and_missing(&["us-*"], &["eu-west-1"]),
            (vec![], vec![])
        );
    }
}
