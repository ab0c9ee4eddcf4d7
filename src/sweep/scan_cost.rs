//! The price of an Insights query, and the scan budget of a run. Cost is reserved before a query
//! starts and settled after it.

use parking_lot::Mutex;

use dragnet_model::Region;

/// US dollars per GB that a query scans. Source: Amazon CloudWatch pricing, "Logs", "Analyze (Logs
/// Insights queries)" (2026-11).
const PRICES: [(&str, f64); 4] = [
    ("us-east-1", 0.005),
    ("us-east-2", 0.005),
    ("us-west-2", 0.005),
    ("ap-northeast-1", 0.0076),
];

/// The price in any other Region. It is higher than any price in the table, so that an estimate may
/// be too high but never too low.
const DEFAULT_PRICE: f64 = 0.01;

/// The smallest size that "GB" can mean, so that the estimate is never too low.
const GIGABYTE: f64 = 1e9;

/// Returns the cost of scanning this many bytes in a Region at list prices, in US dollars.
pub fn scan_cost(region: &Region, bytes: f64) -> f64 {
    let price = PRICES
        .iter()
        .find(|(name, _)| *name == region.as_str())
        .map_or(DEFAULT_PRICE, |(_, price)| *price);
    price * bytes / GIGABYTE
}

/// What a run may spend on Insights.
#[derive(Debug)]
pub(super) struct InsightsBudget {
    limit: f64,
    /// What was spent, and what is reserved for queries that have not finished.
    committed: Mutex<f64>,
}

impl InsightsBudget {
    /// Creates a budget of `limit` US dollars.
    pub(super) fn new(limit: f64) -> Self {
        Self {
            limit,
            committed: Mutex::new(0.0),
        }
    }

    /// Reserves an estimate and returns whether the budget has room for it.
    pub(super) fn reserve(&self, usd: f64) -> bool {
        let mut committed = self.committed.lock();
        let fits = *committed + usd <= self.limit;
        if fits {
            *committed += usd;
        }
        fits
    }

    /// Returns what is left.
    pub(super) fn left(&self) -> f64 {
        self.limit - *self.committed.lock()
    }

    /// Replaces a reservation by what was spent.
    pub(super) fn settle(&self, reserved: f64, spent: f64) {
        *self.committed.lock() += spent - reserved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::KNOWN_REGIONS;

    #[test]
    fn estimate_for_an_unlisted_region_is_the_highest() {
        let usd = |region: &str| scan_cost(&region.parse().unwrap(), 2e9);
        assert_eq!(usd("us-east-1"), 0.01, "2 GB at 0.005 US dollars per GB");
        for (region, _) in PRICES {
            assert!(KNOWN_REGIONS.contains(&region), "{region}");
            assert!(usd(region) < usd("xx-new-1"), "{region}");
        }
    }

    #[test]
    fn unspent_reservation_is_released() {
        let budget = InsightsBudget::new(1.0);
        assert!(budget.reserve(0.8) && !budget.reserve(0.3));
        budget.settle(0.8, 0.5);
        assert!(budget.reserve(0.3) && !budget.reserve(0.3));
        budget.settle(0.3, 0.9);
        assert!(
            !budget.reserve(0.01),
            "a query may scan more than estimated"
        );
    }
}
