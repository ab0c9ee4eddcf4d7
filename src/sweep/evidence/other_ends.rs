//! How the search of what is not in log groups ended: event histories, and objects in S3.

use std::collections::BTreeMap;

use super::judge::GroupEnd;
use crate::s3_layout::ObjectKind;
use dragnet_model::{
    LivenessCheck, LogGroupArn, LogSource, Region, RegionDelivery, SourceKind, Target,
};

/// The results of event histories and of objects in S3, by account-Region.
#[derive(Clone, Debug, Default)]
pub struct OtherEnds {
    /// The event histories.
    pub histories: BTreeMap<Target, GroupEnd>,
    /// The objects.
    pub objects: BTreeMap<Target, Vec<ObjectsEnd>>,
    /// What the liveness check found, by account-Region and log group.
    pub liveness: BTreeMap<(Target, LogGroupArn), LivenessCheck>,
    /// The state of trails in Regions other than their home Regions, by trail and Region.
    pub region_deliveries: BTreeMap<(String, Region), RegionDelivery>,
}

impl OtherEnds {
    /// Returns a log source as it is in the Region of an account-Region, if that is known and another
    /// than its home Region.
    pub(in crate::sweep) fn log_source_in(
        &self,
        target: &Target,
        log_source: &LogSource,
    ) -> Option<LogSource> {
        let place = (log_source.via.clone(), target.region.clone());
        let delivery = self.region_deliveries.get(&place)?;
        Some(delivery.apply_to(log_source))
    }

    /// Returns what the liveness check found about the records of an account-Region that a log source
    /// delivers.
    pub(in crate::sweep) fn liveness_of(
        &self,
        target: &Target,
        log_source: &LogSource,
    ) -> Option<&LivenessCheck> {
        let group = log_source.log_group()?;
        self.liveness.get(&(target.clone(), group.clone()))
    }
}

/// How the search of the objects of an account-Region in one folder ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectsEnd {
    /// The bucket and the folder, which ends in a slash.
    pub location: String,
    /// The result.
    pub end: GroupEnd,
}

impl ObjectsEnd {
    /// Whether a log source delivers to this folder, provided that it records the account-Region.
    pub fn is_delivered_by(&self, log_source: &LogSource) -> bool {
        delivers_to(log_source, &self.location)
    }
}

/// Whether a log source delivers to a folder. `location` is the bucket and the folder of an
/// account-Region that the log source records.
pub(in crate::sweep) fn delivers_to(log_source: &LogSource, location: &str) -> bool {
    let Some(bucket) = &log_source.bucket else {
        return false;
    };
    let Some(folder) = location.strip_prefix(&bucket.location()) else {
        return false;
    };
    // Only the trail of an organization has its id in the keys.
    // Source: CloudTrail user guide, "Finding your CloudTrail log files".
    let is_of_organization = folder.starts_with("o-");
    let service = match log_source.kind {
        SourceKind::CloudTrail => ObjectKind::CloudTrail.as_str(),
        SourceKind::VpcFlow => ObjectKind::FlowLog.as_str(),
    };
    let has_service = folder
        .split('/')
        .any(|part| part.strip_prefix("aws-service=").unwrap_or(part) == service);
    has_service && is_of_organization == log_source.is_organization_trail
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_model::{DeliveryBucket, Destination, SourceState};

    fn log_source(kind: SourceKind, is_organization_trail: bool) -> LogSource {
        LogSource {
            kind,
            via: "v".to_owned(),
            home: Target {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
            },
            destination: Destination::Other(String::new()),
            bucket: Some(DeliveryBucket::new("b", "p")),
            multi_region: true,
            is_organization_trail,
            state: SourceState::Unknown,
        }
    }

    #[test]
    fn folder_has_the_bucket_prefix_owner_and_service_of_the_source() {
        let own = log_source(SourceKind::CloudTrail, false);
        let organization = log_source(SourceKind::CloudTrail, true);
        let flow_log = log_source(SourceKind::VpcFlow, false);
        let found = |location: &str| {
            [&own, &organization, &flow_log].map(|source| delivers_to(source, location))
        };
        let none = [false; 3];
        for (location, expected) in [
            (
                "b/p/AWSLogs/111111111111/CloudTrail/us-east-1/",
                [true, false, false],
            ),
            (
                "b/p/AWSLogs/o-abc/111111111111/CloudTrail/us-east-1/",
                [false, true, false],
            ),
            (
                "b/p/AWSLogs/111111111111/vpcflowlogs/us-east-1/",
                [false, false, true],
            ),
            (
                "b/p/AWSLogs/aws-account-id=111111111111/aws-service=vpcflowlogs/aws-region=us-east-1/",
                [false, false, true],
            ),
            (
                "b/p/AWSLogs/111111111111/CloudTrail-Digest/us-east-1/",
                none,
            ),
            ("b/AWSLogs/111111111111/CloudTrail/us-east-1/", none),
            ("c/p/AWSLogs/111111111111/CloudTrail/us-east-1/", none),
        ] {
            assert_eq!(found(location), expected, "{location}");
        }
    }
}
