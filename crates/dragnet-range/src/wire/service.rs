//! The services of the range, and their protocols.

use std::fmt;

/// A service of the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Service {
    CloudTrail,
    Ec2,
    Iam,
    Logs,
    Organizations,
    Sts,
}

/// How a service encodes requests, replies and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.1: the operation is in `X-Amz-Target`, and both bodies are JSON.
    Json,
    /// AWS Query: the request is a form with `Action` and `Version`, the response XML.
    Query,
    /// EC2 Query: like AWS Query, with other encodings of lists, responses and errors.
    Ec2,
}

impl Service {
    /// For each service: its name in signatures and IAM actions, and the prefix of `X-Amz-Target`
    /// or the `Version` that identifies its requests.
    ///
    /// Source: the public service models (`targetPrefix`, `apiVersion`).
    const TABLE: [(Self, &'static str, &'static str, Protocol); 6] = [
        (
            Self::CloudTrail,
            "cloudtrail",
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
            Protocol::Json,
        ),
        (Self::Ec2, "ec2", "2016-11-15", Protocol::Ec2),
        (Self::Iam, "iam", "2010-05-08", Protocol::Query),
        (Self::Logs, "logs", "Logs_20140328", Protocol::Json),
        (
            Self::Organizations,
            "organizations",
            "AWSOrganizationsV20161128",
            Protocol::Json,
        ),
        (Self::Sts, "sts", "2011-06-15", Protocol::Query),
    ];

    fn row(self) -> &'static (Self, &'static str, &'static str, Protocol) {
        // Every variant has a row; the fallback is never used.
        Self::TABLE
            .iter()
            .find(|row| row.0 == self)
            .unwrap_or(&Self::TABLE[0])
    }

    /// The name of the service in a credential scope and in IAM actions.
    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    /// The protocol of the service.
    pub(crate) fn protocol(self) -> Protocol {
        self.row().3
    }

    /// Whether the service has one endpoint for all Regions. Its calls are signed for the first
    /// Region of the partition, so it does not matter which Regions an account has enabled.
    pub(crate) fn is_global(self) -> bool {
        matches!(self, Self::Iam | Self::Organizations)
    }

    /// The service with this `X-Amz-Target` prefix or `Version`.
    pub(crate) fn from_identifier(identifier: &str) -> Option<Self> {
        // Newer SDKs omit the package before CloudTrail's name.
        Self::TABLE
            .iter()
            .find(|row| row.2 == identifier || row.2.rsplit('.').next() == Some(identifier))
            .map(|row| row.0)
    }

    /// The XML namespace of the responses; empty for JSON.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Self::CloudTrail | Self::Logs | Self::Organizations => "",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
