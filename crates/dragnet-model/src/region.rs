//! Regions and partitions.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A well-formed Region name such as `eu-central-1`. Only the account's `DescribeRegions` says
/// whether the Region exists and is enabled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

/// The text is not a Region name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Region name: expected the form us-east-1")]
pub struct InvalidRegion(String);

impl Region {
    /// The name, for example `us-east-1`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition of the Region, derived from the prefix of its name.
    pub fn partition(&self) -> Partition {
        Partition::from_region(self)
    }
}

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.rsplit('-');
        let numbered = parts
            .next()
            .is_some_and(|n| (1..=2).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()));
        let words: Vec<&str> = parts.collect();
        let worded = words.len() >= 2
            && words
                .iter()
                .all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()));
        if numbered && worded && text.len() <= 32 {
            Ok(Self(text.into()))
        } else {
            Err(InvalidRegion(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Region {
    type Error = InvalidRegion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0.as_ref().to_owned()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An isolated part of AWS with separate accounts, Regions and ARN prefix.
///
/// Source: AWS General Reference, "Partitions"; the SDK's `partitions.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// Commercial Regions.
    Aws,
    /// China.
    AwsCn,
    /// GovCloud (US).
    AwsUsGov,
    /// The European Sovereign Cloud.
    AwsEusc,
    /// The US isolated partition.
    AwsIso,
    /// The US isolated partition B.
    AwsIsoB,
    /// The EU isolated partition E.
    AwsIsoE,
    /// The US isolated partition F.
    AwsIsoF,
}

impl Partition {
    /// All partitions, each with its ARN prefix, the prefixes of its Region names, and the Region
    /// in which global services are called if none is configured.
    const TABLE: [(Self, &'static str, &'static [&'static str], &'static str); 8] = [
        (Self::AwsCn, "aws-cn", &["cn-"], "cn-northwest-1"),
        (Self::AwsUsGov, "aws-us-gov", &["us-gov-"], "us-gov-west-1"),
        (Self::AwsEusc, "aws-eusc", &["eusc-"], "eusc-de-east-1"),
        (Self::AwsIsoB, "aws-iso-b", &["us-isob-"], "us-isob-east-1"),
        (Self::AwsIsoE, "aws-iso-e", &["eu-isoe-"], "eu-isoe-west-1"),
        (
            Self::AwsIsoF,
            "aws-iso-f",
            &["us-isof-", "eu-isof-"],
            "us-isof-south-1",
        ),
        (Self::AwsIso, "aws-iso", &["us-iso-"], "us-iso-east-1"),
        (Self::Aws, "aws", &[""], "us-east-1"),
    ];

    fn row(self) -> &'static (Self, &'static str, &'static [&'static str], &'static str) {
        // The last row is that of `Aws`. Every other variant has its row above it.
        Self::TABLE
            .iter()
            .find(|row| row.0 == self)
            .unwrap_or(&Self::TABLE[7])
    }

    /// The partition field of ARNs.
    pub fn id(self) -> &'static str {
        self.row().1
    }

    /// The Region in which global services (Organizations, IAM) are called if none is configured.
    pub fn default_region(self) -> Region {
        Region(self.row().3.into())
    }

    fn from_region(region: &Region) -> Self {
        Self::TABLE
            .iter()
            .find(|(_, _, prefixes, _)| prefixes.iter().any(|p| region.as_str().starts_with(p)))
            .map_or(Self::Aws, |row| row.0)
    }
}

impl FromStr for Partition {
    type Err = UnknownPartition;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        let row = Self::TABLE.iter().find(|row| row.1 == id);
        row.map(|row| row.0)
            .ok_or_else(|| UnknownPartition(id.to_owned()))
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// This version does not know the partition of an ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown partition `{0}`: expected aws, aws-cn, aws-us-gov, aws-eusc or an aws-iso partition"
)]
pub struct UnknownPartition(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_must_be_well_formed() {
        for good in [
            "us-east-1",
            "ap-southeast-3",
            "us-gov-west-1",
            "eusc-de-east-1",
            "cn-north-1",
        ] {
            assert_eq!(good.parse::<Region>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "us-east",
            "us-east-",
            "US-EAST-1",
            "east-1",
            "us--east-1",
            "us-east-1a",
            "us-east-1/x",
        ] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn partition_follows_from_the_name() {
        let partition_of = |name: &str| name.parse::<Region>().unwrap().partition().id();
        assert_eq!(partition_of("us-east-1"), "aws");
        assert_eq!(partition_of("us-gov-east-1"), "aws-us-gov");
        assert_eq!(partition_of("us-iso-west-1"), "aws-iso");
        assert_eq!(partition_of("us-isob-east-1"), "aws-iso-b");
        assert_eq!(partition_of("eusc-de-east-1"), "aws-eusc");
    }

    #[test]
    fn default_region_is_in_its_partition() {
        for (partition, id, _, _) in Partition::TABLE {
            assert_eq!(partition.default_region().partition(), partition);
            assert_eq!(id.parse::<Partition>().unwrap(), partition);
        }
    }
}
