//! `[limits.quotas]`: quotas that AWS has raised, or that Dragnet should use less of.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::KnownRegions;
use super::error::Problem;
use dragnet_model::Region;

/// Rates by operation, which replace AWS's defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QuotaOverrides(BTreeMap<String, QuotaOverride>);

impl QuotaOverrides {
    /// Returns each rate in calls per second, by operation and Region. `None` stands for all other
    /// Regions and comes before the individual Regions.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&Region>, f64)> {
        self.0.iter().flat_map(|(operation, quota)| {
            let default = quota.default.map(|rate| (operation.as_str(), None, rate));
            let exceptions = quota
                .regions
                .iter()
                .map(|(region, rate)| (operation.as_str(), Some(region), *rate));
            default.into_iter().chain(exceptions)
        })
    }

    /// Returns the operations that have an override.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there are no overrides.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn check(&self, known: &KnownRegions<'_>) -> Result<(), Problem> {
        for (operation, quota) in &self.0 {
            for region in quota.regions.keys() {
                known
                    .check(region)
                    .map_err(|error| Problem::new(region.as_str(), error).under(operation))?;
            }
        }
        Ok(())
    }
}

/// The rates of one operation in calls per second: one number for every Region, or a default and
/// exceptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct QuotaOverride {
    default: Option<f64>,
    #[serde(flatten)]
    regions: BTreeMap<Region, f64>,
}

impl<'de> Deserialize<'de> for QuotaOverride {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrTable)
    }
}

struct NumberOrTable;

impl<'de> Visitor<'de> for NumberOrTable {
    type Value = QuotaOverride;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "calls per second, as a number or as a table such as { default = 10, us-east-1 = 25 }",
        )
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        self.visit_f64(i32::try_from(number).map_or(f64::INFINITY, f64::from))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(QuotaOverride {
            default: Some(Rate::try_from(number).map_err(E::custom)?.0),
            ..QuotaOverride::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut quota = QuotaOverride::default();
        while let Some(key) = map.next_key::<String>()? {
            let Rate(rate) = map.next_value()?;
            if key == "default" {
                quota.default = Some(rate);
            } else {
                quota
                    .regions
                    .insert(key.parse().map_err(de::Error::custom)?, rate);
            }
        }
        Ok(quota)
    }
}

/// A rate that the rate limiter supports: more than 0 calls per second, and no more than AWS grants
/// anywhere.
#[derive(Deserialize)]
#[serde(try_from = "f64")]
struct Rate(f64);

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        if (0.01..=10_000.0).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!(
                "a rate must be between 0.01 and 10000 calls per second, but is {number}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_or_default_with_exceptions() {
        let quotas: QuotaOverrides = toml::from_str(
            "FilterLogEvents = { default = 10, us-east-1 = 25.5 }\nDescribeLogGroups = 3",
        )
        .unwrap();
        let rates: Vec<_> = quotas
            .iter()
            .map(|(operation, at, rate)| (operation, at.map(Region::as_str), rate))
            .collect();
        assert_eq!(
            rates,
            [
                ("DescribeLogGroups", None, 3.0),
                ("FilterLogEvents", None, 10.0),
                ("FilterLogEvents", Some("us-east-1"), 25.5)
            ]
        );
        for bad in [
            "A = 0",
            "A = -1",
            "A = nan",
            "A = { default = inf }",
            "A = { nowhere = 1 }",
            "A = true",
        ] {
            assert!(toml::from_str::<QuotaOverrides>(bad).is_err(), "{bad}");
        }
    }
}
