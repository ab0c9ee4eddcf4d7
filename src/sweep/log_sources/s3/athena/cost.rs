//! What the queries cost, and whether Athena is clearly better than to read all objects. Pure.

use dragnet_model::Region;

/// US dollars for a TB that queries scan; it is the compressed size. Source: Amazon Athena pricing, "SQL queries",
/// US East (N. Virginia).
const SCAN: f64 = 5.0;

/// The Regions with this price.
const US_PRICES: [&str; 3] = ["us-east-1", "us-east-2", "us-west-2"];

/// The factor for any other Region. It is more than the price of any Region, so that an estimate may
/// be too high but never too low.
const OTHER_REGIONS: f64 = 2.0;

/// The smallest size that "TB" can mean, for the same reason.
const TERABYTE: f64 = 1e12;

/// A query counts as if it scanned this much at least. Source: Amazon Athena pricing, "10 MB minimum per
/// query".
const LEAST_BYTES: f64 = 10_485_760.0;

/// As long may the reading of all objects take before queries are worth their cost: the limit at which
/// `--engine auto` pays for Insights too.
const FAST_ENOUGH_SECONDS: f64 = 600.0;

/// What reading takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ReadCost {
    pub seconds: f64,
    pub usd: f64,
}

/// Returns the cost of a query that scans this many bytes, in US dollars.
pub(super) fn query_cost(region: &Region, bytes: f64) -> f64 {
    let factor = if US_PRICES.contains(&region.as_str()) {
        1.0
    } else {
        OTHER_REGIONS
    };
    factor * SCAN * bytes.max(LEAST_BYTES) / TERABYTE
}

/// Whether queries for this price are clearly better than to read all objects: reading takes long, and
/// costs more than twice as much. How many objects have to be read afterwards is not known before, and
/// Athena has no documented speed.
pub(super) fn is_clearly_better(read_all: ReadCost, queries_usd: f64) -> bool {
    read_all.seconds > FAST_ENOUGH_SECONDS && queries_usd * 2.0 < read_all.usd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_depends_on_region_and_has_a_minimum() {
        let usd = |region: &str, bytes| query_cost(&region.parse().unwrap(), bytes);
        assert!((usd("us-east-1", 1e12) - 5.0).abs() < 1e-9);
        assert!((usd("xx-new-1", 1e12) - 10.0).abs() < 1e-9);
        assert!(usd("us-east-1", 0.0) > 0.0);
    }

    #[test]
    fn only_slow_and_expensive_reading_is_replaced() {
        let read = |seconds, usd| ReadCost { seconds, usd };
        assert!(is_clearly_better(read(2_700.0, 35.0), 1.65));
        assert!(!is_clearly_better(read(500.0, 35.0), 1.65), "it is fast");
        assert!(!is_clearly_better(read(2_700.0, 3.0), 1.65), "it is cheap");
    }
}
