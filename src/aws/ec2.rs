//! EC2: the Regions that an account has enabled.

use aws_sdk_ec2::types;

use super::call::{CallContext, placed};
use super::connect::Aws;
use super::error::CallError;
use super::session::Session;
use crate::model::{InvalidRegion, Operation, Region};

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
        let site = CallContext {
            session,
            region: self.home(),
            operation: Operation::DescribeRegions,
        };
        let answer = self
            .call(site, |credentials| {
                self.clients
                    .ec2
                    .describe_regions()
                    .customize()
                    .config_override(placed!(aws_sdk_ec2, site, credentials))
                    .send()
            })
            .await?;
        let enabled = answer.regions().iter().filter(|told| is_enabled(told));
        let regions = enabled.map(|told| {
            Ok(EnabledRegion {
                region: told.region_name().unwrap_or_default().parse()?,
                opt_in_status: told.opt_in_status().unwrap_or_default().to_owned(),
                endpoint: told.endpoint().unwrap_or_default().to_owned(),
            })
        });
        let regions: Result<Vec<_>, InvalidRegion> = regions.collect();
        let mut regions = regions.map_err(|error| site.unreadable(error.to_string()))?;
        regions.sort_by(|one, other| one.region.cmp(&other.region));
        Ok(regions)
    }
}

/// Whether the account can use the Region.
pub(super) fn is_enabled(told: &types::Region) -> bool {
    told.opt_in_status() != Some("not-opted-in")
}
