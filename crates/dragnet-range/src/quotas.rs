//! Throttles calls as AWS does: a token bucket for each account, Region and operation.
//!
//! A bucket holds the tokens of one second and is refilled at the rate of the quota. A throttled
//! call takes no token.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Deserialize;

use dragnet_model::{AccountId, Region};

/// The rates that AWS publishes. Dragnet's rate limiter uses the same table.
const PUBLISHED: &str = include_str!("../../../config/quotas.toml");

/// Whether calls are throttled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quotas {
    /// At the rates that AWS publishes.
    Real,
    /// Calls are not throttled.
    #[default]
    Off,
}

/// The rates, and a bucket for each account, Region and operation that has been called.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    rates: Option<Rates>,
    buckets: HashMap<(AccountId, Region, String), Bucket>,
    /// The buckets of S3's operations, by operation and partition.
    partitions: HashMap<(String, String), Bucket>,
}

/// A part of an S3 bucket with its own request rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// The name of the bucket and the prefix of the keys.
    pub(crate) name: String,
    /// The requests per second, if the scenario sets them.
    pub(crate) rate: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Rates {
    default: f64,
    #[serde(flatten)]
    operations: BTreeMap<String, Rate>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Rate {
    Everywhere(f64),
    /// Maps a rate to the Regions that have it. Other Regions have the lowest rate.
    ByRegion(BTreeMap<String, Vec<Region>>),
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Timestamp,
}

impl Limiter {
    /// Returns a limiter for the chosen quotas.
    ///
    /// # Errors
    /// The table of rates cannot be read.
    pub(crate) fn new(quotas: Quotas) -> Result<Self, toml::de::Error> {
        let rates = match quotas {
            Quotas::Real => Some(toml::from_str(PUBLISHED)?),
            Quotas::Off => None,
        };
        Ok(Self {
            rates,
            buckets: HashMap::new(),
            partitions: HashMap::new(),
        })
    }

    /// Takes the token of a call from its bucket. Returns `false` if no token is left.
    pub(crate) fn admit(
        &mut self,
        operation: &str,
        account: AccountId,
        region: &Region,
        now: Timestamp,
    ) -> bool {
        let Some(rates) = &self.rates else {
            return true;
        };
        let rate = rates.rate_for(operation, region);
        let key = (account, region.clone(), operation.to_owned());
        let bucket = self.buckets.entry(key).or_insert(Bucket::full(rate, now));
        bucket.take(rate, now)
    }

    /// Takes the token of a call to a part of an S3 bucket, regardless of the caller. Returns `false`
    /// if no token is left.
    pub(crate) fn admit_to_partition(
        &mut self,
        operation: &str,
        partition: Partition,
        region: &Region,
        now: Timestamp,
    ) -> bool {
        let Some(rates) = &self.rates else {
            return true;
        };
        let rate = partition
            .rate
            .map_or_else(|| rates.rate_for(operation, region), f64::from);
        let key = (operation.to_owned(), partition.name);
        let bucket = self
            .partitions
            .entry(key)
            .or_insert(Bucket::full(rate, now));
        bucket.take(rate, now)
    }
}

impl Bucket {
    fn full(rate: f64, now: Timestamp) -> Self {
        Self {
            tokens: rate.max(1.0),
            filled: now,
        }
    }

    /// Refills the bucket at `rate` and takes a token, if one is left.
    fn take(&mut self, rate: f64, now: Timestamp) -> bool {
        let elapsed = now.duration_since(self.filled).as_secs_f64().max(0.0);
        self.tokens = rate.max(1.0).min(self.tokens + elapsed * rate);
        self.filled = now;
        let admitted = self.tokens >= 1.0;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }
}

impl Rates {
    /// The rate in calls per second.
    fn rate_for(&self, operation: &str, region: &Region) -> f64 {
        match self.operations.get(operation) {
            None => self.default,
            Some(Rate::Everywhere(rate)) => *rate,
            Some(Rate::ByRegion(rates)) => {
                let lowest_rate = |selects: &dyn Fn(&[Region]) -> bool| {
                    let rates = rates.iter().filter(|(_, regions)| selects(regions));
                    rates
                        .filter_map(|(rate, _)| rate.parse().ok())
                        .reduce(f64::min)
                };
                lowest_rate(&|regions| regions.contains(region))
                    .or_else(|| lowest_rate(&|_| true))
                    .unwrap_or(self.default)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted_calls(
        limiter: &mut Limiter,
        operation: &str,
        region: &str,
        milliseconds: i64,
    ) -> usize {
        let account = "111111111111".parse().unwrap();
        let region = region.parse().unwrap();
        let now = Timestamp::from_millisecond(milliseconds).unwrap();
        (0..1_000)
            .filter(|_| limiter.admit(operation, account, &region, now))
            .count()
    }

    #[test]
    fn bucket_holds_one_second_and_refills_at_the_rate() {
        let mut limiter = Limiter::new(Quotas::Real).unwrap();
        assert_eq!(
            admitted_calls(&mut limiter, "FilterLogEvents", "us-east-1", 0),
            25
        );
        assert_eq!(
            admitted_calls(&mut limiter, "FilterLogEvents", "us-east-1", 200),
            5
        );
        assert_eq!(
            admitted_calls(&mut limiter, "FilterLogEvents", "eu-central-1", 200),
            5
        );
        assert_eq!(
            admitted_calls(&mut limiter, "FilterLogEvents", "xx-unknown-1", 200),
            5
        );
        assert_eq!(
            admitted_calls(&mut limiter, "DescribeLogGroups", "us-east-1", 200),
            10
        );
        assert_eq!(
            admitted_calls(&mut limiter, "LookupEvents", "us-east-1", 200),
            2
        );
    }

    #[test]
    fn partitions_of_a_bucket_have_rates_of_their_own() {
        let mut limiter = Limiter::new(Quotas::Real).unwrap();
        let region = "us-east-1".parse().unwrap();
        let mut admitted = |name: &str, rate: Option<u32>| {
            let partition = Partition {
                name: name.to_owned(),
                rate,
            };
            let now = Timestamp::UNIX_EPOCH;
            (0..6_000)
                .filter(|_| {
                    limiter.admit_to_partition("GetObject", partition.clone(), &region, now)
                })
                .count()
        };
        assert_eq!(admitted("b/a/", Some(3)), 3);
        assert_eq!(admitted("b/a/", Some(3)), 0);
        assert_eq!(admitted("b/", None), 5_500);
    }

    #[test]
    fn calls_are_not_throttled_when_off() {
        assert_eq!(
            admitted_calls(
                &mut Limiter::new(Quotas::Off).unwrap(),
                "FilterLogEvents",
                "us-east-1",
                0
            ),
            1_000
        );
    }
}
