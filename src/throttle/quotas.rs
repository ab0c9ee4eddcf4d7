//! The table of rates: `config/quotas.toml` with the overrides of the configuration.

use std::collections::HashMap;

use serde::Deserialize;

use dragnet_model::Region;

const BUILT_IN: &str = include_str!("../../config/quotas.toml");

/// Rates in calls per second, by operation and Region.
#[derive(Clone, Debug)]
pub struct QuotaTable {
    default: f64,
    operations: HashMap<String, Rates>,
}

/// The rates of one operation.
#[derive(Clone, Debug)]
struct Rates {
    by_region: HashMap<Region, f64>,
    other_regions: f64,
}

/// Why a quota table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// The text is not TOML, or not in the form of the table.
    #[error("{0}")]
    Form(String),
    /// The rate is not a number that a limiter can use.
    #[error("{operation}: invalid rate `{rate}`: expected calls per second, from 0.001 to 1000000")]
    Rate {
        /// The operation.
        operation: String,
        /// The rate as it was written.
        rate: String,
    },
    /// A Region name is not valid.
    #[error("{operation}: {error}")]
    Region {
        /// The operation.
        operation: String,
        /// The problem.
        error: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    AllRegions(f64),
    ByRate(HashMap<String, Vec<String>>),
}

impl QuotaTable {
    /// Returns the built-in table.
    ///
    /// # Errors
    /// Never, which a test checks. The error is returned anyway, so that this function cannot
    /// panic.
    pub fn built_in() -> Result<Self, QuotaError> {
        Self::from_toml(BUILT_IN)
    }

    /// Parses a table in the form of `config/quotas.toml`.
    ///
    /// # Errors
    /// The text is not in that form, or a rate is not a usable number above 0.
    pub fn from_toml(text: &str) -> Result<Self, QuotaError> {
        let entries: HashMap<String, Entry> =
            toml::from_str(text).map_err(|error| QuotaError::Form(error.to_string()))?;
        let mut table = Self {
            default: 0.0,
            operations: HashMap::new(),
        };
        for (operation, entry) in entries {
            match entry {
                Entry::AllRegions(rate) if operation == "default" => {
                    table.default = check_rate(&operation, rate)?;
                }
                Entry::AllRegions(rate) => table.set(&operation, None, rate)?,
                Entry::ByRate(lists) => {
                    let rates = parse_rates(&operation, lists)?;
                    table.operations.insert(operation, rates);
                }
            }
        }
        if table.default == 0.0 {
            return Err(QuotaError::Form("the key `default` is missing".to_owned()));
        }
        Ok(table)
    }

    /// Overrides a rate: in one Region or, with `None`, in every Region.
    ///
    /// # Errors
    /// The rate is not a usable number above 0.
    pub fn set(
        &mut self,
        operation: &str,
        region: Option<Region>,
        rate: f64,
    ) -> Result<(), QuotaError> {
        let rate = check_rate(operation, rate)?;
        let all_regions = Rates {
            by_region: HashMap::new(),
            other_regions: rate,
        };
        match region {
            None => _ = self.operations.insert(operation.to_owned(), all_regions),
            Some(region) => {
                let default = Rates {
                    by_region: HashMap::new(),
                    other_regions: self.default,
                };
                self.operations
                    .entry(operation.to_owned())
                    .or_insert(default)
                    .by_region
                    .insert(region, rate);
            }
        }
        Ok(())
    }

    /// Returns how many calls of an operation per second AWS allows to an account in a Region.
    pub fn rate(&self, operation: &str, region: &Region) -> f64 {
        match self.operations.get(operation) {
            None => self.default,
            Some(rates) => rates
                .by_region
                .get(region)
                .copied()
                .unwrap_or(rates.other_regions),
        }
    }
}

fn parse_rates(operation: &str, lists: HashMap<String, Vec<String>>) -> Result<Rates, QuotaError> {
    let mut rates = Rates {
        by_region: HashMap::new(),
        other_regions: f64::INFINITY,
    };
    for (rate, regions) in lists {
        let invalid_rate = || QuotaError::Rate {
            operation: operation.to_owned(),
            rate: rate.clone(),
        };
        let rate = check_rate(operation, rate.parse().map_err(|_| invalid_rate())?)?;
        rates.other_regions = rates.other_regions.min(rate);
        for name in regions {
            let region = name.parse().map_err(|error| QuotaError::Region {
                operation: operation.to_owned(),
                error: format!("{error}"),
            })?;
            rates.by_region.insert(region, rate);
        }
    }
    check_rate(operation, rates.other_regions).map(|_| rates)
}

fn check_rate(operation: &str, rate: f64) -> Result<f64, QuotaError> {
    // The upper bound keeps the interval between two calls above a nanosecond.
    if rate.is_finite() && (1e-3..=1e6).contains(&rate) {
        Ok(rate)
    } else {
        Err(QuotaError::Rate {
            operation: operation.to_owned(),
            rate: rate.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::{KNOWN_REGIONS, Operation};

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    /// A misspelt name would be ignored: the operation would silently get another rate.
    #[test]
    fn built_in_table_names_operations_and_regions_that_exist() {
        let entries: HashMap<String, Entry> = toml::from_str(BUILT_IN).unwrap();
        for (name, entry) in entries {
            let is_operation = Operation::ALL
                .iter()
                .any(|operation| operation.as_str() == name);
            assert!(is_operation || name == "default", "{name}");
            let Entry::ByRate(lists) = entry else {
                continue;
            };
            let mut regions: Vec<String> = lists.into_values().flatten().collect();
            for region in &regions {
                assert!(KNOWN_REGIONS.contains(&region.as_str()), "{name}: {region}");
            }
            let listed = regions.len();
            regions.sort_unstable();
            regions.dedup();
            assert_eq!(regions.len(), listed, "{name}: a Region has two rates");
        }
    }

    #[test]
    fn unlisted_region_has_the_lowest_rate_and_unlisted_operation_the_default() {
        let table = QuotaTable::from_toml(
            "default = 7\nA = 600\n[B]\n25 = ['us-east-1']\n10 = ['eu-west-1']\n",
        )
        .unwrap();
        let rates = ["A", "B", "C"].map(|operation| {
            ["us-east-1", "eu-west-1", "xx-new-1"].map(|name| table.rate(operation, &region(name)))
        });
        assert_eq!(rates, [[600.0; 3], [25.0, 10.0, 10.0], [7.0; 3]]);
    }

    #[test]
    fn rate_can_be_set_for_one_region_or_all() {
        let mut table = QuotaTable::built_in().unwrap();
        table
            .set("FilterLogEvents", Some(region("eu-west-1")), 50.0)
            .unwrap();
        assert_eq!(table.rate("FilterLogEvents", &region("eu-west-1")), 50.0);
        assert_eq!(table.rate("FilterLogEvents", &region("us-east-1")), 25.0);
        table.set("FilterLogEvents", None, 3.0).unwrap();
        assert_eq!(table.rate("FilterLogEvents", &region("eu-west-1")), 3.0);
    }

    #[test]
    fn invalid_rates_are_refused() {
        for bad in [
            "default = 0",
            "default = -1",
            "default = nan",
            "A = 1",
            "default = 1\n[A]\n",
            "default = 1\n[A]\nx = []",
        ] {
            assert!(QuotaTable::from_toml(bad).is_err(), "{bad}");
        }
    }
}
