//! A Region that an account has enabled, and how EC2 writes that it is.

use aws_sdk_ec2::types;

use dragnet_model::Region;

/// A Region that an account has enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnabledRegion {
    /// The Region.
    pub region: Region,
    /// EC2's value: `opt-in-not-required` or `opted-in`.
    pub opt_in_status: String,
    /// The endpoint of EC2 in this Region.
    pub endpoint: String,
}

/// Whether the account can use the Region.
pub(super) fn is_enabled(region: &types::Region) -> bool {
    region.opt_in_status() != Some("not-opted-in")
}
