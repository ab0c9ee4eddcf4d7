//! Services that exist in `aws` but not in another partition.
//!
//! Source: botocore 1.44.8, `endpoints.json`: a service is named here if the file lists endpoints of
//! it in the partition `aws` and none in the other one. Newer services, which the file lists in no
//! partition, are not named: whether they exist is only known after a call.

use super::{Operation, Partition};

/// A service that a partition does not have, as far as AWS's SDKs know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionGap {
    /// The partition.
    pub partition: Partition,
    /// The service, as actions in policies name it.
    pub service: &'static str,
    /// The name of the service.
    pub title: &'static str,
    /// What Dragnet can therefore not find out.
    pub consequence: &'static str,
}

const ACCOUNT: (&str, &str, &str) = (
    "account",
    "Account Management",
    "Regions that were disabled are only found by comparing with earlier runs",
);
const SECURITY_LAKE: (&str, &str, &str) = (
    "securitylake",
    "Security Lake",
    "there are no data lakes of it",
);
const IDENTITY_CENTER: (&str, &str, &str) = (
    "sso",
    "IAM Identity Center",
    "roles are assumed with keys of IAM only",
);

/// The gaps, by partition and service.
pub const PARTITION_GAPS: [PartitionGap; 15] = [
    gap(Partition::AwsCn, SECURITY_LAKE),
    gap(Partition::AwsUsGov, ACCOUNT),
    gap(Partition::AwsEusc, ACCOUNT),
    gap(Partition::AwsEusc, SECURITY_LAKE),
    gap(Partition::AwsIso, ACCOUNT),
    gap(Partition::AwsIso, SECURITY_LAKE),
    gap(Partition::AwsIso, IDENTITY_CENTER),
    gap(Partition::AwsIsoB, ACCOUNT),
    gap(Partition::AwsIsoB, SECURITY_LAKE),
    gap(Partition::AwsIsoB, IDENTITY_CENTER),
    gap(Partition::AwsIsoE, ACCOUNT),
    gap(Partition::AwsIsoE, SECURITY_LAKE),
    gap(Partition::AwsIsoE, IDENTITY_CENTER),
    gap(Partition::AwsIsoF, ACCOUNT),
    gap(Partition::AwsIsoF, SECURITY_LAKE),
];

const fn gap(
    partition: Partition,
    service: (&'static str, &'static str, &'static str),
) -> PartitionGap {
    PartitionGap {
        partition,
        service: service.0,
        title: service.1,
        consequence: service.2,
    }
}

impl PartitionGap {
    /// `aws-cn has no Security Lake, as far as AWS's SDKs know: there are no data lakes of it`.
    pub fn sentence(&self) -> String {
        format!(
            "{} has no {}, as far as AWS's SDKs know: {}",
            self.partition, self.title, self.consequence
        )
    }
}

impl Partition {
    /// The services that the partition does not have.
    pub fn gaps(self) -> impl Iterator<Item = &'static PartitionGap> {
        PARTITION_GAPS
            .iter()
            .filter(move |gap| gap.partition == self)
    }

    /// Returns the gap that an operation falls into; `None` if its service exists, or if nothing is
    /// known about it.
    pub fn gap_of(self, operation: Operation) -> Option<&'static PartitionGap> {
        let (service, _) = operation.action()?.split_once(':')?;
        self.gaps().find(|gap| gap.service == service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commercial_regions_have_every_service() {
        assert_eq!(Partition::Aws.gaps().count(), 0);
        for operation in Operation::ALL {
            assert_eq!(Partition::Aws.gap_of(operation), None);
        }
    }

    /// Without these, no account could be searched.
    #[test]
    fn the_search_of_logs_works_in_every_partition() {
        for partition in Partition::ALL {
            for operation in [
                Operation::AssumeRole,
                Operation::DescribeLogGroups,
                Operation::DescribeTrails,
                Operation::FilterLogEvents,
                Operation::GetCallerIdentity,
                Operation::GetObject,
                Operation::ListAccounts,
                Operation::LookupEvents,
                Operation::StartQuery,
            ] {
                assert_eq!(partition.gap_of(operation), None, "{partition} {operation}");
            }
        }
    }

    #[test]
    fn each_gap_is_listed_once_and_has_a_sentence() {
        let mut seen = std::collections::BTreeSet::new();
        for gap in &PARTITION_GAPS {
            assert!(seen.insert((gap.partition, gap.service)), "{gap:?}");
        }
        let china: Vec<String> = Partition::AwsCn
            .gaps()
            .map(PartitionGap::sentence)
            .collect();
        assert_eq!(
            china,
            [
                "aws-cn has no Security Lake, as far as AWS's SDKs know: there are no data lakes of it"
            ]
        );
    }
}
