//! Distributes accounts over shards, so that none takes much longer than the others. Pure.
//!
//! A shard takes as long as its calls and its bytes, so both are balanced: the load of a shard is the
//! larger of its two fractions, and 1 is the average. An account is entered once if all its Regions
//! are in one shard, so accounts are given away as a whole, the largest first. Only an account that
//! would make its shard too large is split, by Regions: a quota belongs to one account-Region.

use std::collections::{BTreeMap, BTreeSet};

use dragnet_model::{AccountId, Region};

use crate::sweep::RegionPart;

/// How far a whole account may raise the load of a shard above the average.
const WHOLE_ACCOUNT_LIMIT: f64 = 1.05;

/// What something takes to read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReadCost {
    /// The number of calls.
    pub calls: f64,
    /// The number of bytes.
    pub bytes: f64,
}

/// What an account takes to read.
#[derive(Clone, Debug)]
pub struct AccountCost {
    /// The account.
    pub account: AccountId,
    /// What it takes to enter it.
    pub entering: ReadCost,
    /// What each of its Regions takes.
    pub regions: BTreeMap<Region, ReadCost>,
}

/// What a shard was given.
#[derive(Clone, Debug, Default)]
pub struct ShardLoad {
    /// The accounts, or parts of them.
    pub accounts: BTreeMap<AccountId, RegionPart>,
    /// What they take to read.
    pub cost: ReadCost,
}

impl ReadCost {
    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.bytes += other.bytes;
    }

    /// Returns the larger of both fractions of an average shard.
    pub(super) fn load(self, average: Self) -> f64 {
        let fraction = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        fraction(self.calls, average.calls).max(fraction(self.bytes, average.bytes))
    }

    /// Returns an equal part of it.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the number of shards is far below 2^52"
    )]
    pub(super) fn divided(self, number: usize) -> Self {
        let number = number.max(1) as f64;
        Self {
            calls: self.calls / number,
            bytes: self.bytes / number,
        }
    }

    fn plus(mut self, other: Self) -> Self {
        self.add(other);
        self
    }
}

impl AccountCost {
    pub(super) fn total(&self) -> ReadCost {
        let mut total = self.entering;
        for cost in self.regions.values() {
            total.add(*cost);
        }
        total
    }
}

/// Distributes accounts over shards, of which each has something to read already. There is at least one.
pub fn balance(accounts: &[AccountCost], initial: &[ReadCost]) -> Vec<ShardLoad> {
    let mut shards: Vec<ShardLoad> = initial
        .iter()
        .map(|cost| ShardLoad {
            cost: *cost,
            ..ShardLoad::default()
        })
        .collect();
    if shards.is_empty() {
        shards.push(ShardLoad::default());
    }
    let mut total = ReadCost::default();
    for cost in initial {
        total.add(*cost);
    }
    for account in accounts {
        total.add(account.total());
    }
    let average = total.divided(shards.len());
    let mut balancer = Balancer { average, shards };
    let mut order: Vec<&AccountCost> = accounts.iter().collect();
    order.sort_by(|one, other| {
        let load = |account: &AccountCost| account.total().load(average);
        load(other)
            .total_cmp(&load(one))
            .then(one.account.cmp(&other.account))
    });
    for account in order {
        balancer.add_account(account);
    }
    balancer.shards
}

struct Balancer {
    average: ReadCost,
    shards: Vec<ShardLoad>,
}

impl Balancer {
    fn add_account(&mut self, account: &AccountCost) {
        let total = account.total();
        let (index, load) = self.best_shard(total);
        if load <= WHOLE_ACCOUNT_LIMIT || account.regions.len() < 2 {
            let part = RegionPart::AllExcept(BTreeSet::new());
            self.give(index, account.account, part, total);
            return;
        }
        self.split(account);
    }

    /// Gives the Regions of an account to several shards, the largest first. One takes Regions until it
    /// has reached the average.
    fn split(&mut self, account: &AccountCost) {
        let mut regions: Vec<(&Region, ReadCost)> = account
            .regions
            .iter()
            .map(|(region, cost)| (region, *cost))
            .collect();
        regions.sort_by(|one, other| {
            let load = |cost: ReadCost| cost.load(self.average);
            load(other.1)
                .total_cmp(&load(one.1))
                .then_with(|| one.0.cmp(other.0))
        });
        let mut parts: BTreeMap<usize, BTreeSet<Region>> = BTreeMap::new();
        let mut current: Option<usize> = None;
        let mut main = None;
        for (region, cost) in regions {
            let fitting = current.filter(|index| self.load_with(*index, cost) <= 1.0);
            let index = fitting.unwrap_or_else(|| self.best_shard(cost).0);
            let mut added = cost;
            if !parts.contains_key(&index) {
                added.add(account.entering);
            }
            if let Some(shard) = self.shards.get_mut(index) {
                shard.cost.add(added);
            }
            parts.entry(index).or_default().insert(region.clone());
            main.get_or_insert(index);
            current = Some(index);
        }
        let others = |index: usize| {
            let others = parts.iter().filter(|(other, _)| **other != index);
            others.flat_map(|(_, regions)| regions.clone()).collect()
        };
        for (index, regions) in &parts {
            let part = if main == Some(*index) {
                RegionPart::AllExcept(others(*index))
            } else {
                RegionPart::Only(regions.clone())
            };
            self.give(*index, account.account, part, ReadCost::default());
        }
    }

