//! What a service's client needs for one attempt at a call: the Region, the credentials, and the
//! check of the response. Each SDK crate has its own type for it.

use aws_credential_types::Credentials;

use super::call_context::CallContext;
use super::required_members::RequiredMembers;
use dragnet_model::Operation;

/// The configuration of one attempt, which converts to that of every service.
#[derive(Debug)]
pub(super) struct CallConfig {
    region: aws_types::region::Region,
    credentials: Credentials,
    operation: Operation,
}

impl CallConfig {
    pub(super) fn new(context: CallContext<'_>, credentials: Credentials) -> Self {
        Self {
            region: aws_types::region::Region::new(context.region.to_string()),
            credentials,
            operation: context.operation,
        }
    }
}

/// Implements the conversion for each of the SDK crates.
macro_rules! convert_to_config_of {
    ($($sdk:ident),+ $(,)?) => {$(
        impl From<CallConfig> for $sdk::config::Builder {
            fn from(config: CallConfig) -> Self {
                Self::new()
                    .region(config.region)
                    .credentials_provider(config.credentials)
                    .interceptor(RequiredMembers(config.operation))
            }
        }
    )+};
}

convert_to_config_of!(
    aws_sdk_cloudtrail,
    aws_sdk_cloudwatchlogs,
    aws_sdk_ec2,
    aws_sdk_eventbridge,
    aws_sdk_iam,
    aws_sdk_observabilityadmin,
    aws_sdk_organizations,
    aws_sdk_s3,
    aws_sdk_sns,
    aws_sdk_sso,
    aws_sdk_sts,
);

#[cfg(feature = "athena")]
convert_to_config_of!(aws_sdk_athena);
