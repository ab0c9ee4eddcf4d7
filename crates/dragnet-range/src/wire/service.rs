//! The services of the range, and their protocols.

dragnet_model::word_enum! {
    /// A service of the range. The words are the names in credential scopes and IAM actions.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub(crate) enum Service {
        Athena => "athena",
        CloudTrail => "cloudtrail",
        Ec2 => "ec2",
        Iam => "iam",
        Logs => "logs",
        ObservabilityAdmin => "observabilityadmin",
        Organizations => "organizations",
        S3 => "s3",
        Sts => "sts",
    }
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
    /// REST with JSON bodies: the path is the operation, and both bodies are JSON.
    RestJson,
    /// REST with XML bodies: method, host, path, query and headers describe the request.
    RestXml,
}

impl Service {
    /// The name of the service in a credential scope and in IAM actions.
    pub(crate) fn name(self) -> &'static str {
        self.as_str()
    }

    /// The protocol of the service.
    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::Athena | Self::CloudTrail | Self::Logs | Self::Organizations => Protocol::Json,
            Self::Ec2 => Protocol::Ec2,
            Self::Iam | Self::Sts => Protocol::Query,
            Self::ObservabilityAdmin => Protocol::RestJson,
            Self::S3 => Protocol::RestXml,
        }
    }

    /// The content type of a JSON body.
    pub(crate) fn json_content_type(self) -> &'static str {
        match self.protocol() {
            Protocol::RestJson => "application/json",
            _ => "application/x-amz-json-1.1",
        }
    }

    /// The prefix of `X-Amz-Target` or the `Version` that identifies requests of the service.
    ///
    /// Source: the public service models (`targetPrefix`, `apiVersion`).
    fn identifier(self) -> &'static str {
        match self {
            Self::Athena => "AmazonAthena",
            Self::CloudTrail => "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
            Self::Ec2 => "2016-11-15",
            Self::Iam => "2010-05-08",
            Self::Logs => "Logs_20140328",
            // No request has it: the signature identifies requests to it.
            Self::ObservabilityAdmin => "2018-05-10",
            Self::Organizations => "AWSOrganizationsV20161128",
            // No request has it: the host or the signature identifies requests to S3.
            Self::S3 => "2006-03-01",
            Self::Sts => "2011-06-15",
        }
    }

    /// Whether the service has one endpoint for all Regions. Its calls are signed for the first
    /// Region of the partition, so it does not matter which Regions an account has enabled.
    pub(crate) fn is_global(self) -> bool {
        matches!(self, Self::Iam | Self::Organizations)
    }

    /// The service with this `X-Amz-Target` prefix or `Version`.
    pub(crate) fn from_identifier(identifier: &str) -> Option<Self> {
        // Newer SDKs omit the package before CloudTrail's name.
        Self::ALL.into_iter().find(|service| {
            let known = service.identifier();
            known == identifier || known.rsplit('.').next() == Some(identifier)
        })
    }

    /// The XML namespace of the responses; empty for JSON.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Self::S3 => "http://s3.amazonaws.com/doc/2006-03-01/",
            Self::Athena
            | Self::CloudTrail
            | Self::Logs
            | Self::ObservabilityAdmin
            | Self::Organizations => "",
        }
    }
}
