//! Resolves what the tables of a scenario refer to: account-Regions, log groups and policies.

use jiff::Timestamp;

use super::ScenarioError;
use super::names::Names;
use crate::logs::{StoredGroup, serial_salt};
use crate::policy::PolicyKind;
use crate::world::{Policy, World};
use dragnet_model::{AccountId, LogGroupClass, Region};

pub(super) fn undefined_reference(
    table: &'static str,
    what: &'static str,
    name: impl Into<String>,
) -> ScenarioError {
    ScenarioError::Undefined {
        table,
        what,
        name: name.into(),
    }
}

pub(super) fn parse_policy(
    name: &str,
    text: &str,
    kind: PolicyKind,
) -> Result<Policy, ScenarioError> {
    Policy::parse(text, kind).map_err(|error| ScenarioError::MalformedPolicy {
        name: name.to_owned(),
        problem: error.to_string(),
    })
}

/// The account-Regions that match both selections and are enabled.
pub(super) fn account_regions(
    world: &World,
    accounts: &Names,
    regions: &Names,
) -> Vec<(AccountId, Region)> {
    let selected = world
        .accounts
        .values()
        .filter(|account| accounts.include_account(account.id, &account.name));
    let account_regions = selected.flat_map(|account| {
        world
            .regions
            .all()
            .map(move |(region, _)| (account.id, region.clone()))
    });
    account_regions
        .filter(|(account, region)| {
            regions.include(region.as_str()) && world.is_region_enabled(*account, region)
        })
        .collect()
}

/// Returns the log group with this name. It is created with default settings if no `[[groups]]`
/// table defines it.
pub(super) fn open_group<'a>(
    world: &'a mut World,
    account: AccountId,
    region: &Region,
    name: &str,
    created: Timestamp,
) -> Option<&'a mut StoredGroup> {
    let store = world
        .account_mut(account)?
        .logs
        .entry(region.clone())
        .or_default();
    let new_group = || {
        StoredGroup::new(
            LogGroupClass::Standard,
            created.as_millisecond(),
            serial_salt(name),
        )
    };
    Some(
        store
            .groups
            .entry(name.to_owned())
            .or_insert_with(new_group),
    )
}
