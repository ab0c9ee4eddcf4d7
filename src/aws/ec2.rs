//! EC2: which Regions an account has enabled.

use super::call::{Site, placed};
use super::connect::Aws;
use super::error::CallError;
use super::session::Session;
use crate::model::Region;

impl Aws {
    /// The Regions that are enabled in the session's account, sorted.
    ///
    /// Source: EC2 API, `DescribeRegions` without `AllRegions`.
    ///
    /// # Errors
    /// The call fails, or names a Region in a form that is not known: leaving it out would hide it.
    pub async fn enabled_regions(&self, session: &Session) -> Result<Vec<Region>, CallError> {
        let site = Site { session, region: self.home(), operation: "DescribeRegions" };
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
        let names = answer.regions().iter().filter_map(|region| region.region_name());
        let mut regions = names
            .map(str::parse)
            .collect::<Result<Vec<Region>, _>>()
            .map_err(|error| site.unreadable(error.to_string()))?;
        regions.sort();
        Ok(regions)
    }
}
