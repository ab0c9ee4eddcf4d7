//! Decides which log groups are divided among shards, and gives their slices away. Pure.
//!
//! The quota of `FilterLogEvents` belongs to an account-Region, so a log group that makes up most of a
//! shard is the largest thing that cannot be divided otherwise: the log group of an organization's
//! trail. Each slice has an explicit fraction of that quota, which `log_fractions` decides.

use std::collections::BTreeSet;

use super::balance::{AccountCost, ReadCost};
use super::plan::{ShardSpec, owners_of};
use crate::sweep::{PlanSheet, SlicedGroup};
use dragnet_model::LogGroupArn;

/// Into how many shards a sweep is divided, and which log groups are divided too.
#[derive(Clone, Copy, Debug)]
pub struct PlanSize {
    /// The number of shards.
    pub shards: usize,
    /// The fewest pages of a slice.
    pub slice_pages: f64,
    /// What a slice is of an average shard, about.
    pub slice_load: f64,
}

impl PlanSize {
    /// The usual sizes of slices. Smaller ones cost more to enter and to look up than they save.
    pub fn new(shards: usize) -> Self {
        Self {
            shards,
            slice_pages: 100.0,
            slice_load: 0.5,
        }
    }
}

/// A log group that is divided.
#[derive(Clone, Debug)]
pub(super) struct DividedGroup {
    group: LogGroupArn,
    pages: f64,
    /// The shards of the slices after the first.
    others: Vec<usize>,
}

/// Chooses the log groups to divide, takes their slices out of the costs of their accounts, and adds
/// those to the `initial` costs of shards.
pub(super) fn divide_groups(
    sheet: &PlanSheet,
    costs: &mut [AccountCost],
    initial: &mut [ReadCost],
    (size, entering): (PlanSize, ReadCost),
) -> Vec<DividedGroup> {
    let mut divided = Vec::new();
    let average = average_cost(costs, initial.len());
    let mut next = 0;
    for (group, pages, bytes) in sheet.sliceable_groups() {
        let cost = ReadCost {
            calls: pages,
            bytes,
        };
        let number = number_of_slices(cost, average, size);
        let account = costs
            .iter_mut()
            .find(|account| account.account == group.target.account);
        let region = account.and_then(|account| account.regions.get_mut(&group.target.region));
        let Some(region) = region.filter(|_| number > 1) else {
            continue;
        };
        let slice = cost.divided(number);
        let mut others = Vec::new();
        for _ in 1..number {
            region.calls = (region.calls - slice.calls).max(0.0);
            region.bytes = (region.bytes - slice.bytes).max(0.0);
            if let Some(shard) = initial.get_mut(next) {
                shard.add(slice);
                shard.add(entering);
            }
            others.push(next);
            next = (next + 1) % initial.len().max(1);
        }
        divided.push(DividedGroup {
            group: group.clone(),
            pages,
            others,
        });
    }
    divided
}

fn average_cost(costs: &[AccountCost], shards: usize) -> ReadCost {
    let mut total = ReadCost::default();
    for account in costs {
        total.add(account.total());
    }
    total.divided(shards)
}

/// Returns into how many slices a log group is divided, at most as many as there are shards.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "estimates of 0 or more; a cast of a larger one saturates"
)]
fn number_of_slices(cost: ReadCost, average: ReadCost, size: PlanSize) -> usize {
    let wanted = (cost.load(average) / size.slice_load).ceil() as usize;
    let most = (cost.calls / size.slice_pages).floor() as usize;
    wanted.min(most).min(size.shards)
}

/// Says which shard reads which slice, once the owners of the account-Regions are known. No shard reads
/// two slices of a log group.
pub(super) fn assign_slices(
    divided: Vec<DividedGroup>,
    range: (i64, i64),
    specs: &[ShardSpec],
) -> Vec<SlicedGroup> {
    let owners = owners_of(specs);
    let assign = |divided: DividedGroup| {
        let owner = owners.owner(&divided.group.target);
        let mut used: BTreeSet<usize> = divided.others.iter().copied().collect();
        used.insert(owner);
        let mut shards = vec![owner];
        for other in divided.others {
            let spare = || (0..specs.len()).find(|shard| !used.contains(shard));
            let shard = if other == owner { spare() } else { Some(other) };
            shards.extend(shard);
        }
        SlicedGroup::new(divided.group, range, shards, to_pages(divided.pages))
    };
    divided.into_iter().map(assign).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of 0 or more; a cast of a larger one saturates"
)]
fn to_pages(pages: f64) -> u64 {
    pages.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::RegionPart;

    #[test]
    fn large_log_group_has_several_slices_and_a_small_one_has_one() {
        let average = ReadCost {
            calls: 1_000.0,
            bytes: 0.0,
        };
        let slices = |pages: f64| {
            let cost = ReadCost {
                calls: pages,
                bytes: 0.0,
            };
            number_of_slices(cost, average, PlanSize::new(8))
        };
        assert_eq!(
            [100.0, 500.0, 501.0, 2_000.0, 1e6].map(slices),
            [1, 1, 2, 4, 8]
        );
    }

    #[test]
    fn no_shard_has_two_slices_of_a_log_group() {
        let group: LogGroupArn = "arn:aws:logs:eu-west-1:111111111111:log-group:/trail"
            .parse()
            .unwrap();
        for owner in 0..4 {
            let mut specs = vec![ShardSpec::default(); 4];
            let all = RegionPart::AllExcept(BTreeSet::new());
            specs[owner].accounts.insert(group.target.account, all);
            let divided = DividedGroup {
                group: group.clone(),
                pages: 400.0,
                others: vec![0, 1, 2],
            };
            let sliced = assign_slices(vec![divided], (0, 4_000), &specs);
            assert_eq!(sliced[0].shards[0], owner);
            let distinct: BTreeSet<usize> = sliced[0].shards.iter().copied().collect();
            assert_eq!(distinct.len(), 4, "{:?}", sliced[0]);
            assert_eq!(sliced[0].starts_ms, [1_000, 2_000, 3_000]);
        }
    }
}
