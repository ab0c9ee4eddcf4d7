//! The services that the range knows, and the protocol that each of them speaks.

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

/// How a service spells its requests, replies and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.1: the operation in `X-Amz-Target`, JSON both ways.
    Json,
    /// AWS Query: a form with `Action` and `Version`, XML back.
    Query,
    /// EC2 Query: as Query, with EC2's own spelling of lists, replies and errors.
    Ec2,
}

impl Service {
    /// Each service with its name in signatures and IAM actions, and what its requests are known by: the prefix
    /// of `X-Amz-Target`, or `Version`.
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
        // Every variant has its row; the first stands in for the proof.
        Self::TABLE
            .iter()
            .find(|row| row.0 == self)
            .unwrap_or(&Self::TABLE[0])
    }

    /// The service's name in a credential scope and before the colon of an IAM action.
    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    /// The protocol it speaks.
    pub(crate) fn protocol(self) -> Protocol {
        self.row().3
    }

    /// Whether it is one for all Regions: its calls are signed for the partition's first Region, whatever an account
    /// has enabled.
    pub(crate) fn is_global(self) -> bool {
        matches!(self, Self::Iam | Self::Organizations)
    }

    /// The service that an `X-Amz-Target` prefix or a `Version` belongs to.
    pub(crate) fn known_by(mark: &str) -> Option<Self> {
        // Newer SDKs leave the package before CloudTrail's name out.
        Self::TABLE
            .iter()
            .find(|row| row.2 == mark || row.2.rsplit('.').next() == Some(mark))
            .map(|row| row.0)
    }

    /// The XML namespace of its replies; empty for JSON.
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