    fn give(&mut self, index: usize, account: AccountId, part: RegionPart, cost: ReadCost) {
        if let Some(shard) = self.shards.get_mut(index) {
            shard.accounts.insert(account, part);
            shard.cost.add(cost);
        }
    }

    fn load_with(&self, index: usize, cost: ReadCost) -> f64 {
        let shard = self.shards.get(index);
        shard.map_or(f64::INFINITY, |shard| {
            shard.cost.plus(cost).load(self.average)
        })
    }

    /// Returns the shard that has the smallest load with this, and that load.
    fn best_shard(&self, cost: ReadCost) -> (usize, f64) {
        let loads = (0..self.shards.len()).map(|index| (index, self.load_with(index, cost)));
        loads
            .min_by(|one, other| one.1.total_cmp(&other.1))
            .unwrap_or((0, f64::INFINITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGIONS: [&str; 17] = [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ];
    const ENTERING: ReadCost = ReadCost {
        calls: 2.0,
        bytes: 0.0,
    };

    /// Accounts whose sizes differ by orders of magnitude.
    fn organization(number: u64, seed: u64) -> Vec<AccountCost> {
        let mut random = fastrand::Rng::with_seed(seed);
        let accounts = (1..=number).map(|number| {
            let size = (random.f64() * 6.0).exp();
            let regions = REGIONS.map(|name| {
                let share = (random.f64() * 4.0).exp();
                let cost = ReadCost {
                    calls: 6.0 + size * share,
                    bytes: 1e5 * size * (random.f64() * 4.0).exp(),
                };
                (name.parse().unwrap(), cost)
            });
            AccountCost {
                account: format!("{number:012}").parse().unwrap(),
                entering: ENTERING,
                regions: regions.into(),
            }
        });
        accounts.collect()
    }

    /// The longest shard and the largest account-Region, as fractions of the mean.
    fn longest(accounts: &[AccountCost], shards: &[ShardLoad]) -> (f64, f64) {
        let number = f64::from(u32::try_from(shards.len()).unwrap());
        let mut total = ReadCost::default();
        for shard in shards {
            total.add(shard.cost);
        }
        let mean = ReadCost {
            calls: total.calls / number,
            bytes: total.bytes / number,
        };
        let loads = shards.iter().map(|shard| shard.cost.load(mean));
        let units = accounts.iter().flat_map(|account| account.regions.values());
        let units = units.map(|cost| cost.plus(ENTERING).load(mean));
        (loads.fold(0.0, f64::max), units.fold(0.0, f64::max))
    }

    #[test]
    fn five_thousand_accounts_are_balanced_over_64_shards() {
        for seed in 0..5 {
            let accounts = organization(5_000, seed);
            let shards = balance(&accounts, &[ReadCost::default(); 64]);
            let (longest, unit) = longest(&accounts, &shards);
            assert!(longest <= f64::max(1.15, unit), "{seed}: {longest} {unit}");
        }
    }

    #[test]
    fn few_accounts_are_split_no_more_than_necessary() {
        let equal: Vec<AccountCost> = organization(100, 1)
            .into_iter()
            .map(|account| AccountCost {
                regions: account
                    .regions
                    .into_keys()
                    .map(|region| {
                        (
                            region,
                            ReadCost {
                                calls: 10.0,
                                bytes: 1e6,
                            },
                        )
                    })
                    .collect(),
                ..account
            })
            .collect();
        let shards = balance(&equal, &[ReadCost::default(); 40]);
        let (longest, _) = longest(&equal, &shards);
        assert!(longest <= 1.15, "{longest}");
        let parts: usize = shards.iter().map(|shard| shard.accounts.len()).sum();
        assert!(parts <= 160, "{parts} parts of 100 accounts");
    }

    #[test]
    fn every_region_of_every_account_is_in_one_shard() {
        let mut accounts = organization(50, 3);
        // One account is larger than all others.
        for cost in accounts[0].regions.values_mut() {
            cost.calls *= 1e4;
        }
        for number in [1, 7, 64] {
            let shards = balance(&accounts, &vec![ReadCost::default(); number]);
            assert_eq!(shards.len(), number);
            for account in &accounts {
                let parts: Vec<&RegionPart> = shards
                    .iter()
                    .filter_map(|shard| shard.accounts.get(&account.account))
                    .collect();
                assert_eq!(parts.iter().filter(|part| part.is_main()).count(), 1);
                for region in account.regions.keys() {
                    let owners = parts.iter().filter(|part| part.contains(region)).count();
                    assert_eq!(owners, 1, "{} {region}", account.account);
                }
            }
        }
        assert_eq!(balance(&[], &[ReadCost::default(); 3]).len(), 3);
    }
}
