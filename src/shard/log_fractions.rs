//! Divides the quotas of `FilterLogEvents` in account-Regions whose log groups several shards read. Pure.
//!
//! The liveness check of a shard compares its event histories with the log group of the organization's
//! trail, which belongs to another shard.

use std::collections::BTreeMap;

use super::fractions::{fractions, to_number};
use super::plan::{ShardSpec, owners_of};
use crate::sweep::{DiscoveredSources, PlanSheet, ShardOwners, SlicedGroup};
use dragnet_model::{LogSource, Target};

/// Gives each shard its fraction of the quotas that it shares with others.
pub(super) fn share_log_quotas(sheet: &PlanSheet, sliced: &[SlicedGroup], specs: &mut [ShardSpec]) {
    let owners = owners_of(specs);
    let mut readers = find_readers(sheet.found(), &owners);
    for group in sliced {
        let compared = readers.entry(group.group.target.clone()).or_default();
        for shard in &group.shards {
            compared.entry(*shard).or_default();
        }
    }
    for (target, compared) in readers {
        if compared.len() < 2 {
            continue;
        }
        let owner = owners.owner(&target);
        let groups: Vec<&SlicedGroup> = sliced
            .iter()
            .filter(|group| group.group.target == target)
            .collect();
        let calls = sheet.targets().get(&target).map_or(0.0, |plan| plan.calls);
        let needed: Vec<f64> = compared
            .iter()
            .map(|(shard, targets)| {
                pages_of_shard(*shard, owner, (&groups, calls)) + calls_to_compare(*targets)
            })
            .collect();
        for (shard, fraction) in compared.into_keys().zip(fractions(&needed)) {
            if let Some(spec) = specs.get_mut(shard) {
                spec.log_fractions.push((target.clone(), fraction));
            }
        }
    }
}

/// Returns about how many calls the liveness check of this many account-Regions takes in a log group: two
/// records of each, of which one call asks for some.
fn calls_to_compare(targets: usize) -> f64 {
    2.0 + to_number(targets) / 8.0
}

/// Returns about how many pages a shard reads in an account-Region with these log groups that are divided.
/// `calls` is what reading all its log groups takes.
#[expect(
    clippy::cast_precision_loss,
    reason = "estimates need not be exact above 2^52"
)]
fn pages_of_shard(shard: usize, owner: usize, (groups, calls): (&[&SlicedGroup], f64)) -> f64 {
    let pages = |group: &&SlicedGroup| group.pages as f64;
    let slices = groups.iter().filter(|group| group.shards.contains(&shard));
    let in_slices: f64 = slices
        .map(|group| pages(group) / to_number(group.shards.len().max(1)))
        .sum();
    if shard != owner {
        return in_slices;
    }
    let divided: f64 = groups.iter().map(pages).sum();
    // The owner lists the log groups, so that it needs something in any case.
    in_slices + (calls - divided).max(1.0)
}

/// How many account-Regions of each shard are compared with log groups.
type ComparedTargets = BTreeMap<usize, usize>;

/// Returns which shards read log groups of trails, by the account-Region of the log groups.
fn find_readers(
    found: &DiscoveredSources,
    owners: &ShardOwners,
) -> BTreeMap<Target, ComparedTargets> {
    let trails: BTreeMap<&str, &LogSource> = found
        .log_sources
        .iter()
        .map(|trail| (trail.via.as_str(), trail))
        .collect();
    let mut readers: BTreeMap<Target, ComparedTargets> = BTreeMap::new();
    for group in &found.compared_groups {
        let shards = readers.entry(group.target.clone()).or_default();
        shards.entry(owners.owner(&group.target)).or_default();
    }
    for lookup in &found.lookups {
        let reader = owners.owner(&lookup.target);
        let names = lookup.result.iter().flatten();
        let trails = names.filter_map(|name| trails.get(name.as_str()));
        for group in trails.filter_map(|trail| trail.log_group()) {
            if found.compared_groups.contains(group)
                && let Some(shards) = readers.get_mut(&group.target)
            {
                *shards.entry(reader).or_default() += 1;
            }
        }
    }
    readers
}
