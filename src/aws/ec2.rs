//! EC2: which Regions an account has enabled.

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
    /// `opt-in-not-required` or `opted-in`, in EC2's word.
    pub opt_in_status: String,
    /// EC2's endpoint there.
    pub endpoint: String,
}

impl Aws {
    /// The Regions that are enabled in the session's account, sorted.
    ///
    /// Source: EC2 API, `DescribeRegions` without `AllRegions`. Some servers tell of the others all the
    /// same; those are left out by their status.
    ///
    /// # Errors
    /// The call fails, or names a Region in a form that is not known: leaving it out would hide it.
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
