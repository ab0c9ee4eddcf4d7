//! What it costs to read objects in S3 at list prices: requests, decryption and data transfer.

use dragnet_model::Region;

/// US dollars for a `GetObject` request. Source: Amazon S3 pricing, "Requests & data retrievals",
/// S3 Standard, US East (N. Virginia).
const GET: f64 = 0.0004 / 1_000.0;

/// US dollars for a `ListObjectsV2` request. Source: the same.
const LIST: f64 = 0.005 / 1_000.0;

/// US dollars for a GB that leaves the Region to the internet. Source: Amazon S3 pricing, "Data
/// transfer", the first 10 TB of a month in US East (N. Virginia). Nothing says where Dragnet runs,
/// and within the Region the transfer is free, so this may be too high.
const TRANSFER: f64 = 0.09;

/// US dollars for a `Decrypt` request. Source: AWS KMS pricing, "Pricing". With an S3 Bucket Key
/// there are far fewer requests than objects, which no list shows.
const DECRYPT: f64 = 0.03 / 10_000.0;

/// The Regions with these prices.
const US_PRICES: [&str; 3] = ["us-east-1", "us-east-2", "us-west-2"];

/// The factor for any other Region. It is more than the price of any Region, so that an estimate may
/// be too high but never too low.
const OTHER_REGIONS: f64 = 2.0;

/// The smallest size that "GB" can mean, for the same reason.
const GIGABYTE: f64 = 1e9;

/// Objects that are read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ObjectReads {
    pub objects: f64,
    /// Their packed bytes.
    pub bytes: f64,
    /// The pages of their lists.
    pub lists: f64,
    /// Whether they are encrypted with a KMS key.
    pub is_encrypted: bool,
}

/// Returns the cost of reading objects of a bucket in a Region at list prices, in US dollars.
pub(super) fn object_cost(region: &Region, reads: ObjectReads) -> f64 {
    let factor = if US_PRICES.contains(&region.as_str()) {
        1.0
    } else {
        OTHER_REGIONS
    };
    let decrypt = if reads.is_encrypted { DECRYPT } else { 0.0 };
    let requests = reads.objects * (GET + decrypt) + reads.lists * LIST;
    factor * (requests + reads.bytes / GIGABYTE * TRANSFER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_has_requests_decryption_and_transfer() {
        let reads = ObjectReads {
            objects: 10_000.0,
            bytes: 2e9,
            lists: 1_000.0,
            is_encrypted: true,
        };
        let usd = |region: &str| object_cost(&region.parse().unwrap(), reads);
        let expected = 0.004 + 0.005 + 0.03 + 0.18;
        assert!((usd("us-east-1") - expected).abs() < 1e-9);
        assert!((usd("xx-new-1") - 2.0 * expected).abs() < 1e-9);
        let nothing = object_cost(&"us-east-1".parse().unwrap(), ObjectReads::default());
        assert!(nothing.abs() < 1e-9);
    }
}
