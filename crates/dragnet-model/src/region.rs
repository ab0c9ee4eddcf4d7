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
    /// Stands for a Region that is not known, in rows about files.
    pub fn unknown() -> Self {
        Self("unknown-region-0".into())
    }

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

crate::word_enum! {
    /// An isolated part of AWS with separate accounts, Regions and ARN prefix. The words are the
    /// partition fields of ARNs.
    ///
    /// Source: AWS General Reference, "Partitions"; the SDK's `partitions.json`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Partition {
        /// Commercial Regions.
        Aws => "aws",
        /// China.
        AwsCn => "aws-cn",
        /// GovCloud (US).
        AwsUsGov => "aws-us-gov",
        /// The European Sovereign Cloud.
        AwsEusc => "aws-eusc",
        /// The US isolated partition.
        AwsIso => "aws-iso",
        /// The US isolated partition B.
        AwsIsoB => "aws-iso-b",
        /// The EU isolated partition E.
        AwsIsoE => "aws-iso-e",
        /// The US isolated partition F.
        AwsIsoF => "aws-iso-f",
    }
}

impl Partition {
    /// The partition field of ARNs.
    pub fn id(self) -> &'static str {
        self.as_str()
    }

    /// The Region in which global services (Organizations, IAM) are called if none is configured.
    pub fn default_region(self) -> Region {
        let name = match self {
            Self::Aws => "us-east-1",
            Self::AwsCn => "cn-northwest-1",
            Self::AwsUsGov => "us-gov-west-1",
            Self::AwsEusc => "eusc-de-east-1",
            Self::AwsIso => "us-iso-east-1",
            Self::AwsIsoB => "us-isob-east-1",
            Self::AwsIsoE => "eu-isoe-west-1",
            Self::AwsIsoF => "us-isof-south-1",
        };
        Region(name.into())
    }

    /// The last part of the names of its endpoints.
    ///
    /// Source: botocore 1.44.8, `partitions.json`, `dnsSuffix`.
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsEusc => "amazonaws.eu",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
        }
    }

    /// The prefixes of the names of its Regions. Regions with another prefix are in `aws`.
    fn region_prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Aws => &[],
            Self::AwsCn => &["cn-"],
            Self::AwsUsGov => &["us-gov-"],
            Self::AwsEusc => &["eusc-"],
            Self::AwsIso => &["us-iso-"],
            Self::AwsIsoB => &["us-isob-"],
            Self::AwsIsoE => &["eu-isoe-"],
            Self::AwsIsoF => &["us-isof-", "eu-isof-"],
        }
    }

    fn from_region(region: &Region) -> Self {
        let name = region.as_str();
        let has_prefix = |prefix: &&str| name.starts_with(*prefix);
        Self::ALL
            .into_iter()
            .find(|partition| partition.region_prefixes().iter().any(has_prefix))
            .unwrap_or(Self::Aws)
    }
}

impl FromStr for Partition {
    type Err = UnknownPartition;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::from_word(id).ok_or_else(|| UnknownPartition(id.to_owned()))
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
        for partition in Partition::ALL {
            assert_eq!(partition.default_region().partition(), partition);
        }
    }
}
