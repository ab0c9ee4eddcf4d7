//! EC2: the Regions that an account has enabled.

use aws_sdk_ec2::types;

use super::call::{CallContext, config_for};
use super::connect::Aws;
use super::error::CallError;
use super::session::Session;
use dragnet_model::{InvalidRegion, Operation, Region};

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

impl Aws {
    /// Returns the Regions that are enabled in the session's account, sorted.
    ///
    /// Source: EC2 API, `DescribeRegions` without `AllRegions`. Some servers return the disabled
    /// Regions too; those are left out by their status.
    ///
    /// # Errors
    /// The call fails, or returns a Region in an unknown form: leaving it out would hide it.
    pub async fn enabled_regions(
        &self,
        session: &Session,
    ) -> Result<Vec<EnabledRegion>, CallError> {
        let context = CallContext {
            session,
            region: self.home(),
            operation: Operation::DescribeRegions,
        };
        let output = self
            .call(context, |credentials| {
                self.clients
                    .ec2
                    .describe_regions()
                    .customize()
                    .config_override(config_for!(aws_sdk_ec2, context, credentials))
                    .send()
            })
            .await?;
        let enabled = output.regions().iter().filter(|region| is_enabled(region));
        let regions = enabled.map(|enabled| {
            Ok(EnabledRegion {
                region: enabled.region_name().unwrap_or_default().parse()?,
                opt_in_status: enabled.opt_in_status().unwrap_or_default().to_owned(),
                endpoint: enabled.endpoint().unwrap_or_default().to_owned(),
            })
        });
        let regions: Result<Vec<_>, InvalidRegion> = regions.collect();
        let mut regions = regions.map_err(|error| context.unreadable(error.to_string()))?;
        regions.sort_by(|one, other| one.region.cmp(&other.region));
        Ok(regions)
    }
}

/// Whether the account can use the Region.
pub(super) fn is_enabled(region: &types::Region) -> bool {
    region.opt_in_status() != Some("not-opted-in")
}
