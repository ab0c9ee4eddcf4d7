//! The ARN of a log group.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Arn, InvalidArn, Partition, Region, Target};

/// The ARN of a log group, without the `:*` that some operations append.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogGroupArn {
    /// The account-Region of the log group.
    pub target: Target,
    /// The name of the log group.
    pub name: String,
    partition: Partition,
}

impl LogGroupArn {
    /// The ARN of the log group `name` in an account-Region.
    pub fn new(target: Target, name: impl Into<String>) -> Self {
        Self {
            partition: target.region.partition(),
            target,
            name: name.into(),
        }
    }
}

impl FromStr for LogGroupArn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem| InvalidArn::new(text, "a log group ARN", problem);
        let arn: Arn = text.parse()?;
        let partition = arn
            .partition()
            .ok_or_else(|| invalid("its partition is unknown"))?;
        let name = arn
            .resource()
            .strip_prefix("log-group:")
            .filter(|_| arn.service() == "logs");
        let (Some(name), Some(account), Ok(region)) =
            (name, arn.account(), arn.region().parse::<Region>())
        else {
            return Err(invalid(
                "expected arn:aws:logs:us-east-1:111111111111:log-group:NAME",
            ));
        };
        let name = name.strip_suffix(":*").unwrap_or(name);
        if name.is_empty() {
            return Err(invalid("the log group has no name"));
        }
        Ok(Self {
            target: Target { account, region },
            name: name.to_owned(),
            partition,
        })
    }
}

impl fmt::Display for LogGroupArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target: Target { account, region },
            name,
            partition,
        } = self;
        write!(
            f,
            "arn:{partition}:logs:{region}:{account}:log-group:{name}"
        )
    }
}

impl TryFrom<String> for LogGroupArn {
    type Error = InvalidArn;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<LogGroupArn> for String {
    fn from(arn: LogGroupArn) -> Self {
        arn.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arn_with_and_without_asterisk_is_the_same() {
        let plain = "arn:aws-cn:logs:cn-north-1:111111111111:log-group:/aws/a";
        let arn: LogGroupArn = plain.parse().unwrap();
        assert_eq!(format!("{plain}:*").parse::<LogGroupArn>().unwrap(), arn);
        assert_eq!(
            (arn.to_string().as_str(), arn.name.as_str()),
            (plain, "/aws/a")
        );
        assert_eq!(LogGroupArn::new(arn.target.clone(), "/aws/a"), arn);
        for bad in [
            "arn:aws:s3:::bucket",
            "arn:aws:logs:us-east-1:111111111111:log-group:",
            "arn:aws:logs::1:x",
            "x",
        ] {
            assert!(bad.parse::<LogGroupArn>().is_err(), "{bad}");
        }
    }
}
