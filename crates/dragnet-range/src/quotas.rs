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
        let burst = rate.max(1.0);
        let key = (account, region.clone(), operation.to_owned());
        let bucket = self.buckets.entry(key).or_insert(Bucket {
            tokens: burst,
            filled: now,
        });
        let elapsed = now.duration_since(bucket.filled).as_secs_f64().max(0.0);
        bucket.tokens = burst.min(bucket.tokens + elapsed * rate);
        bucket.filled = now;
        let admitted = bucket.tokens >= 1.0;
        if admitted {
            bucket.tokens -= 1.0;
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
