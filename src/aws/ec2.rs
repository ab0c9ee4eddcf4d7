//! EC2: the Regions that an account has enabled.

use super::call::send;
use super::client::Aws;
use super::enabled_region::{EnabledRegion, is_enabled};
use super::error::CallError;
use super::session::Session;
use dragnet_model::{InvalidRegion, Operation};

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
        let context = self.home_context(session, Operation::DescribeRegions);
        let request = self.clients.ec2.describe_regions();
        let output = send!(self, context, request)?;
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
