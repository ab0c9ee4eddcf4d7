//! The ARN of an SNS topic.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::config::text::written_as_text;
use dragnet_model::{Arn, InvalidArn, Region};

/// The ARN of an SNS topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicArn {
    text: String,
    region: Region,
}

/// The text is not the ARN of an SNS topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the ARN of a topic: expected arn:aws:sns:us-east-1:111111111111:NAME")]
pub struct InvalidTopicArn(String);

impl TopicArn {
    /// Returns the ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the Region of the topic.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Whether it is a FIFO topic, which preserves order and deduplicates messages. Source: SNS
    /// user guide, "FIFO topics".
    pub fn is_fifo(&self) -> bool {
        self.text.strip_suffix(".fifo").is_some()
    }
}

impl FromStr for TopicArn {
    type Err = InvalidTopicArn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidTopicArn(text.to_owned());
        let arn: Arn = text.parse().map_err(|_: InvalidArn| invalid())?;
        let region = arn.region().parse().map_err(|_| invalid())?;
        if arn.service() != "sns" || arn.resource().is_empty() {
            return Err(invalid());
        }
        Ok(Self {
            text: text.to_owned(),
            region,
        })
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

written_as_text!(TopicArn, InvalidTopicArn);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_arn_has_region_and_type() {
        let topic: TopicArn = "arn:aws:sns:eu-west-1:111111111111:soc.fifo"
            .parse()
            .unwrap();
        assert_eq!(
            (topic.region().as_str(), topic.is_fifo()),
            ("eu-west-1", true)
        );
    }
}
